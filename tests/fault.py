"""A fault of the wire: what is answered, and what has to come out of it; and the bodies that faults are made of."""

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from maestro.errors import Remedy
from tests.answers import PICTURE_COST_USD, chat_body, error_body, images_body, picture, png
from tests.scripts import Answer

KEY = "sk-or-v1-0123456789abcdef-very-secret"
BEACON = "http://127.0.0.1:1/seen.png"
"""Stands for an address that nobody may ask; the tests put a real one in its place."""
WIRES = ("images", "chat")


class Cost(StrEnum):
    """What is known of a call's cost when it has ended."""

    NONE = "none"
    TOLD = "told"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Fault:
    """`answers` one after another, the last for ever. With a `remedy` the row fails and `says` is in its sentence; without one
    `takes` pictures are kept and `says` is in a note. `billed_usd`: what the provider bills beside what its answers say.
    """

    name: str
    answers: tuple[Answer, ...]
    says: str
    remedy: Remedy | None
    cost: Cost
    requests: int = 1
    takes: int = 1
    wires: tuple[str, ...] = WIRES
    billed_usd: float = 0.0
    fallback_models: tuple[str, ...] = ()
    shows: str = ""
    """What the raw answer that the page offers has to hold."""


def refused(name: str, status: int, body: object, says: str, remedy: Remedy, **rest: object) -> Fault:
    """Before the model began: nothing was billed, and nothing is sent again."""
    return Fault(name, (Answer(status, body),), says, remedy, Cost.NONE, **rest)  # type: ignore[arg-type]


def lost(name: str, answer: Answer, says: str, remedy: Remedy, cost: Cost = Cost.UNSURE, **rest: object) -> Fault:
    """It may have been billed, so it is not sent again."""
    return Fault(name, (answer,), says, remedy, cost, **rest)  # type: ignore[arg-type]


def kept(name: str, *answers: Answer, says: str = "", cost: Cost = Cost.TOLD, **rest: object) -> Fault:
    """A picture comes out of it all the same."""
    return Fault(name, answers, says, None, cost, **rest)  # type: ignore[arg-type]


def error(code: int, message: str, **rest: object) -> object:
    """The provider's error object."""
    return error_body(code, message, **rest)


def behind(code: int, words: str, provider_name: str = "Vertex") -> object:
    """A fault of whoever stands behind the provider."""
    raw = json.dumps({"error": {"message": words}})
    return error(code, "Provider returned error", metadata={"raw": raw, "provider_name": provider_name})


def typed(code: int, kind: str, message: str = "Said so.") -> object:
    """With the provider's own name for the fault."""
    return error(code, message, metadata={"error_type": kind})


def gone(kind: str, *fallbacks: str, **rest: object) -> object:
    """A model that is not to be had."""
    available = {"code": kind, "retryable": False, "fallback_models": list(fallbacks)} | rest
    return error(404, "No endpoints found for google/gemini-nano-banana-2.1.", availability=available)


def drawn(*urls: object, content: object = "", finish: str = "stop", native: str = "stop", **message: object) -> object:
    """An answer of the chat wire with these entries as its pictures."""
    body = chat_body(content, cost=PICTURE_COST_USD, **message)  # type: ignore[arg-type]
    body["choices"][0]["message"]["images"] = list(urls)
    body["choices"][0] |= {"finish_reason": finish, "native_finish_reason": native}
    return body


def entry(url: str) -> object:
    """One picture as the chat wire has it."""
    return {"type": "image_url", "image_url": {"url": url}}


def costing(cost: object) -> object:
    """A good picture with this price."""
    body = images_body(PNG)
    body["usage"]["cost"] = cost
    return body


def hollow(width_px: int, height_px: int) -> bytes:
    """A PNG of that size in a few kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width_px, height_px, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


PNG = png("a fault's picture")
JPEG = picture("a fault's picture", "JPEG")
WEBP = picture("a fault's picture", "WEBP")
GOOD = json.dumps(images_body(PNG)).encode()
SOON: Mapping[str, str] = {"Retry-After": "0"}
FULL = error(429, "Rate limit exceeded")
SUCCESSOR = "google/gemini-nano-banana-3"
MODERATED = 'google/x requires moderation on Vertex. Your input was flagged for "violence". No credits were charged.'
HTML = "<!DOCTYPE html><html><body>Sign in to the network</body></html>"
ENVELOPE = {"id": None, "choices": None, "model": None, "usage": None}


def told(answer: Answer, beacon_url: str) -> Answer:
    """The answer with a real address in the place of BEACON."""
    body = answer.body
    if body is not None and not isinstance(body, bytes | str):
        body = json.dumps(body)
    if isinstance(body, bytes):
        body = body.replace(BEACON.encode(), beacon_url.encode())
    elif isinstance(body, str):
        body = body.replace(BEACON, beacon_url)
    return replace(answer, body=body, headers={name: value.replace(BEACON, beacon_url) for name, value in answer.headers.items()})
