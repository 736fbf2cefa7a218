"""What an answer says: the payload, its words, its cost, and whether the model declined."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from maestro.engines.openrouter import faults
from maestro.errors import AnswerError, RefusedError
from maestro.questions import dollars

RAW_LIMIT = 20_000
"""Characters of a raw answer that an error keeps."""
_HALF = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
_DECLINED = {
    "content_filter",
    "refusal",
    "safety",
    "prohibited_content",
    "image_safety",
    "image_prohibited_content",
    "image_recitation",
    "recitation",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, whole; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Words:
    """A text answer. `is_cut` when the model ran into its limit before the end."""

    text: str
    model: str
    cost_usd: float | None
    is_cut: bool


def payload(body: bytes) -> dict[str, Any]:
    """The body of a 200 as an object without a fault of its own. Raises EngineError."""
    text = body[:RAW_LIMIT].decode("utf-8", "replace")
    if not body.strip():
        raise AnswerError("The provider's answer was empty.")
    try:
        value = _parsed(body)
    except (ValueError, RecursionError) as error:
        is_page = text.lstrip().startswith("<")
        what = "a web page instead of an answer" if is_page else "an answer that is cut short or no JSON"
        raise AnswerError(f"The provider sent {what}.", raw=text) from error
    if not isinstance(value, dict):
        raise AnswerError("The provider's answer was JSON, but not an object.", raw=text)
    return value


def _parsed(body: bytes) -> Any:
    """Half a surrogate pair passes for JSON, but could neither be sent back nor kept: it becomes a question mark."""
    value = json.loads(body)
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) if _HALF.search(body) else value


def raise_fault_inside(value: Mapping[str, Any]) -> None:
    """Errors come inside a 200 once the model has begun: raises EngineError when there is one."""
    error = value.get("error") or choice(value).get("error")
    if error:
        raise faults.inside(error)


def text(body: bytes, asked_model: str) -> Words:
    """The words of a chat answer. Raises EngineError when there are none to read."""
    value = payload(body)
    raise_fault_inside(value)
    first = choice(value)
    raw = body[:RAW_LIMIT].decode("utf-8", "replace")
    if not first:
        raise AnswerError("The provider's answer holds no message.", raw=raw)
    raise_refusal(first)
    finish = first.get("finish_reason")
    if finish == "error":
        raise AnswerError("The model stopped with an error that nobody explained.", raw=raw)
    return Words(content(first), model_of(value, asked_model), cost_usd(value), is_cut=finish == "length")


def raise_refusal(first: Mapping[str, Any]) -> None:
    """Raises RefusedError with the model's own words when the model or a filter declined."""
    said = message(first).get("refusal")
    reasons = (first.get("finish_reason"), first.get("native_finish_reason"))
    reason = next((str(each) for each in reasons if str(each).lower() in _DECLINED), "")
    if said:
        raise RefusedError(f"The model declined: “{faults.clean(said)}”.")
    if reason:
        told = faults.clean(content(first))
        raise RefusedError(f"The provider's filter stopped the answer ({reason})." + (f" It said: “{told}”." if told else ""))


def choice(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first choice; empty when there is none."""
    choices = value.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def message(first: Mapping[str, Any]) -> Mapping[str, Any]:
    """The choice's message; empty when there is none."""
    found = first.get("message")
    return found if isinstance(found, dict) else {}


def content(first: Mapping[str, Any]) -> str:
    """The choice's words, whether they came as a string or as parts."""
    found = message(first).get("content")
    if isinstance(found, list):
        return "".join(part["text"] for part in found if isinstance(part, dict) and isinstance(part.get("text"), str))
    return found if isinstance(found, str) else ""


def model_of(value: Mapping[str, Any], asked_model: str) -> str:
    """Which model answered, as far as the answer says."""
    named = value.get("model")
    return faults.clean(named) if isinstance(named, str) and named.strip() else asked_model


def cost_usd(value: Mapping[str, Any]) -> float | None:
    """What the answer says that it cost."""
    usage = value.get("usage")
    return dollars(usage.get("cost")) if isinstance(usage, dict) else None
