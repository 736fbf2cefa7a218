"""Opening a project: the first time in this process, what an earlier one left half done is finished, adopted or listed."""

import logging
from collections.abc import Callable
from functools import partial
from threading import Lock

from maestro import orders
from maestro.attempts import attempt
from maestro.engines import Engine, building
from maestro.errors import AnswerError, EngineError
from maestro.money import Money
from maestro.paying import Bill
from maestro.services.storage import Intent, ProjectFolder, Workspace
from maestro.types import ChargeState

log = logging.getLogger(__name__)


class Recovery:
    """Thread-safe. `in_flight` names the calls that this process works on itself."""

    def __init__(self, workspace: Workspace, engine: Engine, in_flight: Callable[[], set[str]], money: Money) -> None:
        self._workspace = workspace
        self._engine = engine
        self._in_flight = in_flight
        self._money = money
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
        trouble = None if project.is_read_only else attempt(partial(self._finish, folder), "the recovery of a project")
        if trouble is None:
            self._recovered.add(folder.id)
            return
        # A full or read-only disk is no reason not to show what is there; the next opening tries again.
        log.warning("Project %s could not be recovered yet: %s", folder.id, trouble)

    def _finish(self, folder: ProjectFolder) -> None:
        bills: dict[str, Bill] = {}
        folder.recover(partial(self._develop, bills), self._in_flight())
        if trouble := attempt(partial(self._settle, folder, bills), "the ledger"):
            log.warning("What calls of project %s cost could not be written yet: %s", folder.id, trouble)

    def _settle(self, folder: ProjectFolder, bills: dict[str, Bill]) -> None:
        """Ends the charges that an earlier program left open or in doubt, as far as the project knows what became of the calls."""
        project = folder.read()
        takes = [take for sheet in project.sheets for take in sheet.takes]
        known = {interruption.call_id: Bill(None, may_be_charged=interruption.was_sent) for interruption in project.interruptions}
        known |= {take.call_id: Bill(take.cost_usd, may_be_charged=True) for take in takes if take.call_id}
        known |= bills
        for charge in self._money.charges(folder.id):
            bill, state = known.get(charge.call_id), charge.state
            if bill is None or charge.call_id in self._in_flight():
                continue
            named = bill.generation_id or folder.generation_id(charge.call_id)
            if state is ChargeState.OPEN or (state is not ChargeState.KNOWN and bill.cost_usd is not None):
                self._money.settle(charge.call_id, bill.cost_usd, may_be_charged=bill.may_be_charged, generation_id=named)

    def _develop(self, bills: dict[str, Bill], intent: Intent, raw: bytes) -> list[orders.Developed]:
        """The pictures of an answer that was kept; `bills` gets what it cost, of use or not."""
        is_ours = intent.engine == self._engine.card.name
        develop = self._engine.develop if is_ours else partial(building.develop, intent.engine)
        made: list[orders.Developed] = []

        def read() -> None:
            result = develop(raw, intent.shot_id)
            bills[intent.call_id] = Bill(result.cost_usd, may_be_charged=True, generation_id=result.generation_id)
            made.extend(orders.developed(result))

        error = attempt(read, f"the answer for shot {intent.shot_id}")
        if error is None:
            return made
        # Whatever it is, one answer that cannot be read is listed and keeps nothing else from being recovered.
        unreadable = error if isinstance(error, EngineError) else AnswerError(str(error))
        bills.setdefault(intent.call_id, Bill(unreadable.cost_usd, may_be_charged=True, generation_id=unreadable.generation_id))
        raise unreadable from error
