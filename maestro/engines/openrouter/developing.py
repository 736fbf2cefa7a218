"""Raw answer -> picture, in whichever of the known shapes it came. Nothing is fetched: what is not in the answer is not there."""

import re
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from maestro import png
from maestro.engines.openrouter import faults, replies
from maestro.errors import AnswerError, EngineError, NoPictureError, PictureError
from maestro.types import GenerationResult

ENGINE = "openrouter"
_IN_WORDS = re.compile(r"data:image/[\w.+-]+;base64,[A-Za-z0-9+/=_-]+")
_ELSEWHERE = re.compile(r"\s*(//|(?!data:)[a-z][a-z0-9+.-]*:)", re.IGNORECASE)
_one_at_a_time = threading.Lock()  # an answer of 40 MB takes four times that while it is read


def develop(raw: bytes, shot_id: int) -> GenerationResult:
    """The picture in a raw answer of either wire. Raises EngineError when there is none that can be kept.

    Of several pictures the first becomes the result, and a note says so. `model` and `cost_usd` are what the answer says.
    """
    with _one_at_a_time:
        value = replies.payload(raw)
        first, count, fault = b"", 0, None
        for found in _found(value):
            try:
                encoded = _picture(found)
            except EngineError as error:
                fault = fault or error
                continue
            first, count = first or encoded, count + 1
        if not count:
            raise fault or _why_none(value)
        image_data_url = png.data_url(first, _media_type(first))
    return GenerationResult(
        shot_id=shot_id,
        image_data_url=image_data_url,
        created_at=datetime.now(UTC),
        engine=ENGINE,
        model=replies.model_of(value, ""),
        prompt="",
        duration_s=0.0,
        cost_usd=replies.cost_usd(value),
        notes=_notes(count),
    )


def _found(value: Mapping[str, Any]) -> Iterator[str]:
    """Whatever may be a picture: data URLs, bare base64, links."""
    for entry in _list(value.get("data")):
        yield from _of_entry(entry)
    for choice in _list(value.get("choices")):
        message = replies.message(choice) if isinstance(choice, dict) else {}
        for entry in _list(message.get("images")):
            yield from _of_entry(entry)
        content = message.get("content")
        for part in _list(content):
            if isinstance(part, dict) and "text" not in part:
                yield from _of_entry(part)
        if isinstance(content, str):
            yield from _IN_WORDS.findall(content)


def _of_entry(entry: object) -> Iterator[str]:
    if isinstance(entry, str) and entry.strip():
        yield entry
    if not isinstance(entry, dict):
        return
    for name in ("b64_json", "image_url", "url"):
        inner = entry.get(name)
        url = inner.get("url") if isinstance(inner, dict) else inner
        if isinstance(url, str) and url.strip():
            yield url
            return


def _picture(found: str) -> bytes:
    if _ELSEWHERE.match(found):
        raise NoPictureError("The provider sent a link instead of a picture; Maestro fetches nothing from links.", raw=found[:2000])
    try:
        encoded = png.read_data_url(found)
    except PictureError as error:
        raise AnswerError("The provider sent a picture that cannot be read.", raw=found[:2000]) from error
    if not _media_type(encoded):
        what = "a drawing in text form (SVG or HTML)" if encoded.lstrip()[:1] == b"<" else "something that is no picture"
        message = f"The provider sent {what}; Maestro keeps PNG, JPEG and WebP."
        raise NoPictureError(message, raw=encoded[:2000].decode("utf-8", "replace"))
    return encoded


def _media_type(encoded: bytes) -> str:
    """What the bytes are, whatever the label says; empty when no picture that is kept."""
    if encoded.startswith(png.SIGNATURE):
        return "image/png"
    if encoded.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP" else ""


def _why_none(value: Mapping[str, Any]) -> EngineError:
    try:
        replies.raise_fault_inside(value)
        replies.raise_refusal(replies.choice(value))
    except EngineError as error:
        return error
    first = replies.choice(value)
    said = faults.clean(replies.content(first))
    reason = first.get("native_finish_reason") or first.get("finish_reason")
    if said:
        return NoPictureError(
            f"The model answered with words instead of a picture: “{said}”.", raw=replies.content(first)[: replies.RAW_LIMIT]
        )
    if first.get("finish_reason") == "length":
        return NoPictureError("The model ran into its limit before the picture was there.")
    if reason and str(reason).lower() != "stop":
        return NoPictureError(f"The model answered without a picture ({faults.clean(reason)}).")
    return NoPictureError("The model answered without a picture and did not say why.")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _notes(count: int) -> tuple[str, ...]:
    if count == 1:
        return ()
    return (f"The provider sent {count} pictures; this is the first, the raw answer keeps the others.",)
