"""The director's question and the shot list."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from maestro.errors import AnswerError
from maestro.services import director
from maestro.types import Context, SourceFrame
from tests.provider import SHOTS

FRAME = SourceFrame(30, 1.5, b"the middle frame", 16, 9)
CONTEXT = Context("A tower {at} dusk.", "A woman climbs.", ("tense", "lonely"), "She climbs.")
Change = Callable[[list[Any]], object]


def changed(change: Change) -> str:
    """The good answer after `change`."""
    answer = copy.deepcopy(SHOTS)
    change(answer["shots"])
    return json.dumps(answer)


def test_the_question_holds_the_context_and_the_one_frame() -> None:
    """Words, then the director's frame."""
    words, *pictures = director.question(FRAME, CONTEXT).parts

    assert isinstance(words, str)
    assert all(part in words for part in ("A tower {at} dusk.", "A woman climbs.", "tense, lonely", "She climbs."))
    assert pictures == [b"the middle frame"]


def test_a_good_answer_becomes_five_shots_in_order_in_film_language() -> None:
    """Ids 1 to 5, each with size, angle, camera, action, composition and light."""
    shots = director.read(changed(list.reverse))

    assert [shot.id for shot in shots] == [1, 2, 3, 4, 5]
    assert shots[3].text == (
        "Close-up, eye level, static camera. View number 4 of the woman in the red coat on the path. "
        "The tower stands on the right third. Cold light from the left."
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda shots: shots.pop(),
        lambda shots: shots.append(dict(shots[0], id=6)),
        lambda shots: shots.extend(dict(shots[0], id=number) for number in range(6, 5001)),
        lambda shots: shots[1].update(id=1),
        lambda shots: shots[0].update(id=0),
        lambda shots: shots[0].update(id=True),
        lambda shots: shots[0].update(id="1"),
        lambda shots: shots[0].update(id=float("nan")),
        lambda shots: shots[0].pop("action"),
        lambda shots: shots[0].update(action=7),
        lambda shots: shots[0].update(action="x" * 3900),
        lambda shots: shots.__setitem__(2, "a shot"),
        list.clear,
    ],
)
def test_a_shot_list_that_does_not_fit_is_refused_with_its_words(change: Change) -> None:
    """Too few, too many, twice, NaN, no words: AnswerError with the raw text, nothing half merged."""
    answer = changed(change)

    with pytest.raises(AnswerError) as caught:
        director.read(answer)

    assert caught.value.raw == answer[:200_000]


@pytest.mark.parametrize(
    "answer", ["{}", '{"shots": null}', '{"shots": {}}', "Sure!\n" + json.dumps(SHOTS), json.dumps(SHOTS) + "\nEnjoy!"]
)
def test_an_answer_that_is_no_shot_list_is_refused(answer: str) -> None:
    """Words around the list count as none."""
    with pytest.raises(AnswerError):
        director.read(answer)
