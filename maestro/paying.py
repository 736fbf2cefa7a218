"""A call from its price to its bill: room under the caps before, a line in the ledger while it runs, its cost after, and the record
of what was asked and answered. Used alike by whoever shoots and whoever analyses.

For an engine that costs nothing only that record is kept.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from maestro.attempts import attempt
from maestro.calls import Call
from maestro.engines import Engine
from maestro.errors import EngineError, MaestroError, ModelGoneError
from maestro.models import Models
from maestro.money import Money
from maestro.services.storage import ProjectFolder
from maestro.types import CallKind, Charge, ChargeState, Exchange, SentPicture

RAW_LIMIT = 20_000
"""Characters of an unusable answer that a page shows."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Asking:
    """A call that is about to be made. `is_begun` once the ledger knows of it."""

    project_id: str
    kind: CallKind
    shot_id: int = 0
    estimate_usd: float | None = None
    call_id: str = field(default_factory=lambda: uuid4().hex)
    asked_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    is_begun: bool = False

    @property
    def step(self) -> str:
        """Which model is asked."""
        return "image" if self.kind is CallKind.SHOOT else "text"


@dataclass(frozen=True, slots=True)
class Bill:
    """How a call ended: what it cost, None when nobody said; `may_be_charged` False when it is certain that nothing was billed."""

    cost_usd: float | None
    may_be_charged: bool
    generation_id: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What goes into the record of a call: the words that were sent, the pictures, and the raw answer."""

    model: str
    prompt: str
    pictures: tuple[SentPicture, ...]
    answer: str
    duration_s: float


class Paying:
    """Thread-safe; one for the process."""

    def __init__(self, engine: Engine, models: Models, money: Money) -> None:
        self._engine = engine
        self._models = models
        self._money = money

    @property
    def is_paid(self) -> bool:
        """Whether calls cost anything."""
        return self._engine.card.is_paid

    def reserve(
        self, askings: Sequence[Asking], *, pictures: int = 0, analyses: int = 0, redirects: int = 0, size: str = ""
    ) -> None:
        """Sets aside what these calls of one project will cost together, about. Raises CapError: then nothing may be asked."""
        if not self.is_paid or not askings:
            return
        usd = self._money.price(pictures=pictures, analyses=analyses, redirects=redirects, size=size).usd
        each_usd = None if usd is None else usd / len(askings)
        self._money.reserve(askings[0].project_id, [asking.call_id for asking in askings], each_usd)
        for asking in askings:
            asking.estimate_usd = each_usd

    def release(self, asking: Asking) -> None:
        """It will never be sent."""
        if self.is_paid and not asking.is_begun:
            self._money.release(asking.call_id)

    def begin(self, asking: Asking) -> None:
        """On disk before the call is sent. Raises WorkspaceError: then it must not be sent."""
        asking.asked_at = datetime.now(UTC)
        if not self.is_paid:
            return
        self._money.begin(
            Charge(
                call_id=asking.call_id,
                project_id=asking.project_id,
                kind=asking.kind,
                shot_id=asking.shot_id,
                model=self.model(asking.step),
                at=asking.asked_at,
                state=ChargeState.OPEN,
                estimate_usd=asking.estimate_usd,
            )
        )
        asking.is_begun = True

    def end(self, asking: Asking, bill: Bill) -> None:
        """The call's end. A ledger that cannot be written costs nobody a picture: the call then counts as one of unknown cost."""
        if not asking.is_begun:
            self.release(asking)
            return
        settle = partial(
            self._money.settle,
            asking.call_id,
            bill.cost_usd,
            may_be_charged=bill.may_be_charged,
            generation_id=bill.generation_id,
        )
        if trouble := attempt(settle, "the ledger"):
            log.error("What call %s cost could not be written: %s", asking.call_id, trouble)

    def model(self, step: str) -> str:
        """Who is asked for it."""
        return self._models.profile(step).id

    def picture_limit(self) -> int | None:
        """How many pictures the image model takes, None when nobody says."""
        return self._models.profile("image").reference_limit

    def remember(self, folder: ProjectFolder, asking: Asking, say: Callable[[], Said], bill: Bill) -> None:
        """Keeps what was asked and answered, if anything was. Failing, it costs nothing but that record."""
        if trouble := attempt(lambda: self._keep_exchange(folder, asking, say(), bill), "the record of a call"):
            log.warning("What call %s asked and answered could not be kept: %s", asking.call_id, trouble)

    def _keep_exchange(self, folder: ProjectFolder, asking: Asking, said: Said, bill: Bill) -> None:
        if not said.answer:
            return
        folder.keep_exchange(
            Exchange(
                call_id=asking.call_id,
                kind=asking.kind,
                engine=self._engine.card.name,
                model=said.model or self.model(asking.step),
                asked_at=asking.asked_at,
                duration_s=said.duration_s,
                prompt=said.prompt,
                pictures=said.pictures,
                answer=said.answer,
                cost_usd=bill.cost_usd,
            )
        )


def bill_of(error: MaestroError, call: Call | None, *, is_paid: bool) -> Bill:
    """What a failure cost."""
    if not is_paid:
        return Bill(None, may_be_charged=False)
    if isinstance(error, EngineError):
        return Bill(error.cost_usd, may_be_charged=error.may_be_charged, generation_id=error.generation_id)
    return Bill(None, may_be_charged=bool(call and call.was_sent))


def raw_of(error: MaestroError) -> str:
    """What was answered instead, cut to what a page shows."""
    return error.raw[:RAW_LIMIT] if isinstance(error, EngineError) else ""


def successors(error: MaestroError) -> tuple[str, ...]:
    """The models that may be asked instead."""
    return error.fallback_models if isinstance(error, ModelGoneError) else ()
