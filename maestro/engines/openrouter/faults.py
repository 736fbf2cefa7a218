"""Faults of the wire -> the EngineError family: one sentence each, and whether it may have been billed.

The provider answers a fault before the model starts with its own HTTP status; a later one comes inside a 200.
"""

import json
import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from maestro.errors import (
    AnswerError,
    ConnectionLostError,
    EngineError,
    KeyRefusedError,
    ModelGoneError,
    OutOfCreditError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
)

WORDS_LIMIT = 300
_GONE = {
    "model_not_found",
    "no_endpoints",
    "model_deprecated",
    "model_unavailable_upstream",
    "privacy_restricted",
    "constraint_filtered",
    "free_variant_ended",
    "wrong_endpoint",
}
_DECLINED = {"content_policy_violation", "content_filter", "refusal", "moderation"}
_GONE_WORDS = re.compile(
    r"no endpoints found|not a valid model|model\b.*\b(not found|does not exist|deprecated|not exist)", re.IGNORECASE
)
_NO_SUCH_PATH = re.compile(r"(not found|invalid url.*|cannot post.*|no route.*)\.?", re.IGNORECASE)
_NEVER_BILLED = {503, 529}


class Fault(Exception):  # noqa: N818
    """An EngineError on its way to the caller; `wait_s` is what the provider asked to wait, None when it asked for nothing."""

    def __init__(self, error: EngineError, wait_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_s = wait_s

    @property
    def may_be_repeated(self) -> bool:
        """Only what is passing and certainly not billed."""
        return self.error.is_passing and not self.error.may_be_charged


def of_status(status: int, headers: Mapping[str, str], body: bytes, path: str) -> Fault:
    """What an answer of another status than 200 means."""
    found = _error_in(body)
    raw = body[:20_000].decode("utf-8", "replace")
    wait_s = _wait_s(headers, found)
    if status in {404, 405, 501} and (not found or _NO_SUCH_PATH.fullmatch(_words(found))):
        return Fault(_no_such_path(path, raw))
    error = _by_kind(status, found, raw) or _by_status(status, found, wait_s, raw)
    if _availability(found).get("retryable") is False:
        error.is_passing = False  # the provider knows better than its status
    return Fault(error, wait_s)


def inside(found: object) -> EngineError:
    """What an error inside a 200 means: the model had begun, so it may have been billed."""
    error: Mapping[str, Any] = found if isinstance(found, dict) else {"message": str(found)}
    raw = json.dumps(error, ensure_ascii=False)[:20_000]
    outcome = _by_kind(_code(error), error, raw) or _by_status(_code(error), error, _wait_s({}, error), raw)
    if not isinstance(outcome, RateLimitedError | ModelGoneError):
        outcome.may_be_charged = True
    return outcome


def unreachable() -> Fault:
    """Nothing was sent: no such host, nobody listens, no certificate that can be trusted."""
    message = "The provider cannot be reached from this computer; nothing was sent."
    return Fault(ConnectionLostError(message, may_be_charged=False, is_passing=True))


def dropped() -> Fault:
    """The connection broke after the request had left."""
    return Fault(ConnectionLostError("The connection broke before the whole answer was here.", is_passing=True))


def too_large(limit_bytes: int) -> Fault:
    """An answer that nobody should read."""
    return Fault(AnswerError(f"The provider's answer was larger than {limit_bytes // 1_000_000} MB and was not read."))


def timed_out(*, was_sent: bool) -> TimedOutError:
    """The call's deadline passed."""
    return TimedOutError("The provider did not answer in time.", may_be_charged=was_sent, is_passing=True)


def clean(value: object) -> str:
    """Foreign words in one line, at most WORDS_LIMIT characters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in str(value)).split())
    return line if len(line) <= WORDS_LIMIT else line[: WORDS_LIMIT - 1] + "…"


def _by_kind(status: int, found: Mapping[str, Any], raw: str) -> EngineError | None:
    """By the provider's own name for the fault, where it gives one that says more than the status."""
    words = _words(found)
    kinds = {str(each) for each in (found.get("type"), found.get("code"), *_details(found))}
    if status in {400, 404} and _availability(found).get("retryable") is True:
        return ProviderError(
            f"The provider cannot serve the model at the moment: {words}", may_be_charged=False, is_passing=True, raw=raw
        )
    if kinds & _GONE:
        return _gone(found)
    if kinds & _DECLINED:
        return RefusedError(f"The provider declined: “{words}”.", may_be_charged=False, raw=raw)
    return None


def _by_status(status: int, found: Mapping[str, Any], wait_s: float | None, raw: str) -> EngineError:
    words = _words(found)
    tail = f": “{words}”." if words else "."
    if status == 401:
        return KeyRefusedError(f"The provider refused the key{tail}", may_be_charged=False, raw=raw)
    if status == 402 or (status == 403 and "limit exceeded" in words.lower()):
        message = f"The account or the key has no credit left for this{tail}"
        return OutOfCreditError(message, may_be_charged=False, is_passing=wait_s is not None, raw=raw)
    if status == 403:
        return RefusedError(f"The provider declined{tail}", may_be_charged=False, raw=raw)
    if status == 404 or (status == 400 and _GONE_WORDS.search(words)):
        return _gone(found)
    if status == 429:
        return RateLimitedError(f"The provider asks to wait: too many requests{tail}", wait_s=wait_s)
    return _other(status, tail, raw)


def _other(status: int, tail: str, raw: str) -> EngineError:
    if 300 <= status < 400:
        message = f"The provider's address sends elsewhere (status {status}); that is not followed."
        return ProviderError(message, may_be_charged=False, next_step="Check MAESTRO_BASE_URL.", raw=raw)
    if status == 413:
        message = f"The pictures were too large for the provider{tail}"
        return ProviderError(message, may_be_charged=False, next_step="Use a smaller style picture or clip.", raw=raw)
    if 400 <= status < 500 and status != 408:
        message = f"The provider did not accept the request (status {status}){tail}"
        return ProviderError(message, may_be_charged=False, next_step="Change the shot's words or the model, then retry.", raw=raw)
    if status in {408, 504, 524}:
        return ProviderError(f"The model did not answer the provider in time (status {status}){tail}", is_passing=True, raw=raw)
    message = f"The provider failed (status {status}){tail}"
    return ProviderError(message, may_be_charged=status not in _NEVER_BILLED, is_passing=True, raw=raw)


def _gone(found: Mapping[str, Any]) -> ModelGoneError:
    named = _availability(found).get("fallback_models")
    fallbacks = tuple(clean(each) for each in named if isinstance(each, str))[:10] if isinstance(named, list) else ()
    words = _words(found) or "no such model"
    step = (
        f"The provider names instead: {', '.join(fallbacks)}. Set MAESTRO_IMAGE_MODELS or MAESTRO_TEXT_MODELS."
        if fallbacks
        else None
    )
    return ModelGoneError(f"The model is not to be had: “{words}”.", fallback_models=fallbacks, next_step=step)


def _no_such_path(path: str, raw: str) -> EngineError:
    if path == "/images":
        message = "The server has no POST /images, the way in which MAESTRO_IMAGE_WIRE=images asks for pictures."
        return ProviderError(
            message, may_be_charged=False, next_step="Set MAESTRO_IMAGE_WIRE to chat and start Maestro again.", raw=raw
        )
    message = "The server at MAESTRO_BASE_URL does not speak chat completions."
    return ProviderError(message, may_be_charged=False, next_step="Check MAESTRO_BASE_URL and start Maestro again.", raw=raw)


def _error_in(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, str) and error.strip():
        return {"message": error}
    return error if isinstance(error, dict) else {}


def _words(found: Mapping[str, Any]) -> str:
    """The provider's own words; those of whoever stands behind it, where it only says that somebody failed."""
    said = found.get("message")
    metadata = _part(found, "metadata")
    behind = metadata.get("raw")
    if not behind or (said and said != "Provider returned error"):
        reasons = metadata.get("reasons")
        listed = f" ({', '.join(map(str, reasons))})" if isinstance(reasons, list) and reasons else ""
        return clean(f"{said}{listed}") if said else ""
    inner = _error_in(str(behind).encode()).get("message")
    name = metadata.get("provider_name")
    return clean(f"{name}: {inner or behind}" if name else inner or behind)


def _details(found: Mapping[str, Any]) -> list[object]:
    availability, metadata = _availability(found), _part(found, "metadata")
    return [availability.get("code"), availability.get("error_type"), metadata.get("error_type")]


def _availability(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return _part(found, "availability")


def _part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def _code(found: Mapping[str, Any]) -> int:
    code = found.get("code")
    if isinstance(code, str) and re.fullmatch(r"[1-5]\d\d", code):
        return int(code)
    return code if isinstance(code, int) and 100 <= code <= 599 else 500


def _wait_s(headers: Mapping[str, str], found: Mapping[str, Any]) -> float | None:
    """Seconds that the provider asks to wait, by header (seconds or a date) or in the error."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    told = headers.get("retry-after")
    seconds = _number(told if told is not None else _availability(found).get("retry_after"))
    return _until(told) if seconds is None and told else seconds


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(date: str) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except ValueError:
        return None
