"""What an answer says: the payload, its words, its cost, and whether the model declined."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from maestro.calls import Spool
from maestro.engines.openrouter import faults, outline, said
from maestro.engines.openrouter.said import RAW_LIMIT
from maestro.errors import AnswerError, EngineError, RefusedError
from maestro.questions import dollars

_NUMBER = re.compile(r"\d{1,7}(\.\d{1,18})?([eE]-?\d{1,2})?")
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


@dataclass(slots=True)
class Sent:
    """A request on its way: what is known of it before its answer is whole, and where the answer goes as it arrives."""

    generation_id: str = ""
    spool: Spool | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A text answer. `is_cut` when the model ran into its limit before the end."""

    text: str
    model: str
    cost_usd: float | None
    is_cut: bool
    generation_id: str = ""


def raise_fault_inside(value: Mapping[str, Any]) -> None:
    """Errors come inside a 200 once the model has begun: raises EngineError when there is one."""
    error = value.get("error") or choice(value).get("error")
    if error:
        raise faults.inside(error).error


def text(body: bytes, asked_model: str) -> Words:
    """The words of a chat answer. Raises EngineError when there are none to read; it says what the answer cost."""
    value, raw = outline.parsed(body), body[:RAW_LIMIT].decode("utf-8", "replace")
    try:
        return _words(value, raw, asked_model)
    except EngineError as error:
        error.raw = error.raw or raw
        raise billed(error, value) from error.__cause__


def _words(value: Mapping[str, Any], raw: str, asked_model: str) -> Words:
    raise_fault_inside(value)
    first = choice(value)
    if not first:
        raise AnswerError("The provider's answer holds no message.", raw=raw)
    raise_refusal(first)
    finish = first.get("finish_reason")
    if finish == "error":
        raise AnswerError("The model stopped with an error that nobody explained.", raw=raw)
    return Words(content(first), model_of(value, asked_model), cost_usd(value), finish == "length", generation_id(value))


def billed(error: EngineError, value: Mapping[str, Any]) -> EngineError:
    """The error, knowing what its answer says that it cost, or by which id that can be asked for."""
    cost = cost_usd(value)
    if cost is not None:
        error.cost_usd = cost
        error.may_be_charged = cost > 0
    error.generation_id = error.generation_id or generation_id(value)
    return error


def raise_refusal(first: Mapping[str, Any]) -> None:
    """Raises RefusedError with the model's own words when the model or a filter declined."""
    declined = message(first).get("refusal")
    reasons = (first.get("finish_reason"), first.get("native_finish_reason"))
    reason = next((str(each) for each in reasons if str(each).lower() in _DECLINED), "")
    if declined:
        raise RefusedError(f"The model declined: “{said.clean(declined)}”.")
    if reason:
        told = said.clean(content(first))
        raise RefusedError(f"The provider's filter stopped the answer ({reason})." + (f" It said: “{told}”." if told else ""))


def told(error: EngineError, model: str, prompt: str, generation_id: str = "") -> EngineError:
    """The error, knowing what was asked of whom."""
    error.model, error.prompt = model, prompt
    if error.cost_usd is None and error.may_be_charged:
        error.generation_id = error.generation_id or generation_id
    return error


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
    return said.clean(named) if isinstance(named, str) and named.strip() else asked_model


def cost_usd(value: Mapping[str, Any]) -> float | None:
    """What the answer says that it cost; some servers write numbers as words."""
    usage = value.get("usage")
    cost = usage.get("cost") if isinstance(usage, dict) else None
    return dollars(float(cost) if isinstance(cost, str) and _NUMBER.fullmatch(cost) else cost)


def generation_id(value: Mapping[str, Any]) -> str:
    """By which the provider can be asked for the cost later; empty when the answer names none."""
    named = value.get("id")
    return named if isinstance(named, str) and re.fullmatch(r"[\w-]{1,100}", named) else ""


def has_begun(value: Mapping[str, Any]) -> bool:
    """Whether a model had begun to answer: there are words, pictures or tokens."""
    usage = value.get("usage")
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    first = choice(value)
    return bool(tokens or value.get("data") or content(first) or message(first).get("images"))
