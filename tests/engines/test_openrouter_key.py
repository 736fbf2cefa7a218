"""The key is in one header of what is sent, and in nothing that comes back."""

import base64
import json
import logging
import traceback
from urllib.parse import quote

import pytest

from maestro.calls import Call
from maestro.engines.openrouter.hiding import Hiding
from maestro.errors import EngineError
from tests import provider as wire
from tests.engines.asking import KEY, LIMIT_S
from tests.engines.line import FOOTAGE, ORDER, PNG, Line
from tests.provider import Answer


def test_a_key_that_the_server_repeats_is_kept_nowhere(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    """Not in the message, not in the raw words, not in a log, not in what is kept."""
    caplog.set_level(logging.DEBUG)
    error = line.fault(Answer(401, wire.error_body(401, f"Bad key {KEY}")))
    kept: list[bytes] = []
    line.provider.script("lantern", Answer(body=wire.images_body(PNG) | {"debug": KEY}))
    result = line.engines["images"].shoot(ORDER, Call(LIMIT_S), kept.append)

    assert KEY not in f"{error} {error.raw} {error.next_step} {error.__cause__!r} {result.answer}"
    assert KEY not in caplog.text
    assert KEY.encode() not in kept[0]


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        KEY[:16],
        KEY[-12:],
        quote(f"Bearer {KEY}=", safe=""),
        "".join(f"\\u{ord(letter):04x}" for letter in KEY),
        base64.b64encode(KEY.encode()).decode(),
        base64.b64encode(f"Bearer {KEY}".encode()).decode(),
        base64.b64encode(f" {KEY} and more".encode()).decode(),
        "sk-or-v1-***cret",
        "sk-o…cret",
    ],
)
@pytest.mark.parametrize("status", [200, 401])
def test_the_key_in_any_writing_is_hidden(line: Line, written: str, status: int) -> None:
    """Whole, in part, escaped or packed; in errors and in answers."""
    body = '{"error": {"code": 401, "message": "no: ' + written + '"}}'
    error: EngineError = line.text_fault(Answer(status, body))

    told = f"{error} {error.raw} {error.next_step}"
    assert "[key]" in told
    assert KEY[:10] not in told
    assert KEY[-8:] not in told
    assert written not in told


def test_of_a_piece_nothing_is_left() -> None:
    """However long it is, wherever it ends."""
    hiding = Hiding(KEY)

    assert hiding.without_key(f"a {KEY[:17]} b {KEY[5:]} c {KEY}{KEY}".encode()) == b"a [key] b [key] c [key]"
    assert hiding.without_key(KEY.encode() + b"x" * 300_000) == b"[key]" + b"x" * 300_000


def test_a_body_without_the_key_stays_the_same_bytes() -> None:
    """Not even copied; a short key is no key."""
    body = json.dumps(wire.images_body(PNG)).encode()

    assert Hiding(KEY).without_key(body) is body
    assert Hiding("").without_key(b"") == b""
    assert Hiding("a").without_key(body) is body


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


def test_a_repaired_answer_does_not_send_the_key_back(line: Line) -> None:
    """What came is cleaned before anybody reads it."""
    line.provider.script("schema:context", Answer(body=wire.chat_body(f"Your key is {KEY}")))
    line.engines["images"].describe(FOOTAGE, Call(LIMIT_S))

    assert KEY not in json.dumps(line.provider.requests[1].body)
