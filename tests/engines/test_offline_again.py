"""One shot anew on this computer: another view in its place, as the user hints."""

from dataclasses import replace

import pytest

from maestro.calls import Call
from maestro.engines import Wish
from maestro.engines.offline import OfflineEngine
from maestro.types import Context, Footage, Shot, ShotOrder, SourceFrame
from tests.fakes import CONTEXT, footage, solid, style


@pytest.fixture(scope="module")
def engine() -> OfflineEngine:
    """One for all."""
    return OfflineEngine()


def directed(engine: OfflineEngine) -> tuple[Footage, Context, tuple[Shot, ...]]:
    """Five shots of plain frames."""
    material = footage()
    return material, CONTEXT, engine.direct(material, CONTEXT, Call()).shots


def kind_of(shot: Shot) -> str:
    """The view's name."""
    assert shot.framing is not None
    return shot.framing.kind


def test_a_shot_anew_has_a_view_that_none_of_the_five_had(engine: OfflineEngine) -> None:
    """It keeps its number, and its source frame."""
    material, context, shots = directed(engine)

    made = engine.redirect(material, context, shots, Wish(2), Call())

    assert made.shot.id == 2
    assert kind_of(made.shot) not in {kind_of(shot) for shot in shots}
    assert made.shot.framing is not None
    assert shots[1].framing is not None
    assert made.shot.framing.frame_index == shots[1].framing.frame_index
    assert made.cost_usd == 0.0


def test_asked_again_and_again_it_goes_through_the_views(engine: OfflineEngine) -> None:
    """Nobody is given the same shot twice in a row."""
    material, context, shots = directed(engine)
    seen = []
    for _ in range(4):
        shot = engine.redirect(material, context, shots, Wish(1), Call()).shot
        shots = (shot, *shots[1:])
        seen.append(kind_of(shot))

    assert len(set(seen)) == 4


def test_the_hint_names_the_view_and_stays_in_the_words(engine: OfflineEngine) -> None:
    """The renderer reads light and place from them."""
    material, context, shots = directed(engine)

    made = engine.redirect(material, context, shots, Wish(5, "from above, at night"), Call()).shot

    assert kind_of(made) == "high"
    assert made.text.endswith("As asked: from above, at night.")


def test_the_survey_asks_nobody_and_says_that_it_is_free(engine: OfflineEngine) -> None:
    """There is no key to speak of."""
    survey = engine.survey(Call())

    assert survey.key is None
    assert survey.troubles == ()
    assert {(profile.step, profile.price_usd) for profile in survey.profiles} == {("text", 0.0), ("image", 0.0)}


def test_a_frame_of_one_pixel_is_still_a_frame(engine: OfflineEngine) -> None:
    """Clips are never enlarged on the way, and some are tiny."""
    dot = SourceFrame(0, 0.0, solid(90, width_px=1, height_px=1), 1, 1)
    clip = replace(footage().clip, width_px=1, height_px=1, frame_count=1)
    material = Footage(clip, (dot,), dot)
    shot = engine.direct(material, CONTEXT, Call()).shots[0]

    made = engine.shoot(ShotOrder(shot, style(), dot, CONTEXT, "1:1"), Call(), lambda _: None)

    assert made.image_data_url.startswith("data:image/png")
