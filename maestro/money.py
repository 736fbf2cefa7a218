"""Money: what a click will cost, what was spent, and the caps that refuse a click that would pass them.

How the ledger adds up. Every paid call has one charge, which is on disk (OPEN) before the call is sent. At its end it is KNOWN when
the provider said what it cost, 0 included, in whatever answer came, useful or not; KNOWN with 0 when it is certain that nothing was
billed; else UNKNOWN. A charge that a dead process left OPEN is of unknown cost too. Afterwards `reckoning` asks the provider for
what is unknown: by the call's id where the provider gave one, else by what the key was charged in all. What was charged and is in
no answer becomes an UNASSIGNED charge, and the calls that it may come from are COVERED: they cost nothing beside it. So every sum
is the sum of the charges' costs, and nothing counts twice:

    a project's total = its analysis (describe, direct, redirect) + each of its shots + what is unassigned in it
    all projects' totals + what is unassigned in none (project id "") = the whole ledger = what the key was charged

Sums are never rounded; pages round what they show. Caps count more than what was spent: calls in flight, calls of unknown cost and
what is reserved for queued ones count with the price that was shown before the click. A day is one of the local calendar.
"""

import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import Lock

from maestro import estimates
from maestro.attempts import attempt
from maestro.caps import Caps, of_today, total_usd
from maestro.config import Settings
from maestro.engines import Engine
from maestro.errors import MaestroError, WorkspaceError
from maestro.events import Events, topic
from maestro.models import Models
from maestro.reckoning import Desk, Patience, Reckoning
from maestro.services.storage import Workspace, fingerprint
from maestro.types import CallKind, Charge, ChargeState, Price, Spending

LOOK_AGAIN_S = 60.0
"""How often `reconcile` asks when nothing of ours gave a reason."""
TOPIC = topic("list", "money")
FREE = Price(0.0, "free")
UNPRICED = Price(None, "")
PATIENCE = Patience()

log = logging.getLogger(__name__)


class Money:
    """Thread-safe; one for the process."""

    def __init__(
        self,
        settings: Settings,
        workspace: Workspace,
        engine: Engine,
        models: Models,
        events: Events,
        *,
        patience: Patience = PATIENCE,
    ) -> None:
        self._workspace = workspace
        self._ledger = workspace.ledger
        self._models = models
        self._events = events
        self._is_paid = engine.card.is_paid
        # One key at two servers is two accounts.
        self._key = fingerprint(f"{settings.base_url} {settings.openrouter_api_key.get_secret_value().strip()}")
        self._lock = Lock()
        self._caps = Caps(settings, workspace)
        self._running: set[str] = set()
        self._unwritten: dict[str, tuple[ChargeState, float | None, str]] = {}
        desk = Desk(self._is_busy, self._tell)
        self._reckoning = Reckoning(self._ledger, self._key, models, desk, patience)

    # --- before a click

    def price(self, pictures: int = 0, analyses: int = 0, redirects: int = 0, *, size: str = "") -> Price:
        """What so many pictures of that size, analyses (context and director together) and shots directed anew cost, about."""
        if not self._is_paid:
            return FREE
        wanted = (
            (pictures, partial(self._picture_price, size)),
            (analyses, self._analysis_price),
            (redirects, self._redirect_price),
        )
        parts = [(count, price_of_one()) for count, price_of_one in wanted if count]
        if not parts or any(price.usd is None for _, price in parts):
            return UNPRICED if parts else FREE
        origins = {price.origin for _, price in parts}
        origin = next(name for name in ("built-in", "last", "list") if name in origins)
        return Price(math.fsum(count * (price.usd or 0.0) for count, price in parts), origin)

    def require(self, project_id: str, usd: float | None) -> None:
        """Raises CapError when so much more would pass a cap, with what is in flight counted. None: nobody knows how much."""
        if self._is_paid:
            self._caps.check(project_id, usd)

    def reserve(self, project_id: str, call_ids: Sequence[str], usd_each: float | None) -> None:
        """All of these calls, or none: raises CapError when they would pass a cap, and says how many would not.

        What is reserved counts as spent until the call is settled or released.
        """
        if not self._is_paid or not call_ids:
            return
        self._caps.reserve(project_id, call_ids, usd_each)

    def release(self, *call_ids: str) -> None:
        """These calls will not be made, or ended; asked again, it changes nothing."""
        self._caps.release(call_ids)

    def set_caps(self, project_usd: float, day_usd: float) -> None:
        """Dollars; 0: no cap. Raises WorkspaceError."""
        project_usd, day_usd = max(project_usd, 0.0), max(day_usd, 0.0)
        self._workspace.set_preferences(lambda chosen: replace(chosen, project_cap_usd=project_usd, day_cap_usd=day_usd))
        self._events.publish(TOPIC)

    # --- around a paid call

    def begin(self, charge: Charge) -> None:
        """On disk before the call is sent; for the worker's thread, since it may wait for two seconds. The charge's state is OPEN.

        Raises WorkspaceError; CapError when another copy of Maestro, or dearer calls than were expected, reached a cap meanwhile.
        """
        if not self._is_paid:
            return
        self._reckoning.await_mark()
        self._write_unwritten()
        with self._ledger.locked():
            self._caps.check_begun(charge.project_id, charge.estimate_usd)
            with self._lock:
                self._running.add(charge.call_id)
            try:
                self._ledger.begin(charge, self._key)
            except BaseException:
                with self._lock:
                    self._running.discard(charge.call_id)
                raise
        self.release(charge.call_id)
        self._tell({charge.project_id})

    def settle(self, call_id: str, cost_usd: float | None, *, may_be_charged: bool, generation_id: str = "") -> None:
        """The call's end: what it cost, or that nobody said. Asked again with the same cost, it changes nothing.

        For every call that was begun, however it ended; a call that the ledger does not know only loses its reservation. Raises
        WorkspaceError when it cannot be written: it is tried again later, until then the cost counts as unknown.
        """
        cost_usd = cost_usd if cost_usd is not None and 0 <= cost_usd < math.inf else None
        try:
            entry = self._ledger.entry(call_id)
            is_known = entry is not None and not entry.is_waiting
            if entry is None or (is_known and cost_usd is None):
                return
            self._write(call_id, *_outcome(cost_usd, may_be_charged=may_be_charged), generation_id)
            self._tell({entry.charge.project_id})
        finally:
            with self._lock:
                self._running.discard(call_id)
            self.release(call_id)
            self._look_if_idle()

    # --- what was spent

    def spending(self, project_id: str) -> Spending:
        """The project's sums and the caps."""
        everything = self._ledger.charges()
        charges = [charge for charge in everything if charge.project_id == project_id]
        shots: dict[int, list[Charge]] = defaultdict(list)
        for charge in charges:
            if charge.kind is CallKind.SHOOT:
                shots[charge.shot_id].append(charge)
        unassigned = [charge for charge in charges if charge.kind is CallKind.UNASSIGNED]
        analysis = [charge for charge in charges if charge.kind not in {CallKind.SHOOT, CallKind.UNASSIGNED}]
        project_cap_usd, day_cap_usd = self._caps.limits()
        return Spending(
            total_usd=total_usd(charges),
            analysis_usd=total_usd(analysis),
            shots_usd=tuple((shot_id, total_usd(shots[shot_id])) for shot_id in sorted(shots)),
            unassigned_usd=total_usd(unassigned),
            unknown_count=sum(self._is_unknown(charge) for charge in charges),
            elsewhere_usd=self._elsewhere_usd(project_id, charges),
            today_usd=total_usd(of_today(everything)),
            project_cap_usd=project_cap_usd,
            day_cap_usd=day_cap_usd,
        )

    def charges(self, project_id: str) -> tuple[Charge, ...]:
        """Every paid call of the project, oldest first, and what is unassigned in it; "" for what is unassigned in none."""
        return tuple(charge for charge in self._ledger.charges() if charge.project_id == project_id)

    def is_in_flight(self, call_id: str) -> bool:
        """Whether this process still waits for the end of the call: an OPEN charge that is not in flight is of unknown cost."""
        return call_id in self._running

    @property
    def counts_since(self) -> datetime | None:
        """When the ledger begins; None while it is empty."""
        return self._ledger.since()

    # --- afterwards

    def reconcile(self) -> None:
        """In the background, when nothing is in flight: asks the provider what calls of unknown cost were charged. Never waits."""
        if self._is_paid and not self._is_busy() and self._reckoning.is_due(LOOK_AGAIN_S):
            self._reckoning.want()

    def close(self) -> None:
        """Ends what it does in the background, after `Models.close`; ends that could not be written are tried once more."""
        self._reckoning.close()
        self._write_unwritten()

    # --- inside

    def _picture_price(self, size: str) -> Price:
        profile = self._models.profile("image")
        listed_usd = dict(profile.size_prices).get(size, profile.price_usd)
        return _listed(listed_usd) or _last(self._last_usd(profile.id, CallKind.SHOOT)) or _built_in(profile.id, size)

    def _analysis_price(self) -> Price:
        profile = self._models.profile("text")
        last = [self._last_usd(profile.id, kind) for kind in (CallKind.DESCRIBE, CallKind.DIRECT)]
        return _listed(profile.price_usd) or _last(*last) or _built_in(profile.id)

    def _redirect_price(self) -> Price:
        profile = self._models.profile("text")
        # The provider's list knows the price of an analysis; one shot anew is about as long as half of it.
        listed_usd = None if profile.price_usd is None else profile.price_usd / 2
        last_usd = self._last_usd(profile.id, CallKind.REDIRECT, CallKind.DIRECT)
        return _listed(listed_usd) or _last(last_usd) or _built_in(profile.id, share=0.5)

    def _last_usd(self, model: str, *kinds: CallKind) -> float | None:
        """What such a call cost last, of those that were not free."""
        same = (charge for charge in reversed(self._ledger.charges()) if charge.kind in kinds and charge.model == model)
        return next((charge.cost_usd for charge in same if charge.cost_usd), None)

    def _write(self, call_id: str, state: ChargeState, cost_usd: float | None, generation_id: str) -> None:
        try:
            self._ledger.settle(call_id, state, cost_usd, generation_id)
        except WorkspaceError:
            with self._lock:
                self._unwritten[call_id] = (state, cost_usd, generation_id)
            raise
        with self._lock:
            self._unwritten.pop(call_id, None)

    def _write_unwritten(self) -> None:
        """Ends that could not be written before; a disk that still fails is said by whatever is written next."""
        with self._lock:
            unwritten = dict(self._unwritten)
        for call_id, (state, cost_usd, generation_id) in unwritten.items():
            if trouble := attempt(partial(self._write, call_id, state, cost_usd, generation_id), "the ledger"):
                log.warning("What call %s cost could not be written: %s", call_id, trouble)

    def _is_busy(self) -> bool:
        return bool(self._running)

    def _is_unknown(self, charge: Charge) -> bool:
        if charge.state is not ChargeState.OPEN:
            return charge.state is ChargeState.UNKNOWN
        entry = None if self.is_in_flight(charge.call_id) else self._ledger.entry(charge.call_id)
        return entry is not None and not self._ledger.is_elsewhere(entry)

    def _look_if_idle(self) -> None:
        if not self._is_paid or self._is_busy():
            return
        if self._reckoning.waiting() or (not self._reckoning.is_marked and self._reckoning.is_due(LOOK_AGAIN_S)):
            self._write_unwritten()
            self._reckoning.want()

    def _elsewhere_usd(self, project_id: str, charges: Iterable[Charge]) -> float:
        paid_here = {charge.call_id for charge in charges}
        try:
            sheets = self._workspace.open(project_id).read().sheets
        except MaestroError:
            return 0.0  # what cannot be opened says so where it is opened
        takes = (take for sheet in sheets for take in sheet.takes)
        return math.fsum(take.cost_usd or 0.0 for take in takes if take.call_id not in paid_here)

    def _tell(self, project_ids: set[str]) -> None:
        if project_ids:
            self._events.publish(TOPIC, *(topic(project_id, "money") for project_id in project_ids if project_id))


def _listed(usd: float | None) -> Price | None:
    return None if usd is None else Price(usd, "list")


def _last(*usd: float | None) -> Price | None:
    known = [part for part in usd if part is not None]
    return Price(math.fsum(known), "last") if len(known) == len(usd) else None


def _built_in(model: str, size: str = "", share: float = 1.0) -> Price:
    usd = estimates.of(model, size)
    return UNPRICED if usd is None else Price(usd * share, "built-in")


def _outcome(cost_usd: float | None, *, may_be_charged: bool) -> tuple[ChargeState, float | None]:
    if cost_usd is not None:
        return ChargeState.KNOWN, cost_usd
    return (ChargeState.UNKNOWN, None) if may_be_charged else (ChargeState.KNOWN, 0.0)
