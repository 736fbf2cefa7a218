"""A process with a workspace, an engine and its money, for the tests of all three; `home` opens as many as a test wants."""

import errno
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maestro.config import Settings
from maestro.events import Events
from maestro.models import Models
from maestro.money import Money
from maestro.reckoning import Patience
from maestro.services.storage import Workspace
from maestro.services.storage.durable import SystemDisk
from maestro.types import CallKind, Charge, ChargeState, Spending
from tests.fakes import FakeEngine, until
from tests.services.storage_samples import VERSION

IMPATIENT = Patience(grace_s=0.0, pause_s=0.0, delays_s=(0.01,) * 3)
HASTY = Patience(grace_s=3600.0, pause_s=0.0, delays_s=())
PROJECT = "rabbit-1"


@dataclass
class Home:
    """A process: its workspace, its engine, its money."""

    workspace: Workspace
    engine: FakeEngine
    events: Events
    models: Models
    money: Money

    def begin(self, call_id: str, *, kind: CallKind = CallKind.SHOOT, shot_id: int = 1, project_id: str = PROJECT) -> None:
        """Asks."""
        model = "fake-image" if kind is CallKind.SHOOT else "fake-text"
        moment = datetime.now(UTC)
        self.money.begin(Charge(call_id, project_id, kind, shot_id, model, moment, ChargeState.OPEN, None, 0.04))

    def pay(self, call_id: str, cost_usd: float | None, **where: object) -> None:
        """Asks, is billed, and is told so."""
        self.begin(call_id, **where)  # type: ignore[arg-type]
        self.engine.billed_usd += cost_usd or 0.0
        self.money.settle(call_id, cost_usd, may_be_charged=True)

    def lose(self, call_id: str, billed_usd: float, **where: object) -> None:
        """Asks, is billed, and hears nothing."""
        self.begin(call_id, **where)  # type: ignore[arg-type]
        self.engine.billed_usd += billed_usd
        self.money.settle(call_id, None, may_be_charged=True)

    def until(self, fact: Callable[[Spending], object]) -> Spending:
        """The sums as soon as it is true of them."""
        until(self.events, lambda: fact(self.money.spending(PROJECT)))
        return self.money.spending(PROJECT)

    def until_nothing_is_unknown(self) -> None:
        """In either project."""
        until(self.events, lambda: not any(self.money.spending(name).unknown_count for name in (PROJECT, "other-1")))

    def close(self) -> None:
        """The process ends in good order."""
        self.models.close()
        self.money.close()

    @property
    def ledger_usd(self) -> float:
        """The sum of everything."""
        return math.fsum(charge.cost_usd or 0.0 for charge in self.workspace.ledger.charges())


class FullDisk(SystemDisk):
    """Takes nothing more while it is full."""

    is_full = False

    def write(self, descriptor: int, encoded: bytes | memoryview) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "made to be full")
        return super().write(descriptor, encoded)


Opener = Callable[..., Home]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Opener]:
    """Opens homes on one workspace; closes them."""
    homes: list[Home] = []

    def opened(
        *, engine: FakeEngine | None = None, patience: Patience = HASTY, workspace: Workspace | None = None, **caps: float
    ) -> Home:
        engine, events = engine or FakeEngine(), Events()
        workspace = workspace or Workspace(tmp_path, VERSION)
        models = Models(workspace, engine, events)
        settings = Settings(**caps)  # type: ignore[arg-type]
        homes.append(Home(workspace, engine, events, models, Money(settings, workspace, engine, models, events, patience=patience)))
        return homes[-1]

    yield opened
    for each in homes:
        each.close()
