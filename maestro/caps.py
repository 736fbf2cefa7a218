"""The caps on spending, of a project and of a day: what counts towards them, what is reserved, and the sentence of a refusal."""

import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from maestro.config import Settings
from maestro.errors import CapError
from maestro.services.storage import Workspace
from maestro.types import CallKind, Charge, ChargeState

TOLERANCE_USD = 1e-9
IN_DOUBT = {ChargeState.OPEN, ChargeState.UNKNOWN}
BLIND_USD = 0.25
"""What a picture of unknown price counts as until one was paid: more than any of today's costs."""
BLIND_WORDS_USD = 0.05
"""The same for a question in words."""


@dataclass(frozen=True, slots=True)
class _Cap:
    """A cap and what counts towards it; `held_usd` is for what is in flight, queued, or of unknown cost."""

    scope: str
    cap_usd: float
    spent_usd: float
    held_usd: float

    @property
    def left_usd(self) -> float:
        return self.cap_usd - self.spent_usd - self.held_usd

    def is_passed_by(self, usd_each: float | None, count: int) -> bool:
        """One call of unknown price passes only a cap that is reached: what it costs, the others are judged by."""
        if usd_each is None:
            return self.left_usd <= TOLERANCE_USD or (count > 1 and BLIND_USD * count > self.left_usd + TOLERANCE_USD)
        return usd_each * count > self.left_usd + TOLERANCE_USD

    def refusal(self, usd_each: float | None, count: int) -> CapError:
        """What it would cost, what is spent, the cap, and how much of it would fit."""
        name = "the project's cap" if self.scope == "project" else "the cap of a day"
        held = f", {dollars(self.held_usd)} is in flight or of unknown cost" if self.held_usd > TOLERANCE_USD else ""
        spent = f"{dollars(self.spent_usd)} is spent{held}"
        if usd_each is None:
            return CapError(self._blind(name, spent), scope=self.scope, cap_usd=self.cap_usd)
        fitting = math.floor((self.left_usd + TOLERANCE_USD) / usd_each) if usd_each else 0
        fits = f" {fitting} of the {count} would fit." if count > 1 and fitting > 0 else ""
        sentence = f"This would pass {name} of {dollars(self.cap_usd)}: {spent}, and this costs about {dollars(usd_each * count)}."
        return CapError(sentence + fits, scope=self.scope, cap_usd=self.cap_usd)

    def _blind(self, name: str, spent: str) -> str:
        if self.left_usd <= TOLERANCE_USD:
            return f"{name.capitalize()} of {dollars(self.cap_usd)} is reached: {spent}."
        return (
            f"Nobody knows yet what one of these costs, and together they could pass {name} of {dollars(self.cap_usd)}: {spent}. "
            "Ask for one first: its cost is then the price of the others."
        )


class Caps:
    """Thread-safe. A check and the reservation that it allows are one step, so that rows and tabs cannot pass a cap together."""

    def __init__(self, settings: Settings, workspace: Workspace) -> None:
        self._settings = settings
        self._workspace = workspace
        self._lock = threading.Lock()
        self._reserved: dict[str, tuple[str, float]] = {}

    def limits(self) -> tuple[float | None, float | None]:
        """In dollars, of a project and of a day; None when there is none."""
        chosen = self._workspace.preferences()
        project_usd = self._settings.project_cap_usd if chosen.project_cap_usd is None else chosen.project_cap_usd
        day_usd = self._settings.day_cap_usd if chosen.day_cap_usd is None else chosen.day_cap_usd
        return project_usd or None, day_usd or None

    def check(self, project_id: str, usd: float | None) -> None:
        """Raises CapError when so much more would pass a cap; None: nobody knows how much."""
        with self._lock:
            self._check(project_id, usd, 1, self._waiting())

    def check_begun(self, project_id: str, usd: float | None) -> None:
        """The same for a call that is reserved: what else is reserved does not count."""
        self._check(project_id, usd, 1, [])

    def reserve(self, project_id: str, call_ids: Sequence[str], usd_each: float | None) -> None:
        """All of these calls, or none. Raises CapError."""
        with self._lock:
            self._check(project_id, usd_each, len(call_ids), self._waiting())
            self._reserved.update(dict.fromkeys(call_ids, (project_id, BLIND_USD if usd_each is None else usd_each)))

    def release(self, call_ids: Iterable[str]) -> None:
        """These count no more; those that are not reserved are passed over."""
        with self._lock:
            for call_id in call_ids:
                self._reserved.pop(call_id, None)

    def _waiting(self) -> list[tuple[str, float]]:
        """The project and price of every reserved call that is not in the ledger yet."""
        begun = {charge.call_id for charge in self._workspace.ledger.charges()} if self._reserved else set()
        return [reserved for call_id, reserved in self._reserved.items() if call_id not in begun]

    def _check(self, project_id: str, usd_each: float | None, count: int, waiting: list[tuple[str, float]]) -> None:
        charges = self._workspace.ledger.charges()
        here = [charge for charge in charges if charge.project_id == project_id]
        today = of_today(charges)
        queued_here = [usd for owner, usd in waiting if owner == project_id]
        project_cap_usd, day_cap_usd = self.limits()
        caps = (("project", project_cap_usd, here, queued_here), ("day", day_cap_usd, today, [usd for _, usd in waiting]))
        for scope, cap_usd, counted, queued in caps:
            if cap_usd is None:
                continue
            cap = _Cap(scope, cap_usd, total_usd(counted), math.fsum(queued) + _doubtful_usd(counted))
            if cap.is_passed_by(usd_each, count):
                raise cap.refusal(usd_each, count)


def total_usd(charges: Iterable[Charge]) -> float:
    """What is known to have been charged."""
    return math.fsum(charge.cost_usd or 0.0 for charge in charges)


def of_today(charges: Iterable[Charge]) -> list[Charge]:
    """Those of this day of the local calendar; the next day's count too, for a clock that was set back."""
    today = datetime.now().astimezone().date()
    begin, end = (datetime.combine(today + timedelta(days=days), time.min).astimezone(UTC) for days in (0, 2))
    return [charge for charge in charges if begin <= charge.at < end]


def dollars(usd: float) -> str:
    """For a sentence: cents, or what is less in full."""
    return f"${usd:,.2f}" if usd >= 1 or abs(usd - round(usd, 2)) < 1e-6 else f"${usd:.4f}"


def _doubtful_usd(charges: Iterable[Charge]) -> float:
    return math.fsum(_estimated_usd(charge) for charge in charges if charge.state in IN_DOUBT)


def _estimated_usd(charge: Charge) -> float:
    if charge.estimate_usd is not None:
        return charge.estimate_usd
    return BLIND_USD if charge.kind is CallKind.SHOOT else BLIND_WORDS_USD
