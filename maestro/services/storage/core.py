"""What every part of a project's folder stands on: where it is, its lock, its database, its words, its shelves and its journal."""

import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from maestro.errors import ProjectMissingError, WorkspaceError
from maestro.services.storage.durable import Disk, is_folder, regular_files, told
from maestro.services.storage.facts import Facts, Records, facts_of, words_now, words_of
from maestro.services.storage.journal import Journal
from maestro.services.storage.locks import ProjectLock, require_workspace
from maestro.services.storage.records import ShotRecord, WordsRecord
from maestro.services.storage.shelf import Shelf
from maestro.services.storage.store import Loaded, Place, Store, newer

log = logging.getLogger(__name__)

NOTICE_LASTS_S = 600.0
WORDS_FILE = re.compile(r"shot-(\d{2,6})\.json", re.ASCII)
CONFLICT_COPY = re.compile(r"project.*(conflict|\(\d+\)).*\.json", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ground:
    """The workspace that a project lies in."""

    workspace: Path
    disk: Disk
    version: str

    @property
    def trash(self) -> Path:
        """Where removed projects wait."""
        return self.workspace / ".trash"


class Core:
    """One object for a project in a process. Methods with a leading underscore are for the parts of ProjectFolder only."""

    def __init__(self, ground: Ground, project_id: str) -> None:
        self.id = project_id
        self._ground = ground
        self._lock = ProjectLock(ground.disk, ground.workspace, project_id)
        place = Place(lambda: self.path, ground.disk, ground.version)
        self._place = place
        self._store = Store(place, "project.json", facts_of)
        self._word_stores: dict[int, Store] = {}
        self._shelf = Shelf(lambda: self.path / "takes")
        self._trashed = Shelf(lambda: self.path / "trash")
        self._journal = Journal(ground.disk, lambda: self.path)
        self._tended: Loaded | None = None
        self._notices: dict[str, float] = {}
        self._notice_lock = threading.Lock()

    @property
    def path(self) -> Path:
        """The project's folder, in the trash too. Raises ProjectMissingError when it is gone."""
        for folder in (self._ground.workspace / self.id, self._ground.trash / self.id):
            if is_folder(folder):
                return folder
        require_workspace(self._ground.workspace)
        raise ProjectMissingError("The project's folder is gone.", next_step="Put it back where it was, or choose another project.")

    @property
    def disk(self) -> Disk:
        """What it writes with."""
        return self._ground.disk

    @property
    def version(self) -> str:
        """The version of Maestro that writes."""
        return self._ground.version

    def loaded_whole(self) -> Loaded:
        """What is stored, for a copy of it. Raises NewerProjectError: what this version does not know it cannot copy."""
        loaded = self._loaded()
        if loaded.state.is_newer:
            raise newer(loaded.state)
        return loaded

    @contextmanager
    def writing(self, what: str) -> Iterator[None]:
        """The project's lock for the workspace's own work on the folder."""
        with self._writing(what):
            yield

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        """The project's lock, and sentences for the disk's errors. `what` is a noun phrase for them."""
        with told(what), self._lock:
            yield

    @contextmanager
    def _changing(self, what: str) -> Iterator[Records]:
        """A transaction on project.json."""
        with self._writing(what):
            facts = self._facts_to_change()
            with self._store.change() as database:
                yield Records(database, facts)

    def _facts_to_change(self) -> Facts:
        """Under the lock: what is stored now. Raises NewerProjectError, ProjectDamagedError."""
        loaded = self._store.load()
        if loaded.state.is_newer:
            raise newer(loaded.state)
        self._tend(loaded)
        facts: Facts = self._store.load().facts
        return facts

    def _loaded(self) -> Loaded:
        """For reading: what is stored, with the first look's duties done as far as the disk allows."""
        loaded = self._store.load()
        if loaded is self._tended or (self._tended is not None and loaded.is_sound):
            return loaded
        try:
            with self._writing("A backup"):
                self._tend(loaded)
        except WorkspaceError:
            log.warning("project %s: no backup could be made", self.id, exc_info=True)
        return self._store.load()

    def _tend(self, loaded: Loaded) -> None:
        if loaded is not self._tended:
            self._note_troubles(loaded)
            self._store.tend()
            self._tended = self._store.load()

    def _note_troubles(self, loaded: Loaded) -> None:
        if loaded.damage:
            self.note(
                f"The project's records were damaged ({loaded.damage}): the last good backup was opened; "
                "the damaged bytes are kept in “damaged”."
            )
        if loaded.state.is_edited_outside:
            self.note("The project's records were edited outside Maestro; a backup of them was made.")
        for name in regular_files(self.path):
            if CONFLICT_COPY.fullmatch(name):
                self.note(f"A program that synchronises folders left “{name}” in the project: Maestro goes on with project.json.")

    def note(self, sentence: str) -> None:
        """Has `sentence` among the project's notices for a while, in this process."""
        with self._notice_lock:
            self._notices[sentence] = time.monotonic() + NOTICE_LASTS_S

    def _notices_now(self) -> tuple[str, ...]:
        with self._notice_lock:
            self._notices = {sentence: until_s for sentence, until_s in self._notices.items() if until_s > time.monotonic()}
            return tuple(self._notices)

    def _words_store(self, shot_id: int) -> Store:
        if shot_id not in self._word_stores:
            self._word_stores[shot_id] = Store(self._place, f"words/shot-{shot_id:02d}.json", words_of, is_optional=True)
        return self._word_stores[shot_id]

    def _all_words(self) -> dict[int, Loaded]:
        """The words of every shot that has its own, by one look at their folder."""
        found = {}
        for name, key in regular_files(self.path / "words").items():
            match = WORDS_FILE.fullmatch(name)
            if match is not None:
                found[int(match[1])] = self._words_store(int(match[1])).load(key)
        return found

    def _words(self, facts: Facts, shot_id: int) -> WordsRecord:
        """The words that hold. Raises WorkspaceError when there is no such shot."""
        return words_now(self._require_shot(facts, shot_id), self._words_store(shot_id).load().facts)

    def _require_shot(self, facts: Facts, shot_id: int) -> ShotRecord:
        if shot_id not in facts.shots:
            raise WorkspaceError(f"There is no shot {shot_id} in this project.", next_step="Open the project again.")
        return facts.shots[shot_id]
