"""The director's question and the shot list."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from maestro.errors import AnswerError
from maestro.services import director
from maestro.types import Context, Shot, SourceFrame
from tests.provider import SHOT_AGAIN, SHOTS

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


# --- one shot anew


def test_the_question_for_one_shot_holds_the_other_four_and_the_wish() -> None:
    """What stays, what it was, what the user wishes; one frame, and a schema of one shot."""
    shots = tuple(Shot(number, f"View {number} {{as it was}}.") for number in range(1, 6))
    asked = director.question_again(FRAME, CONTEXT, shots, 4, "  Closer {please}. ")
    words, *pictures = asked.parts

    assert isinstance(words, str)
    assert all(f"Shot {number}: View {number} {{as it was}}." in words for number in (1, 2, 3, 5))
    assert "So far it was:\nView 4 {as it was}." in words
    assert "Closer {please}." in words
    assert pictures == [b"the middle frame"]
    assert asked.schema["required"] == list(director.PARTS)


def test_without_a_wish_none_is_told_of() -> None:
    """An empty hint says nothing to the model."""
    shots = tuple(Shot(number, f"View {number}.") for number in range(1, 6))
    words = str(director.question_again(FRAME, CONTEXT, shots, 1, " ").parts[0])

    assert "wish" not in words


def test_one_shot_anew_keeps_its_number() -> None:
    """Whatever number the answer gives, the place is the one that was asked for."""
    shot = director.read_again(json.dumps(SHOT_AGAIN | {"id": 9}), 4)

    assert shot.id == 4
    assert shot.text.startswith("Close-up, low angle, handheld camera. Another view")


@pytest.mark.parametrize("answer", ["", "[]", "{}", json.dumps(SHOTS), json.dumps(SHOT_AGAIN | {"action": " "}), '{"size": "wide'])
def test_an_answer_that_is_no_single_shot_is_refused(answer: str) -> None:
    """With the answer to look at; nothing of it is merged."""
    with pytest.raises(AnswerError) as caught:
        director.read_again(answer, 4)

    assert caught.value.raw == answer
