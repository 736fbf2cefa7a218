"""What a picture is made from and in which shape, and what becomes of an answer that holds several."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from maestro.errors import WorkspaceError
from maestro.events import topic
from maestro.services.storage import Intent
from maestro.types import References, RowState, TakeLabel
from tests.desks import Desk, Opener
from tests.fakes import PICTURE_USD, Answer, raw_answer, solid, source_frame

FIRST = TakeLabel(1, 1)


# --- references and shape


def test_a_shot_is_made_from_the_frame_and_the_anchor_that_were_chosen(desk: Desk) -> None:
    """The choice is told to its row, and stays when the five are directed again."""
    desk.shoot(1)
    told = desk.events.number(topic(desk.id, "shot-2"))
    desk.studio.set_references(desk.id, 2, References(80, FIRST))
    assert desk.events.number(topic(desk.id, "shot-2")) > told
    desk.studio.direct_again(desk.id)
    desk.analysed()
    desk.shoot(2)

    order = desk.engine.orders[-1]
    assert desk.project.sheet(2).references == References(80, FIRST)
    assert (order.source_frame.index, order.anchor and order.anchor.encoded) == (80, solid(1))
    kept = desk.studio.exchange(desk.id, desk.takes(2)[0].call_id)
    assert kept is not None
    assert [(sent.role, sent.caption) for sent in kept.pictures][1:] == [
        ("frame", "Source frame at 00:03.33"),
        ("anchor", str(FIRST)),
    ]
    assert all(sent.path for sent in kept.pictures)


def test_a_large_anchor_is_sent_smaller(desk: Desk) -> None:
    """Its longer side has 1536 pixels at most; the take itself stays as it is."""
    desk.engine.will(1, solid(9, width_px=2048, height_px=1152))
    desk.shoot(1)
    desk.studio.set_references(desk.id, 2, References(anchor=FIRST))
    desk.shoot(2)

    anchor = desk.engine.orders[-1].anchor
    assert anchor is not None
    assert (anchor.width_px, anchor.height_px, desk.takes(1)[0].width_px) == (1536, 864, 2048)


def test_an_anchor_that_is_gone_is_a_note_and_no_failure(desk: Desk) -> None:
    """So is one that the model has no room for."""
    desk.shoot(1)
    desk.studio.set_references(desk.id, 2, References(anchor=FIRST))
    desk.engine.profiles = tuple(replace(profile, reference_limit=2) for profile in desk.engine.profiles)
    desk.studio.models.check()
    desk.shoot(2)
    desk.engine.profiles = tuple(replace(profile, reference_limit=3) for profile in desk.engine.profiles)
    desk.studio.models.check()
    desk.studio.delete_take(desk.id, FIRST)
    desk.shoot(2)

    assert [order.anchor for order in desk.engine.orders[1:]] == [None, None]
    assert ["no more than 2 pictures" in desk.takes(2)[0].notes[0], "not there any more" in desk.takes(2)[1].notes[0]] == [
        True,
        True,
    ]
    with pytest.raises(WorkspaceError):
        desk.studio.set_references(desk.id, 3, References(anchor=FIRST))


def test_a_queued_shot_keeps_its_frame_when_the_five_are_exchanged(open_desk: Opener) -> None:
    """It was asked for with the frames of that moment."""
    desk = open_desk(at_once=1)
    with desk.engine.held(1):
        desk.studio.generate(desk.id, [1, 2])
        desk.engine.wait_for_orders(1)
        frames = [source_frame(index) for index in (10, 30, 50, 70, 90)]
        desk.workspace.open(desk.id).keep_frames(frames, frames[2])
    desk.wait()

    assert [order.source_frame.index for order in desk.engine.orders] == [20, 40]
    assert desk.row(2).state is RowState.IDLE


def test_pictures_are_asked_for_in_the_shape_that_was_chosen(desk: Desk) -> None:
    """What comes in another one is kept with a note."""
    desk.studio.set_shape(desk.id, "1:1", "2K")
    desk.shoot(1)
    desk.studio.set_shape(desk.id, "", "")
    desk.shoot(2)

    assert [(order.aspect_ratio, order.size) for order in desk.engine.orders] == [("1:1", "2K"), ("16:9", "")]
    assert ("instead of 1:1" in desk.takes(1)[0].notes[0], desk.takes(2)[0].notes) == (True, ())


def test_what_is_asked_for_is_told_apart_in_the_journal(desk: Desk) -> None:
    """By words, pictures, shape and size."""
    desk.shoot(1)
    desk.studio.set_shape(desk.id, "16:9", "2K")
    desk.shoot(1)
    desk.studio.set_references(desk.id, 1, References(anchor=FIRST))
    desk.shoot(1)

    entries = desk.workspace.open(desk.id)._journal.entries().values()
    assert len({entry.intent.request_sha256 for entry in entries if entry.intent}) == 3


# --- several pictures in one answer


def test_every_picture_of_an_answer_becomes_a_take(desk: Desk) -> None:
    """It is paid for once; the further one says whose answer it came with, and leads to the same record."""
    desk.engine.will(1, Answer((solid(1), solid(2)), 0.08))
    desk.shoot(1)

    first, second = desk.takes(1)
    assert [take.path.read_bytes() for take in (first, second)] == [solid(1), solid(2)]
    assert (first.cost_usd, second.cost_usd, len(desk.charges)) == (0.08, 0.0, 1)
    assert any(str(first.label) in note for note in second.notes)
    record = desk.studio.exchange(desk.id, second.call_id)
    assert record is not None
    assert record.call_id == first.call_id


def test_a_further_picture_that_is_none_is_noted_on_the_first(desk: Desk) -> None:
    """The good one is kept all the same."""
    desk.engine.will(1, Answer((solid(1), b"<svg/>")))
    desk.shoot(1)

    (take,) = desk.takes(1)
    assert "Picture 2 of the answer could not be kept" in take.notes[0]


def test_all_pictures_of_an_answer_that_a_kill_left_are_kept_at_the_next_start(desk: Desk) -> None:
    """Without a second request, and for one price."""
    folder = desk.workspace.open(desk.id)
    folder.begin(Intent("left", 1, "", "fake", "fake-image", "", "shot 1", 20, datetime.now(UTC)))
    folder.mark_sent("left")
    folder.keep_answer("left", raw_answer(solid(5), solid(6)))

    assert [take.path.read_bytes() for take in desk.takes(1)] == [solid(5), solid(6)]
    assert [take.cost_usd for take in desk.takes(1)] == [PICTURE_USD, 0.0]
    assert (desk.engine.orders, list((folder.path / "incoming").iterdir())) == ([], [])


def test_a_picture_in_two_places_of_an_answer_is_one_take(desk: Desk) -> None:
    """Some providers repeat it."""
    desk.engine.will(1, Answer((solid(3), solid(3))))
    desk.shoot(1)

    assert len(desk.takes(1)) == 1
