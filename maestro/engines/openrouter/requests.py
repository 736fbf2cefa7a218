"""What is sent: the three request bodies."""

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


def picture(model: str, order: ShotOrder) -> dict[str, Any]:
    """POST /images: the style reference first, the source frame second."""
    return {
        "model": model,
        "prompt": images.prompt(order),
        "input_references": [_picture(order.style.picture), _part(order.source_frame.png)],
        "aspect_ratio": ratio(order.aspect_ratio),
    }


def picture_by_chat(model: str, order: ShotOrder) -> dict[str, Any]:
    """Chat completions that answer with a picture; the same two pictures."""
    parts = [_part(images.prompt(order)), _picture(order.style.picture), _part(order.source_frame.png)]
    return {
        "model": model,
        "messages": [{"role": "user", "content": parts}],
        "modalities": ["image", "text"],
        "image_config": {"aspect_ratio": ratio(order.aspect_ratio)},
        "max_tokens": PICTURE_TOKENS,
    }


def ratio(wanted: str) -> str:
    """The nearest ratio to `wanted`, "width:height", that every image model takes."""
    width, _, height = wanted.partition(":")
    return pictures.aspect_ratio(int(width), int(height))


def _part(part: str | bytes) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image_url", "image_url": {"url": png.data_url(part)}}


def _picture(given: Picture) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": png.data_url(given.encoded, given.media_type)}}
