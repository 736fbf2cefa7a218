"""Caps refuse the click that would pass them, whoever clicks."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from maestro.errors import CapError
from maestro.types import CallKind, Charge, ChargeState
from tests.accounts import PROJECT, Opener, home
from tests.fakes import LIMIT_S

__all__ = ["home"]


def test_a_click_that_would_pass_a_cap_is_refused_with_the_numbers(home: Opener) -> None:
    """All or nothing, and how many would fit; with the cap raised it goes."""
    at = home(project_cap_usd=0.30)
    at.pay("c1", 0.10)
    calls = [f"r{number}" for number in range(5)]
    with pytest.raises(
        CapError, match=r"cap of \$0.30: \$0.10 is spent, and this costs about \$0.25. 4 of the 5 would fit"
    ) as caught:
        at.money.reserve(PROJECT, calls, 0.05)
    assert (caught.value.scope, caught.value.cap_usd) == ("project", 0.30)
    at.money.reserve(PROJECT, calls[:4], 0.05)
    at.money.require("other-1", 0.30)
    with pytest.raises(CapError, match="in flight"):
        at.money.require(PROJECT, 0.01)

    at.money.set_caps(1.0, 0.0)

    at.money.require(PROJECT, 0.70)
    assert at.money.spending(PROJECT).project_cap_usd == 1.0
    assert at.money.spending(PROJECT).day_cap_usd is None


def test_an_unknown_price_is_refused_only_when_the_cap_is_reached(home: Opener) -> None:
    """Nobody can say more."""
    at = home(day_cap_usd=0.10)
    at.money.require(PROJECT, None)
    at.pay("c1", 0.10, project_id="other-1")

    with pytest.raises(CapError, match="is reached") as caught:
        at.money.require(PROJECT, None)
    assert caught.value.scope == "day"


def test_a_first_batch_of_unknown_price_cannot_pass_a_cap(home: Opener) -> None:
    """One may go, and what it cost is the price of the others; with room for the dearest of them all may go at once."""
    at = home(project_cap_usd=1.0)
    calls = [f"r{number}" for number in range(5)]
    with pytest.raises(CapError, match="Ask for one first"):
        at.money.reserve(PROJECT, calls, None)
    at.money.reserve(PROJECT, calls[:1], None)
    with pytest.raises(CapError, match=r"\$0.25 is in flight"):
        at.money.reserve(PROJECT, calls[1:], None)
    at.money.release(calls[0])
    at.money.set_caps(1.5, 0.0)

    at.money.reserve(PROJECT, calls, None)


def test_calls_of_unknown_cost_count_as_their_price(home: Opener) -> None:
    """A cap is hard also when the provider is silent."""
    at = home(project_cap_usd=0.10)
    at.engine.late_costs = {}
    at.begin("c1")
    at.money.settle("c1", None, may_be_charged=True)
    at.begin("c2")

    with pytest.raises(CapError, match=r"\$0.08 is in flight or of unknown cost"):
        at.money.require(PROJECT, 0.04)


def test_rows_and_tabs_at_once_cannot_pass_a_cap_together(home: Opener) -> None:
    """Ten clicks of 0.04 on a cap of 0.20: five go."""
    at = home(project_cap_usd=0.20)
    start = threading.Barrier(10, timeout=LIMIT_S)

    def click(number: int) -> bool:
        start.wait()
        try:
            at.money.reserve(PROJECT, [f"c{number}"], 0.04)
        except CapError:
            return False
        at.begin(f"c{number}")
        at.money.settle(f"c{number}", 0.04, may_be_charged=True)
        return True

    with ThreadPoolExecutor(10) as pool:
        gone = list(pool.map(click, range(10)))

    assert sum(gone) == 5
    assert at.money.spending(PROJECT).total_usd == pytest.approx(0.20, abs=1e-9)


def test_another_copys_calls_are_refused_before_they_are_sent(home: Opener) -> None:
    """Two processes cannot see what the other has queued; the beginning of each call looks again."""
    one, two = home(project_cap_usd=0.08), home(project_cap_usd=0.08)
    one.money.reserve(PROJECT, ["a1", "a2"], 0.04)
    two.money.reserve(PROJECT, ["b1", "b2"], 0.04)
    one.begin("a1")
    two.begin("b1")

    with pytest.raises(CapError):
        one.begin("a2")


def test_what_is_released_or_settled_counts_no_more(home: Opener) -> None:
    """A dropped row gives its money back."""
    at = home(project_cap_usd=0.08)
    at.money.reserve(PROJECT, ["c1", "c2"], 0.04)
    at.money.release("c1")
    at.begin("c2")
    at.money.settle("c2", 0.0, may_be_charged=False)

    at.money.reserve(PROJECT, ["c3", "c4"], 0.04)


def test_yesterdays_money_is_not_todays(home: Opener) -> None:
    """A day is one of the calendar here."""
    at = home(day_cap_usd=0.10)
    long_ago = datetime.now(UTC) - timedelta(days=2)
    at.money.begin(Charge("old", PROJECT, CallKind.SHOOT, 1, "m", long_ago, ChargeState.OPEN, None, 0.04))
    at.money.settle("old", 9.0, may_be_charged=True)

    at.money.require(PROJECT, 0.10)
    assert at.money.spending(PROJECT).today_usd == 0
