"""Schedulers and workers as a user starts them: each a process of its own."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from distributed import Client

from maestro.config import ROOT

LIMIT_S = 90.0
BEAT_S = 0.05
MORTAL = ("--death-timeout", "90")
"""Nobody stays behind when the tests are killed."""
QUIET = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
"""Workers that are not looked at a hundred times a second: it costs a part of a core."""


class Crew:
    """A scheduler on loopback from `with` on, and workers of one thread each with `variables` in their environment."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        self._environment = kept | QUIET | dict(variables)
        self._running: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        told = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(self._file))
        self._running.append(self._started("scheduler", *told))
        beat = threading.Event()
        assert any(self._file.exists() or beat.wait(BEAT_S) for _ in range(int(LIMIT_S / BEAT_S))), "no scheduler"
        self.address = str(json.loads(self._file.read_text())["address"])
        return self

    def __exit__(self, *_: object) -> None:
        for running in (*self.workers, *self._running):
            running.kill()
            running.wait(LIMIT_S)

    def fill(self, count: int) -> None:
        """Until so many workers are there."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        told = (self.address, *MORTAL, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(self._folder))
        while len(self.workers) < count:
            self.workers.append(self._started("worker", *told))
        with Client(self.address, timeout=LIMIT_S, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=LIMIT_S)

    def kill_one(self) -> None:
        """A worker dies, as for want of memory."""
        self.workers[0].kill()
        self.workers[0].wait(LIMIT_S)

    def _started(self, what: str, *arguments: str) -> "subprocess.Popen[bytes]":
        log = (self._folder / f"{what}.log").open("ab")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", what, *arguments], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
