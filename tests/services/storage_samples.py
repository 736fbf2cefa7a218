"""What the storage tests put into a workspace, and a disk that fails when told to."""

import errno
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image

from maestro.services.storage import Intent, ProjectFolder, Workspace
from maestro.services.storage.durable import SystemDisk
from maestro.types import Clip, Context, Directed, Footage, GenerationResult, Picture, Shot, SourceFrame, StyleReference, Take

VERSION = "0.1.0"
KILL = -1
"""In place of an errno: the process is killed."""
CONTEXT = Context("a harbour", "a boat turns", ("calm", "cold"), "A boat turns in a harbour.")


@cache
def picture(red: int, width_px: int = 64) -> Picture:
    """A small PNG; another one for each `red`."""
    stream = BytesIO()
    Image.new("RGB", (width_px, 36), (red, 90, 120)).save(stream, "PNG")
    return Picture(stream.getvalue(), "image/png", width_px, 36)


def style(red: int = 200) -> StyleReference:
    """A style reference."""
    return StyleReference("look.png", f"{red:064x}", picture(red))


def footage() -> Footage:
    """Five source frames and the director's."""
    clip = Clip("boat.mp4", "ab" * 32, 3.0, 25.0, 75, 64, 36, 0, "h264", 1000)
    frames = tuple(SourceFrame(12 * index, 0.48 * index, picture(index).encoded, 64, 36) for index in range(1, 6))
    return Footage(clip, frames, SourceFrame(37, 1.48, picture(37).encoded, 64, 36))


def directed(word: str = "Shot") -> Directed:
    """Five shots."""
    return Directed(tuple(Shot(number, f"{word} {number}") for number in range(1, 6)), "a model")


def result(shot_id: int, prompt: str = "a prompt") -> GenerationResult:
    """What an engine says of a picture."""
    return GenerationResult(shot_id, "", datetime.now(UTC), "offline", "recipe", prompt, 0.5)


def intent(call_id: str, shot_id: int = 3) -> Intent:
    """A call that is about to be made."""
    return Intent(call_id, shot_id, "r1", "openrouter", "model", "ff" * 32, f"Shot {shot_id}", 12, datetime.now(UTC))


def filled(workspace: Workspace) -> ProjectFolder:
    """A project that was analysed."""
    folder = workspace.create("The boat")
    folder.keep_inputs(footage(), style())
    folder.keep_context(CONTEXT, "a model")
    folder.keep_shots(directed())
    return folder


def take(folder: ProjectFolder, call_id: str, shot_id: int = 3, red: int = 10) -> Take:
    """A take, by the whole way of a paid call."""
    folder.begin(intent(call_id, shot_id))
    folder.mark_sent(call_id)
    folder.keep_answer(call_id, b"answer " + call_id.encode())
    return folder.add_take(call_id, result(shot_id), picture(red))


def reopened(folder: ProjectFolder) -> ProjectFolder:
    """The project as an app finds it that has just started."""
    return Workspace(folder.path.parent, VERSION).open(folder.id)


def victim(task: str, folder: ProjectFolder, name: str, count: int) -> "subprocess.Popen[str]":
    """Another process at work on the project."""
    command = [sys.executable, "-m", "tests.services.victim", task, str(folder.path.parent), folder.id, name, str(count)]
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, cwd=root)


class FailingDisk(SystemDisk):
    """Counts the calls that change the disk, and fails at the n-th with `code`; half of a failing write arrives."""

    def __init__(self, code: int = errno.EIO) -> None:
        self.code = code
        self.fails_at = 0
        self.calls = 0

    def arm(self, fails_at: int) -> None:
        """The n-th call from now on fails; 0: none."""
        self.calls, self.fails_at = 0, fails_at

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self.fails_at:
            if self.code == KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(self.code, "made to fail")

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        self._count()
        return super().open(path, flags, mode)

    def write(self, descriptor: int, encoded: bytes | memoryview) -> int:
        if self.calls + 1 == self.fails_at:
            super().write(descriptor, encoded[: len(encoded) // 2])
        self._count()
        return super().write(descriptor, encoded[: max(1, len(encoded) // 2)])

    def fsync(self, descriptor: int) -> None:
        self._count()
        super().fsync(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        self._count()
        super().replace(source, target)

    def link(self, source: Path, target: Path) -> None:
        self._count()
        super().link(source, target)

    def mkdir(self, path: Path, mode: int = 0o700) -> None:
        self._count()
        super().mkdir(path, mode)
