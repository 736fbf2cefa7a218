"""A studio over a real workspace with one directed project, opened, closed, opened again and killed by tests."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from maestro.config import ROOT, Settings
from maestro.events import Events
from maestro.services.storage import Workspace
from maestro.studio import Studio
from maestro.types import AnalysisStatus, Charge, Project, RowState, RowStatus, Take
from tests.fakes import FakeEngine, directed_project, until

Opener = Callable[..., "Desk"]


class Desk:
    """The studio, its project, and the fake engine that answers it."""

    def __init__(self, workspace: Workspace, engine: FakeEngine, settings: Settings, events: Events) -> None:
        self.engine = engine
        self.events = events
        self.workspace = workspace
        self.studio = Studio(settings, workspace, engine, events)
        cards = self.studio.projects()
        self.id = cards[0].id if cards else directed_project(self.workspace).id

    @property
    def project(self) -> Project:
        """As it is on disk now."""
        return self.studio.open(self.id)

    @property
    def charges(self) -> tuple[Charge, ...]:
        """The project's, oldest first."""
        return self.studio.money.charges(self.id)

    def row(self, shot_id: int) -> RowStatus:
        """Where the shot's generation stands."""
        return self.studio.row(self.id, shot_id)

    def takes(self, shot_id: int) -> tuple[Take, ...]:
        """The shot's."""
        return self.project.sheet(shot_id).takes

    def wait(self, *shot_ids: int) -> None:
        """Until none of these (all when none is named) is in flight."""
        busy = {RowState.QUEUED, RowState.RUNNING}
        until(self.events, lambda: not any(self.row(shot_id).state in busy for shot_id in shot_ids or range(1, 6)))

    def shoot(self, *shot_ids: int) -> None:
        """Generates these and waits for their end."""
        self.studio.generate(self.id, shot_ids)
        self.wait()

    def analysed(self) -> AnalysisStatus:
        """How its analysis ended."""
        until(self.events, lambda: not self.studio.analysis(self.id).step)
        return self.studio.analysis(self.id)


@contextmanager
def desks(folder: Path) -> Iterator[Opener]:
    """Opens desks over one workspace; a second one stands for the program started again. All are closed at the end."""
    opened: list[Desk] = []

    def open_one(engine: FakeEngine | None = None, at_once: int = 5, floor_bytes: int = 0, events: Events | None = None) -> Desk:
        settings = Settings.model_validate({"MAX_CONCURRENT_REQUESTS": at_once})
        workspace = Workspace(folder, "1.0", floor_bytes)
        opened.append(Desk(workspace, engine or FakeEngine(), settings, events or Events()))
        return opened[-1]

    folder.mkdir(exist_ok=True)
    yield open_one
    for desk in opened:
        desk.studio.close(patience_s=0)


KILLED = """
import os, sys
from pathlib import Path
from maestro.config import Settings
from maestro.events import Events
from maestro.services.storage import Intent, Workspace
from maestro.studio import Studio
from tests.fakes import FakeEngine, directed_project, raw_answer, solid, until

class Dying(FakeEngine):
    def shoot(self, order, call, keep):
        if sys.argv[2] == "shelved":
            return super().shoot(order, call, keep)
        call.was_sent = True
        if sys.argv[2] == "answered":
            keep(raw_answer(solid(77)))
        os._exit(9)

workspace = Workspace(Path(sys.argv[1]), "1.0")
events = Events()
studio = Studio(Settings(min_free_mb=0), workspace, Dying(), events)
if sys.argv[2] == "shelved":
    studio.money.settle = lambda *_, **__: os._exit(9)
studio.generate(directed_project(workspace).id, [2])
until(events, lambda: False)
"""


def killed_in_a_call(folder: Path, moment: str) -> None:
    """Another process that begins shot 2 of a new project and is gone at that moment: "sent", "answered" or "shelved"."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), moment], cwd=ROOT, timeout=90, check=False)
    assert done.returncode == 9
