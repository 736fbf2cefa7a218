"""Generation in the background: what is asked, how often, and what is left when it goes wrong."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maestro.errors import (
    DiskFullError,
    KeyRefusedError,
    MaestroError,
    NoPictureError,
    OutOfCreditError,
    ProviderError,
    WorkspaceError,
)
from maestro.events import Events
from maestro.services.storage import Intent
from maestro.types import RowState, TakeLabel
from tests.desks import Desk, Opener, killed_in_a_call
from tests.fakes import PICTURE_USD, FakeEngine, raw_answer, solid, until


def test_three_clicks_are_one_request(desk: Desk) -> None:
    """A shot in flight is left alone."""
    with desk.engine.held(3):
        begun = [desk.studio.generate(desk.id, [3]) for _ in range(3)]
        desk.engine.wait_for_orders(1)
    desk.wait()

    assert begun == [[3], [], []]
    assert len(desk.engine.orders) == len(desk.takes(3)) == 1


def test_generate_all_leaves_those_in_flight_alone(desk: Desk) -> None:
    """It begins the other four."""
    with desk.engine.held(2):
        desk.studio.generate(desk.id, [2])

        assert desk.studio.generate(desk.id) == [1, 3, 4, 5]
    desk.wait()


def test_all_places_are_used_and_never_more(open_desk: Opener) -> None:
    """Five shots, three places: three at once."""
    desk = open_desk(at_once=3)
    with desk.engine.held(*range(1, 6)):
        desk.studio.generate(desk.id)
        desk.engine.wait_for_orders(3)

        assert sorted(desk.row(shot_id).state for shot_id in range(1, 6)) == ["queued"] * 2 + ["running"] * 3
    desk.wait()
    assert desk.engine.most_in_flight == 3
    assert all(len(desk.takes(shot_id)) == 1 for shot_id in range(1, 6))


def test_an_order_carries_words_pictures_and_shape(desk: Desk) -> None:
    """The shots are spread over the source frames in time order."""
    desk.studio.generate(desk.id)
    desk.wait()

    orders = sorted(desk.engine.orders, key=lambda order: order.shot.id)
    assert [order.shot.text for order in orders] == [f"shot {number}" for number in range(1, 6)]
    assert [order.source_frame.index for order in orders] == [20, 40, 60, 80, 100]
    assert {(order.aspect_ratio, order.style.name) for order in orders} == {("16:9", "wave.png")}


def test_a_failing_shot_costs_no_other(desk: Desk) -> None:
    """Four takes and one sentence with its next step."""
    desk.engine.will(2, ProviderError("The provider failed with status 500."))
    desk.studio.generate(desk.id)
    desk.wait()

    assert [len(desk.takes(shot_id)) for shot_id in range(1, 6)] == [1, 0, 1, 1, 1]
    failed = desk.row(2)
    assert failed.state is RowState.FAILED
    assert failed.message == "The provider failed with status 500. It may have been charged."
    assert failed.next_step == ProviderError.default_next_step


def test_what_is_unknown_becomes_a_named_failure(desk: Desk) -> None:
    """Even a mistake of the program ends as a sentence, and the row can be retried."""
    desk.engine.will(1, ZeroDivisionError("oops"))
    desk.studio.generate(desk.id, [1])
    desk.wait()
    assert "Something unexpected went wrong" in desk.row(1).message

    desk.studio.generate(desk.id, [1])
    desk.wait()
    assert (desk.row(1).state, len(desk.takes(1))) == (RowState.IDLE, 1)


def test_an_engine_that_costs_nothing_speaks_of_no_charge(open_desk: Opener) -> None:
    """Offline there is nothing to bill."""
    desk = open_desk(FakeEngine(is_paid=False))
    desk.engine.will(1, NoPictureError("No picture came."))
    desk.studio.generate(desk.id, [1])
    desk.wait()

    assert desk.row(1).message == "No picture came."


def test_a_picture_of_another_shape_is_kept_with_a_note(desk: Desk) -> None:
    """A square instead of 16:9."""
    desk.engine.will(1, solid(7, width_px=40, height_px=40))
    desk.studio.generate(desk.id, [1])
    desk.wait()

    (take,) = desk.takes(1)
    assert "40 x 40 pixels instead of 16:9" in take.notes[0]


def test_an_answer_that_is_no_picture_fails_in_words(desk: Desk) -> None:
    """It was paid, so it says so."""
    desk.engine.will(1, b"<html>not a picture</html>")
    desk.studio.generate(desk.id, [1])
    desk.wait()

    assert desk.row(1).state is RowState.FAILED
    assert (desk.row(1).message, desk.row(1).cost_usd) == ("It is no PNG, JPEG or WebP picture.", PICTURE_USD)


def test_a_failed_row_holds_no_answer(desk: Desk) -> None:
    """However large it was: only what the page shows of it stays in memory."""
    answers: list[weakref.ref[Bulky]] = []

    def fail() -> None:
        answer = Bulky()
        answers.append(weakref.ref(answer))
        raise NoPictureError("Only words came.", raw="words")

    with pytest.raises(NoPictureError) as failed:
        fail()
    desk.engine.will(1, failed.value)
    del failed
    desk.studio.generate(desk.id, [1])
    desk.wait()
    gc.collect()

    assert (desk.row(1).raw, answers[0]()) == ("words", None)


class Bulky:
    """Stands for an answer of 40 MB in a frame of the wire."""


class Witness(Events):
    """Notes what is on disk whenever a shot is told about."""

    def __init__(self) -> None:
        super().__init__()
        self.look: Callable[[], tuple[list[bool], RowState]] = lambda: ([], RowState.IDLE)
        self.saw: list[tuple[list[bool], RowState]] = []

    def publish(self, *topics: str) -> None:
        if any("/shot-" in name for name in topics):
            self.saw.append(self.look())
        super().publish(*topics)


def test_a_take_is_on_disk_before_it_is_told(open_desk: Opener) -> None:
    """Whoever hears of the shot finds its picture, and the row at rest."""
    witness = Witness()
    desk = open_desk(events=witness)
    witness.look = lambda: ([take.path.is_file() for take in desk.takes(4)], desk.row(4).state)
    desk.studio.generate(desk.id, [4])
    until(desk.events, lambda: len(witness.saw) == 3)

    assert witness.saw[-1] == ([True], RowState.IDLE)
    assert all(has_take == [] for has_take, state in witness.saw[:-1] if state is not RowState.IDLE)


@pytest.mark.parametrize(
    "refusal", [OutOfCreditError("No credit is left.", may_be_charged=False), KeyRefusedError("The key is wrong.")]
)
def test_no_credit_and_a_wrong_key_stop_what_is_queued(open_desk: Opener, refusal: MaestroError) -> None:
    """Nothing more is asked for, and every row says why."""
    desk = open_desk(at_once=1)
    desk.engine.will(1, refusal)
    with desk.engine.held(1):
        desk.studio.generate(desk.id)
        desk.engine.wait_for_orders(1)
    desk.wait()

    assert [order.shot.id for order in desk.engine.orders] == [1]
    assert {desk.row(shot_id).state for shot_id in range(2, 6)} == {RowState.CANCELLED}
    assert all(str(refusal) in desk.row(shot_id).message for shot_id in range(1, 6))
    assert desk.row(2).message.endswith("Nothing was charged.")


def test_cancelling_what_is_queued_sends_nothing(open_desk: Opener) -> None:
    """It vanishes from the queue and says that nothing was charged."""
    desk = open_desk(at_once=1)
    with desk.engine.held(1):
        desk.studio.generate(desk.id, [1, 2])
        desk.engine.wait_for_orders(1)
        desk.studio.cancel(desk.id, [2])

        assert desk.row(2).state is RowState.CANCELLED
    desk.wait()
    assert [order.shot.id for order in desk.engine.orders] == [1]
    assert "Nothing was charged." in desk.row(2).message


def test_cancelling_what_runs_closes_it_and_says_what_it_may_cost(desk: Desk) -> None:
    """The others go on."""
    with desk.engine.held(1, 2):
        desk.studio.generate(desk.id, [1, 2])
        desk.engine.wait_for_orders(2)
        desk.studio.cancel(desk.id, [1])
        desk.wait(1)

        assert desk.row(2).state is RowState.RUNNING
    desk.wait()
    assert desk.row(1).state is RowState.CANCELLED
    assert "It may have been charged." in desk.row(1).message
    assert (len(desk.takes(1)), len(desk.takes(2))) == (0, 1)


def test_words_edited_meanwhile_are_kept_and_the_take_is_stale(desk: Desk) -> None:
    """The take tells the words that it was made from."""
    with desk.engine.held(5):
        desk.studio.generate(desk.id, [5])
        desk.engine.wait_for_orders(1)
        desk.studio.edit(desk.id, 5, "closer, at dusk", base="shot 5")
    desk.wait()

    sheet = desk.studio.open(desk.id).sheet(5)
    assert (sheet.shot.text, sheet.takes[0].text, sheet.takes[0].is_stale) == ("closer, at dusk", "shot 5", True)


def test_a_retake_stands_beside_the_first(desk: Desk) -> None:
    """Nothing is overwritten; the typical time is known from then on."""
    assert desk.row(3).expected_s is None
    for _ in range(2):
        desk.studio.generate(desk.id, [3])
        desk.wait()

    assert [take.label for take in desk.takes(3)] == [TakeLabel(3, 1), TakeLabel(3, 2)]
    assert desk.row(3).expected_s is not None


def test_close_waits_for_what_is_in_flight_and_drops_what_is_queued(open_desk: Opener) -> None:
    """The running one is saved, the queued one never asked for."""
    desk = open_desk(at_once=1)
    closing = threading.Thread(target=desk.studio.close, args=(20,), daemon=True)
    with desk.engine.held(1):
        desk.studio.generate(desk.id, [1, 2])
        desk.engine.wait_for_orders(1)
        closing.start()
        until(desk.events, lambda: desk.row(2).state is RowState.CANCELLED)
    closing.join(25)

    assert not closing.is_alive()
    assert desk.engine.is_closed
    assert (len(desk.takes(1)), len(desk.engine.orders)) == (1, 1)
    with pytest.raises(WorkspaceError, match="closing"):
        desk.studio.generate(desk.id, [2])


def test_close_cancels_when_its_patience_has_ended(desk: Desk) -> None:
    """A call that never answers keeps nobody from leaving."""
    with desk.engine.held(1):
        desk.studio.generate(desk.id, [1])
        desk.engine.wait_for_orders(1)
        desk.studio.close(patience_s=0)

        assert desk.row(1).state is RowState.CANCELLED


def test_an_answer_that_a_kill_left_becomes_a_take_without_a_second_request(open_desk: Opener, tmp_path: Path) -> None:
    """The next start reads it from the journal."""
    killed_in_a_call(tmp_path / "workspace", "answered")
    desk = open_desk()

    (take,) = desk.takes(2)
    assert take.path.read_bytes() == solid(77)
    assert desk.studio.open(desk.id).interruptions == ()
    assert desk.engine.orders == []


@pytest.mark.parametrize("raw", [b"{}", b"no JSON at all", raw_answer(b"<html>")])
def test_a_kept_answer_that_cannot_be_read_is_listed(desk: Desk, raw: bytes) -> None:
    """It keeps nothing else from being recovered, and its bytes stay."""
    folder = desk.workspace.open(desk.id)
    for call_id, answer in (("bad", raw), ("good", raw_answer(solid(5)))):
        folder.begin(Intent(call_id, 1, "", "fake", "fake-image", "", "shot 1", 20, datetime.now(UTC)))
        folder.mark_sent(call_id)
        folder.keep_answer(call_id, answer)
    project = desk.studio.open(desk.id)

    assert [interruption.call_id for interruption in project.interruptions] == ["bad"]
    assert [take.path.read_bytes() for take in project.sheet(1).takes] == [solid(5)]
    assert (folder.path / "incoming" / "bad.raw").read_bytes() == raw


def test_a_call_that_a_kill_cut_off_is_listed_and_never_sent_again(open_desk: Opener, tmp_path: Path) -> None:
    """It may have been charged; the user dismisses it."""
    killed_in_a_call(tmp_path / "workspace", "sent")
    desk = open_desk()

    (interruption,) = desk.studio.open(desk.id).interruptions
    assert (interruption.shot_id, interruption.was_sent) == (2, True)
    assert desk.engine.orders == []
    desk.studio.dismiss(desk.id, interruption.call_id)
    assert desk.studio.open(desk.id).interruptions == ()


def test_a_full_disk_is_said_before_anything_is_paid(open_desk: Opener) -> None:
    """No request leaves."""
    desk = open_desk(floor_bytes=1 << 60)

    with pytest.raises(DiskFullError):
        desk.studio.generate(desk.id, [1])
    assert desk.engine.orders == []


@contextmanager
def blocked(folder: Path) -> Iterator[None]:
    """Within it nothing can be put into the folder: a file stands in its place."""
    away = folder.with_name(f"{folder.name}.away")
    folder.rename(away) if folder.exists() else away.mkdir()
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        away.rename(folder)


def test_a_paid_picture_that_cannot_be_saved_waits_in_memory(desk: Desk) -> None:
    """The row holds it for the user, and keeps it as soon as the disk takes it."""
    project = desk.workspace.open(desk.id).path
    desk.engine.will(1, solid(42))
    with ExitStack() as trouble:
        with desk.engine.held(1):
            desk.studio.generate(desk.id, [1])
            desk.engine.wait_for_orders(1)
            trouble.enter_context(blocked(project / "takes"))
            trouble.enter_context(blocked(project / "incoming"))
        desk.wait()
        waiting = desk.row(1)
        with pytest.raises(WorkspaceError):
            desk.studio.keep_waiting_picture(desk.id, 1)
        with pytest.raises(WorkspaceError):
            desk.studio.generate(desk.id, [1])
    desk.studio.keep_waiting_picture(desk.id, 1)

    assert waiting.state is RowState.FAILED
    assert waiting.picture is not None
    assert waiting.picture.encoded == desk.takes(1)[0].path.read_bytes() == solid(42)
    assert "only in memory" in waiting.message
    assert (desk.row(1).state, len(desk.engine.orders)) == (RowState.IDLE, 1)


def test_a_waiting_picture_is_kept_by_the_next_generate_and_by_close(desk: Desk) -> None:
    """Nothing that was paid for is thrown away."""
    project = desk.workspace.open(desk.id).path
    with blocked(project / "takes"):
        desk.studio.generate(desk.id, [1, 2])
        desk.wait()
    desk.studio.generate(desk.id, [1])
    desk.wait()
    desk.studio.close()

    assert (len(desk.takes(1)), len(desk.takes(2)), len(desk.engine.orders)) == (2, 1, 3)
