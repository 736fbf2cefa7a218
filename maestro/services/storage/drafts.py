"""Answers that are still arriving: `incoming/<call_id>.<generation_id>.coming`, written as the bytes come.

What is written is safe from the end of the program at once, and from that of the computer once it is kept as the answer. The name
holds the provider's id of the call, by which what it cost can be asked for even if the rest never came.
"""

import json
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from maestro.services.storage.durable import Disk, regular_files, sync_folder, write_all
from maestro.services.storage.records import CALL_ID

SUFFIX = ".coming"
_NAME = re.compile(r"([\w-]{1,64})\.([\w-]{0,100})\.coming", re.ASCII)
_GENERATION_ID = re.compile(r"[\w-]{1,100}", re.ASCII)

log = logging.getLogger(__name__)


class Draft:
    """One answer on its way; meets the Protocol Spool. Thread-safe. A disk that fails costs the draft, never the call."""

    def __init__(self, disk: Disk, folder: Path, call_id: str) -> None:
        self._disk = disk
        self._folder = folder
        self._call_id = call_id
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._descriptor = -1
        self._size_bytes = 0
        self._is_closed = False

    def begin(self, generation_id: str) -> None:
        """As Spool says."""
        with self._lock:
            if self._is_closed:
                return
            self._drop()
            name = generation_id if _GENERATION_ID.fullmatch(generation_id) else ""
            path = self._folder / f"{self._call_id}.{name}{SUFFIX}"
            try:
                self._descriptor = self._disk.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
            except OSError:
                log.warning("an answer cannot be written while it arrives", exc_info=True)
                return
            self._path = path

    def add(self, chunk: bytes) -> None:
        """As Spool says."""
        with self._lock:
            if self._path is None:
                return
            try:
                write_all(self._disk, self._descriptor, chunk)
                self._size_bytes += len(chunk)
            except OSError:
                log.warning("an answer cannot be written while it arrives", exc_info=True)
                self._drop()

    def drop(self) -> None:
        """As Spool says."""
        with self._lock:
            self._drop()

    def close(self) -> None:
        """Nothing more will come; what is there stays."""
        with self._lock:
            self._is_closed = True
            self._close()

    def becomes(self, target: Path, size_bytes: int) -> bool:
        """Moves it to `target`, durably, when it is so large; else it is left as it is. Raises OSError."""
        with self._lock:
            if self._path is None or self._size_bytes != size_bytes:
                return False
            self._disk.fsync(self._descriptor)
            self._disk.replace(self._path, target)
            self._close()
        sync_folder(self._disk, target.parent)
        return True

    def _drop(self) -> None:
        path = self._path
        self._close()
        if path is not None:
            with suppress(OSError):
                self._disk.unlink(path)

    def _close(self) -> None:
        if self._path is not None:
            with suppress(OSError):
                self._disk.close(self._descriptor)
        self._path, self._size_bytes = None, 0


def drafts(incoming: Path) -> Iterator[tuple[Path, str, str]]:
    """Every draft in the folder, its call, and the provider's id of that call, empty when it gave none."""
    for name in sorted(regular_files(incoming)):
        found = _NAME.fullmatch(name)
        if found and CALL_ID.fullmatch(found[1]):
            yield incoming / name, found[1], found[2]


def drop_drafts(disk: Disk, incoming: Path, call_id: str) -> None:
    """Removes those of a call that is over; one that stays costs room and nothing else."""
    for path, owner, _ in drafts(incoming):
        if owner == call_id:
            with suppress(OSError):
                disk.unlink(path)


def is_whole(body: bytes) -> bool:
    """Whether it is an answer to its end: no beginning of a JSON object is one itself."""
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
