"""A workspace, clips and a style picture for commands, and two ways to run them: right here, or as a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from maestro import __main__ as command
from maestro.config import ROOT
from maestro.studio import SAMPLE_STYLE
from tests.clips import Recipe, make
from tests.provider import Provider

LIMIT_S = 60.0
PICTURES = "/images"


@dataclass(frozen=True)
class Told:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it said to a machine."""
        return json.loads(self.out)


class Running:
    """A command in a process of its own; what it says is read all the time."""

    def __init__(self, environment: Mapping[str, str], *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "maestro", *arguments],
            cwd=ROOT,
            env={**{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        self._changed = threading.Condition()
        self._said: dict[str, list[str]] = {"out": [], "err": []}
        self._readers = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in self._said]
        for reader in self._readers:
            reader.start()

    def wait_for(self, words: str, where: str = "err") -> str:
        """The first line that holds `words`."""
        with self._changed:
            said = self._said[where]
            came = self._changed.wait_for(lambda: any(words in line for line in said), LIMIT_S)
            assert came, f"{words!r} was never said: {self._said}"
            return next(line for line in said if words in line)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self._process.send_signal(number)

    def end(self) -> Told:
        """Waits for its end."""
        code = self._process.wait(LIMIT_S)
        for reader in self._readers:
            reader.join(LIMIT_S)
        return Told(code, "".join(self._said["out"]), "".join(self._said["err"]))

    def kill(self) -> Told:
        """Ends it at once, as a power cut does."""
        self._process.kill()
        return self.end()

    def _read(self, name: str) -> None:
        stream = self._process.stdout if name == "out" else self._process.stderr
        assert stream is not None
        for line in stream:
            with self._changed:
                self._said[name].append(line)
                self._changed.notify_all()


@dataclass
class Shell:
    """Commands with their environment; clips are put into `folder`."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        """Where the projects are kept."""
        return self.folder / "workspace"

    def clip(self, name: str = "meadow.mp4", frames: int = 12) -> Path:
        """A small clip; another number of frames makes another clip."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return make(path, Recipe(frames=frames))

    def set(self, **variables: str) -> None:
        """Settings, from here on."""
        self.environment |= variables

    def run(self, *arguments: object) -> Told:
        """Right here, which saves a start of Python."""
        for name, value in self.environment.items():
            self.monkeypatch.setenv(name, value)
        self.capsys.readouterr()
        code = command.main([str(each) for each in arguments])
        told = self.capsys.readouterr()
        return Told(code, told.out, told.err)

    def make(self, *arguments: object) -> Told:
        """The same for a command that makes frames: with a style picture, in JSON."""
        return self.run(*arguments, "--style", SAMPLE_STYLE, "--json")

    @contextmanager
    def running(self, *arguments: object) -> Iterator[Running]:
        """In a process of its own, which is gone afterwards."""
        running = Running(self.environment, *(str(each) for each in arguments), "--style", str(SAMPLE_STYLE), "--json")
        try:
            yield running
        finally:
            running.kill()


def connect(shell: Shell, provider: Provider) -> None:
    """Lets the commands ask the tests' provider."""
    shell.set(OPENROUTER_API_KEY="by-hand", MAESTRO_BASE_URL=provider.url)


def is_picture(request: Any) -> bool:
    """Whether it asks for a picture."""
    return bool(request.path == PICTURES)
