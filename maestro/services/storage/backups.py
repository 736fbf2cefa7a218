"""Copies of a database file, in `backups/`: the state before the last change, the last five, and one a day for a week.

They are made only of a state that loaded. Damaged bytes go to `damaged/`, once for each content.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from maestro.services.storage.durable import NO_LINKS, PART_PREFIX, Disk, make_folder, place, read_bytes, regular_files, sync_folder

KEPT_COUNT = 5
KEPT_DAYS = 7
LIMIT_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Backups:
    """The backups of one database file; `stem` tells them from those of another."""

    disk: Disk
    project: Path
    stem: str

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.project / "backups"

    @property
    def previous(self) -> Path:
        """The state before the last change."""
        return self.folder / f"{self.stem}-previous.json"

    def candidates(self) -> Iterator[Path]:
        """Those that may be opened, best first."""
        yield self.previous
        yield from (self.folder / name for name in self._timed())

    def keep_previous(self, database: Path) -> None:
        """A second name for the bytes that a change is about to replace: costs no copy where the disk knows links."""
        part = self._link(database)
        self.disk.replace(part, self.previous)
        with suppress(OSError):  # a rename onto another name of the same file leaves both
            self.disk.unlink(part)

    def keep_linked(self, database: Path, sequence: int) -> None:
        """As a timed backup, without a copy: for bytes that are about to be replaced."""
        part = self._link(database)
        self.disk.replace(part, self._new_name(sequence))
        self._prune()

    def keep_copy(self, encoded: bytes, sequence: int, *, is_pruned: bool = True) -> None:
        """As a timed backup; not twice in a row. Unless `is_pruned`, the older ones stay until the next one is made."""
        newest = next(iter(self._timed()), None)
        if newest is not None and _same(self.folder / newest, encoded):
            return
        make_folder(self.disk, self.folder)
        place(self.disk, self._new_name(sequence), encoded)
        if is_pruned:
            self._prune()

    def keep_damaged(self, encoded: bytes) -> Path:
        """Where the bytes are kept aside."""
        folder = self.project / "damaged"
        path = folder / f"{self.stem}-{hashlib.sha256(encoded).hexdigest()[:12]}.json"
        if not _same(path, encoded):
            make_folder(self.disk, folder)
            place(self.disk, path, encoded)
        return path

    def set_aside(self, database: Path) -> None:
        """Moves what has the database's name and cannot be read."""
        folder = self.project / "damaged"
        make_folder(self.disk, folder)
        self.disk.replace(database, folder / f"{self.stem}-{secrets.token_hex(6)}")
        sync_folder(self.disk, folder)

    def _link(self, database: Path) -> Path:
        make_folder(self.disk, self.folder)
        part = self.folder / f"{PART_PREFIX}{self.stem}"
        with suppress(FileNotFoundError):
            self.disk.unlink(part)
        try:
            self.disk.link(database, part)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            place(self.disk, part, read_bytes(database, LIMIT_BYTES)[0])
        return part

    def _new_name(self, sequence: int) -> Path:
        return self.folder / f"{self.stem}-{sequence:010d}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"

    def _timed(self) -> list[str]:
        pattern = re.compile(re.escape(self.stem) + r"-\d{10,}-\d{8}T\d{6}Z\.json", re.ASCII)
        return sorted((name for name in regular_files(self.folder) if pattern.fullmatch(name)), reverse=True)

    def _prune(self) -> None:
        names = self._timed()
        newest_of_day: dict[str, str] = {}
        for name in names:
            newest_of_day.setdefault(name[-21:-13], name)
        kept = {*names[:KEPT_COUNT], *list(newest_of_day.values())[:KEPT_DAYS]}
        for name in names:
            if name not in kept:
                with suppress(FileNotFoundError):
                    self.disk.unlink(self.folder / name)


def _same(path: Path, encoded: bytes) -> bool:
    try:
        return read_bytes(path, LIMIT_BYTES)[0] == encoded
    except OSError:
        return False
