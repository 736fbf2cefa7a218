"""What nobody said is found out afterwards."""

import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from maestro.calls import Call
from maestro.config import Settings
from maestro.reckoning import Patience
from maestro.services.storage import fingerprint
from maestro.types import CallKind, ChargeState, Survey
from tests.accounts import IMPATIENT, PROJECT, Home, Opener, home
from tests.fakes import LIMIT_S, FakeEngine, until

__all__ = ["home"]


def test_the_keys_usage_tells_what_a_broken_call_cost(home: Opener) -> None:
    """It becomes unassigned, in the project of the call, and the call is covered by it."""
    at = home(patience=IMPATIENT)
    at.engine.billed_usd = 7.0
    at.pay("c1", 0.04)
    at.lose("c2", 0.05)

    spending = at.until(lambda spending: not spending.unknown_count)
    assert spending.unassigned_usd == pytest.approx(0.05, abs=1e-9)
    assert spending.total_usd == pytest.approx(0.09, abs=1e-9)
    assert [charge.state for charge in at.money.charges(PROJECT)][1] is ChargeState.COVERED


def test_a_call_that_moved_no_usage_cost_nothing(home: Opener) -> None:
    """After a while: the provider may still be counting."""
    at = home(patience=IMPATIENT)
    at.lose("c1", 0.0)

    spending = at.until(lambda spending: not spending.unknown_count)
    assert spending.total_usd == 0


def test_within_the_grace_a_call_is_not_called_free(home: Opener) -> None:
    """Usage that comes late still finds its call."""
    at = home()
    at.lose("c1", 0.0)
    until(at.events, lambda: at.engine.surveys >= 2)
    assert at.money.spending(PROJECT).unknown_count == 1

    at.engine.billed_usd += 0.05
    at.lose("c2", 0.06)

    spending = at.until(lambda spending: spending.unassigned_usd)
    assert spending.total_usd == pytest.approx(0.11, abs=1e-9)
    assert spending.unknown_count == 2


def test_usage_that_comes_in_two_parts_is_all_found(home: Opener) -> None:
    """A call that is covered is looked after for a while."""
    at = home(patience=Patience(grace_s=3600.0, pause_s=0.0, delays_s=(0.01,) * 500))
    at.lose("c1", 0.01)
    at.until(lambda spending: not spending.unknown_count)
    at.engine.billed_usd += 0.04

    spending = at.until(lambda spending: spending.unassigned_usd > 0.04)
    assert spending.total_usd == pytest.approx(0.05, abs=1e-9)


def test_the_providers_word_on_a_call_goes_before_the_keys_usage(home: Opener) -> None:
    """Then it is the shot's cost, not an unassigned one."""
    at = home(patience=IMPATIENT)
    at.engine.late_costs = {"gen-1": 0.05}
    at.begin("c1", shot_id=2)
    at.engine.billed_usd += 0.05
    at.money.settle("c1", None, may_be_charged=True, generation_id="gen-1")

    spending = at.until(lambda spending: not spending.unknown_count)
    assert spending.shots_usd == ((2, 0.05),)
    assert spending.unassigned_usd == 0


def test_what_other_programs_spend_on_the_key_is_not_ours(home: Opener) -> None:
    """Without a call of ours that it may come from, only the mark moves."""
    at = home(patience=IMPATIENT)
    at.pay("c1", 0.04)
    at.engine.billed_usd += 3.0
    at.lose("c2", 0.0)
    at.until(lambda spending: not spending.unknown_count)
    before = at.ledger_usd
    at.engine.billed_usd += 2.0
    again = home(engine=at.engine, patience=IMPATIENT)
    again.pay("c3", 0.04)
    again.lose("c4", 0.05)
    again.until(lambda spending: not spending.unknown_count)

    assert again.ledger_usd == pytest.approx(before + 0.09, abs=1e-9)


def test_calls_of_two_projects_share_what_belongs_to_neither(home: Opener) -> None:
    """The sum over projects and the rest is the ledger."""
    at = home(patience=IMPATIENT)
    at.begin("c1")
    at.begin("c2", project_id="other-1")
    at.engine.billed_usd += 0.09
    at.money.settle("c1", None, may_be_charged=True)
    at.money.settle("c2", None, may_be_charged=True)
    at.until(lambda spending: not spending.unknown_count)

    (rest,) = at.money.charges("")
    assert rest.kind is CallKind.UNASSIGNED
    assert rest.cost_usd == pytest.approx(0.09, abs=1e-9)


def test_a_recovered_take_takes_its_cost_out_of_what_is_unassigned(home: Opener) -> None:
    """The next start compared the key before the project was opened."""
    at = home(patience=IMPATIENT)
    at.lose("c1", 0.04)
    at.until(lambda spending: not spending.unknown_count)
    assert at.money.spending(PROJECT).unassigned_usd == pytest.approx(0.04, abs=1e-9)

    at.money.settle("c1", 0.04, may_be_charged=True)

    spending = at.money.spending(PROJECT)
    assert spending.total_usd == pytest.approx(0.04, abs=1e-9)
    assert spending.unassigned_usd == pytest.approx(0.0, abs=1e-9)


def test_nothing_is_compared_while_something_is_in_flight(home: Opener) -> None:
    """The usage may hold a call whose end has not come yet."""
    at = home(patience=IMPATIENT)
    at.begin("slow", shot_id=2)
    at.lose("c1", 0.05)
    at.engine.billed_usd += 0.04
    at.money.reconcile()
    assert at.money.spending(PROJECT).unassigned_usd == 0

    at.money.settle("slow", 0.04, may_be_charged=True)

    spending = at.until(lambda spending: not spending.unknown_count)
    assert spending.unassigned_usd == pytest.approx(0.05, abs=1e-9)


def test_a_call_that_began_while_the_provider_was_asked_spoils_no_sum(home: Opener) -> None:
    """The comparison is thrown away and made again."""
    engine = BusyEngine()
    at = home(engine=engine, patience=IMPATIENT)
    at.pay("c0", 0.01)
    engine.meanwhile = lambda: at.pay("c2", 0.04)
    at.lose("c1", 0.05)
    at.until(lambda spending: not spending.unknown_count)

    assert at.ledger_usd == pytest.approx(at.engine.billed_usd, abs=1e-9)
    assert at.money.spending(PROJECT).unassigned_usd == pytest.approx(0.05, abs=1e-9)


class BusyEngine(FakeEngine):
    """Something happens while it is asked the second time."""

    meanwhile: Callable[[], None] | None = None

    def survey(self, call: Call) -> Survey:
        survey = super().survey(call)
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return survey


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_the_ledger_is_what_the_provider_billed(home: Opener, seed: int) -> None:
    """Answers with a cost, calls that are free, that break, that are recovered late, over projects and restarts."""
    chance = random.Random(seed)
    engine, numbers = FakeEngine(), count()
    for _ in range(2):
        at = home(engine=engine, patience=IMPATIENT)
        lost: list[tuple[str, float]] = []
        for _ in range(25):
            call_id, cost_usd = f"c{next(numbers)}", chance.choice([0.0, 0.0393585, 0.04, 1 / 3, 0.0000123])
            where = {"shot_id": chance.randrange(1, 6), "project_id": chance.choice([PROJECT, "other-1"])}
            if chance.random() < 0.7:
                at.pay(call_id, cost_usd, **where)
            else:
                at.lose(call_id, cost_usd, **where)
                lost.append((call_id, cost_usd))
        at.until_nothing_is_unknown()
        for call_id, cost_usd in chance.sample(lost, len(lost) // 2):
            at.money.settle(call_id, cost_usd, may_be_charged=True)
        at.close()

    projects = [at.money.spending(name) for name in (PROJECT, "other-1", "")]
    assert math.fsum(spending.total_usd for spending in projects) == pytest.approx(at.ledger_usd, abs=1e-9)
    assert at.ledger_usd == pytest.approx(engine.billed_usd, abs=1e-6)
    for spending in projects:
        parts = [spending.analysis_usd, spending.unassigned_usd, *(usd for _, usd in spending.shots_usd)]
        assert spending.total_usd == pytest.approx(math.fsum(parts), abs=1e-9)


class Silent(FakeEngine):
    """Never answers a survey as long as nobody speaks up."""

    def __init__(self) -> None:
        super().__init__()
        self.speaks = threading.Event()

    def survey(self, call: Call) -> Survey:
        call.was_sent = True
        call.on_cancel(self.speaks.set)
        assert self.speaks.wait(LIMIT_S)
        return super().survey(call)


def test_a_server_that_never_tells_the_keys_usage_holds_no_picture_up(home: Opener) -> None:
    """The first call goes out unmarked; the mark is made as soon as somebody answers, and what breaks then is found."""
    engine = Silent()
    at = home(engine=engine, patience=replace(IMPATIENT, first_look_s=0.05))
    at.begin("c1")
    assert engine.surveys == 0

    engine.billed_usd += 0.04
    at.money.settle("c1", 0.04, may_be_charged=True)
    engine.speaks.set()  # after the bill and the settling: what the key then says holds the call for certain
    at.money.reconcile()
    until(at.events, lambda: engine.surveys)
    _until_marked(at)
    at.lose("c2", 0.05)

    assert at.until(lambda spending: not spending.unknown_count).total_usd == pytest.approx(0.09, abs=1e-9)


def test_usage_that_comes_while_the_first_calls_are_open_tells_about_them_too(home: Opener) -> None:
    """The provider was slow, and nobody waited; none of them has ended, so that the usage holds none."""
    engine = Silent()
    at = home(engine=engine, patience=replace(IMPATIENT, first_look_s=0.05))
    at.begin("c1")
    engine.speaks.set()
    _until_marked(at)
    engine.billed_usd += 0.05
    at.money.settle("c1", None, may_be_charged=True)

    assert at.until(lambda spending: not spending.unknown_count).total_usd == pytest.approx(0.05, abs=1e-9)


def test_usage_that_comes_after_the_first_calls_end_is_no_mark_of_theirs(home: Opener) -> None:
    """It may hold them, or not: nobody can tell, so nothing is counted twice."""
    engine = Silent()
    at = home(engine=engine, patience=replace(IMPATIENT, first_look_s=0.05))
    at.pay("c1", 0.04)
    at.begin("c2")
    engine.speaks.set()
    until(at.events, lambda: engine.surveys)
    engine.billed_usd += 0.05
    at.money.settle("c2", None, may_be_charged=True)
    at.money.reconcile()
    _until_marked(at)

    assert at.money.spending(PROJECT).total_usd == 0.04
    assert at.money.spending(PROJECT).unknown_count == 1


def test_usage_that_nobody_can_have_spent_is_not_ours(home: Opener) -> None:
    """A server that lies fills no cap; the call stays one of unknown cost."""
    at = home(patience=IMPATIENT)
    at.pay("c1", 0.04)
    at.lose("c2", 1e8)
    _until_marked(at, least_usd=1e7)

    assert at.money.spending(PROJECT).total_usd == 0.04
    assert at.money.spending(PROJECT).unknown_count == 1


def _until_marked(at: Home, least_usd: float = 0.0) -> None:
    key = fingerprint(f"{Settings().base_url} ")
    deadline_s = time.monotonic() + LIMIT_S
    while (mark_usd := at.workspace.ledger.key_mark(key)) is None or mark_usd < least_usd:
        assert time.monotonic() < deadline_s
        at.events.wait(0, ["nobody"], 0.02)
