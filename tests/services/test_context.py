"""The context's question and its answer."""

import json

import pytest

from maestro.errors import AnswerError
from maestro.services import context
from maestro.types import SourceFrame
from tests.provider import CONTEXT

FRAMES = [SourceFrame(index, index / 10, b"png %d" % index, 16, 9) for index in range(5)]


def test_the_question_holds_the_words_first_and_then_every_frame_in_order() -> None:
    """Five frames, in time order."""
    words, *pictures = context.question(FRAMES).parts

    assert isinstance(words, str)
    assert pictures == [frame.png for frame in FRAMES]


def test_the_schema_is_strict() -> None:
    """Every property is required, none besides."""
    schema = context.question(FRAMES).schema

    assert schema["required"] == ["setting", "main_action", "emotional_tone", "summary"]
    assert schema["additionalProperties"] is False


def test_a_good_answer_becomes_a_context() -> None:
    """All four parts."""
    found = context.read(json.dumps(CONTEXT))

    assert found.setting == CONTEXT["setting"]
    assert found.emotional_tone == ("tense", "lonely")


def test_the_digest_tells_pictures_apart() -> None:
    """Another frame is another question."""
    assert context.question(FRAMES).digest != context.question(FRAMES[::-1]).digest
    assert context.question(FRAMES).digest == context.question(list(FRAMES)).digest


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "   ",
        "null",
        "[]",
        "The clip shows a tower.",
        "Here you are: " + json.dumps(CONTEXT),
        json.dumps(CONTEXT)[:-3],
        json.dumps(CONTEXT | {"setting": None}),
        json.dumps(CONTEXT | {"summary": "  "}),
        json.dumps(CONTEXT | {"summary": "x" * 4001}),
        json.dumps(CONTEXT | {"emotional_tone": "tense"}),
        json.dumps(CONTEXT | {"emotional_tone": []}),
        json.dumps(CONTEXT | {"emotional_tone": ["tense", float("nan")]}),
        json.dumps({name: words for name, words in CONTEXT.items() if name != "main_action"}),
        "[" * 100_000,
        '{"setting": ' + "9" * 5000 + "}",
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_its_words(answer: str) -> None:
    """AnswerError, and the raw text is kept."""
    with pytest.raises(AnswerError) as caught:
        context.read(answer)

    assert caught.value.raw == (answer if answer.strip() else "")


def test_letters_that_no_file_can_hold_are_left_out() -> None:
    """Half a surrogate pair and control characters go."""
    found = context.read(json.dumps(CONTEXT | {"summary": "A \ud800tower\x00."}))

    assert found.summary == "A tower."
