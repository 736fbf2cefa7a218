"""Raw answer -> pictures, in whichever of the known shapes they came. Nothing is fetched."""

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from maestro import png
from maestro.engines.openrouter import outline, replies, said
from maestro.engines.openrouter.outline import Outline
from maestro.errors import AnswerError, EngineError, NoPictureError, PictureError, Remedy
from maestro.types import GenerationResult

ENGINE = "openrouter"
LINK_LIMIT = 2000
"""Characters of a link, or of something that is no picture, that are shown."""
PICTURES_LIMIT = 16
_IN_WORDS = re.compile(r"data:image/[\w.+-]+;base64,[A-Za-z0-9+/=_-]+")
_ELSEWHERE = re.compile(r"\s*(//|(?!data:)[a-z][a-z0-9+.-]*:)", re.IGNORECASE)
_one_at_a_time = threading.Lock()  # an answer of 40 MB takes three times that while it is read


def develop(raw: bytes, shot_id: int) -> GenerationResult:
    """The pictures in a raw answer of either wire, each once. Raises EngineError when there is none that can be kept.

    `model` and `cost_usd` are what the answer says; an error says what the answer cost, too.
    """
    with _one_at_a_time:
        answer = Outline(raw)
        try:
            first, *more = _pictures(answer)
        except EngineError as error:
            error.raw = error.raw or answer.answer()
            raise replies.billed(error, answer.value) from error.__cause__
        return GenerationResult(
            shot_id=shot_id,
            image_data_url=first,
            created_at=datetime.now(UTC),
            engine=ENGINE,
            model=replies.model_of(answer.value, ""),
            prompt="",
            duration_s=0.0,
            cost_usd=replies.cost_usd(answer.value),
            notes=_notes(len(more) + 1),
            more_data_urls=tuple(more),
            answer=answer.answer(),
        )


def _pictures(answer: Outline) -> list[str]:
    """As data URLs. Raises EngineError when there is none."""
    urls: dict[bytes, str] = {}
    fault: EngineError | None = None
    for found in _found(answer.value):
        try:
            encoded = _picture(answer, found)
        except EngineError as error:
            fault = fault or error
            continue
        if len(urls) < PICTURES_LIMIT:
            urls.setdefault(hashlib.sha256(encoded).digest(), outline.data_url(encoded, _media_type(encoded)))
    if not urls:
        raise fault or _why_none(answer)
    return list(urls.values())


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


def _picture(answer: Outline, found: str) -> bytes:
    if _ELSEWHERE.match(found):
        raise _link(answer.whole(found))
    try:
        encoded = answer.picture(found)
    except PictureError as error:
        shown = answer.whole(found)[:LINK_LIMIT]
        raise AnswerError("The provider sent a picture that cannot be read.", raw=shown) from error
    if not _media_type(encoded):
        what = "a drawing in text form (SVG or HTML)" if encoded.lstrip()[:1] == b"<" else "something that is no picture"
        message = f"The provider sent {what}; Maestro keeps PNG, JPEG and WebP."
        raise _no_picture(message, Remedy.RETRY, "Retry, or choose another model.", encoded[:LINK_LIMIT].decode("utf-8", "replace"))
    return encoded


def _link(found: str) -> NoPictureError:
    message = "The provider sent a link instead of a picture; Maestro fetches nothing from links."
    step = "Open the link yourself if you trust it (see what came back), or retry."
    return _no_picture(message, Remedy.RETRY, step, found.strip()[:LINK_LIMIT])


def _media_type(encoded: bytes) -> str:
    """What the bytes are, whatever the label says; empty when no picture that is kept."""
    if encoded.startswith(png.SIGNATURE):
        return "image/png"
    if encoded.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP" else ""


def _why_none(answer: Outline) -> EngineError:
    value = answer.value
    try:
        replies.raise_fault_inside(value)
        replies.raise_refusal(replies.choice(value))
    except EngineError as error:
        return error
    first = replies.choice(value)
    told = answer.whole(replies.content(first))[: said.RAW_LIMIT]
    reason = first.get("native_finish_reason") or first.get("finish_reason")
    if told.strip():
        return NoPictureError(f"The model answered with words instead of a picture: “{said.clean(told)}”.", raw=told)
    if first.get("finish_reason") == "length":
        return _no_picture(
            "The model ran into its limit before the picture was there.", Remedy.RETRY, "Retry, or shorten the words."
        )
    if reason and str(reason).lower() != "stop":
        return NoPictureError(f"The model answered without a picture ({said.clean(reason)}).")
    return NoPictureError("The model answered without a picture and did not say why.")


def _no_picture(message: str, remedy: Remedy, next_step: str, raw: str = "") -> NoPictureError:
    error = NoPictureError(message, next_step=next_step, raw=raw)
    error.remedy = remedy
    return error


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _notes(count: int) -> tuple[str, ...]:
    if count == 1:
        return ()
    return (f"The answer held {count} pictures; this is the first.",)
