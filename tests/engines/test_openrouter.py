"""The OpenRouter engine against the scripted provider: requests, good answers, models, repairs, cancel, deadline."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from maestro.calls import Call
from maestro.config import Settings
from maestro.engines import building
from maestro.engines.openrouter import OpenRouterEngine, develop
from maestro.errors import (
    AnswerError,
    CancelledError,
    ConnectionLostError,
    EngineError,
    KeyRefusedError,
    ModelGoneError,
    RateLimitedError,
    TimedOutError,
)
from maestro.types import Clip, Context, Footage, GenerationResult, Picture, Shot, ShotOrder, SourceFrame, StyleReference
from tests import provider as wire
from tests.provider import Answer, Provider

KEY = "sk-or-v1-very-secret"
LIMIT_S = 60
CONTEXT = Context("A tower.", "A woman climbs.", ("tense",), "She climbs.")
FRAMES = tuple(SourceFrame(index, index / 5, wire.png(f"frame {index}"), 1024, 576) for index in range(3))
FOOTAGE = Footage(Clip("a.mp4", "0", 3.0, 24.0, 72, 1024, 576, 0, "h264", 1), FRAMES, FRAMES[1])
STYLE = StyleReference("style", "0", Picture(wire.picture("style", "JPEG"), "image/jpeg", 1024, 576))
WIRES = ("images", "chat")


def order(shot_id: int = 1, ratio: str = "16:9") -> ShotOrder:
    """A shot whose words name its number."""
    return ShotOrder(Shot(shot_id, f"Close-up of lantern {shot_id}."), STYLE, FRAMES[2], CONTEXT, ratio)


@pytest.fixture(scope="module")
def _server() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(_server: Provider) -> Provider:
    """The module's provider, without scripts and memories."""
    _server.start_over()
    return _server


@pytest.fixture
def build(provider: Provider) -> Iterator[Callable[..., OpenRouterEngine]]:
    """Builds engines for the provider, and closes them."""
    engines: list[OpenRouterEngine] = []

    def built(**settings: Any) -> OpenRouterEngine:
        wanted = {"OPENROUTER_API_KEY": KEY, "base_url": provider.url} | settings
        engines.append(OpenRouterEngine(Settings(**wanted)))
        return engines[-1]

    yield built
    for engine in engines:
        engine.close()


def shoot(engine: OpenRouterEngine, given: ShotOrder | None = None, call: Call | None = None) -> GenerationResult:
    """One picture, its raw answer thrown away."""
    return engine.shoot(given or order(), call or Call(LIMIT_S), lambda _: None)


def fault(ask: Callable[[], object]) -> EngineError:
    """The error that `ask` raises."""
    with pytest.raises(EngineError) as caught:
        ask()
    return caught.value


def encoded(result: GenerationResult) -> bytes:
    """The result's picture."""
    return base64.b64decode(result.image_data_url.partition(",")[2])


# --- what is sent


def test_describe_asks_with_the_frames_and_a_strict_schema(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """Words first, then the PNG frames in order; nothing that lets the schema be dropped."""
    described = build().describe(FOOTAGE, Call(LIMIT_S))

    (request,) = provider.requests
    content = request.body["messages"][1]["content"]
    assert (request.method, request.path) == ("POST", "/chat/completions")
    assert [part["type"] for part in content] == ["text", "image_url", "image_url", "image_url"]
    assert content[1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert request.pictures == [frame.png for frame in FRAMES]
    assert request.body["response_format"]["json_schema"]["strict"] is True
    assert request.body["provider"] == {"require_parameters": True}
    assert request.body["max_tokens"] > 1000
    assert described.context.emotional_tone == ("tense", "lonely")
    assert (described.model, described.cost_usd) == ("openai/gpt-5-mini", wire.TEXT_COST_USD)


def test_direct_asks_with_the_directors_frame_and_the_context(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """One frame; five shots come back."""
    directed = build().direct(FOOTAGE, CONTEXT, Call(LIMIT_S))

    (request,) = provider.requests
    assert request.pictures == [FRAMES[1].png]
    assert "A woman climbs." in request.words
    assert [shot.id for shot in directed.shots] == [1, 2, 3, 4, 5]


def test_the_images_wire_sends_style_and_frame_as_references(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """Exactly the fields that the endpoint takes."""
    shoot(build(), order(ratio="683:384"))

    (request,) = provider.requests
    assert request.path == "/images"
    assert set(request.body) == {"model", "prompt", "input_references", "aspect_ratio"}
    assert request.pictures == [STYLE.picture.encoded, FRAMES[2].png]
    assert request.body["input_references"][0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert request.body["aspect_ratio"] == "16:9"
    assert "Close-up of lantern 1." in request.body["prompt"]


def test_the_chat_wire_asks_for_a_picture_by_modalities(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """The same pictures and words, as message parts."""
    shoot(build(image_wire="chat"))

    (request,) = provider.requests
    assert request.path == "/chat/completions"
    assert request.body["modalities"] == ["image", "text"]
    assert request.body["image_config"] == {"aspect_ratio": "16:9"}
    assert request.pictures == [STYLE.picture.encoded, FRAMES[2].png]


@pytest.mark.parametrize("image_wire", WIRES)
def test_the_key_is_in_one_header_only(build: Callable[..., OpenRouterEngine], provider: Provider, image_wire: str) -> None:
    """Not in the body, the path, the card or the engine's own words; and no header tells more than the wire needs."""
    engine = build(image_wire=image_wire)
    shoot(engine)

    (request,) = provider.requests
    assert request.headers.pop("authorization") == f"Bearer {KEY}"
    assert request.headers.pop("x-openrouter-title") == "Maestro"
    assert KEY not in json.dumps([request.headers, request.path, request.body]) + repr(engine) + repr(engine.card)
    assert not [name for name in request.headers if name.startswith(("x-", "openai-", "http-referer"))]


def test_an_app_name_is_sent_only_when_it_is_set(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """An empty setting keeps the app to itself."""
    shoot(build(app_name=""))

    assert "x-openrouter-title" not in provider.requests[0].headers


@pytest.mark.parametrize("key", ["", "sk with blanks", "clé-secrète"])
def test_a_key_that_cannot_be_one_is_never_sent(build: Callable[..., OpenRouterEngine], provider: Provider, key: str) -> None:
    """Said before anything leaves."""
    error = fault(lambda: shoot(build(OPENROUTER_API_KEY=key, engine="openrouter")))

    assert isinstance(error, KeyRefusedError)
    assert provider.requests == []


def test_the_settings_choose_the_engine(provider: Provider) -> None:
    """A key asks the provider, and raw answers of either engine are developed by name."""
    wanted: dict[str, Any] = {"OPENROUTER_API_KEY": KEY, "base_url": provider.url}
    engine = building.build(Settings(**wanted))
    kept: list[bytes] = []
    result = engine.shoot(order(), Call(LIMIT_S), kept.append)
    engine.close()

    assert engine.card.name == "openrouter"
    assert building.develop("openrouter", kept[0], 1).image_data_url == result.image_data_url
    assert building.develop("offline", wire.png("a take"), 1).image_data_url == wire.data_url(wire.png("a take"))


# --- good answers


@pytest.mark.parametrize("image_wire", WIRES)
def test_a_picture_comes_with_its_model_cost_and_prompt(
    build: Callable[..., OpenRouterEngine], provider: Provider, image_wire: str
) -> None:
    """And its raw answer was kept before, from which the same picture can be developed again."""
    kept: list[bytes] = []
    result = build(image_wire=image_wire).shoot(order(4), Call(LIMIT_S), kept.append)

    assert encoded(result) == wire.png(provider.requests[0].words)
    assert (result.shot_id, result.engine, result.model) == (4, "openrouter", "google/gemini-nano-banana-2.1")
    assert (result.cost_usd, result.notes) == (wire.PICTURE_COST_USD, ())
    assert "lantern 4" in result.prompt
    assert encoded(develop(kept[0], 4)) == encoded(result)


def test_five_at_once_share_nothing(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """Five requests wait together; each gets the picture of its own words."""
    gate = threading.Event()
    provider.script("lantern", *[Answer(gate=gate)] * 5)
    engine = build()
    with ThreadPoolExecutor(5) as executor:
        results = [executor.submit(shoot, engine, order(number)) for number in range(1, 6)]
        requests = provider.wait_for(5)
        gate.set()
        pictures = {encoded(future.result(LIMIT_S)) for future in results}

    assert provider.most_in_flight == 5
    assert pictures == {wire.png(request.words) for request in requests}
    assert len(pictures) == 5


# --- models


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, wire.error_body(404, "No endpoints found for google/gemini-nano-banana-2.1.")),
        (404, wire.error_body(404, "gone", availability={"code": "model_deprecated", "retryable": False})),
        (400, wire.error_body(400, "google/gemini-nano-banana-2.1 is not a valid model ID")),
        (400, {"error": {"message": "no", "availability": {"error_type": "model_not_found", "http_status": 400}}}),
    ],
)
def test_a_model_that_is_gone_gives_way_to_the_next(
    build: Callable[..., OpenRouterEngine], provider: Provider, status: int, body: object
) -> None:
    """The result says which answered; the next shot asks that one at once."""
    provider.script("model:google/gemini-nano-banana-2.1", Answer(status, body), is_repeated=True)
    engine = build()
    first, second = shoot(engine), shoot(engine)

    asked = [request.body["model"] for request in provider.requests]
    assert asked == ["google/gemini-nano-banana-2.1", "google/gemini-2.5-flash-image", "google/gemini-2.5-flash-image"]
    assert first.model == second.model == "google/gemini-2.5-flash-image"
    assert "google/gemini-nano-banana-2.1 is not to be had" in first.notes[0]


def test_the_model_named_in_the_answer_is_the_one_that_answered(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """An alias becomes the concrete model."""
    provider.script("model:openai/gpt-5-mini", Answer(404, wire.error_body(404, "No endpoints found")))
    body = wire.chat_body(json.dumps(wire.CONTEXT), model="openai/gpt-6.1-mini")
    provider.script("model:~openai/gpt-mini-latest", Answer(body=body))

    assert build().describe(FOOTAGE, Call(LIMIT_S)).model == "openai/gpt-6.1-mini"


def test_when_all_models_are_gone_their_successors_are_named(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """Each was asked once; nothing was charged."""
    availability = {"code": "no_endpoints", "retryable": False, "fallback_models": ["google/newer", "google/newest"]}
    provider.script("/images", Answer(404, wire.error_body(404, "No endpoints found", availability=availability)), is_repeated=True)
    call = Call(LIMIT_S)
    error = fault(lambda: shoot(build(), call=call))

    assert isinstance(error, ModelGoneError)
    assert error.fallback_models == ("google/newer", "google/newest")
    assert "MAESTRO_IMAGE_MODELS" in error.next_step
    assert len(provider.requests) == 3
    assert not error.may_be_charged
    assert not call.was_sent


@pytest.mark.parametrize("body", ["<html>404</html>", '{"detail":"Not Found"}', json.dumps(wire.error_body(404, "Not Found"))])
def test_a_server_without_the_images_wire_is_told_from_a_missing_model(
    build: Callable[..., OpenRouterEngine], provider: Provider, body: str
) -> None:
    """The setting is named; no other model is tried."""
    provider.script("/images", Answer(404, body), is_repeated=True)
    error = fault(lambda: shoot(build()))

    assert "MAESTRO_IMAGE_WIRE" in f"{error} {error.next_step}"
    assert len(provider.requests) == 1


# --- answers that do not fit


def test_an_answer_that_does_not_fit_is_repaired_once(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """The second request tells what was wrong and shows the first answer; both are paid."""
    provider.script("schema:shots", Answer(body=wire.chat_body("Here are your shots!")))
    directed = build().direct(FOOTAGE, CONTEXT, Call(LIMIT_S))

    first, second = provider.requests
    assert len(directed.shots) == 5
    assert second.body["messages"][2] == {"role": "assistant", "content": "Here are your shots!"}
    assert second.pictures == first.pictures
    assert directed.cost_usd == pytest.approx(2 * wire.TEXT_COST_USD)


def test_an_answer_that_never_fits_is_asked_for_twice_and_shown(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """AnswerError with the raw text; no third request."""
    provider.script("schema:shots", Answer(body=wire.chat_body('{"shots": []}')), is_repeated=True)
    error = fault(lambda: build().direct(FOOTAGE, CONTEXT, Call(LIMIT_S)))

    assert isinstance(error, AnswerError)
    assert error.raw == '{"shots": []}'
    assert len(provider.requests) == 2


def test_a_repair_that_fails_leaves_the_first_answer_to_read(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """The fault of the second request does not hide what the first one cost."""
    provider.script("schema:shots", Answer(body=wire.chat_body("Sure!")), Answer(500))
    error = fault(lambda: build().direct(FOOTAGE, CONTEXT, Call(LIMIT_S)))

    assert isinstance(error, AnswerError)
    assert error.raw == "Sure!"


def test_an_answer_that_was_cut_off_gets_more_room(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """finish_reason "length" and no words: the repair may use twice the tokens."""
    body = wire.chat_body("")
    body["choices"][0]["finish_reason"] = "length"
    provider.script("schema:context", Answer(body=body))
    build().describe(FOOTAGE, Call(LIMIT_S))

    first, second = provider.requests
    assert second.body["max_tokens"] == 2 * first.body["max_tokens"]
    assert "cut off" in second.words


def test_the_answer_cache_is_off_unless_it_is_set(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """On, the same question is asked once and costs nothing the second time; another frame is another question."""
    cached, plain = build(answer_cache=True), build()
    again = [cached.direct(FOOTAGE, CONTEXT, Call(LIMIT_S)) for _ in range(2)][1]
    cached.direct(Footage(FOOTAGE.clip, FRAMES, FRAMES[0]), CONTEXT, Call(LIMIT_S))
    with_cache = len(provider.requests)
    for _ in range(2):
        plain.direct(FOOTAGE, CONTEXT, Call(LIMIT_S))

    assert (with_cache, len(provider.requests)) == (2, 4)
    assert again.cost_usd == 0.0


# --- waiting, deadline, cancel


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_the_provider_names_is_waited(build: Callable[..., OpenRouterEngine], provider: Provider, status: int) -> None:
    """Then the same request is sent again."""
    provider.script("/images", Answer(status, headers={"Retry-After": "0.2"}))
    began = time.monotonic()
    shoot(build())

    assert time.monotonic() - began >= 0.2
    assert len(provider.requests) == 2


def test_no_more_than_three_tries(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """Then the wait is named, and nothing was charged."""
    provider.script("/images", Answer(429, headers={"Retry-After": "0"}), is_repeated=True)
    call = Call(LIMIT_S)
    error = fault(lambda: shoot(build(), call=call))

    assert isinstance(error, RateLimitedError)
    assert len(provider.requests) == 3
    assert not call.was_sent


def test_a_wait_beyond_the_deadline_is_not_begun(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """The user hears of it at once."""
    provider.script("/images", Answer(429, headers={"Retry-After": "3600"}))
    error = fault(lambda: shoot(build()))

    assert isinstance(error, RateLimitedError)
    assert error.wait_s == 3600
    assert len(provider.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 408, 413, 422, 500, 502, 504, 524])
def test_what_may_be_billed_twice_or_never_helps_is_not_sent_again(
    build: Callable[..., OpenRouterEngine], provider: Provider, status: int
) -> None:
    """One request."""
    provider.script("/images", Answer(status), is_repeated=True)
    fault(lambda: shoot(build()))

    assert len(provider.requests) == 1


def test_a_server_that_is_not_there_costs_nothing(build: Callable[..., OpenRouterEngine]) -> None:
    """Refused connections are tried again, then named."""
    call = Call(1.5)
    error = fault(lambda: shoot(build(base_url="http://127.0.0.1:9/api/v1"), call=call))

    assert isinstance(error, ConnectionLostError)
    assert not error.may_be_charged
    assert not call.was_sent


@pytest.mark.parametrize("answer", [Answer(hangs=True), Answer(drips=True)])
@pytest.mark.parametrize("image_wire", WIRES)
def test_the_deadline_is_total_and_the_server_sees_it(
    build: Callable[..., OpenRouterEngine], provider: Provider, image_wire: str, answer: Answer
) -> None:
    """Also against a body that drips for ever."""
    provider.script("lantern", answer)
    with ThreadPoolExecutor(1) as executor:
        error = executor.submit(shoot, build(image_wire=image_wire), order(), Call(0.7)).exception(7)

    assert isinstance(error, TimedOutError)
    assert error.may_be_charged
    assert provider.requests[0].disconnected.wait(LIMIT_S)


@pytest.mark.parametrize("answer", [Answer(hangs=True), Answer(drips=True)])
def test_a_cancel_is_a_disconnect(build: Callable[..., OpenRouterEngine], provider: Provider, answer: Answer) -> None:
    """Of this request only: its neighbour goes on and gets its picture."""
    gate = threading.Event()
    provider.script("lantern 1", answer)
    provider.script("lantern 2", Answer(gate=gate))
    engine, call = build(), Call(LIMIT_S)
    with ThreadPoolExecutor(2) as executor:
        cancelled, kept = executor.submit(shoot, engine, order(1), call), executor.submit(shoot, engine, order(2))
        provider.wait_for(2)
        call.cancel()
        error = cancelled.exception(LIMIT_S)
        assert provider.matching("lantern 1")[0].disconnected.wait(LIMIT_S)
        gate.set()

    assert isinstance(error, CancelledError)
    assert error.may_be_charged
    assert kept.result().shot_id == 2


def test_a_cancel_during_the_wait_ends_it_and_costs_nothing(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """The request that was asked to wait had not been billed."""
    provider.script("/images", Answer(429, headers={"Retry-After": "15"}))
    call = Call(LIMIT_S)
    with ThreadPoolExecutor(1) as executor:
        shot = executor.submit(shoot, build(), order(), call)
        provider.wait_for(1)[0].ended.wait(LIMIT_S)
        assert _becomes(lambda: not call.was_sent)
        call.cancel()
        error = shot.exception(5)

    assert isinstance(error, CancelledError)
    assert not error.may_be_charged


def test_a_call_that_was_cancelled_before_is_not_sent(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """Nothing leaves."""
    call = Call(LIMIT_S)
    call.cancel()
    error = fault(lambda: shoot(build(), call=call))

    assert isinstance(error, CancelledError)
    assert provider.requests == []


def test_closing_ends_what_is_in_flight(build: Callable[..., OpenRouterEngine], provider: Provider) -> None:
    """Nobody waits for ever; later calls are refused."""
    provider.script("/images", Answer(hangs=True))
    engine = build()
    with ThreadPoolExecutor(1) as executor:
        shot = executor.submit(shoot, engine)
        provider.wait_for(1)
        engine.close()
        error = shot.exception(LIMIT_S)

    assert isinstance(error, CancelledError)
    assert isinstance(fault(lambda: shoot(engine)), ConnectionLostError)


def _becomes(is_so: Callable[[], bool]) -> bool:
    beat = threading.Event()
    return any(is_so() or beat.wait(0.01) for _ in range(1000))
