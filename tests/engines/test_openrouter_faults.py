"""What each fault of the wire becomes: the right error, the provider's words, whether it may have been charged, no key."""

import base64
import json
import logging
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from maestro.calls import Call
from maestro.config import Settings
from maestro.engines.openrouter import OpenRouterEngine, client, develop
from maestro.errors import (
    AnswerError,
    ConnectionLostError,
    EngineError,
    KeyRefusedError,
    ModelGoneError,
    NoPictureError,
    OutOfCreditError,
    ProviderError,
    RateLimitedError,
    RefusedError,
)
from maestro.types import Clip, Footage, Picture, Shot, ShotOrder, SourceFrame, StyleReference
from tests import provider as wire
from tests.provider import Answer, Provider

KEY = "sk-or-v1-very-secret"
LIMIT_S = 60
FRAME = SourceFrame(0, 0.0, wire.png("frame"), 1024, 576)
FOOTAGE = Footage(Clip("a.mp4", "0", 3.0, 24.0, 72, 1024, 576, 0, "h264", 1), (FRAME,), FRAME)
ORDER = ShotOrder(
    Shot(2, "Close-up of a lantern."), StyleReference("s", "0", Picture(wire.png("s"), "image/png", 1024, 576)), FRAME, None, "16:9"
)
PNG = wire.png("a lantern")
ENVELOPE = {"id": None, "choices": None, "model": None, "usage": None}


@dataclass(frozen=True)
class Line:
    """A provider and an engine for each wire."""

    provider: Provider
    engines: dict[str, OpenRouterEngine]

    def fault(self, answer: Answer, image_wire: str = "images") -> EngineError:
        """The error of a shot that gets this answer, each time that it asks."""
        self.provider.script("lantern", answer, is_repeated=True)
        with pytest.raises(EngineError) as caught:
            self.engines[image_wire].shoot(ORDER, Call(LIMIT_S), lambda _: None)
        return caught.value

    def text_fault(self, answer: Answer) -> EngineError:
        """The error of a description that gets this answer."""
        self.provider.script("schema:context", answer, is_repeated=True)
        with pytest.raises(EngineError) as caught:
            self.engines["images"].describe(FOOTAGE, Call(LIMIT_S))
        return caught.value


@pytest.fixture(scope="module")
def _line() -> Iterator[Line]:
    with Provider() as provider:
        common: dict[str, Any] = {"OPENROUTER_API_KEY": KEY, "base_url": provider.url}
        engines = {name: OpenRouterEngine(Settings(image_wire=name, **common)) for name in ("images", "chat")}
        yield Line(provider, engines)
        for engine in engines.values():
            engine.close()


@pytest.fixture
def line(_line: Line) -> Line:
    """The module's line, without scripts and memories."""
    _line.provider.start_over()
    return _line


def behind(words: str, **metadata: object) -> Any:
    """A fault of whoever stands behind the provider."""
    return wire.error_body(400, "Provider returned error", metadata={"raw": json.dumps({"error": {"message": words}}), **metadata})


MODERATION = 'google/x requires moderation on Vertex. Your input was flagged for "violence". No credits were charged.'


@pytest.mark.parametrize("image_wire", ["images", "chat"])
@pytest.mark.parametrize(
    ("answer", "kind", "words", "may_be_charged"),
    [
        (Answer(400), ProviderError, "Scripted 400", False),
        (Answer(400, behind("aspect ratio 7:1", provider_name="Vertex")), ProviderError, "Vertex: aspect ratio 7:1", False),
        (Answer(400, wire.error_body(400, "no", metadata={"error_type": "content_policy_violation"})), RefusedError, "no", False),
        (Answer(401, wire.error_body(401, "User not found.")), KeyRefusedError, "User not found", False),
        (Answer(402, wire.error_body(402, "This request requires more credits")), OutOfCreditError, "more credits", False),
        (Answer(403, wire.error_body(403, MODERATION, metadata={"reasons": ["violence"]})), RefusedError, "violence", False),
        (Answer(403, wire.error_body(403, "Key limit exceeded (total limit).")), OutOfCreditError, "Key limit", False),
        (Answer(404, wire.error_body(404, "No endpoints found")), ModelGoneError, "No endpoints found", False),
        (Answer(408), ProviderError, "408", True),
        (Answer(413), ProviderError, "too large", False),
        (Answer(422), ProviderError, "422", False),
        (Answer(429, headers={"Retry-After": "0"}), RateLimitedError, "wait", False),
        (
            Answer(429, wire.error_body(429, "Full", availability={"retryable": True, "retry_after": 0})),
            RateLimitedError,
            "Full",
            False,
        ),
        (Answer(500), ProviderError, "500", True),
        (Answer(502, "<html>Bad gateway</html>", content_type="text/html"), ProviderError, "502", True),
        (Answer(503, headers={"Retry-After": "0"}), ProviderError, "503", False),
        (Answer(529, headers={"retry-after-ms": "0"}), ProviderError, "529", False),
        (Answer(307, "", headers={"Location": "http://127.0.0.1:9/"}), ProviderError, "not followed", False),
        (Answer(drops_after=-1), ConnectionLostError, "connection broke", True),
        (Answer(drops_after=100), ConnectionLostError, "connection broke", True),
        (Answer(body=b""), AnswerError, "empty", True),
        (Answer(body="  \n "), AnswerError, "empty", True),
        (Answer(body="<!DOCTYPE html><p>Sign in", content_type="text/html"), AnswerError, "web page", True),
        (Answer(body='{"data": [{"b64_js'), AnswerError, "cut short", True),
        (Answer(body=b"\xff\xfe\x00"), AnswerError, "no JSON", True),
        (Answer(body="[" * 100_000), AnswerError, "no JSON", True),
        (Answer(body=[]), AnswerError, "not an object", True),
        (Answer(body=wire.error_body(502, "Upstream died")), ProviderError, "Upstream died", True),
        (Answer(body=wire.error_body(429, "Slow down")), RateLimitedError, "Slow down", False),
        (Answer(body=wire.error_body(402, "Broke")), OutOfCreditError, "Broke", True),
        (Answer(body={"error": "it broke"}), ProviderError, "it broke", True),
        (Answer(body=ENVELOPE), NoPictureError, "without a picture", True),
        (Answer(body={"choices": []}), NoPictureError, "without a picture", True),
        (Answer(body={"choices": [{"message": None}]}), NoPictureError, "without a picture", True),
        (Answer(body={"data": []}), NoPictureError, "without a picture", True),
        (Answer(body={"data": [{"b64_json": None}]}), NoPictureError, "without a picture", True),
        (Answer(body={"data": [{"b64_json": "no base64!"}]}), AnswerError, "cannot be read", True),
        (Answer(body=wire.images_body(b"<svg/>", media_type="image/svg+xml")), NoPictureError, "SVG", True),
        (Answer(body=wire.images_body(b"<html></html>")), NoPictureError, "HTML", True),
        (Answer(body=wire.images_body(b"GIF89a...")), NoPictureError, "no picture", True),
        (Answer(body={"data": [{"url": "http://169.254.169.254/picture.png"}]}), NoPictureError, "link", True),
        (Answer(body=wire.chat_body("I would rather not.", images=[])), NoPictureError, "I would rather not.", True),
        (Answer(body=wire.chat_body(None, refusal="I cannot draw that.")), RefusedError, "I cannot draw that.", True),
        (Answer(body=wire.chat_body("", images=["https://example.invalid/a.png"])), NoPictureError, "link", True),
    ],
)
def test_a_fault_becomes_its_error(
    line: Line, answer: Answer, image_wire: str, kind: type[EngineError], words: str, may_be_charged: bool
) -> None:
    """On both wires."""
    error = line.fault(answer, image_wire)

    assert type(error) is kind
    assert words in str(error)
    assert error.may_be_charged is may_be_charged
    assert error.next_step


@pytest.mark.parametrize("reason", ["content_filter", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"])
def test_a_filter_is_named(line: Line, reason: str) -> None:
    """Also when the finish reason says "stop"."""
    body = wire.chat_body("")
    body["choices"][0]["native_finish_reason"] = reason
    error = line.fault(Answer(body=body), "chat")

    assert isinstance(error, RefusedError)
    assert reason in str(error)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(body=ENVELOPE), AnswerError, "no message"),
        (Answer(body={"choices": []}), AnswerError, "no message"),
        (Answer(body=wire.error_body(502, "Upstream died")), ProviderError, "Upstream died"),
        (Answer(body=wire.chat_body(None, refusal="I cannot.")), RefusedError, "I cannot."),
        (Answer(body="<html>", content_type="text/html"), AnswerError, "web page"),
        (Answer(body='{"choices"'), AnswerError, "cut short"),
        (Answer(404, "nothing here"), ProviderError, "chat completions"),
        (Answer(drops_after=10), ConnectionLostError, "connection broke"),
    ],
)
def test_a_fault_of_a_text_question_is_not_asked_again(line: Line, answer: Answer, kind: type[EngineError], words: str) -> None:
    """Only an answer that does not fit is worth a second request."""
    error = line.text_fault(answer)

    assert type(error) is kind
    assert words in str(error)
    assert len(line.provider.requests) == 1


def test_an_error_in_the_choice_is_an_error(line: Line) -> None:
    """finish_reason "error" with half an answer."""
    body = wire.chat_body('{"setting": "A to')
    body["choices"][0] |= {"finish_reason": "error", "error": {"code": 503, "message": "Overloaded"}}
    error = line.text_fault(Answer(body=body))

    assert "Overloaded" in str(error)
    assert error.may_be_charged


def test_words_in_parts_are_read(line: Line) -> None:
    """Content may be a list of parts."""
    half = len(json.dumps(wire.CONTEXT)) // 2
    parts = [{"type": "text", "text": json.dumps(wire.CONTEXT)[:half]}, {"type": "text", "text": json.dumps(wire.CONTEXT)[half:]}]
    line.provider.script("schema:context", Answer(body=wire.chat_body(parts)))

    assert line.engines["images"].describe(FOOTAGE, Call(LIMIT_S)).context.summary == wire.CONTEXT["summary"]


def test_an_answer_without_end_is_refused(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of it is read than the limit."""
    monkeypatch.setattr(client, "ANSWER_LIMIT_BYTES", 2_000_000)
    error = line.fault(Answer(body=b"[" + b" " * 3_000_000 + b"]"))

    assert isinstance(error, AnswerError)
    assert "larger than 2 MB" in str(error)


def test_a_402_that_names_a_wait_is_waited(line: Line) -> None:
    """The budget of what is in flight, not the account, is used up."""
    line.provider.script("lantern", Answer(402, headers={"Retry-After": "0"}))
    line.engines["images"].shoot(ORDER, Call(LIMIT_S), lambda _: None)

    assert len(line.provider.requests) == 2


def test_a_404_that_passes_is_tried_again(line: Line) -> None:
    """`availability.retryable` counts, not the status alone."""
    availability = {"code": "model_unavailable_upstream", "retryable": True, "retry_after": 0}
    line.provider.script("lantern", Answer(404, wire.error_body(404, "Not now", availability=availability)))
    result = line.engines["images"].shoot(ORDER, Call(LIMIT_S), lambda _: None)

    assert result.model == "google/gemini-nano-banana-2.1"
    assert result.notes == ()


def test_a_limit_that_does_not_pass_is_not_waited_for(line: Line) -> None:
    """`availability.retryable` false: one request, however short the wait that is named."""
    limit = wire.error_body(429, "50 free requests a day", availability={"code": "capacity_exhausted", "retryable": False})
    error = line.fault(Answer(429, limit, headers={"Retry-After": "0"}))

    assert isinstance(error, RateLimitedError)
    assert len(line.provider.requests) == 1


def test_a_key_that_the_server_repeats_is_kept_nowhere(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    """Not in the message, not in the raw words, not in a log, not in what is kept."""
    caplog.set_level(logging.DEBUG)
    error = line.fault(Answer(401, wire.error_body(401, f"Bad key {KEY}")))
    kept: list[bytes] = []
    line.provider.script("lantern", Answer(body=wire.images_body(PNG) | {"debug": KEY}))
    line.engines["images"].shoot(ORDER, Call(LIMIT_S), kept.append)

    assert KEY not in f"{error} {error.raw} {error.next_step} {error.__cause__!r}"
    assert KEY not in caplog.text
    assert KEY.encode() not in kept[0]


HALF = wire.chat_body("sorry \ud800 no", model="a")


@pytest.mark.parametrize(
    "body", [HALF, json.dumps(HALF, ensure_ascii=False).encode("utf-8", "surrogatepass")], ids=["escaped", "raw"]
)
def test_half_a_character_is_neither_sent_back_nor_kept(line: Line, body: object) -> None:
    """Half a surrogate pair is JSON, but nothing that could be written anywhere."""
    text, picture = line.text_fault(Answer(body=body)), line.fault(Answer(body=body), "chat")

    assert isinstance(text, AnswerError)
    assert isinstance(picture, NoPictureError)
    assert f"{text.raw} {picture} {picture.raw}".encode()


@pytest.mark.parametrize("answer", [Answer(401), Answer(drops_after=-1), Answer(drops_after=5)])
def test_no_error_in_the_chain_holds_the_key(line: Line, answer: Answer) -> None:
    """The SDK's errors carry their request, and that carried the key."""
    errors: list[BaseException] = []
    error: BaseException | None = line.fault(answer)
    while error is not None and error not in errors:
        errors.append(error)
        error = error.__cause__ or error.__context__

    headers = [dict(each.request.headers) for each in errors if hasattr(each, "request")]
    assert KEY not in f"{errors} {headers} {''.join(traceback.format_exception(errors[0]))}"


@pytest.mark.parametrize("answer", [Answer(body=wire.images_body(b"<svg/>")), Answer(body="garbage"), Answer(body={"data": []})])
def test_what_came_is_kept_before_anybody_reads_it(line: Line, answer: Answer) -> None:
    """Also when it turns out to be no picture."""
    kept: list[bytes] = []
    line.provider.script("lantern", answer)
    with pytest.raises(EngineError):
        line.engines["images"].shoot(ORDER, Call(LIMIT_S), kept.append)

    assert len(kept) == 1


# --- shapes of good answers

JPEG = wire.picture("a lantern", "JPEG")
WEBP = wire.picture("a lantern", "WEBP")
BARE = base64.b64encode(PNG).decode()


def chat(*images: object, content: object = "") -> bytes:
    """A chat answer whose `images` are as given."""
    body = wire.chat_body(content)
    body["choices"][0]["message"]["images"] = list(images)
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("raw", "media_type", "picture"),
    [
        (json.dumps(wire.images_body(PNG)).encode(), "image/png", PNG),
        (json.dumps(wire.images_body(JPEG, media_type="image/png")).encode(), "image/jpeg", JPEG),
        (json.dumps(wire.images_body(WEBP)).encode(), "image/webp", WEBP),
        (json.dumps({"data": [{"b64_json": BARE}]}).encode(), "image/png", PNG),
        (json.dumps({"data": [{"b64_json": wire.data_url(PNG)}]}).encode(), "image/png", PNG),
        (json.dumps({"data": [{"url": wire.data_url(PNG)}]}).encode(), "image/png", PNG),
        (chat({"type": "image_url", "image_url": {"url": wire.data_url(PNG)}}), "image/png", PNG),
        (chat({"image_url": {"url": wire.data_url(JPEG)}}), "image/jpeg", JPEG),
        (chat({"image_url": {"url": BARE}}), "image/png", PNG),
        (chat({"image_url": wire.data_url(PNG)}), "image/png", PNG),
        (chat({"image_url": {"url": "data:image/png;base64," + wire.data_url(PNG)}}), "image/png", PNG),
        (chat({"image_url": {"url": wire.data_url(PNG, "image/jpg")}}), "image/png", PNG),
        (chat(content=[{"type": "image_url", "image_url": {"url": wire.data_url(PNG)}}]), "image/png", PNG),
        (chat(content=f"Here: ![frame]({wire.data_url(PNG)}) enjoy"), "image/png", PNG),
        (b"   \n\n" + json.dumps(wire.images_body(PNG)).encode(), "image/png", PNG),
        (chat({"image_url": {"url": "https://example.invalid/a"}}, {"image_url": {"url": BARE}}), "image/png", PNG),
    ],
)
def test_a_picture_is_found_in_every_known_shape(raw: bytes, media_type: str, picture: bytes) -> None:
    """Its bytes, not its label, say what it is."""
    result = develop(raw, 3)

    assert result.image_data_url == wire.data_url(picture, media_type)
    assert (result.shot_id, result.notes) == (3, ())


def test_of_two_pictures_the_first_is_taken_and_the_other_told_of() -> None:
    """The raw answer keeps both."""
    result = develop(json.dumps(wire.images_body(PNG, JPEG)).encode(), 1)

    assert result.image_data_url == wire.data_url(PNG)
    assert "2 pictures" in result.notes[0]


@pytest.mark.parametrize("cost", [None, "0.04", True, -1, pytest.param(10**400, id="huge"), float("nan"), float("inf")])
def test_a_cost_that_is_none_is_not_shown(cost: object) -> None:
    """Only a number of dollars counts."""
    assert develop(json.dumps(wire.images_body(PNG) | {"usage": {"cost": cost}}).encode(), 1).cost_usd is None


def test_a_picture_beside_an_error_is_kept() -> None:
    """It was paid for."""
    body = wire.chat_body("", images=[wire.data_url(PNG)])
    body["choices"][0] |= {"finish_reason": "error", "error": {"code": 502, "message": "late"}}

    assert develop(json.dumps(body).encode(), 1).image_data_url == wire.data_url(PNG)
