"""Opening a project: the first time in this process, what an earlier one left half done is finished, adopted or listed."""

import logging
from collections.abc import Callable
from functools import partial
from threading import Lock

from maestro import orders
from maestro.engines import Engine, building
from maestro.errors import AnswerError, EngineError
from maestro.jobs import attempt
from maestro.services.storage import Intent, ProjectFolder, Workspace
from maestro.types import GenerationResult, Picture

log = logging.getLogger(__name__)


class Recovery:
    """Thread-safe. `in_flight` names the calls that this process works on itself."""

    def __init__(self, workspace: Workspace, engine: Engine, in_flight: Callable[[], set[str]]) -> None:
        self._workspace = workspace
        self._engine = engine
        self._in_flight = in_flight
        self._lock = Lock()
        self._recovered: set[str] = set()

    def open(self, project_id: str) -> ProjectFolder:
        """The project's folder, recovered. Asks no engine for anything. Raises ProjectMissingError or ProjectDamagedError."""
        folder = self._workspace.open(project_id)
        if project_id not in self._recovered:
            with self._lock:
                self._recover(folder)
        return folder

    def _recover(self, folder: ProjectFolder) -> None:
        if folder.id in self._recovered:
            return
        project = folder.read()
        trouble = (
            None
            if project.is_read_only
            else attempt(partial(folder.recover, self._develop, self._in_flight()), "the recovery of a project")
        )
        if trouble is None:
            self._recovered.add(folder.id)
            return
        # A full or read-only disk is no reason not to show what is there; the next opening tries again.
        log.warning("Project %s could not be recovered yet: %s", folder.id, trouble)

    def _develop(self, intent: Intent, raw: bytes) -> tuple[GenerationResult, Picture]:
        is_ours = intent.engine == self._engine.card.name
        develop = self._engine.develop if is_ours else partial(building.develop, intent.engine)
        made: list[tuple[GenerationResult, Picture]] = []
        error = attempt(
            lambda: made.append(orders.developed(develop(raw, intent.shot_id))), f"the answer for shot {intent.shot_id}"
        )
        if error is None:
            return made[0]
        # Whatever it is, one answer that cannot be read is listed and keeps nothing else from being recovered.
        raise error if isinstance(error, EngineError) else AnswerError(str(error)) from error
