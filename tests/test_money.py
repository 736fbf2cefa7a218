"""The ledger adds up, and it says what is not known."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from maestro.errors import DiskFullError
from maestro.services.storage import Workspace
from maestro.types import CallKind, ChargeState, ModelProfile, Price
from tests.accounts import PROJECT, FullDisk, Opener, home
from tests.fakes import FakeEngine
from tests.services.storage_samples import VERSION, filled, intent, picture, result

__all__ = ["home"]


def test_a_projects_sums_add_up_with_failed_calls_and_shots_that_are_gone(home: Opener) -> None:
    """Every call has its place: analysis, its shot, or unassigned."""
    at = home()
    at.pay("a", 0.01, kind=CallKind.DESCRIBE, shot_id=0)
    at.pay("b", 0.02, kind=CallKind.DIRECT, shot_id=0)
    at.pay("c", 0.03, kind=CallKind.REDIRECT, shot_id=3)
    at.pay("d", 0.04, shot_id=1)
    at.pay("e", 0.05, shot_id=1)
    at.pay("f", 0.06, shot_id=77)
    at.pay("g", 0.50, shot_id=1, project_id="other-1")

    spending = at.money.spending(PROJECT)
    assert spending.analysis_usd == pytest.approx(0.06, abs=1e-9)
    assert [(shot_id, round(usd, 9)) for shot_id, usd in spending.shots_usd] == [(1, 0.09), (77, 0.06)]
    assert spending.total_usd == pytest.approx(0.21, abs=1e-9)
    assert spending.today_usd == pytest.approx(0.71, abs=1e-9)
    assert (spending.project_cap_usd, spending.day_cap_usd) == (None, 50.0)


@pytest.mark.parametrize(
    ("cost_usd", "may_be_charged", "state", "kept_usd"),
    [
        (0.04, True, ChargeState.KNOWN, 0.04),
        (0.0, True, ChargeState.KNOWN, 0.0),
        (None, False, ChargeState.KNOWN, 0.0),
        (None, True, ChargeState.UNKNOWN, None),
        (math.nan, True, ChargeState.UNKNOWN, None),
        (-1.0, True, ChargeState.UNKNOWN, None),
    ],
)
def test_how_a_call_ends_is_what_was_said_of_its_cost(
    home: Opener, cost_usd: float | None, may_be_charged: bool, state: ChargeState, kept_usd: float | None
) -> None:
    """Known, surely nothing, or unknown; never a guess."""
    at = home()
    at.begin("c1")
    at.money.settle("c1", cost_usd, may_be_charged=may_be_charged)

    (charge,) = at.money.charges(PROJECT)
    assert (charge.state, charge.cost_usd) == (state, kept_usd)
    assert at.money.spending(PROJECT).unknown_count == (state is ChargeState.UNKNOWN)


def test_a_known_cost_is_not_taken_back(home: Opener) -> None:
    """Recovery that gives a call up does not know better than the answer."""
    at = home()
    at.pay("c1", 0.04)
    at.money.settle("c1", None, may_be_charged=True)
    at.money.settle("c1", None, may_be_charged=False)

    assert at.money.spending(PROJECT).total_usd == 0.04


def test_what_takes_cost_that_were_paid_elsewhere_is_told_apart(home: Opener) -> None:
    """A bundle brings takes with a price; this ledger knows nothing of it."""
    at = home()
    folder = filled(at.workspace)
    for call_id in ("here", "there"):
        folder.begin(intent(call_id))
        folder.add_take(call_id, replace(result(3), cost_usd=0.07), picture(5))
    at.pay("here", 0.07, project_id=folder.id, shot_id=3)

    spending = at.money.spending(folder.id)
    assert spending.total_usd == pytest.approx(0.07, abs=1e-9)
    assert spending.elsewhere_usd == pytest.approx(0.07, abs=1e-9)


def test_offline_nothing_is_asked_and_nothing_is_noted(home: Opener) -> None:
    """Free is said as free; a cap of nothing refuses nothing."""
    at = home(engine=FakeEngine(is_paid=False), day_cap_usd=0.01)
    at.money.reserve(PROJECT, ["c1"], 5.0)
    at.money.require(PROJECT, 5.0)
    at.begin("c1")
    at.money.settle("c1", None, may_be_charged=False)
    at.money.reconcile()

    assert at.money.price(pictures=5, analyses=1) == Price(0.0, "free")
    assert at.money.charges(PROJECT) == ()
    assert not at.workspace.ledger.path.exists()
    assert at.engine.surveys == 0


def test_offline_a_call_that_was_paid_for_before_is_still_settled(home: Opener) -> None:
    """Recovery reads its answer whoever answers now."""
    home().begin("c1")
    at = home(engine=FakeEngine(is_paid=False))
    at.money.settle("c1", 0.04, may_be_charged=True)

    assert at.money.spending(PROJECT).total_usd == 0.04


def test_a_price_is_the_lists_else_the_last_ones_else_unknown(home: Opener) -> None:
    """And it says which."""
    at = home()
    profiles, at.engine.profiles = at.engine.profiles, ()
    assert at.money.price(pictures=2) == Price(None, "")
    at.pay("c1", 0.05)
    at.pay("c2", 0.0)
    assert at.money.price(pictures=2) == Price(0.10, "last")
    assert at.money.price(analyses=1) == Price(None, "")
    at.pay("c3", 0.01, kind=CallKind.DESCRIBE, shot_id=0)
    at.pay("c4", 0.02, kind=CallKind.DIRECT, shot_id=0)
    assert at.money.price(analyses=1).usd == pytest.approx(0.03)
    assert at.money.price(redirects=1) == Price(0.02, "last")
    at.engine.profiles = profiles[:1]
    at.models.check()
    assert at.money.price(pictures=2) == Price(0.08, "list")
    assert at.money.price(pictures=1, analyses=1).origin == "last"


def test_models_of_the_settings_have_a_price_before_anybody_was_asked(home: Opener) -> None:
    """An estimate that says so; the size that is chosen counts, in it as in the provider's list."""
    at = home()
    at.engine.choose("image", "google/gemini-nano-banana-2.1")
    at.models.use("image", "google/gemini-nano-banana-2.1")
    usual, large = at.money.price(pictures=1), at.money.price(pictures=1, size="4K")
    assert usual.usd is not None
    assert large.usd is not None
    assert (usual.origin, 0.03 < usual.usd < 0.05, large.usd > 1.5 * usual.usd) == ("built-in", True, True)
    profile = ModelProfile("google/gemini-nano-banana-2.1", "image", price_usd=0.04, size_prices=(("4K", 0.1),))
    at.engine.profiles = (profile,)
    at.models.check()

    assert at.money.price(pictures=2, size="4K") == Price(0.2, "list")
    assert at.money.price(pictures=2, size="1K") == Price(0.08, "list")


def test_a_call_that_cannot_be_noted_is_not_begun(home: Opener, tmp_path: Path) -> None:
    """The sentence comes before the money goes."""
    disk = FullDisk()
    at = home(workspace=Workspace(tmp_path, VERSION, disk=disk))
    at.pay("c0", 0.0)
    disk.is_full = True
    with pytest.raises(DiskFullError):
        at.begin("c1")

    assert len(at.money.charges(PROJECT)) == 1
    assert not at.money.is_in_flight("c1")


def test_an_end_that_cannot_be_noted_is_noted_later(home: Opener, tmp_path: Path) -> None:
    """Until then its cost counts as unknown, never as nothing."""
    disk = FullDisk()
    at = home(workspace=Workspace(tmp_path, VERSION, disk=disk))
    at.begin("c1")
    disk.is_full = True
    with pytest.raises(DiskFullError):
        at.money.settle("c1", 0.04, may_be_charged=True)
    disk.is_full = False
    assert at.money.spending(PROJECT).unknown_count == 1

    at.begin("c2")

    assert at.money.spending(PROJECT).total_usd == 0.04
