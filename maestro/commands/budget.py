"""What a whole batch may cost at most: the next clip that would pass it is not begun."""

import math
import threading
from dataclasses import dataclass
from typing import Protocol

from maestro.errors import CapError
from maestro.types import Charge, ChargeState


class BatchCapError(CapError):
    """The batch would pass the cap that it was given."""

    default_next_step = "Raise --cap, then run the batch again; it goes on from here."


class Spender(Protocol):
    """Who begins a clip; `project_id` is empty until there is a project."""

    @property
    def project_id(self) -> str:
        """What it spends in."""
        ...


class Book(Protocol):
    """What was paid; Money is one."""

    def charges(self, project_id: str) -> tuple[Charge, ...]:
        """Every paid call of the project."""
        ...


@dataclass(slots=True)
class _Room:
    spender: Spender
    before_usd: float
    expected_usd: float
    is_open: bool = True


class Budget:
    """Thread-safe. Everything that the batch's projects ever cost counts, so that a batch run again has not a second budget.

    A clip that is being made counts with what it was expected to cost, or with what it cost so far if that is more.
    """

    def __init__(self, cap_usd: float, money: Book) -> None:
        self._cap_usd = cap_usd
        self._money = money
        self._lock = threading.Lock()
        self._rooms: list[_Room] = []

    def enter(self, spender: Spender, name: str, expected_usd: float | None) -> None:
        """Raises CapError when the clip would pass the cap. One that costs nothing more never does.

        None: nobody knows what it will cost, and it is begun below the cap.
        """
        before_usd = self._of(spender.project_id)
        with self._lock:
            spent_usd = math.fsum(self._counted(room) for room in self._rooms)
            wanted_usd = expected_usd or 0.0
            is_over = wanted_usd > 0 and spent_usd + before_usd + wanted_usd > self._cap_usd + 1e-9
            is_blind = expected_usd is None and spent_usd + before_usd >= self._cap_usd
            self._rooms.append(_Room(spender, before_usd, 0.0 if is_over or is_blind else wanted_usd))
        if is_over or is_blind:
            raise BatchCapError(
                f"“{name}” would pass the batch's cap of ${self._cap_usd:.2f}: ${spent_usd + before_usd:.2f} are spent or expected"
                f" already, and it would cost about ${wanted_usd:.2f}.",
                scope="batch",
                cap_usd=self._cap_usd,
            )

    def leave(self, spender: Spender) -> None:
        """It is over: from now on it counts with what it cost."""
        with self._lock:
            for room in self._rooms:
                room.is_open = room.is_open and room.spender is not spender

    def _counted(self, room: _Room) -> float:
        total_usd = self._of(room.spender.project_id)
        return max(total_usd, room.before_usd + room.expected_usd) if room.is_open else total_usd

    def _of(self, project_id: str) -> float:
        return math.fsum(_cost(charge) for charge in self._money.charges(project_id)) if project_id else 0.0


def _cost(charge: Charge) -> float:
    """What nobody knows counts with its price before the call."""
    if charge.cost_usd is not None:
        return charge.cost_usd
    return (charge.estimate_usd or 0.0) if charge.state in {ChargeState.OPEN, ChargeState.UNKNOWN} else 0.0
