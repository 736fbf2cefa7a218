"""The provider's lists -> profiles of models. Every shape is put up with: what cannot be read is not known."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from maestro.engines.openrouter.requests import Ability
from maestro.types import KeyFacts, ModelProfile

MOST_USD = 1_000.0
"""A greater price of one call is a fault of whoever named it."""
MOST_OF_A_KEY_USD = 1e9
"""And so is a greater sum of all of them."""
PICTURE_OUT_TOKENS = 1290
"""Of a picture of about one megapixel."""
SIZES: Mapping[str, tuple[int, float]] = {"512": (747, 0.25), "1K": (1120, 1), "2K": (1680, 4), "4K": (2520, 16)}
"""Output tokens and megapixels of a picture of a size that was asked for."""
PICTURE_IN_TOKENS = 2 * 1120
"""Of the style picture and the source frame."""
PROMPT_TOKENS = 500
ANALYSIS_IN_TOKENS = 11_500
"""Six frames of about 1,700 tokens, and the words of both questions."""
ANALYSIS_OUT_TOKENS = 2_700
ANALYSIS_CALLS = 2
ANALYSIS_FRAMES = 6
_RATIO = re.compile(r"[1-9]\d{0,3}:[1-9]\d{0,3}")
_SIZE = re.compile(r"[0-9.]{1,6}[kK]?(x[0-9]{1,5})?")
_COUNTS: Mapping[str, Mapping[str, float]] = {
    "output_image": {"image": 1, "megapixel": 1, "token": PICTURE_OUT_TOKENS},
    "input_image": {"image": 2, "megapixel": 2, "token": PICTURE_IN_TOKENS},
    "input_reference": {"image": 2, "megapixel": 2, "token": PICTURE_IN_TOKENS},
    "input_text": {"token": PROMPT_TOKENS},
    "request": {"request": 1, "image": 1},
}
"""How much a usual call has of what is billed, by unit."""
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """What the lists say of one model; `general` from /models, `drawing` from /images/models, `endpoints` those of the latter."""

    general: Line
    drawing: Line
    endpoints: tuple[Line, ...]


def lines(body: object) -> list[Line] | None:
    """The models of a list, None when it is no list."""
    found = body.get("data") if isinstance(body, dict) else body
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else None


def endpoints(body: object) -> tuple[Line, ...]:
    """The endpoints of an image model, wherever they stand."""
    inner = body.get("data", body) if isinstance(body, dict) else body
    found = inner.get("endpoints") if isinstance(inner, dict) else inner
    return tuple(each for each in found if isinstance(each, dict)) if isinstance(found, list) else ()


def line_of(model: str, listed: Sequence[Line]) -> Line:
    """The model's line; empty when there is none. A variant ("model:free") that is not listed itself goes by its model."""
    for name in dict.fromkeys((model, model.partition(":")[0])):
        for line in listed:
            if name in (line.get("id"), line.get("canonical_slug")):
                return line
    return {}


def profile(model: str, step: str, listed: Listed, *, is_listed: bool) -> tuple[ModelProfile, Ability]:
    """For the page, and for what is sent."""
    ability = _ability(listed) if step == "image" else Ability()
    price = _price_of_picture(listed) if step == "image" else _price_of_analysis(listed.general)
    known = ModelProfile(
        id=model,
        step=step,
        is_listed=is_listed,
        aspect_ratios=ability.aspect_ratios or (),
        sizes=ability.sizes or (),
        reference_limit=ability.reference_limit,
        price_usd=_sound(price),
        size_prices=_size_prices(listed, ability.sizes or ()) if step == "image" else (),
        expires_on=_day(listed.general.get("expiration_date")) or _day(listed.drawing.get("expiration_date")),
    )
    return known, ability


def key_facts(body: object) -> KeyFacts | None:
    """None when it is no answer about a key."""
    found = body.get("data") if isinstance(body, dict) else None
    if not isinstance(found, dict):
        return None
    usage_usd = _number(found.get("usage"))
    return KeyFacts(
        limit_usd=_number(found.get("limit")),
        limit_remaining_usd=_number(found.get("limit_remaining"), least=-math.inf),
        usage_usd=usage_usd if usage_usd is not None and usage_usd <= MOST_OF_A_KEY_USD else None,
    )


def total_cost(body: object) -> float | None:
    """What a call cost, from its record."""
    found = body.get("data") if isinstance(body, dict) else None
    cost = _number(found.get("total_cost")) if isinstance(found, dict) else None
    return cost if cost is not None and cost <= MOST_USD else None


# --- what a model takes


def _ability(listed: Listed) -> Ability:
    """The model's own list of wishes, else what any of its endpoints takes."""
    said = [found for found in (_wishes(line) for line in (listed.drawing, *listed.endpoints)) if found]
    if not said:
        return Ability(reference_limit=_no_pictures(listed))
    wishes = said[:1] if _wishes(listed.drawing) else said
    ratios = _values(wishes, "aspect_ratio", _RATIO)
    return Ability(ratios, _values(wishes, "resolution", _SIZE), _most_references(wishes, listed))


def _wishes(line: Line) -> Mapping[str, Any]:
    """Descriptors by name; a bare list of names says too little."""
    found = line.get("supported_parameters")
    return found if isinstance(found, dict) else {}


def _values(wishes: Sequence[Mapping[str, Any]], name: str, shape: re.Pattern[str]) -> tuple[str, ...] | None:
    """What may be wished for; None when the wish is taken, but which ones nobody says."""
    described = [each[name] for each in wishes if name in each]
    found: dict[str, None] = {}
    for each in described:
        values = each.get("values", each.get("enum")) if isinstance(each, dict) else each
        for value in values if isinstance(values, list) else ():
            if isinstance(value, str) and shape.fullmatch(value.strip()):
                found[value.strip()] = None
    return None if described and not found else tuple(found)


def _most_references(wishes: Sequence[Mapping[str, Any]], listed: Listed) -> int | None:
    described = [each["input_references"] for each in wishes if "input_references" in each]
    most = [_number(each.get("max")) for each in described if isinstance(each, dict)]
    known = [int(each) for each in most if each is not None]
    if known:
        return max(known)
    return None if described else _no_pictures(listed)


def _no_pictures(listed: Listed) -> int | None:
    """0 when it is said that the model takes words only."""
    for line in (listed.drawing, listed.general):
        architecture = line.get("architecture")
        takes = architecture.get("input_modalities") if isinstance(architecture, dict) else None
        if isinstance(takes, list) and takes:
            return None if "image" in takes else 0
    return None


# --- what a call costs


def _sound(price: float | None) -> float | None:
    return price if price is not None and price <= MOST_USD else None


def _size_prices(listed: Listed, sizes: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Of the sizes whose share of a price is known."""
    prices = [(size, _sound(_price_of_picture(listed, size))) for size in sizes if size in SIZES]
    return tuple((size, price) for size, price in prices if price is not None)


def _price_of_picture(listed: Listed, size: str = "") -> float | None:
    """That of the dearest endpoint, since nobody knows which one will answer; else by the general list."""
    prices = [price for price in (_price_at(endpoint, size) for endpoint in listed.endpoints) if price is not None]
    if prices:
        return max(prices)
    prices_per = _per_token(listed.general)
    picture = prices_per.get("image_output", prices_per.get("completion"))
    if picture is None:
        return None
    asked = (PROMPT_TOKENS + PICTURE_IN_TOKENS) * prices_per.get("prompt", 0.0)
    return picture * _out_counts(size)["token"] + asked + prices_per.get("request", 0.0)


def _price_at(endpoint: Line, size: str) -> float | None:
    found = list(_price_lines(endpoint, size))
    out = [(variant, price) for billable, variant, price in found if billable == "output_image"]
    if not out:
        return None
    of_size = [price for variant, price in out if size and variant == size.lower()]
    picture = max(of_size) if of_size else min(price for _, price in out)
    return picture + sum(price for billable, _, price in found if billable != "output_image")


def _out_counts(size: str) -> Mapping[str, float]:
    """How much a picture of that size has of what is billed, by unit; "" is the usual size."""
    if size not in SIZES:
        return _COUNTS["output_image"]
    tokens, megapixels = SIZES[size]
    return {"image": 1, "megapixel": megapixels, "token": tokens}


def _price_lines(endpoint: Line, size: str) -> Iterator[tuple[str, str, float]]:
    """What of such a call each line of the price list bills, and for which size it stands; of sizes, the smallest is the usual."""
    given = endpoint.get("pricing")
    for line in given if isinstance(given, list) else ():
        if not isinstance(line, dict):
            continue
        billable, unit, cost = line.get("billable"), line.get("unit"), _number(line.get("cost_usd"))
        counts = _out_counts(size) if billable == "output_image" else _COUNTS.get(str(billable), {})
        count = counts.get(str(unit))
        if cost is not None and count is not None and not line.get("min_prompt_tokens"):
            yield str(billable), str(line.get("variant", "")).lower(), cost * count


def _price_of_analysis(line: Line) -> float | None:
    prices = _per_token(line)
    if "prompt" not in prices or "completion" not in prices:
        return None
    words = prices["prompt"] * ANALYSIS_IN_TOKENS + prices["completion"] * ANALYSIS_OUT_TOKENS
    return words + prices.get("request", 0.0) * ANALYSIS_CALLS + prices.get("image", 0.0) * ANALYSIS_FRAMES


def _per_token(line: Line) -> dict[str, float]:
    """Prices by name; a negative one means that it changes from call to call."""
    given = line.get("pricing")
    found = {name: _number(value) for name, value in given.items()} if isinstance(given, dict) else {}
    return {str(name): price for name, price in found.items() if price is not None}


def _number(value: object, least: float = 0.0) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= least else None


def _day(value: object) -> date | None:
    """A day as words or as seconds since 1970."""
    try:
        if isinstance(value, str):
            return date.fromisoformat(value.strip()[:10])
        if isinstance(value, int | float) and value > 0:
            return datetime.fromtimestamp(value, UTC).date()
    except (ValueError, OverflowError, OSError):
        pass
    return None
