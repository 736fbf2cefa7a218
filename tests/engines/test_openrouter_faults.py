"""What each fault of the wire becomes: the right error, the provider's words, whether it may have been charged, its button."""

import json
from typing import Any

import pytest

from maestro.calls import Call
from maestro.engines.openrouter import client
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
    Remedy,
)
from tests import provider as wire
from tests.engines.asking import LIMIT_S
from tests.engines.line import FOOTAGE, ORDER, Line
from tests.provider import Answer

ENVELOPE = {"id": None, "choices": None, "model": None, "usage": None}


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
        (Answer(500, "masked"), ProviderError, "500", True),
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
        (Answer(body=wire.error_body(429, "Slow down", availability={"retry_after": 0})), RateLimitedError, "Slow down", False),
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


def test_a_limit_that_does_not_pass_is_not_waited_for(line: Line) -> None:
    """`availability.retryable` false: one request, however short the wait that is named."""
    limit = wire.error_body(429, "50 free requests a day", availability={"code": "capacity_exhausted", "retryable": False})
    error = line.fault(Answer(429, limit, headers={"Retry-After": "0"}))

    assert isinstance(error, RateLimitedError)
    assert len(line.provider.requests) == 1


@pytest.mark.parametrize("image_wire", ["images", "chat"])
@pytest.mark.parametrize(
    ("answer", "remedy", "step"),
    [
        (Answer(401), Remedy.KEY, "OPENROUTER_API_KEY"),
        (Answer(402), Remedy.CREDIT, "Add credit"),
        (Answer(403, wire.error_body(403, "Key limit exceeded (total limit).")), Remedy.CREDIT, "limit of your key"),
        (Answer(403, wire.error_body(403, MODERATION)), Remedy.WORDS, "words"),
        (Answer(404, wire.error_body(404, "No endpoints found")), Remedy.MODEL, "another model"),
        (Answer(404, wire.error_body(404, "x", metadata={"error_type": "privacy_restricted"})), Remedy.MODEL, "privacy settings"),
        (Answer(404, wire.error_body(404, "x", availability={"retryable": True})), Remedy.WAIT, "Wait"),
        (Answer(400), Remedy.WORDS, "words or the model"),
        (Answer(400, wire.error_body(400, "x", metadata={"error_type": "invalid_image"})), Remedy.WORDS, "style picture"),
        (Answer(400, wire.error_body(400, "x", metadata={"error_type": "context_length_exceeded"})), Remedy.WORDS, "Shorten"),
        (Answer(413), Remedy.WORDS, "smaller"),
        (Answer(307, "", headers={"Location": "http://127.0.0.1:9/"}), Remedy.SETTING, "MAESTRO_BASE_URL"),
        (Answer(405, ""), Remedy.SETTING, "MAESTRO_"),
        (Answer(408), Remedy.RETRY, "Retry"),
        (Answer(429, headers={"Retry-After": "0"}), Remedy.WAIT, "Wait"),
        (Answer(429, wire.error_body(429, "x", availability={"retryable": False})), Remedy.WAIT, "another model"),
        (Answer(503, headers={"Retry-After": "0"}), Remedy.WAIT, "Retry"),
        (Answer(drops_after=-1), Remedy.RETRY, "connection"),
        (Answer(body="<html>"), Remedy.RETRY, "MAESTRO_BASE_URL"),
        (Answer(body='{"a'), Remedy.RETRY, "again"),
        (Answer(body=wire.chat_body("No.")), Remedy.WORDS, "words"),
        (Answer(body={"data": [{"url": "https://example.invalid/a.png"}]}), Remedy.RETRY, "Open the link yourself"),
        (Answer(body=wire.images_body(b"<svg/>")), Remedy.RETRY, "another model"),
    ],
)
def test_each_fault_has_its_button_and_its_next_step(
    line: Line, answer: Answer, image_wire: str, remedy: Remedy, step: str
) -> None:
    """What to do is said in words, and what a page can do about it is a button."""
    error = line.fault(answer, image_wire)

    assert error.remedy is remedy
    assert step in error.next_step


def test_a_link_is_shown_and_not_followed(line: Line) -> None:
    """The user may open it; nobody asked for it from here."""
    link = f"{line.provider.url}/picture.png?signature={'a' * 1500}"
    error = line.fault(Answer(body={"data": [{"url": link}]}))

    assert error.raw == link
    assert len(line.provider.requests) == 1
    assert line.provider.lookups == []


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


@pytest.mark.parametrize("answer", [Answer(body=wire.images_body(b"<svg/>")), Answer(body="garbage"), Answer(body={"data": []})])
def test_what_came_is_kept_before_anybody_reads_it(line: Line, answer: Answer) -> None:
    """Also when it turns out to be no picture."""
    kept: list[bytes] = []
    line.provider.script("lantern", answer)
    with pytest.raises(EngineError):
        line.engines["images"].shoot(ORDER, Call(LIMIT_S), kept.append)

    assert len(kept) == 1
