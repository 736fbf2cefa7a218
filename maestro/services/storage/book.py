"""What the lines of the ledger say, read one after the other: the charges as they stand, and what each key has cost.

Two kinds of line: a charge as it stands from then on (the last line of a call holds), and a mark: what the provider said that a key
had been charged in all. A charge of kind UNASSIGNED names the calls that it `covers`: when one of them turns out to have cost
something after all, that much of it is no longer unassigned, so that nothing counts twice.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from maestro.services.storage.records import CALL_ID, RecordError, from_json, to_json
from maestro.types import CallKind, Charge, ChargeState


@dataclass(frozen=True, slots=True)
class Entry:
    """A charge and what only the ledger needs: a key's fingerprint, the presence of the process that asked, and the call's end.

    `is_marked` tells that the key had a mark when the call began, so that its usage tells what the call cost.
    """

    charge: Charge
    key: str = ""
    owner: str = ""
    ended_at: datetime | None = None
    covers: tuple[str, ...] = ()
    is_marked: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether nobody knows yet what it cost."""
        return self.charge.state in {ChargeState.OPEN, ChargeState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Mark:
    """What the provider said that a key was charged in all, and what the ledger knew of at that place."""

    usage_usd: float
    known_usd: float


@dataclass(frozen=True, slots=True)
class _ChargeLine:
    call_id: str
    project_id: str
    kind: str
    shot_id: int
    model: str
    at: datetime
    state: str
    cost_usd: float | None = None
    estimate_usd: float | None = None
    generation_id: str = ""
    key: str = ""
    owner: str = ""
    ended_at: datetime | None = None
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _MarkLine:
    key: str
    usage_usd: float
    at: datetime
    is_late: bool = False


_CHARGE_FIELDS = tuple(part.name for part in fields(Charge))


def charge_line(entry: Entry) -> bytes:
    """What is written of a charge."""
    own = {name: getattr(entry.charge, name) for name in _CHARGE_FIELDS}
    line = _ChargeLine(**own, key=entry.key, owner=entry.owner, ended_at=entry.ended_at, covers=entry.covers)
    return json.dumps({"charge": to_json(line)}).encode()


def mark_line(key: str, usage_usd: float, *, is_late: bool = False) -> bytes:
    """What is written of a mark."""
    return json.dumps({"mark": to_json(_MarkLine(key, usage_usd, datetime.now(UTC), is_late))}).encode()


@dataclass
class Book:
    """Everything up to the line that was taken in last. Not thread-safe."""

    entries: dict[str, Entry] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    since: datetime | None = None
    """When the first line was written, of those that can be read."""
    covered: dict[str, list[str]] = field(default_factory=dict)
    """The unassigned charges that cover a call, by the call."""
    _known_usd: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def unseen_usd(self, key: str, usage_usd: float) -> float | None:
        """What was charged on the key since its mark and is in no charge; None when it has no mark."""
        mark = self.marks.get(key)
        return None if mark is None else (usage_usd - mark.usage_usd) - (self._known_usd[key] - mark.known_usd)

    def take_in(self, line: bytes) -> None:
        """A line that is torn, foreign or spoilt is passed over."""
        try:
            spelled = json.loads(line)
            if "charge" in spelled:
                self._take_charge(_entry_of(spelled["charge"]))
            elif "mark" in spelled:
                self._take_mark(from_json(_MarkLine, spelled["mark"]))
        except (ValueError, TypeError, RecordError, RecursionError):
            return

    def _take_charge(self, entry: Entry) -> None:
        call_id = entry.charge.call_id
        known = self.entries.get(call_id)
        if known is None:
            self._begin(entry)
        elif known.charge.kind is CallKind.UNASSIGNED or known.key != entry.key:
            return
        entry = replace(entry, is_marked=known.is_marked if known else entry.key in self.marks)
        self.entries[call_id] = entry
        more_usd = _cost(entry) - (_cost(known) if known else 0.0)
        self._known_usd[entry.key] += more_usd
        self._uncover(call_id, more_usd)

    def _begin(self, entry: Entry) -> None:
        self.since = self.since or entry.charge.at
        for call_id in entry.covers:
            self.covered.setdefault(call_id, []).append(entry.charge.call_id)

    def _uncover(self, call_id: str, known_usd: float) -> None:
        for unassigned_id in self.covered.get(call_id, ()):
            entry = self.entries[unassigned_id]
            taken_usd = min(max(known_usd, 0.0), _cost(entry))
            self.entries[unassigned_id] = replace(entry, charge=replace(entry.charge, cost_usd=_cost(entry) - taken_usd))
            self._known_usd[entry.key] -= taken_usd
            known_usd -= taken_usd

    def _take_mark(self, line: _MarkLine) -> None:
        self.since = self.since or line.at
        self.marks[line.key] = Mark(line.usage_usd, self._known_usd[line.key])
        # What waits was asked before this mark: from here on, the key's usage tells nothing about it, unless the mark came late.
        for call_id, entry in self.entries.items():
            if entry.is_marked is not line.is_late and entry.is_waiting and entry.key == line.key:
                self.entries[call_id] = replace(entry, is_marked=line.is_late)


def _entry_of(spelled: Any) -> Entry:
    line = from_json(_ChargeLine, spelled)
    if CALL_ID.fullmatch(line.call_id) is None or min(line.cost_usd or 0.0, line.estimate_usd or 0.0) < 0:
        raise RecordError("no charge of ours")
    own = {name: getattr(line, name) for name in _CHARGE_FIELDS}
    charge = Charge(**{**own, "kind": CallKind(line.kind), "state": ChargeState(line.state)})
    return Entry(charge, line.key, line.owner, line.ended_at, line.covers)


def _cost(entry: Entry) -> float:
    return entry.charge.cost_usd or 0.0
