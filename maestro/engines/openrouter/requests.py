"""What is sent: the request bodies, cut to what the model takes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from maestro import png
from maestro.questions import Question
from maestro.services import images, pictures
from maestro.types import Picture, ShotOrder

TEXT_TOKENS = 8_000
"""Reasoning is spent from this too. Without a limit the provider reserves credit for the model's longest answer."""
PICTURE_TOKENS = 16_000
REASONING = "low"
REPAIR = "That answer cannot be used: {reason} Answer again, with the JSON object of the schema and nothing else."
NO_FRAME = "\nPicture 2 could not be sent: take who and where from the words."
NO_STYLE = "\nNo picture could be sent: take everything from the words."


@dataclass(frozen=True, slots=True)
class Ability:
    """What a model takes. None: nobody said, so what every image model takes is asked for; empty: it takes no such wish."""

    aspect_ratios: tuple[str, ...] | None = None
    sizes: tuple[str, ...] | None = None
    reference_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Sitting:
    """An order, cut to what the model takes. `notes` are sentences about what was left out."""

    prompt: str
    references: tuple[dict[str, Any], ...] = field(repr=False)
    aspect_ratio: str
    size: str
    notes: tuple[str, ...]


def text(model: str, question: Question, *, tokens: int = TEXT_TOKENS) -> dict[str, Any]:
    """Chat completions with a strict schema: words first, then the pictures."""
    schema = {"name": question.schema_name, "strict": True, "schema": question.schema}
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": question.system},
            {"role": "user", "content": [_part(part) for part in question.parts]},
        ],
        "response_format": {"type": "json_schema", "json_schema": schema},
        "provider": {"require_parameters": True},
        "reasoning": {"effort": REASONING},
        "max_tokens": tokens,
    }


def repair(model: str, question: Question, answer: str, reason: str) -> dict[str, Any]:
    """The same question again, with the answer that did not fit and why, and twice the room."""
    body = text(model, question, tokens=2 * TEXT_TOKENS)
    if answer.strip():
        body["messages"].append({"role": "assistant", "content": answer})
    body["messages"].append({"role": "user", "content": REPAIR.format(reason=reason)})
    return body


def words(question: Question) -> str:
    """The question word for word, without its pictures."""
    return "\n\n".join([question.system, *(part for part in question.parts if isinstance(part, str))])


def sitting(order: ShotOrder, ability: Ability) -> Sitting:
    """Style, source frame and anchor, in this order, as many as the model takes; its nearest ratio; a size that it has."""
    wanted = [_picture(order.style.picture), _part(order.source_frame.png)]
    if order.anchor is not None:
        wanted.append(_picture(order.anchor))
    limit = len(wanted) if ability.reference_limit is None else min(len(wanted), ability.reference_limit)
    size = order.size if ability.sizes is None or order.size in ability.sizes else ""
    notes = list(_left_out(len(wanted), limit))
    if order.size and not size:
        notes.append(f"The model does not offer the size {order.size}; it was asked for its usual one.")
    prompt = images.prompt(order if limit > 2 else replace(order, anchor=None)) + {0: NO_STYLE, 1: NO_FRAME}.get(limit, "")
    return Sitting(prompt, tuple(wanted[:limit]), ratio(order.aspect_ratio, ability.aspect_ratios), size, tuple(notes))


def picture(model: str, sitting: Sitting) -> dict[str, Any]:
    """POST /images: exactly the fields that the endpoint and the model take."""
    body: dict[str, Any] = {"model": model, "prompt": sitting.prompt}
    if sitting.references:
        body["input_references"] = list(sitting.references)
    if sitting.aspect_ratio:
        body["aspect_ratio"] = sitting.aspect_ratio
    if sitting.size:
        body["resolution"] = sitting.size
    return body


def picture_by_chat(model: str, sitting: Sitting) -> dict[str, Any]:
    """Chat completions that answer with a picture; the same pictures."""
    config = {"aspect_ratio": sitting.aspect_ratio, "image_size": sitting.size}
    wishes = {name: value for name, value in config.items() if value}
    return {
        "model": model,
        "messages": [{"role": "user", "content": [_part(sitting.prompt), *sitting.references]}],
        "modalities": ["image", "text"],
        **({"image_config": wishes} if wishes else {}),
        "max_tokens": PICTURE_TOKENS,
    }


def ratio(wanted: str, offered: Sequence[str] | None = None) -> str:
    """The nearest to `wanted`, "width:height", of those offered (None: of those that every image model takes); empty: of none.

    Lying stays lying and standing stays standing where anything such is offered.
    """
    if offered is None:
        offered = pictures.ASPECT_RATIOS
    aim = _log(wanted)
    alike = [each for each in offered if _log(each) * aim > 0] or list(offered)
    return min(alike, key=lambda each: abs(_log(each) - aim), default="")


def _left_out(count: int, limit: int) -> tuple[str, ...]:
    if limit >= count:
        return ()
    what = ["style picture", "source frame", "earlier take"][limit:count]
    return (f"The model takes {limit or 'no'} picture{'' if limit == 1 else 's'}: not sent {_joined(what)}.",)


def _joined(names: Sequence[str]) -> str:
    told = " and ".join(f"the {name}" for name in names)
    return f"{'was' if len(names) == 1 else 'were'} {told}"


def _log(ratio: str) -> float:
    width, _, height = ratio.partition(":")
    return math.log(float(width) / float(height))


def _part(part: str | bytes) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image_url", "image_url": {"url": png.data_url(part)}}


def _picture(given: Picture) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": png.data_url(given.encoded, given.media_type)}}
