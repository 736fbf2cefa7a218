"""Hears of what other programs change in the workspace: one observer for the process.

An atomic replacement arrives as a move; reading makes events too. So events are filtered by their kind, gathered for a moment, and
told once a project; whoever is told compares what is on disk with what the pages show.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from maestro.attempts import attempt
from maestro.errors import WorkspaceError
from maestro.events import topic
from maestro.services.storage import LEDGER_FILE, PREFERENCES_FILE
from maestro.types import Project

log = logging.getLogger(__name__)

PAUSE_S = 0.15
KINDS = frozenset({"created", "modified", "moved", "deleted"})
RECORDS = frozenset({".json", ".jsonl"})
OF_ALL = {LEDGER_FILE: (topic("list", "money"),), PREFERENCES_FILE: (topic("list", "models"), topic("list", "money"))}
"""What is told of the files that belong to no project."""


class Watch(FileSystemEventHandler):
    """Calls `tell` with a project's id, from a thread of its own, after something in its records changed.

    A workspace that cannot be observed (missing, or too many watches) is logged: pages then hear of other programs' changes when
    they are drawn next.
    """

    def __init__(self, workspace: Path, tell: Callable[[str], None], pause_s: float = PAUSE_S) -> None:
        self._workspace = workspace.resolve()
        self._tell = tell
        self._pause_s = pause_s
        self._changed: set[str] = set()
        self._wake = threading.Event()
        self._is_over = threading.Event()
        self._observer: BaseObserver | None = None
        self._teller = threading.Thread(target=self._tell_on, name="maestro-watch", daemon=True)

    def start(self) -> None:
        """Begins to observe."""
        try:
            observer = Observer()  # takes one of the few that a user may have, so it is made when it is wanted
            observer.schedule(self, str(self._workspace), recursive=True)
            observer.start()
        except OSError as error:
            log.warning("The workspace cannot be observed: %s", error.strerror or error)
            return
        self._observer = observer
        self._teller.start()

    def stop(self) -> None:
        """Ends both threads; what was heard last may not be told any more."""
        self._is_over.set()
        self._wake.set()
        if self._observer is not None:
            self._observer.stop()
            self._teller.join(5)
            self._observer.join(5)

    def dispatch(self, event: FileSystemEvent) -> None:
        """Watchdog's entry: notes the project, does nothing else, and never writes."""
        if event.event_type not in KINDS:
            return
        for path in (event.src_path, event.dest_path):
            project_id = self._project_of(Path(str(path))) if path else None
            if project_id is not None:
                self._changed.add(project_id)
                self._wake.set()

    def _project_of(self, path: Path) -> str | None:
        if not path.is_relative_to(self._workspace):
            return None
        parts = path.relative_to(self._workspace).parts
        if not parts or parts[0].startswith("."):
            return None
        is_folder_itself = len(parts) == 1
        return parts[0] if is_folder_itself or path.suffix in RECORDS else None

    def _tell_on(self) -> None:
        while not self._is_over.is_set():
            self._wake.wait()
            self._is_over.wait(self._pause_s)  # one save makes several events
            self._wake.clear()
            while self._changed and not self._is_over.is_set():
                # One project that cannot be told about must not make the watch deaf for the others.
                attempt(partial(self._tell, self._changed.pop()), "a change in the workspace")


class News:
    """Knows what the pages show of each project, and publishes the topics of what differs from it on disk. Thread-safe."""

    def __init__(self, read: Callable[[str], Project], publish: Callable[..., None]) -> None:
        self._read = read
        self._publish = publish
        self._shown: dict[str, Project] = {}

    def shown(self, project: Project) -> None:
        """A page draws this now."""
        self._shown[project.id] = project

    def heard(self, project_id: str) -> None:
        """Something may have changed in this project, or in a file of the whole workspace."""
        if project_id in OF_ALL:
            self._publish(*OF_ALL[project_id])
            return
        before = self._shown.get(project_id)
        try:
            now = None if before is None else self._read(project_id)
        except WorkspaceError:
            now = None  # whoever draws it next says what is the matter
        if before is not None and now == before:
            return
        if now is not None:
            self._shown[project_id] = now
        parts = [] if before is None else ["project"] if now is None else _differences(before, now)
        self._publish(*(topic(project_id, part) for part in parts), topic("list", "projects"))


def _differences(before: Project, now: Project) -> list[str]:
    """The parts of the project that a page has to draw anew."""
    earlier, later = ({sheet.shot.id: sheet for sheet in project.sheets} for project in (before, now))
    if earlier.keys() != later.keys() or _whole(before) != _whole(now):
        return ["project"]
    changed = [f"shot-{shot_id}" for shot_id in later if later[shot_id] != earlier[shot_id]]
    return [*changed, "batch"] if changed else []


def _whole(project: Project) -> Project:
    """The project without what its shots' own topics tell about."""
    return replace(project, sheets=(), revision=0, changed_at=project.created_at)
