"""Words and windows of the offline engine: pure functions, no painting."""

import numpy as np
import pytest

from maestro.engines.offline.attention import Attention, attend, picture_area
from maestro.engines.offline.box import WHOLE
from maestro.engines.offline.composing import frame_size
from maestro.engines.offline.framing import VIEWS, frame_for, make, window
from maestro.engines.offline.pixels import Bgr
from maestro.engines.offline.words import ANGLE_WORDS, VIEW_WORDS, wish_in
from maestro.types import Framing, Shot


def _patch(*, down: int = 60, across: int = 240) -> Bgr:
    """A grey frame, 320 x 180, with one bright patch."""
    picture = np.full((180, 320, 3), 90, np.uint8)
    picture[down - 20 : down + 20, across - 20 : across + 20] = (40, 200, 250)
    return picture


def _attention(picture: Bgr) -> Attention:
    return attend([picture], lambda _: ())[0]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Establishing wide shot of a meadow.", "wide"),
        ("Medium shot: she turns.", "medium"),
        ("Extreme close-up of an eye", "detail"),
        ("Close on the hand.", "close"),
        ("CLOSEUP, rain on glass", "close"),
        ("Medium close-up, warm light", "close"),
        ("Low angle, the tower above us", "low"),
        ("Seen from above, a maze", "high"),
        ("Bird's-eye view of the square", "overhead"),
        ("A Dutch tilt as the door opens", "tilt"),
        ("Over-the-shoulder: he reads the letter", "shoulder"),
        ("Low angle close-up of boots", "low close"),
        ("A rabbit wakes. Wide shot, then a detail of its paw.", "wide"),
        ("The closed door stands close to a wall", ""),
        ("", ""),
    ],
)
def test_the_first_sentence_that_names_a_view_decides(text: str, kind: str) -> None:
    """Story words that only look like camera words change nothing."""
    assert wish_in(text).kind == kind


def test_every_view_that_words_can_ask_for_can_be_cut() -> None:
    """No pattern without a window."""
    assert {*VIEW_WORDS, *ANGLE_WORDS} == set(VIEWS)


def test_a_close_up_goes_where_the_picture_stands_out() -> None:
    """The bright patch lies inside the window."""
    box = window("close", (), _attention(_patch()), 16 / 9)

    assert box.left < 240 / 320 < box.left + box.width
    assert box.top < 60 / 180 < box.top + box.height


@pytest.mark.parametrize(("place", "axis", "sign"), [("left", 0, -1), ("right", 0, 1), ("top", 1, -1), ("bottom", 1, 1)])
def test_a_window_lies_on_the_side_that_the_words_ask_for(place: str, axis: int, sign: int) -> None:
    """Wherever the subject is."""
    box = window("medium", (place,), _attention(_patch(down=90, across=160)), 16 / 9)

    assert sign * (box.centre[axis] - 0.5) > 0.02


@pytest.mark.parametrize("ratio", [16 / 9, 9 / 16, 1.0, 2.39])
@pytest.mark.parametrize("kind", [*VIEWS, "low close"])
def test_a_window_has_the_wanted_shape_and_stays_inside(kind: str, ratio: float) -> None:
    """For every view and shape of frame."""
    box = window(kind, (), _attention(_patch()), ratio)

    assert box.width * 320 / (box.height * 180) == pytest.approx(ratio, rel=0.01)
    assert min(box.left, box.top) >= 0
    assert max(box.left + box.width, box.top + box.height) <= 1 + 1e-9


def test_the_directors_framing_is_kept_while_the_words_still_call_for_it() -> None:
    """Only words about the view move the camera; the picture is not even looked at."""
    planned = Framing("close", 7, 0.1, 0.2, 0.3, 0.3)
    shot = Shot(3, "Close-up at 0:01.2, now with new words.", planned)

    assert frame_for(shot, wish_in(shot.text), 7, lambda: pytest.fail("looked"), 16 / 9) is planned


def test_new_words_about_the_view_move_the_camera() -> None:
    """From close to wide."""
    shot = Shot(3, "A wide shot instead.", Framing("close", 7, 0.1, 0.2, 0.3, 0.3))
    framing = frame_for(shot, wish_in(shot.text), 7, lambda: _attention(_patch()), 16 / 9)

    assert (framing.kind, framing.width) == ("wide", 1.0)


def test_shots_by_another_director_get_five_views() -> None:
    """Words without a view and no framing: the shot's number decides."""
    shots = [Shot(number, "She turns to the sea.") for number in range(1, 6)]
    framings = [frame_for(shot, wish_in(shot.text), 0, lambda: _attention(_patch()), 16 / 9) for shot in shots]

    assert [framing.kind for framing in framings] == ["wide", "medium", "close", "low", "detail"]


def test_a_framing_of_another_source_frame_is_cut_anew() -> None:
    """Its view stays, its window does not."""
    shot = Shot(3, "She smiles.", Framing("close", 7, 0.0, 0.69, 0.31, 0.31))
    framing = frame_for(shot, wish_in(shot.text), 8, lambda: _attention(_patch()), 16 / 9)

    assert framing == make("close", (), 8, _attention(_patch()), 16 / 9)


def test_black_bars_are_no_part_of_the_picture() -> None:
    """A letterboxed frame is cut inside its picture."""
    picture = np.zeros((180, 320, 3), np.uint8)
    picture[24:156] = 120

    area = picture_area([picture])

    assert area.top == pytest.approx(24 / 180)
    assert area.height == pytest.approx(132 / 180)
    assert picture_area([np.zeros((180, 320, 3), np.uint8)]) == WHOLE


@pytest.mark.parametrize(("ratio", "size"), [(16 / 9, (1024, 576)), (9 / 16, (576, 1024)), (1.0, (768, 768))])
def test_a_frame_has_the_clips_shape_and_a_fixed_number_of_pixels(ratio: float, size: tuple[int, int]) -> None:
    """1024 x 576 and its like."""
    assert frame_size(ratio) == size
