"""Answers in words that do not fit, and what all of them cost together."""

import pytest

from maestro.calls import Call
from maestro.errors import AnswerError, EngineError, RefusedError
from maestro.types import Footage
from tests import provider as wire
from tests.engines.asking import CONTEXT, FOOTAGE, FRAMES, LIMIT_S, MODEL, WIRES, Build, fault, shoot
from tests.provider import Answer, Provider

COST = wire.TEXT_COST_USD


# --- answers that do not fit


def test_an_answer_that_does_not_fit_is_repaired_once(build: Build, provider: Provider) -> None:
    """The second request tells what was wrong and shows the first answer; both are paid."""
    provider.script("schema:shots", Answer(body=wire.chat_body("Here are your shots!")))
    directed = build().direct(FOOTAGE, CONTEXT, Call(LIMIT_S))

    first, second = provider.requests
    assert len(directed.shots) == 5
    assert second.body["messages"][2] == {"role": "assistant", "content": "Here are your shots!"}
    assert second.pictures == first.pictures
    assert directed.cost_usd == pytest.approx(2 * wire.TEXT_COST_USD)


def test_an_answer_that_never_fits_is_asked_for_twice_and_shown(build: Build, provider: Provider) -> None:
    """AnswerError with the raw text; no third request."""
    provider.script("schema:shots", Answer(body=wire.chat_body('{"shots": []}')), is_repeated=True)
    error = fault(lambda: build().direct(FOOTAGE, CONTEXT, Call(LIMIT_S)))

    assert isinstance(error, AnswerError)
    assert error.raw == '{"shots": []}'
    assert len(provider.requests) == 2


def test_a_repair_that_fails_leaves_the_first_answer_to_read(build: Build, provider: Provider) -> None:
    """The fault of the second request does not hide what the first one cost."""
    provider.script("schema:shots", Answer(body=wire.chat_body("Sure!")), Answer(500))
    error = fault(lambda: build().direct(FOOTAGE, CONTEXT, Call(LIMIT_S)))

    assert isinstance(error, AnswerError)
    assert error.raw == "Sure!"


def test_an_answer_that_was_cut_off_gets_more_room(build: Build, provider: Provider) -> None:
    """finish_reason "length" and no words: the repair may use twice the tokens."""
    body = wire.chat_body("")
    body["choices"][0]["finish_reason"] = "length"
    provider.script("schema:context", Answer(body=body))
    build().describe(FOOTAGE, Call(LIMIT_S))

    first, second = provider.requests
    assert second.body["max_tokens"] == 2 * first.body["max_tokens"]
    assert "cut off" in second.words


def test_the_answer_cache_is_off_unless_it_is_set(build: Build, provider: Provider) -> None:
    """On, the same question is asked once and costs nothing the second time; another frame is another question."""
    cached, plain = build(answer_cache=True), build()
    again = [cached.direct(FOOTAGE, CONTEXT, Call(LIMIT_S)) for _ in range(2)][1]
    cached.direct(Footage(FOOTAGE.clip, FRAMES, FRAMES[0]), CONTEXT, Call(LIMIT_S))
    with_cache = len(provider.requests)
    for _ in range(2):
        plain.direct(FOOTAGE, CONTEXT, Call(LIMIT_S))

    assert (with_cache, len(provider.requests)) == (2, 4)
    assert again.cost_usd == 0.0


# --- what it cost


def test_a_repair_that_fails_tells_what_both_answers_cost(build: Build, provider: Provider) -> None:
    """Neither is forgotten."""
    provider.script("schema:shots", Answer(body=wire.chat_body("Sure!")), Answer(body=wire.chat_body(None, refusal="No.")))
    error = fault(lambda: build().direct(FOOTAGE, CONTEXT, Call(LIMIT_S)))

    assert error.cost_usd == pytest.approx(2 * COST)
    assert error.cost_usd == pytest.approx(provider.billed_usd)


def test_a_repair_that_was_not_billed_leaves_the_first_cost(build: Build, provider: Provider) -> None:
    """401: certain that nothing was billed."""
    provider.script("schema:shots", Answer(body=wire.chat_body("Sure!")), Answer(401))
    error = fault(lambda: build().direct(FOOTAGE, CONTEXT, Call(LIMIT_S)))

    assert (error.cost_usd, error.may_be_charged) == (COST, True)


def test_a_repair_that_breaks_leaves_the_cost_open_and_both_can_be_asked_for(build: Build, provider: Provider) -> None:
    """A sum without the second would pass for the whole; the provider knows both by their names."""
    second = Answer(body=wire.chat_body("Sure again, and at length!"), drops_after=20, bills=True)
    provider.script("schema:shots", Answer(body=wire.chat_body("Sure!")), second)
    engine = build()
    error = fault(lambda: engine.direct(FOOTAGE, CONTEXT, Call(LIMIT_S)))
    costs = engine.costs([error.generation_id, "gen-unknown"], Call(LIMIT_S))

    assert (error.cost_usd, error.may_be_charged) == (None, True)
    assert costs == {error.generation_id: pytest.approx(provider.billed_usd)}
    assert provider.billed_usd == pytest.approx(2 * COST)


@pytest.mark.parametrize("image_wire", WIRES)
@pytest.mark.parametrize(
    "body",
    [
        wire.images_body(b"<svg/>"),
        wire.chat_body("I would rather not."),
        wire.chat_body(None, refusal="I cannot draw that."),
        {"error": {"code": 502, "message": "died"}, "usage": {"cost": 0.02}},
        {"error": {"code": 429, "message": "slow"}, "usage": {"cost": 0.02, "completion_tokens": 5}},
        {"data": [{"url": "https://example.invalid/a.png"}], "usage": {"cost": 0.02}},
    ],
)
def test_an_answer_without_a_picture_tells_what_it_cost(build: Build, provider: Provider, image_wire: str, body: object) -> None:
    """Useful or not, it was billed, and it is asked for once."""
    provider.script("lantern", Answer(body=body))
    error = fault(lambda: shoot(build(image_wire=image_wire)))

    assert error.cost_usd == pytest.approx(provider.billed_usd)
    assert error.cost_usd
    assert error.may_be_charged
    assert len(provider.requests) == 1
    assert "lantern 1" in error.prompt
    assert error.model == MODEL


@pytest.mark.parametrize("image_wire", WIRES)
def test_a_failure_that_names_a_cost_was_charged(build: Build, provider: Provider, image_wire: str) -> None:
    """Also where such failures are free as a rule: it is not asked for again."""
    provider.script("lantern", Answer(502, {"error": {"code": 502, "message": "died"}, "usage": {"cost": 0.02}}))
    error = fault(lambda: shoot(build(image_wire=image_wire)))

    assert (error.cost_usd, error.may_be_charged) == (0.02, True)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("image_wire", WIRES)
def test_an_answer_that_says_that_it_was_free_was_not_charged(build: Build, provider: Provider, image_wire: str) -> None:
    """Cost 0 is a cost, and a known one."""
    provider.script("lantern", Answer(body=wire.chat_body("No.", cost=0)))
    error = fault(lambda: shoot(build(image_wire=image_wire)))

    assert (error.cost_usd, error.may_be_charged) == (0.0, False)


def test_a_refusal_of_a_question_in_words_tells_cost_and_answer(build: Build, provider: Provider) -> None:
    """And does not advise about a shot's words."""
    provider.script("schema:context", Answer(body=wire.chat_body(None, refusal="I cannot.")))
    error = fault(lambda: build().describe(FOOTAGE, Call(LIMIT_S)))

    assert isinstance(error, RefusedError)
    assert error.cost_usd == COST
    assert "I cannot." in error.raw
    assert "shot's words" not in error.next_step


@pytest.mark.parametrize("answer", [Answer(drops_after=30, bills=True), Answer(drips=True, bills=True)])
def test_a_call_whose_end_was_never_seen_can_be_asked_for(build: Build, provider: Provider, answer: Answer) -> None:
    """Its name came with the head of the answer."""
    provider.script("lantern", answer)
    engine = build()
    error: EngineError = fault(lambda: shoot(engine, call=Call(1.0)))

    assert (error.cost_usd, error.may_be_charged) == (None, True)
    assert engine.costs([error.generation_id], Call(LIMIT_S)) == {error.generation_id: wire.PICTURE_COST_USD}


def test_a_picture_that_names_no_cost_can_be_asked_for(build: Build, provider: Provider) -> None:
    """Servers in between leave the usage out."""
    body = wire.images_body(wire.png("a lantern"))
    del body["usage"]
    provider.script("lantern", Answer(body=body))
    result = shoot(build())

    assert result.cost_usd is None
    assert result.generation_id == provider.requests[0].generation_id
