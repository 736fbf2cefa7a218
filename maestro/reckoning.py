"""Finds out afterwards what calls were charged whose answer never came: asks the provider, in the background, and pays nothing.

First by the provider's id of the call, where one is known. For the rest the key's whole usage is compared with its mark: what was
charged since and is in no charge of the ledger becomes an unassigned charge, when there are calls that it may come from; otherwise
another program used the key, and only the mark moves. The provider may take a while to count: a call is called free of charge only
when the usage has stayed still for a while after its end.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from maestro.attempts import attempt
from maestro.models import CHECK_S, Models
from maestro.services.storage import Entry, Ledger
from maestro.types import CallKind, Charge, ChargeState

STILL_USD = 1e-7
"""Differences of sums below this are arithmetic, not money."""
NEVER_S = -math.inf
MOST_USD = 100.0
"""No call costs more: usage that grew by more a call is another program's, or a fault of whoever told it."""
GRACE_S = 120.0
"""How long after a call's end the provider may still be counting."""
PAUSE_S = 0.5
"""Between a wish and the question, so that five rows that break together are one question."""
FIRST_LOOK_S = 2.0
"""How long the first paid call waits for the key's usage, once that was asked for, which is at the program's start.

Without it, what breaks cannot be found on the key afterwards; but there are servers that never tell it.
"""
LONGEST_LOOK_S = CHECK_S + 2
"""And how long when the question has not left yet: on a busy computer the connection takes its time to come about."""
POLL_S = 0.1
DELAYS_S = (2.0, 5.0, 15.0, 60.0, 60.0)
"""Between questions, while something is still unknown; then it rests until it is wanted again."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long it waits for what; tests wait less."""

    grace_s: float = GRACE_S
    pause_s: float = PAUSE_S
    first_look_s: float = FIRST_LOOK_S
    delays_s: Sequence[float] = DELAYS_S


@dataclass(frozen=True, slots=True)
class Desk:
    """Who it works for: whether this process has calls in flight, and whom to tell which projects' sums changed."""

    is_busy: Callable[[], bool]
    tell: Callable[[set[str]], None]


class Reckoning:
    """Thread-safe. One thread, only while there is something to find out."""

    def __init__(self, ledger: Ledger, key: str, models: Models, desk: Desk, patience: Patience) -> None:
        self._ledger = ledger
        self._key = key
        self._models = models
        self._desk = desk
        self._patience = patience
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_wanted = False
        self._over = threading.Event()
        self._wake = threading.Event()
        self._has_looked = threading.Event()
        self._looked_s = NEVER_S
        self._first_look_s = 0.0
        self._sent_s = math.inf

    def want(self) -> None:
        """Begins to look, or looks once more. Never waits."""
        with self._lock:
            if self._over.is_set():
                return
            self._is_wanted = True
            self._wake.set()
            if self._thread is None:
                self._first_look_s = self._first_look_s or time.monotonic()
                self._thread = threading.Thread(target=self._run, name="maestro-money", daemon=True)
                self._thread.start()

    def await_mark(self) -> None:
        """Before the first paid call: waits a little for the key's usage, so that what comes later can be told from it."""
        if not self._has_looked.is_set():
            self.want()
            limit_s = self._first_look_s + LONGEST_LOOK_S
            while time.monotonic() < limit_s and not self._has_looked.wait(POLL_S):
                if self._models.is_sent:
                    self._sent_s = min(self._sent_s, time.monotonic())
                    limit_s = self._sent_s + self._patience.first_look_s

    @property
    def is_marked(self) -> bool:
        """Whether there is a usage of the key to compare with."""
        return self._ledger.key_mark(self._key) is not None

    def is_due(self, limit_s: float) -> bool:
        """Whether the last look was longer ago than that, or never."""
        return not self._has_looked.is_set() or time.monotonic() - self._looked_s > limit_s

    def waiting(self) -> list[Entry]:
        """The calls of unknown cost that can still be found out about."""
        return [entry for entry in self._ledger.waiting() if entry.key == self._key and _can_be_found(entry)]

    def close(self) -> None:
        """Ends the thread; what it is asking is let go of by `Models.close`, which comes first."""
        with self._lock:
            self._over.set()
            thread = self._thread
        self._wake.set()
        self._has_looked.set()
        if thread and thread is not threading.current_thread():
            thread.join(CHECK_S)

    # --- in its thread

    def _run(self) -> None:
        delays = iter(self._patience.delays_s)
        is_done = False
        while self._goes_on(delays, is_done=is_done):
            if self._has_looked.is_set():
                self._over.wait(self._patience.pause_s)
            with self._lock:
                self._is_wanted = False
                self._wake.clear()
            self._looked_s = time.monotonic()
            is_done = self._has_found_out()
            self._has_looked.set()

    def _goes_on(self, delays: Iterator[float], *, is_done: bool) -> bool:
        with self._lock:
            delay_s = 0.0 if self._is_wanted else next(delays, None)
            if self._over.is_set() or delay_s is None or (is_done and not self._is_wanted):
                self._thread = None
                return False
        self._wake.wait(delay_s)
        return True

    def _has_found_out(self) -> bool:
        found: list[bool] = []
        if trouble := attempt(lambda: found.append(self.look()), "asking what calls cost"):
            log.info("What calls cost could not be found out: %s", trouble)
        return found == [True]

    def look(self) -> bool:
        """Asks once; whether nothing is left to be found out, or whoever is in flight will want it again. Raises MaestroError."""
        if self._desk.is_busy():
            self._looked_s = NEVER_S
            return True
        self._ask_for_costs()
        version, entries = self._ledger.version(), self._ledger.entries()
        key = self._models.check().key
        if key is None or key.usage_usd is None:
            return not self.waiting()
        with self._ledger.locked():
            if self._desk.is_busy():
                self._mark_late(key.usage_usd, entries)
                self._looked_s = NEVER_S
                return True
            # Somebody asked or was answered since: the usage may hold more, or less, than the ledger.
            if self._ledger.version() != version or self._is_busy_elsewhere():
                return False
            changed = self._compare(key.usage_usd)
        self._desk.tell(changed)
        return not self.waiting() and not self._asked()

    def _ask_for_costs(self) -> None:
        named = {entry.charge.generation_id: entry.charge for entry in self.waiting() if entry.charge.generation_id}
        if not named or self._is_busy_elsewhere():
            return
        costs = self._models.costs(tuple(named))
        told = {name: cost_usd for name, cost_usd in costs.items() if name in named and cost_usd >= 0}
        for name, cost_usd in told.items():
            self._ledger.settle(named[name].call_id, ChargeState.KNOWN, cost_usd)
        self._desk.tell({named[name].project_id for name in told})

    def _mark_late(self, usage_usd: float, entries: Sequence[Entry]) -> None:
        """The first mark of a key, although calls were begun since it was asked for: none of them has ended, so it holds none."""
        now = self._ledger.entries()
        before, begun = now[: len(entries)], now[len(entries) :]
        is_same = before == entries and not any(entry.is_waiting and entry.key == self._key for entry in before)
        is_open = all(entry.charge.state is ChargeState.OPEN for entry in begun)
        if not self.is_marked and is_same and is_open:
            self._ledger.mark_key(self._key, usage_usd, is_late=True)

    def _is_busy_elsewhere(self) -> bool:
        return any(self._ledger.is_elsewhere(entry) for entry in self._ledger.waiting())

    def _compare(self, usage_usd: float) -> set[str]:
        """The projects whose sums changed. Under the ledger's lock."""
        mark_usd, unseen_usd = self._ledger.key_mark(self._key), self._ledger.unseen_usd(self._key, usage_usd)
        if mark_usd is None or unseen_usd is None or usage_usd < mark_usd - STILL_USD:
            self._ledger.mark_key(self._key, usage_usd)
            return set()
        asked = self._asked()
        waiting = [entry for entry in asked if entry.is_waiting]
        ended = [entry for entry in waiting if self._has_rested(entry)]
        if unseen_usd < -STILL_USD:
            return set()  # the provider is still counting calls whose cost it told
        if unseen_usd <= STILL_USD:
            return self._resolve(ended)
        if unseen_usd > MOST_USD * len(asked):
            self._ledger.mark_key(self._key, usage_usd)  # another program's
            return set()
        return self._find(unseen_usd, asked) | self._resolve(waiting if len(waiting) == 1 else ended)

    def _asked(self) -> list[Entry]:
        """The calls that something unseen may come from: of unknown cost, or covered so lately that more may come of them."""
        entries = (entry for entry in self._ledger.entries() if entry.is_marked and entry.key == self._key)
        return [entry for entry in entries if entry.is_waiting or (_is_covered(entry) and not self._has_rested(entry))]

    def _find(self, unseen_usd: float, asked: list[Entry]) -> set[str]:
        projects = {entry.charge.project_id for entry in asked}
        project_id = next(iter(projects)) if len(projects) == 1 else ""
        moment = datetime.now(UTC)
        found = Charge(uuid4().hex, project_id, CallKind.UNASSIGNED, 0, "", moment, ChargeState.KNOWN, unseen_usd)
        self._ledger.find(found, self._key, tuple(entry.charge.call_id for entry in asked))
        return {project_id}

    def _resolve(self, entries: list[Entry]) -> set[str]:
        for entry in entries:
            call_id = entry.charge.call_id
            if self._ledger.is_covered(call_id):
                self._ledger.settle(call_id, ChargeState.COVERED)
            else:
                self._ledger.settle(call_id, ChargeState.KNOWN, 0.0)
        return {entry.charge.project_id for entry in entries}

    def _has_rested(self, entry: Entry) -> bool:
        return (datetime.now(UTC) - (entry.ended_at or entry.charge.at)).total_seconds() >= self._patience.grace_s


def _is_covered(entry: Entry) -> bool:
    return entry.charge.state is ChargeState.COVERED


def _can_be_found(entry: Entry) -> bool:
    return entry.is_marked or bool(entry.charge.generation_id)
