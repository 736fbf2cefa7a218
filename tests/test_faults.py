"""Every fault of the wire through the whole program: sentence, button, pictures, money, and what must never happen."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from maestro.services.storage import ProjectFolder
from maestro.types import AnalysisStatus, Charge, ChargeState, RowState, RowStatus, Take
from tests.bench import Bench, benches
from tests.fault import BEACON, KEY, WIRES, Cost, Fault, told
from tests.faults import LONG, PICTURES, SLOW
from tests.provider import Provider, Recorded
from tests.word_faults import DIRECTIONS

WAVE = 30
ROWS = 5


@dataclass(frozen=True)
class Outcome:
    """What became of one fault."""

    row: RowStatus
    takes: tuple[Take, ...]
    requests: list[Recorded]
    charge: Charge
    billed_usd: float


@dataclass
class Trial:
    """All faults of a table, played on one wire."""

    provider: Provider
    beacon: Provider
    bench: Bench
    records: list[logging.LogRecord]
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def play(self, faults: Sequence[Fault]) -> None:
        """Each in a row of its own, many at once."""
        for first in range(0, len(faults), WAVE):
            self._play_wave(faults[first : first + WAVE])

    def _play_wave(self, faults: Sequence[Fault]) -> None:
        rows: list[tuple[Fault, ProjectFolder, int]] = []
        for first in range(0, len(faults), ROWS):
            five = faults[first : first + ROWS]
            folder = self.bench.project(*map(words_of, five))
            rows += [(fault, folder, shot_id) for shot_id, fault in enumerate(five, 1)]
        for fault, _, _ in rows:
            answers = [told(answer, self.beacon.url) for answer in fault.answers]
            self.provider.script(words_of(fault), *answers, is_repeated=True)
        for _, folder, shot_id in rows:
            self.bench.studio.generate(folder.id, [shot_id])
        self.bench.wait([folder for _, folder, _ in rows])
        for fault, folder, shot_id in rows:
            self.outcomes[fault.name] = self._outcome(fault, folder, shot_id)

    def _outcome(self, fault: Fault, folder: ProjectFolder, shot_id: int) -> Outcome:
        row, takes = self.bench.row(folder, shot_id), self.bench.takes(folder, shot_id)
        requests = self.provider.matching(words_of(fault))
        if fault.billed_usd:
            self.provider.bill(fault.billed_usd, requests[-1].generation_id)
        (charge,) = [each for each in self.bench.studio.money.charges(folder.id) if each.shot_id == shot_id]
        billed = sum(self.provider.bill_of(request.generation_id) or 0.0 for request in requests)
        return Outcome(row, takes, requests, charge, billed)


def words_of(fault: Fault) -> str:
    """The words of a fault's shot, found in no other."""
    return f"This is the shot of ({fault.name})."


class Recording(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def tried(folder: Path, faults: Sequence[Fault], wire: str, **settings: object) -> Iterator[Trial]:
    """Plays the faults that concern this wire."""
    recording = Recording()
    logging.getLogger().addHandler(recording)
    with Provider() as provider, Provider() as beacon, benches(folder) as open_bench:
        bench = open_bench(provider, image_wire=wire, MAX_CONCURRENT_REQUESTS=32, **settings)
        trial = Trial(provider, beacon, bench, recording.records)
        trial.play([fault for fault in faults if wire in fault.wires])
        yield trial
    logging.getLogger().removeHandler(recording)


@pytest.fixture(scope="module", params=WIRES)
def trial(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """Everything but what takes the whole time of a call."""
    yield from tried(tmp_path_factory.mktemp("faults"), PICTURES, request.param)


@pytest.fixture(scope="module", params=WIRES)
def slow_trial(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """What takes the whole time of a call, which is short here."""
    yield from tried(tmp_path_factory.mktemp("slow"), SLOW, request.param, timeout_s=1.5)


def check(fault: Fault, trial: Trial) -> None:
    """Whatever can be said of one row."""
    outcome = trial.outcomes[fault.name]
    assert len(outcome.requests) == fault.requests
    if fault.remedy is None:
        check_kept(fault, outcome)
    else:
        check_failed(fault, outcome, trial.beacon.url)
    if fault.cost is Cost.NONE:
        assert (outcome.charge.state, outcome.charge.cost_usd) == (ChargeState.KNOWN, 0.0)
    elif fault.cost is Cost.TOLD:
        assert outcome.charge.state is ChargeState.KNOWN
        assert outcome.charge.cost_usd == pytest.approx(outcome.billed_usd)


def check_kept(fault: Fault, outcome: Outcome) -> None:
    """A picture, whatever was odd about it."""
    assert outcome.row.state is RowState.IDLE, outcome.row.message
    assert len(outcome.takes) == fault.takes
    assert not any(take.is_missing for take in outcome.takes)
    assert fault.says in " ".join(outcome.takes[0].notes)
    assert (outcome.takes[0].cost_usd is None) is (fault.cost is Cost.UNSURE)


def check_failed(fault: Fault, outcome: Outcome, beacon_url: str) -> None:
    """A sentence that says what happened, what to do, and what it cost."""
    row = outcome.row
    assert (row.state, row.remedy, outcome.takes) == (RowState.FAILED, fault.remedy, ()), row.message
    assert fault.says in row.message
    assert row.message.rstrip("”")[-1] in ".)"
    assert row.next_step.endswith(".")
    assert fault.shows.replace(BEACON, beacon_url) in row.raw
    assert set(fault.fallback_models) <= set(row.fallback_models)
    assert ("may have been charged" in row.message) is (fault.cost is Cost.UNSURE)
    assert (row.cost_usd is None) is (fault.cost is not Cost.TOLD)


@pytest.mark.parametrize("fault", PICTURES, ids=lambda fault: fault.name)
def test_a_fault_ends_as_it_should(trial: Trial, fault: Fault) -> None:
    """The right sentence and button, or the picture; and nobody is asked twice who may have been paid."""
    if fault.name in trial.outcomes:
        check(fault, trial)


@pytest.mark.parametrize("fault", SLOW, ids=lambda fault: fault.name)
def test_a_call_that_never_ends_is_ended(slow_trial: Trial, fault: Fault) -> None:
    """At its deadline, and whoever hangs sees that nobody listens any more."""
    check(fault, slow_trial)

    for request in slow_trial.outcomes[fault.name].requests:
        assert request.ended.wait(60)


@pytest.mark.parametrize("fault", LONG, ids=lambda fault: fault.name)
@pytest.mark.parametrize("wire", WIRES)
def test_nobody_waits_for_an_hour(tmp_path: Path, wire: str, fault: Fault) -> None:
    """One request; the row ends as long as its user is there."""
    for trial in tried(tmp_path, [fault], wire):
        check(fault, trial)


# --- questions in words


@dataclass(frozen=True)
class Direction:
    """What became of one question to the director."""

    status: AnalysisStatus
    is_kept: bool
    requests: list[Recorded]
    charge: Charge
    billed_usd: float


@dataclass
class Rehearsal:
    """All faults of the director's question, played at once."""

    provider: Provider
    bench: Bench
    outcomes: dict[str, Direction]


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Each in a project of its own."""
    with Provider() as provider, benches(tmp_path_factory.mktemp("words")) as open_bench:
        bench = open_bench(provider)
        folders = [bench.directed(words_of(fault)) for fault in DIRECTIONS]
        for fault in DIRECTIONS:
            provider.script(words_of(fault), *fault.answers, is_repeated=True)
        for folder in folders:
            bench.studio.direct_again(folder.id)
        bench.wait(folders)
        outcomes = {fault.name: _direction(bench, fault, folder) for fault, folder in zip(DIRECTIONS, folders, strict=True)}
        yield Rehearsal(provider, bench, outcomes)


def _direction(bench: Bench, fault: Fault, folder: ProjectFolder) -> Direction:
    project = bench.studio.open(folder.id)
    requests = bench.provider.matching(words_of(fault))
    (charge,) = bench.studio.money.charges(folder.id)
    billed = sum(bench.provider.bill_of(request.generation_id) or 0.0 for request in requests)
    is_kept = all(sheet.can_undo for sheet in project.sheets)
    return Direction(bench.studio.analysis(folder.id), is_kept, requests, charge, billed)


@pytest.mark.parametrize("fault", DIRECTIONS, ids=lambda fault: fault.name)
def test_a_direction_that_goes_wrong_ends_as_it_should(rehearsal: Rehearsal, fault: Fault) -> None:
    """One repair at most, what came is offered, and no shot list is half kept."""
    outcome = rehearsal.outcomes[fault.name]
    status = outcome.status
    assert len(outcome.requests) == fault.requests
    assert outcome.is_kept is (fault.remedy is None), status.message
    if fault.remedy is not None:
        assert (status.failed_step, status.remedy) == ("direct", fault.remedy), status.message
        assert fault.says in status.message
        assert status.next_step.endswith(".")
        assert fault.shows in status.raw
        assert set(fault.fallback_models) <= set(status.fallback_models)
        assert ("may have been charged" in status.message) is (fault.cost is Cost.UNSURE)
    if fault.cost is not Cost.UNSURE:
        assert outcome.charge.state is ChargeState.KNOWN
        assert outcome.charge.cost_usd == pytest.approx(outcome.billed_usd)


def test_every_cent_of_the_words_is_in_the_ledger(rehearsal: Rehearsal) -> None:
    """Two answers of one question are one charge."""
    rehearsal.bench.until_it_adds_up()

    assert len([charge for charge in rehearsal.bench.charges if charge.model]) == len(DIRECTIONS)


# --- what must be true of all of them


def test_every_cent_is_in_the_ledger(trial: Trial) -> None:
    """What broke is found on the key afterwards; every request belongs to a charge, and none to two."""
    trial.bench.until_it_adds_up()

    asked = [charge for charge in trial.bench.charges if charge.model]
    assert len(asked) == len(trial.outcomes)
    assert len(trial.provider.requests) == sum(len(outcome.requests) for outcome in trial.outcomes.values())


def test_every_cent_of_what_hung_is_in_the_ledger(slow_trial: Trial) -> None:
    """Nobody said what it cost but the key."""
    slow_trial.bench.until_it_adds_up()


def test_no_fault_fetches_anything(trial: Trial) -> None:
    """Neither links in answers, nor redirects, nor pictures in words."""
    assert (trial.beacon.requests, trial.beacon.lookups) == ([], [])


def test_the_key_is_nowhere(trial: Trial) -> None:
    """Not in a file, a log or a sentence, though answers repeat it."""
    sentences = [f"{outcome.row} {outcome.row.raw} {outcome.takes}" for outcome in trial.outcomes.values()]
    logged = [f"{record.getMessage()} {record.exc_text} {record.args}" for record in trial.records]

    assert [path for path, content in trial.bench.written() if KEY.encode() in content] == []
    assert [text for text in (*sentences, *logged) if KEY in text] == []


def test_no_fault_is_a_traceback(trial: Trial) -> None:
    """Whatever can be answered was thought of."""
    assert [record.getMessage() for record in trial.records if record.exc_info] == []
