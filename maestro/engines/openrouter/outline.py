"""A raw answer read in little memory: long base64 is lifted out of it before the rest is parsed, and never copied.

An answer of 40 MB is one picture and a few hundred bytes of JSON around it. What is left when the picture is lifted out is also
what can be shown of the answer, word for word.
"""

import base64
import binascii
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from maestro import png
from maestro.engines.openrouter.said import RAW_LIMIT
from maestro.errors import AnswerError, PictureError

SHORTEST_BYTES = 1024
"""Shorter runs of letters stay where they are."""
_LONG = re.compile(rb"[A-Za-z0-9+/=_\\-]{%d,}" % SHORTEST_BYTES)
_PREFIXES = re.compile(r"\s*(?:data:[^,]{0,200},\s*)*", re.IGNORECASE)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")


class Outline:
    """`value` is the answer as an object in which names stand for long base64; `picture` and `whole` put it back.

    Raises AnswerError for what is no JSON object.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._mark = f"Lifted{secrets.token_hex(8)}n"
        self._spans: list[tuple[int, int]] = []
        self._rest = self._lift(raw)
        self.value: Mapping[str, Any] = parsed(self._rest)

    def picture(self, found: str) -> bytes:
        """The bytes of a data URL or bare base64 of the answer. Raises PictureError when they are none."""
        before, mark, after = found.partition(self._mark)
        number = re.fullmatch(r"(\d+)x", after.strip())
        if not mark or number is None or not _PREFIXES.fullmatch(before):
            return png.read_data_url(self.whole(found))
        try:
            return self._decoded(int(number[1]))
        except ValueError as error:
            raise PictureError("The picture came in a form that cannot be read.") from error

    def whole(self, found: str) -> str:
        """The words with what was lifted out of them put back."""
        return re.sub(self._mark + r"(\d+)x", self._put_back, found) if self._mark in found else found

    def answer(self, limit: int = RAW_LIMIT) -> str:
        """The answer, its pictures replaced by their size and hash; at most `limit` characters."""
        text = self._rest[: 2 * limit].decode("utf-8", "replace")
        return re.sub(self._mark + r"(\d+)x", self._named, text)[:limit]

    def _lift(self, raw: bytes) -> bytes:
        """The answer with names in place of its long runs; a backslash at a run's end escapes what follows, and stays."""
        parts, place = [], 0
        for run in _LONG.finditer(raw):
            end = run.end()
            while raw[end - 1 : end] == b"\\":
                end -= 1
            parts += [raw[place : run.start()], f"{self._mark}{len(self._spans)}x".encode()]
            self._spans.append((run.start(), end))
            place = end
        return b"".join([*parts, raw[place:]])

    def _put_back(self, mark: re.Match[str]) -> str:
        begin, end = self._spans[int(mark[1])]
        return _unescaped(self._raw[begin:end])

    def _named(self, mark: re.Match[str]) -> str:
        begin, end = self._spans[int(mark[1])]
        try:
            picture = self._decoded(int(mark[1]))
        except ValueError:
            return f"({_grouped(end - begin)} letters)"
        return f"(picture, {_grouped(len(picture))} bytes, sha256 {hashlib.sha256(picture).hexdigest()})"

    def _decoded(self, number: int) -> bytes:
        """Straight from where it stands, where nothing in it must be changed first."""
        begin, end = self._spans[number]
        if (end - begin) % 4 or any(self._raw.find(letter, begin, end) >= 0 for letter in (b"\\", b"-", b"_")):
            return decoded(self._raw[begin:end])
        return binascii.a2b_base64(memoryview(self._raw)[begin:end], strict_mode=True)


def decoded(letters: bytes) -> bytes:
    """The bytes that base64 stands for, also in the alphabet for addresses, escaped as in JSON, or without its end. ValueError."""
    letters = "".join(_unescaped(letters).split()).encode("ascii")
    if b"-" in letters or b"_" in letters:
        letters = letters.translate(bytes.maketrans(b"-_", b"+/"))
    if len(letters) % 4 or letters.endswith(b"==="):
        letters = letters.rstrip(b"=")
        letters += b"=" * (-len(letters) % 4)
    return binascii.a2b_base64(letters, strict_mode=True)


def _unescaped(letters: bytes) -> str:
    if b"\\" not in letters:
        return letters.decode("ascii")
    plain: str = json.loads(b'"' + letters + b'"')
    return plain.encode("utf-8", "replace").decode()


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def data_url(encoded: bytes, media_type: str) -> str:
    """The picture as a data URL, made with one copy less than by putting words together."""
    return (f"data:{media_type};base64,".encode() + base64.b64encode(encoded)).decode("ascii")


def parsed(body: bytes) -> dict[str, Any]:
    """The body of a 200 as an object. Raises AnswerError."""
    if not body.strip():
        raise AnswerError("The provider's answer was empty.")
    text = body[:RAW_LIMIT].decode("utf-8", "replace")
    try:
        value = _read(body)
    except (ValueError, RecursionError) as error:
        raise _unreadable(text) from error
    if not isinstance(value, dict):
        raise AnswerError("The provider's answer was JSON, but not an object.", raw=text)
    return value


def _read(body: bytes) -> Any:
    """Half a surrogate pair passes for JSON, but could neither be sent back nor kept: it becomes a question mark."""
    value = json.loads(body)
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) if _HALF.search(body) else value


def _unreadable(text: str) -> AnswerError:
    if text.lstrip().startswith("<"):
        step = "Ask again. If it happens each time, check MAESTRO_BASE_URL and whether your network wants a login."
        return AnswerError("The provider sent a web page instead of an answer.", raw=text, next_step=step)
    return AnswerError("The provider sent an answer that is cut short or no JSON.", raw=text)
