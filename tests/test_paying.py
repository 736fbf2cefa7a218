"""What a click costs: the ledger after every kind of end, caps that refuse, and the record of what was asked and answered."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from maestro.calls import Call
from maestro.engines import Keep
from maestro.errors import (
    AnswerError,
    CapError,
    EngineError,
    ModelGoneError,
    NoPictureError,
    OutOfCreditError,
    ProviderError,
    Remedy,
    WorkspaceError,
)
from maestro.events import topic
from maestro.types import CallKind, ChargeState, GenerationResult, RowState, ShotOrder
from tests.desks import Desk, Opener, killed_in_a_call
from tests.fakes import PICTURE_USD, WORDS_USD, Answer, FakeEngine, solid, until

KNOWN, UNKNOWN, OPEN = ChargeState.KNOWN, ChargeState.UNKNOWN, ChargeState.OPEN


def costing(error: EngineError, cost_usd: float | None, generation_id: str = "") -> EngineError:
    """The error, as the wire raises it after an answer that said its price."""
    error.cost_usd, error.generation_id = cost_usd, generation_id
    return error


# --- the ledger


def test_a_take_is_one_known_charge(desk: Desk) -> None:
    """With the price before the click beside what it came to, and the take leads to it."""
    desk.studio.models.check()
    desk.shoot(3)

    (charge,) = desk.charges
    assert (charge.kind, charge.shot_id, charge.model) == (CallKind.SHOOT, 3, "fake-image")
    assert (charge.state, charge.cost_usd, charge.estimate_usd) == (KNOWN, PICTURE_USD, PICTURE_USD)
    assert desk.takes(3)[0].call_id == charge.call_id


ENDS: dict[str, tuple[Exception | bytes | Answer, ChargeState, float | None]] = {
    "billed": (costing(NoPictureError("Only words came."), 0.03), KNOWN, 0.03),
    "unsaid": (costing(ProviderError("It broke."), None, "gen-1"), UNKNOWN, None),
    "refused": (ProviderError("No.", may_be_charged=False), KNOWN, 0.0),
    "unexpected": (ZeroDivisionError("oops"), UNKNOWN, None),
    "no picture": (b"<html>", KNOWN, PICTURE_USD),
    "no price": (Answer((solid(1),), None, "gen-1"), UNKNOWN, None),
}


@pytest.mark.parametrize("end", ENDS)
def test_every_end_of_a_call_settles_its_charge(desk: Desk, end: str) -> None:
    """As far as anybody said what it cost; nothing stays open."""
    outcome, state, cost_usd = ENDS[end]
    desk.engine.will(1, outcome)
    desk.shoot(1)

    (charge,) = desk.charges
    assert (charge.state, charge.cost_usd) == (state, cost_usd)
    assert charge.generation_id == ("gen-1" if state is UNKNOWN and end != "unexpected" else "")


def test_a_call_is_in_the_ledger_before_it_is_sent(open_desk: Opener) -> None:
    """Whoever pulls the plug in it leaves a trace."""
    seen: list[ChargeState] = []

    class Looking(FakeEngine):
        def shoot(self, order: ShotOrder, call: Call, keep: Keep) -> GenerationResult:
            seen.extend(charge.state for charge in looked_at[0].charges)
            return super().shoot(order, call, keep)

    looked_at = [open_desk(Looking())]
    looked_at[0].shoot(1)

    assert seen == [OPEN]


def test_a_cancelled_call_is_of_unknown_cost_and_one_in_the_queue_of_none(open_desk: Opener) -> None:
    """What was never sent is not in the ledger."""
    desk = open_desk(at_once=1)
    with desk.engine.held(1):
        desk.studio.generate(desk.id, [1, 2])
        desk.engine.wait_for_orders(1)
        desk.studio.cancel(desk.id)
        desk.wait()

    assert [(charge.shot_id, charge.state) for charge in desk.charges] == [(1, UNKNOWN)]


def test_an_engine_that_costs_nothing_has_no_ledger_and_no_caps(open_desk: Opener) -> None:
    """Offline, whatever the caps."""
    desk = open_desk(FakeEngine(is_paid=False))
    desk.studio.money.set_caps(0.001, 0.001)
    desk.shoot(1)

    assert (len(desk.takes(1)), desk.charges) == (1, ())


@pytest.mark.parametrize(
    ("moment", "state", "cost_usd"), [("answered", KNOWN, PICTURE_USD), ("shelved", KNOWN, PICTURE_USD), ("sent", UNKNOWN, None)]
)
def test_a_kill_leaves_a_charge_that_the_next_start_settles(
    open_desk: Opener, tmp_path: Path, moment: str, state: ChargeState, cost_usd: float | None
) -> None:
    """By the answer that was kept, by the take that was, or not at all; never twice."""
    killed_in_a_call(tmp_path / "workspace", moment)
    desk = open_desk()
    assert [charge.state for charge in desk.charges] == [OPEN]
    takes = desk.takes(2)

    assert [(charge.state, charge.cost_usd) for charge in desk.charges] == [(state, cost_usd)]
    assert [take.cost_usd for take in takes] == ([] if cost_usd is None else [cost_usd])
    assert desk.engine.orders == []


def test_a_start_settles_what_an_earlier_one_left_open_without_opening_its_project(open_desk: Opener, tmp_path: Path) -> None:
    """Before the provider is asked what is unknown, so that nothing counts twice."""
    killed_in_a_call(tmp_path / "workspace", "answered")
    desk = open_desk()
    desk.studio.begin()
    until(desk.events, lambda: desk.charges[0].state is not OPEN)

    assert desk.charges[0].cost_usd == PICTURE_USD


def test_a_picture_that_only_a_later_program_can_read_ends_the_doubt(open_desk: Opener) -> None:
    """Its answer was kept; what it cost is known from then on."""

    class Stumbling(FakeEngine):
        def develop(self, raw: bytes, order_shot_id: int) -> GenerationResult:  # noqa: ARG002 - the Protocol's
            raise ZeroDivisionError

    first = open_desk(Stumbling())
    first.shoot(1)
    assert [charge.state for charge in first.charges] == [UNKNOWN]
    first.studio.close()
    second = open_desk()

    assert len(second.takes(1)) == 1
    assert [(charge.state, charge.cost_usd) for charge in second.charges] == [(KNOWN, PICTURE_USD)]


def test_the_ledger_is_the_bill(open_desk: Opener) -> None:
    """Over many rounds of answers, refusals and faults that say what they cost."""
    desk, dice = open_desk(at_once=3), random.Random(7)
    kinds: list[Callable[[], Exception | bytes | Answer]] = [
        lambda: solid(dice.randrange(200)),
        lambda: Answer((solid(dice.randrange(200)), solid(201)), round(dice.uniform(0.01, 0.3), 4)),
        lambda: costing(NoPictureError("Words only."), round(dice.uniform(0, 0.02), 6)),
        lambda: ProviderError("Busy.", may_be_charged=False),
        lambda: b"no picture",
    ]
    for _ in range(4):
        for shot_id in range(1, 6):
            desk.engine.will(shot_id, dice.choice(kinds)())
        desk.shoot(1, 2, 3, 4, 5)

    spending = desk.studio.money.spending(desk.id)
    takes = [take for sheet in desk.project.sheets for take in sheet.takes]
    assert len(desk.charges) == len(desk.engine.orders) == 20
    assert spending.total_usd == pytest.approx(desk.engine.billed_usd, abs=1e-9)
    assert sum(take.cost_usd or 0 for take in takes) <= spending.total_usd


# --- caps


def test_five_rows_and_a_cap_for_three_are_none(desk: Desk) -> None:
    """The click is refused as a whole and says how many would fit; those then go through, and one more does not."""
    desk.studio.models.check()
    desk.studio.money.set_caps(3.5 * PICTURE_USD, 0)
    with pytest.raises(CapError, match="3 of the 5 would fit") as refused:
        desk.studio.generate(desk.id)
    assert {desk.row(shot_id).state for shot_id in range(1, 6)} == {RowState.IDLE}
    assert (refused.value.remedy, refused.value.scope, desk.charges) == (Remedy.CAP, "project", ())

    with desk.engine.held(1, 2, 3):
        assert desk.studio.generate(desk.id, [1, 2, 3]) == [1, 2, 3]
        with pytest.raises(CapError):
            desk.studio.generate(desk.id, [4])
    desk.wait()
    with pytest.raises(CapError):
        desk.studio.generate(desk.id, [4])


def test_what_was_dropped_from_the_queue_no_longer_counts(open_desk: Opener) -> None:
    """A refusal for lack of credit gives back what the others had set aside, and their rows name the same remedy."""
    desk = open_desk(at_once=1)
    desk.studio.models.check()
    desk.studio.money.set_caps(3.5 * PICTURE_USD, 0)
    desk.engine.will(1, OutOfCreditError("No credit is left.", may_be_charged=False))
    with desk.engine.held(1):
        desk.studio.generate(desk.id, [1, 2, 3])
        desk.engine.wait_for_orders(1)
    desk.wait()

    assert [desk.row(shot_id).remedy for shot_id in (1, 2, 3)] == [Remedy.CREDIT] * 3
    assert desk.studio.generate(desk.id, [1, 2, 3]) == [1, 2, 3]
    desk.wait()


def test_an_analysis_beyond_the_cap_is_not_begun(desk: Desk) -> None:
    """A new project is not even made."""
    desk.studio.models.check()
    desk.studio.money.set_caps(0.5 * WORDS_USD, 0)
    clip, style = desk.studio.sample_inputs()

    for ask in (
        lambda: desk.studio.analyze(clip, clip.name, style),
        lambda: desk.studio.analyze_again(desk.id),
        lambda: desk.studio.direct_again(desk.id),
        lambda: desk.studio.redirect(desk.id, 1),
    ):
        with pytest.raises(CapError):
            ask()
    assert [card.id for card in desk.studio.projects()] == [desk.id]
    assert (desk.engine.asked, desk.charges) == ([], ())


# --- analyses


def test_an_analysis_is_two_charges_and_one_shot_anew_a_third(desk: Desk) -> None:
    """Each with its kind; a failure that says its cost is one too."""
    desk.engine.will("direct", costing(AnswerError("No list.", raw="{}"), 0.02))
    desk.studio.analyze_again(desk.id)
    failed = desk.analysed()
    desk.studio.redirect(desk.id, 2, "closer")
    desk.analysed()

    assert (failed.failed_step, failed.raw, failed.message) == ("direct", "{}", "No list. It cost $0.02.")
    assert [(charge.kind, charge.shot_id, charge.cost_usd) for charge in desk.charges] == [
        (CallKind.DESCRIBE, 0, WORDS_USD),
        (CallKind.DIRECT, 0, 0.02),
        (CallKind.REDIRECT, 2, WORDS_USD),
    ]
    assert desk.studio.money.spending(desk.id).analysis_usd == pytest.approx(desk.engine.billed_usd)


def test_one_shot_anew_keeps_the_other_four(desk: Desk) -> None:
    """Asked for twice it is one call; the old words can be had back, and its row hears of it."""
    desk.shoot(2)
    before = [sheet.shot for sheet in desk.project.sheets]
    told = desk.events.number(topic(desk.id, "shot-2"))
    with desk.engine.held("redirect"):
        desk.studio.redirect(desk.id, 2, "closer")
        desk.studio.redirect(desk.id, 2, "closer")
        desk.engine.wait_for_step("redirect")
        running = desk.studio.analysis(desk.id)
        for other in (3, 9):
            with pytest.raises(WorkspaceError):
                desk.studio.redirect(desk.id, other)
    desk.analysed()

    after = [sheet.shot for sheet in desk.project.sheets]
    assert (running.step, running.shot_id) == ("redirect", 2)
    assert [old.id for old, new in zip(before, after, strict=True) if old != new] == [2]
    assert (after[1].text, len(desk.takes(2)), len(desk.engine.wishes)) == ("anew 1: closer", 1, 1)
    assert desk.events.number(topic(desk.id, "shot-2")) > told
    assert desk.studio.undo(desk.id, 2) == "shot 2"


def test_a_shot_anew_that_fails_changes_nothing(desk: Desk) -> None:
    """It says so, and an analysis that was complete stays complete."""
    desk.engine.will("redirect", AnswerError("That was no shot.", raw="words"))
    desk.studio.redirect(desk.id, 4)
    status = desk.analysed()

    assert (status.failed_step, status.shot_id, status.message) == ("redirect", 4, "That was no shot. It may have been charged.")
    assert (desk.project.step, desk.project.sheet(4).shot.text) == ("", "shot 4")


# --- what a page is told


def test_a_failure_names_its_remedy_and_what_came(desk: Desk) -> None:
    """The page needs no type of error for it."""
    gone = ModelGoneError("It is gone.", fallback_models=("other-image",))
    desk.engine.will(1, gone)
    desk.engine.will(2, NoPictureError("Only words.", raw="w" * 30_000))
    desk.shoot(1, 2)

    assert (desk.row(1).remedy, desk.row(1).fallback_models) == (Remedy.MODEL, ("other-image",))
    assert (desk.row(2).remedy, len(desk.row(2).raw)) == (Remedy.WORDS, 20_000)
    desk.studio.models.use("image", "other-image")
    desk.shoot(1)
    assert [charge.model for charge in desk.charges if charge.shot_id == 1] == ["fake-image", "other-image"]
    assert desk.row(1).remedy is Remedy.RETRY


def test_a_call_that_has_to_wait_counts_down(desk: Desk) -> None:
    """In its row and in the analysis, with the reason; every wait is told."""
    for what in (1, "describe"):
        desk.engine.will_wait(what, 90, "The provider asks to wait.")
    with desk.engine.held(1, "describe"):
        desk.studio.generate(desk.id, [1])
        desk.studio.analyze_again(desk.id)
        until(desk.events, lambda: desk.row(1).hold_s and desk.studio.analysis(desk.id).hold_s)
        for status in (desk.row(1), desk.studio.analysis(desk.id)):
            assert status.message == "The provider asks to wait."
            assert 0 < (status.hold_s or 0) <= 90
        desk.studio.cancel(desk.id, [1])
        desk.wait(1)
    desk.analysed()

    assert desk.row(1).hold_s is None


# --- the record


def test_what_was_asked_and_answered_is_kept(desk: Desk) -> None:
    """Of takes, analyses and shots anew, with the files of the pictures that were sent."""
    desk.shoot(1)
    desk.studio.analyze_again(desk.id)
    desk.analysed()
    desk.studio.redirect(desk.id, 1)
    desk.analysed()

    kept = desk.studio.exchange(desk.id, desk.takes(1)[0].call_id)
    assert kept is not None
    assert (kept.kind, kept.prompt, kept.model, kept.cost_usd) == (CallKind.SHOOT, "the prompt", "fake-image", PICTURE_USD)
    assert [(sent.role, sent.path is not None) for sent in kept.pictures] == [("style", True), ("frame", True)]
    words = desk.studio.analysis_exchanges(desk.id)
    assert [exchange.kind for exchange in words] == [CallKind.DESCRIBE, CallKind.DIRECT, CallKind.REDIRECT]
    assert [len(exchange.pictures) for exchange in words] == [5, 1, 1]
    assert all(sent.path is not None for exchange in words for sent in exchange.pictures)


def test_an_answer_of_no_use_is_kept_too(desk: Desk) -> None:
    """With the words that were sent, so that the user can see why."""
    desk.engine.will(1, NoPictureError("Only words.", raw="I would rather not."))
    desk.engine.will("redirect", AnswerError("No shot.", raw="{}"))
    desk.shoot(1)
    desk.studio.redirect(desk.id, 2, "from above")
    desk.analysed()

    shot = desk.studio.exchange(desk.id, desk.charges[0].call_id)
    (again,) = desk.studio.analysis_exchanges(desk.id)
    assert shot is not None
    assert (shot.answer, again.answer) == ("I would rather not.", "{}")
    assert "shot 1" in shot.prompt
    assert "from above" in again.prompt


def test_a_record_that_cannot_be_kept_costs_no_picture(desk: Desk) -> None:
    """The take is there, and its row at rest."""
    (desk.workspace.open(desk.id).path / "exchanges").write_bytes(b"in the way")
    desk.shoot(1)

    assert (len(desk.takes(1)), desk.row(1).state) == (1, RowState.IDLE)
    assert desk.studio.exchange(desk.id, desk.takes(1)[0].call_id) is None
    assert desk.charges[0].state is KNOWN
