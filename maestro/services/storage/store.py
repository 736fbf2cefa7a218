"""One TinyDB file, made durable: read, lock, change and commit as one step; damage is kept aside and a backup opened."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.storages import Storage

from maestro.errors import NewerProjectError, ProjectDamagedError
from maestro.services.storage.backups import LIMIT_BYTES, Backups
from maestro.services.storage.durable import (
    Disk,
    StatKey,
    is_folder,
    is_regular,
    make_folder,
    place,
    read_bytes,
    stat_key,
    sync_folder,
)
from maestro.services.storage.envelope import DamagedStateError, State, Tables, pack, pack_record, unpack
from maestro.services.storage.migrations import SCHEMA

log = logging.getLogger(__name__)

BACKUP_EVERY_S = 300.0
JUMP = 1000
"""What a revision grows by when a backup takes over: more than any number of changes that were lost with the damage."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A state and its `facts` as the store's `check` read them (None when newer and unreadable).

    `damage` is the clause that says why it is a backup's (`source`), else empty.
    """

    state: State
    key: StatKey | None
    facts: Any
    damage: str = ""
    source: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether it is as this version of Maestro left it."""
        return not self.damage and not self.state.is_edited_outside and self.state.schema == SCHEMA


class DurableStorage(Storage):
    """A transaction's storage: reads were done once, writes stay in memory until `Store` commits them in one step."""

    def __init__(self, tables: Tables) -> None:
        self.tables: Tables = {
            name: {number: dict(document) for number, document in table.items()} for name, table in tables.items()
        }

    def read(self) -> Tables:
        """The tables as this transaction sees them."""
        return self.tables

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Keeps them for the commit."""
        self.tables = data


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database file lies now (a project may move to the trash), and who writes it."""

    project: Callable[[], Path]
    disk: Disk
    version: str


class Store:
    """`file` is relative to the project's folder; `check` turns tables into facts, or raises ValueError.

    `load` may be called by any thread at any time; `change` and `tend` only under the project's lock. All raise
    OSError for the disk.
    """

    def __init__(self, place_: Place, file: str, check: Callable[[Tables], object], *, is_optional: bool = False) -> None:
        self._place = place_
        self._file = file
        self._check = check
        self._is_optional = is_optional
        self._cache: Loaded | None = None
        self._cache_lock = threading.Lock()
        self._backed_up_at: float | None = None

    @property
    def path(self) -> Path:
        """The database file."""
        return self._place.project() / self._file

    @property
    def backups(self) -> Backups:
        """Its backups."""
        return Backups(self._place.disk, self._place.project(), self._file.removesuffix(".json").replace("/", "-"))

    def load(self, key: StatKey | None = None) -> Loaded:
        """The state on disk, from memory when the file is unchanged (`key`, if it is known already).

        Raises ProjectDamagedError when no good copy is left.
        """
        key = key or stat_key(self.path)
        with self._cache_lock:
            if self._cache is not None and self._cache.key == key:
                return self._cache
        loaded = self._load()
        with self._cache_lock:
            self._cache = loaded
        return loaded

    def _load(self) -> Loaded:
        key = stat_key(self.path)
        if key is None and self._is_optional and stat_key(self.backups.previous) is None:
            return Loaded(State({}), None, self._check({}))
        try:
            encoded, key = read_bytes(self.path, LIMIT_BYTES)
            state = unpack(encoded)
            return Loaded(state, key, self._facts(state))
        except DamagedStateError as error:
            return self._from_backup(key, str(error))
        except FileNotFoundError:
            return self._from_backup(None, "the file is missing")
        except OSError as error:
            return self._from_backup(key, error.strerror or "it cannot be read")

    def _facts(self, state: State) -> Any:
        try:
            return self._check(state.tables)
        except ValueError as error:
            if state.is_newer:
                return None
            raise DamagedStateError(str(error)) from error

    def _from_backup(self, key: StatKey | None, damage: str) -> Loaded:
        for candidate in self.backups.candidates():
            try:
                state = unpack(read_bytes(candidate, LIMIT_BYTES)[0])
                facts = self._facts(state)
            except (OSError, DamagedStateError):
                continue
            state = replace(state, sequence=state.sequence + JUMP, is_edited_outside=False)
            return Loaded(state, key, facts, damage, candidate.name)
        if self._is_optional:
            return Loaded(State({}, JUMP), key, self._check({}), damage)
        raise ProjectDamagedError(f"The project's records ({self._file}) cannot be read: {damage}.")

    def tend(self) -> None:
        """Once a process: keeps damaged bytes aside, or makes the backup of what was opened."""
        loaded = self.load()
        if loaded.damage:
            self._keep_damaged()
        elif loaded.state.schema < SCHEMA:
            with self.change():
                log.info("project %s is brought to schema %d", self._place.project().name, SCHEMA)
        elif (
            loaded.key is not None and (self._backed_up_at is None or loaded.state.is_edited_outside) and not loaded.state.is_newer
        ):
            encoded, key = read_bytes(self.path, LIMIT_BYTES)
            if key == loaded.key:
                self.backups.keep_copy(encoded, loaded.state.sequence)
                self._backed_up_at = time.monotonic()

    @contextmanager
    def change(self, earlier: State | None = None) -> Iterator[TinyDB]:
        """One read, many changes, one commit; nothing is written when nothing changed or the block raises.

        `earlier` is a state to begin from instead of the present one.
        """
        loaded = self.load()
        if loaded.state.is_newer:
            raise newer(loaded.state)
        storage = DurableStorage((earlier or loaded.state).tables)
        with TinyDB(storage=lambda: storage) as database:
            yield database
        if storage.tables != loaded.state.tables or loaded.damage or loaded.state.schema < SCHEMA:
            self._commit(loaded, storage.tables)

    def _commit(self, loaded: Loaded, tables: Tables) -> None:
        sequence = loaded.state.sequence + 1
        facts = self._check(tables)  # what could not be read again is not written
        encoded = pack(tables, sequence, self._place.version)
        if loaded.state.schema < SCHEMA:
            self._before_migration(loaded)
        if loaded.damage:
            self._keep_damaged(makes_way=True)
        elif loaded.key is not None:
            self._keep_previous(loaded)
        elif self._is_optional:
            make_folder(self._place.disk, self.path.parent)
        try:
            place(self._place.disk, self.path, encoded)
        except OSError:
            self._take_back(loaded)
            raise
        with self._cache_lock:
            self._cache = Loaded(State(tables, sequence, version=self._place.version), stat_key(self.path), facts)

    def _before_migration(self, loaded: Loaded) -> None:
        if not loaded.damage:
            self.backups.keep_copy(read_bytes(self.path, LIMIT_BYTES)[0], loaded.state.sequence)
        for name, record in loaded.state.side_files:
            path = self._place.project() / name
            make_folder(self._place.disk, path.parent)
            if stat_key(path) is None:
                place(self._place.disk, path, pack_record(record))

    def _keep_previous(self, loaded: Loaded) -> None:
        now_s = time.monotonic()
        if self._backed_up_at is None or now_s - self._backed_up_at >= BACKUP_EVERY_S:
            self.backups.keep_linked(self.path, loaded.state.sequence)
            self._backed_up_at = now_s
        self.backups.keep_previous(self.path)

    def _take_back(self, loaded: Loaded) -> None:
        """After a failed commit: when the new bytes are in place but perhaps not durable, the old ones come back."""
        if loaded.damage or stat_key(self.path) == loaded.key:
            return
        try:
            if loaded.key is None:
                self._place.disk.unlink(self.path)
                return
            previous, _ = read_bytes(self.backups.previous, LIMIT_BYTES)
            place(self._place.disk, self.path, previous)
        except OSError:
            log.warning("the state before a failed save could not be put back", exc_info=True)

    def _keep_damaged(self, *, makes_way: bool = False) -> None:
        """A copy of the bytes; what cannot be read (a folder, too much, a bad sector) goes aside whole when its name is needed."""
        try:
            encoded, _ = read_bytes(self.path, LIMIT_BYTES)
        except OSError:
            if makes_way and (is_folder(self.path) or is_regular(self.path)):
                self.backups.set_aside(self.path)
            return
        if encoded:
            self.backups.keep_damaged(encoded)
        sync_folder(self._place.disk, self._place.project())


def newer(state: State) -> NewerProjectError:
    """Why a project is not written to."""
    wrote = f"version {state.version} of Maestro" if state.version else "a newer version of Maestro"
    return NewerProjectError(f"This project was written by {wrote} (schema {state.schema}): it can be looked at, but not changed.")
