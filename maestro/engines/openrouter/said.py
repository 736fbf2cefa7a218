"""What the provider says of a fault: its words, its own names for it, its successors, how long to wait."""

import json
import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

WORDS_LIMIT = 300
RAW_LIMIT = 20_000
"""Characters of a raw answer that an error keeps."""
FALLBACK_LIMIT = 10


def clean(value: object) -> str:
    """Foreign words in one line, at most WORDS_LIMIT characters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in str(value)[: 4 * WORDS_LIMIT]).split())
    return line if len(line) <= WORDS_LIMIT else line[: WORDS_LIMIT - 1] + "…"


def error_in(body: bytes | str) -> Mapping[str, Any]:
    """The error object of a body; empty when there is none."""
    error = whole(body).get("error")
    if isinstance(error, str) and error.strip():
        return {"message": error}
    return error if isinstance(error, dict) else {}


def whole(body: bytes | str) -> Mapping[str, Any]:
    """A body as an object; empty when it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def words(found: Mapping[str, Any]) -> str:
    """The provider's own words; those of whoever stands behind it, where it only says that somebody failed."""
    said = found.get("message")
    metadata = _part(found, "metadata")
    behind = metadata.get("raw")
    if not behind or (said and said != "Provider returned error"):
        reasons = metadata.get("reasons")
        listed = f" ({', '.join(map(str, reasons))})" if isinstance(reasons, list) and reasons else ""
        return clean(f"{said}{listed}") if said else ""
    inner = error_in(str(behind)).get("message")
    name = metadata.get("provider_name")
    return clean(f"{name}: {inner or behind}" if name else inner or behind)


def kinds(found: Mapping[str, Any]) -> set[str]:
    """Every name that the provider gives the fault."""
    availability, metadata = _part(found, "availability"), _part(found, "metadata")
    named = (
        found.get("type"),
        found.get("code"),
        availability.get("code"),
        availability.get("error_type"),
        metadata.get("error_type"),
    )
    return {str(each) for each in named}


def retryable(found: Mapping[str, Any]) -> bool | None:
    """Whether the provider says that the same request may work; None when it says nothing."""
    said = _part(found, "availability").get("retryable")
    return said if isinstance(said, bool) else None


def fallback_models(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The models that the provider names instead."""
    named = _part(found, "availability").get("fallback_models")
    if not isinstance(named, list):
        return ()
    wanted = (clean(each) for each in named if isinstance(each, str) and each.strip())
    return tuple(dict.fromkeys(wanted))[:FALLBACK_LIMIT]


def code(found: Mapping[str, Any]) -> int:
    """The status that an error names; 500 when it names none."""
    for said in (found.get("code"), _part(found, "availability").get("http_status")):
        if isinstance(said, str) and re.fullmatch(r"[1-5]\d\d", said):
            return int(said)
        if isinstance(said, int) and 100 <= said <= 599:
            return said
    return 500


def wait_s(headers: Mapping[str, str], found: Mapping[str, Any]) -> float | None:
    """Seconds that the provider asks to wait, by header (seconds or a date) or in the error; None when it does not."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    told = headers.get("retry-after")
    metadata = _part(_part(found, "metadata"), "headers")
    inside = (
        _part(found, "availability").get("retry_after"),
        _part(found, "metadata").get("retry_after"),
        metadata.get("Retry-After"),
        metadata.get("retry-after"),
    )
    seconds = _number(told) if told is not None else next((each for each in map(_number, inside) if each is not None), None)
    return _until(told) if seconds is None and told else seconds


def _part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(date: str) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def too_long(wait_s: float, left_s: float) -> str:
    """The end of a sentence: "10 min; this call may take 2 min."."""
    return f"{span(wait_s)}; this call may take {span(left_s)}."


def span(duration_s: float) -> str:
    """About how long, in words: "45 s", "10 min", "3 h"."""
    for unit_s, unit in ((3600, "h"), (60, "min")):
        if duration_s >= 1.5 * unit_s:
            return f"{round(duration_s / unit_s)} {unit}"
    return f"{math.ceil(duration_s)} s"
