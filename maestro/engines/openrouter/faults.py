"""Faults of the wire -> the EngineError family: one sentence each, the remedy, and whether it may have been billed.

The provider answers a fault before the model starts with its own HTTP status; a later one comes inside a 200.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from maestro.engines.openrouter import said
from maestro.engines.openrouter.said import RAW_LIMIT
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
    Remedy,
    TimedOutError,
)

_GONE = {
    "model_not_found",
    "no_endpoints",
    "model_deprecated",
    "model_unavailable_upstream",
    "constraint_filtered",
    "free_variant_ended",
    "wrong_endpoint",
}
_DECLINED = {"content_policy_violation", "content_filter", "refusal", "moderation"}
_PICTURES = {"invalid_image", "image_too_large", "image_too_small", "unsupported_image_format", "image_download_failed"}
_GONE_WORDS = re.compile(
    r"no endpoints found|not a valid model|model\b.*\b(not found|does not exist|deprecated|not exist)", re.IGNORECASE
)
_PLACE = re.compile(r"\b(region|country|location|territor)", re.IGNORECASE)
_NO_SUCH_PATH = re.compile(r"(not found|invalid url.*|cannot post.*|no route.*|method not allowed.*)\.?", re.IGNORECASE)
_NEVER_BILLED = {503, 529}
_NO_PICTURE_NO_BILL = {500, 502}
"""POST /images bills all or nothing: what it answers with one of these, it did not bill."""
_ASKED_ANEW = {400, 401, 402, 403, 404}
"""Statuses after which nothing is repeated, whatever else is said: the same request gets the same answer, or costs anew."""


class Fault(Exception):  # noqa: N818
    """An EngineError on its way to the caller; `wait_s` is what the provider asked to wait, None when it asked for nothing.

    `is_told` when the provider says itself that the same request may be sent again.
    """

    def __init__(self, error: EngineError, wait_s: float | None = None, *, is_told: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_s = wait_s
        self._is_told = is_told

    @property
    def may_be_repeated(self) -> bool:
        """Only what is passing and certainly not billed, or what the provider says may be repeated and told no price of."""
        return self.error.is_passing and not self.error.cost_usd and (self._is_told or not self.error.may_be_charged)

    @property
    def slows_all(self) -> bool:
        """Whether it is about the account, not about this one request."""
        return isinstance(self.error, RateLimitedError) or (self.wait_s is not None and self.may_be_repeated)


def of_status(status: int, headers: Mapping[str, str], body: bytes, path: str) -> Fault:
    """What an answer of another status than 200 means."""
    found = said.error_in(body)
    raw = body[:RAW_LIMIT].decode("utf-8", "replace")
    wait_s = said.wait_s(headers, found)
    if status in {404, 405, 501} and (not found or _NO_SUCH_PATH.fullmatch(said.words(found))):
        return Fault(_no_such_path(path, raw))
    error = _by_kind(status, found, raw) or _by_status(status, found, wait_s, raw)
    if path == "/images" and status in _NO_PICTURE_NO_BILL and found:
        error.may_be_charged = False
    return _judged(error, status, found, wait_s)


def inside(given: object) -> Fault:
    """What an error inside a 200 means: the model had begun, so it may have been billed."""
    found: Mapping[str, Any] = given if isinstance(given, dict) else {"message": str(given)}
    status, wait_s = said.code(found), said.wait_s({}, found)
    raw = json.dumps(found, ensure_ascii=False)[:RAW_LIMIT]
    error = _by_kind(status, found, raw) or _by_status(status, found, wait_s, raw)
    if not isinstance(error, RateLimitedError | ModelGoneError):
        error.may_be_charged = True
    return _judged(error, status, found, wait_s)


def unreachable(*, is_untrusted: bool = False) -> Fault:
    """Nothing was sent: no such host, nobody listens, no certificate that can be trusted."""
    message = "The provider cannot be reached from this computer; nothing was sent."
    step = None
    if is_untrusted:
        message = "The provider's certificate is not trusted on this computer; nothing was sent."
        step = "Check MAESTRO_BASE_URL, this computer's clock and its certificates, then retry."
    return Fault(ConnectionLostError(message, may_be_charged=False, is_passing=True, next_step=step))


def dropped() -> Fault:
    """The connection broke after the request had left."""
    return Fault(ConnectionLostError("The connection broke before the whole answer was here.", is_passing=True))


def too_large(limit_bytes: int) -> Fault:
    """An answer that nobody should read."""
    return Fault(AnswerError(f"The provider's answer was larger than {limit_bytes // 1_000_000} MB and was not read."))


def timed_out(*, was_sent: bool) -> TimedOutError:
    """The call's deadline passed."""
    return TimedOutError("The provider did not answer in time.", may_be_charged=was_sent, is_passing=True)


def _judged(error: EngineError, status: int, found: Mapping[str, Any], wait_s: float | None) -> Fault:
    """The provider knows better than its status whether it passes."""
    is_retryable = said.retryable(found)
    if is_retryable is False:
        error.is_passing = False
        if isinstance(error, RateLimitedError):
            error.next_step = "This limit does not pass soon. Choose another model, or come back later."
    return Fault(error, wait_s, is_told=is_retryable is True and status not in _ASKED_ANEW)


def _by_kind(status: int, found: Mapping[str, Any], raw: str) -> EngineError | None:
    """By the provider's own name for the fault, where it gives one that says more than the status."""
    words, kinds = said.words(found), said.kinds(found)
    if status in {400, 404} and said.retryable(found) is True:
        message = f"The provider cannot serve the model at the moment: {words}"
        return _refused(message, raw, Remedy.WAIT, "Wait a little, then retry.")
    if "privacy_restricted" in kinds:
        return _gone(found, raw, "Choose another model, or allow its makers in the privacy settings of your account.")
    if kinds & _GONE:
        return _gone(found, raw)
    if kinds & _DECLINED:
        return RefusedError(f"The provider declined: “{words}”.", may_be_charged=False, raw=raw)
    return _by_what_was_sent(kinds, words, raw)


def _by_what_was_sent(kinds: set[str], words: str, raw: str) -> EngineError | None:
    if kinds & _PICTURES:
        message = f"The provider could not use a picture that was sent: “{words}”."
        return _refused(message, raw, Remedy.WORDS, "Choose another style picture or other source frames, then retry.")
    if "context_length_exceeded" in kinds:
        return _refused(f"The question was too long for the model: “{words}”.", raw, Remedy.WORDS, "Shorten the words, then retry.")
    return None


def _by_status(status: int, found: Mapping[str, Any], wait_s: float | None, raw: str) -> EngineError:
    words = said.words(found)
    tail = f": “{words}”." if words else "."
    if status == 402 or (status == 403 and "limit exceeded" in words.lower()):
        return _out_of_credit(status, tail, wait_s, raw)
    if status == 404 or (status == 400 and _GONE_WORDS.search(words)) or (status == 403 and _PLACE.search(words)):
        return _gone(found, raw)
    error: EngineError
    if status == 401:
        error = KeyRefusedError(f"The provider refused the key{tail}", may_be_charged=False, raw=raw)
    elif status == 403:
        error = RefusedError(f"The provider declined{tail}", may_be_charged=False, raw=raw)
    elif status == 429:
        error = RateLimitedError(f"The provider asks to wait: too many requests{tail}", wait_s=wait_s)
        error.raw = raw
    elif 300 <= status < 500 and status != 408:
        error = _refused_request(status, tail, raw)
    else:
        error = _failed(status, tail, raw)
    return error


def _out_of_credit(status: int, tail: str, wait_s: float | None, raw: str) -> OutOfCreditError:
    message = f"The account or the key has no credit left for this{tail}"
    error = OutOfCreditError(message, may_be_charged=False, is_passing=wait_s is not None, raw=raw)
    if status == 403:
        error.next_step = "Raise the limit of your key at your provider, then retry the shots that are missing."
    elif wait_s is not None:
        error.remedy = Remedy.WAIT
        error.next_step = "Wait until what is in flight has ended, or add credit at your provider, then retry."
    return error


def _refused_request(status: int, tail: str, raw: str) -> ProviderError:
    if status < 400:
        message = f"The provider's address sends elsewhere (status {status}); that is not followed."
        return _refused(message, raw, Remedy.SETTING, "Check MAESTRO_BASE_URL and start Maestro again.")
    if status == 413:
        message = f"The pictures were too large for the provider{tail}"
        return _refused(message, raw, Remedy.WORDS, "Use a smaller style picture or clip, then retry.")
    message = f"The provider did not accept the request (status {status}){tail}"
    return _refused(message, raw, Remedy.WORDS, "Change the shot's words or the model, then retry.")


def _failed(status: int, tail: str, raw: str) -> ProviderError:
    if status in {408, 504, 524}:
        return ProviderError(f"The model did not answer the provider in time (status {status}){tail}", is_passing=True, raw=raw)
    message = f"The provider failed (status {status}){tail}"
    error = ProviderError(message, may_be_charged=status not in _NEVER_BILLED, is_passing=True, raw=raw)
    error.remedy = Remedy.WAIT
    return error


def _refused(message: str, raw: str, remedy: Remedy, next_step: str) -> ProviderError:
    """Nothing was billed, and the same request would get the same answer."""
    error = ProviderError(message, may_be_charged=False, next_step=next_step, raw=raw)
    error.remedy = remedy
    return error


def _gone(found: Mapping[str, Any], raw: str, next_step: str | None = None) -> ModelGoneError:
    """The model is not to be had; whoever asked knows which one, and which others there are."""
    message = f"The model is not to be had: “{said.words(found) or 'no such model'}”."
    error = ModelGoneError(message, fallback_models=said.fallback_models(found), next_step=next_step)
    error.raw = raw
    return error


def _no_such_path(path: str, raw: str) -> EngineError:
    if path == "/images":
        message = "The server has no POST /images, the way in which MAESTRO_IMAGE_WIRE=images asks for pictures."
        return _refused(message, raw, Remedy.SETTING, "Set MAESTRO_IMAGE_WIRE to chat and start Maestro again.")
    message = "The server at MAESTRO_BASE_URL does not speak chat completions."
    return _refused(message, raw, Remedy.SETTING, "Check MAESTRO_BASE_URL and start Maestro again.")
