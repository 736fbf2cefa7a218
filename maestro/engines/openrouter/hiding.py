"""The key kept out of what comes back: servers have been seen to repeat it, whole, in part or in another writing."""

import base64
import re
from collections.abc import Sequence
from urllib.parse import quote

MASK = b"[key]"
SHORTEST = 8
"""A shorter key could be any word."""
PIECE = 10
"""Characters of the key that are hidden wherever they stand in a row."""
LOOK_CLOSER_BYTES = 200_000
"""Larger bodies are pictures: there only whole keys are looked for, since a piece of one could stand in a picture by chance."""
_ESCAPED = re.compile(rb"(?<!\\)\\u00([2-7][0-9a-fA-F])")
_MASKED = re.compile(rb"\bsk-[A-Za-z0-9_-]{0,60}(?:\*+|\.{2,}|\xe2\x80\xa6)[A-Za-z0-9_*.-]{0,60}")


class Hiding:
    """Removes one key from bodies."""

    def __init__(self, key: str) -> None:
        plain = key.encode()
        is_long = len(plain) >= SHORTEST
        writings = {plain, quote(key, safe="").encode(), *_in_base64(plain)} if is_long else set()
        pieces = {plain[start : start + PIECE] for start in range(len(plain) - PIECE + 1)} if is_long else set()
        self._whole = tuple(writings)
        self._closer = tuple(writings | pieces)

    @property
    def reach_bytes(self) -> int:
        """How many bytes before a place may belong to a key that ends there."""
        return max(map(len, self._whole), default=0)

    def is_in(self, piece: bytes) -> bool:
        """Whether the whole key stands in a piece of a large body."""
        return any(writing in piece for writing in self._whole)

    def without_key(self, body: bytes) -> bytes:
        """The body itself when the key is not in it."""
        if not self._whole:
            return body
        if len(body) > LOOK_CLOSER_BYTES:
            return _hidden(body, self._whole)
        plain = _ESCAPED.sub(_letter, body) if b"\\u00" in body else body
        hidden = _MASKED.sub(MASK, _hidden(plain, self._closer))
        return body if hidden == plain else hidden


def _hidden(body: bytes, writings: Sequence[bytes]) -> bytes:
    """Each is looked for by itself, which is a hundred times faster than all at once; pieces that overlap are hidden together."""
    spans = sorted((found.start(), found.end()) for each in writings if each in body for found in _all_of(each).finditer(body))
    if not spans:
        return body
    parts: list[bytes] = []
    place = 0
    for begin, end in spans:
        if begin > place or not parts:
            parts += [body[place:begin], MASK]
        place = max(place, end)
    return b"".join([*parts, body[place:]])


def _all_of(writing: bytes) -> re.Pattern[bytes]:
    return re.compile(re.escape(writing))


def _in_base64(plain: bytes) -> set[bytes]:
    """As it looks inside longer base64, wherever it begins there; the letters at both ends depend on its neighbours."""
    found = set()
    for before in range(3):
        letters = base64.b64encode(bytes(before) + plain).rstrip(b"=")
        found.add(letters[-(-before * 8 // 6) : len(letters) - 1])
    return {each for each in found if len(each) >= SHORTEST}


def _letter(found: re.Match[bytes]) -> bytes:
    letter = bytes([int(found[1], 16)])
    return found[0] if letter in b'"\\\x7f' else letter
