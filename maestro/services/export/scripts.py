"""What a text is written in: how it runs, what language to read it in, and where a line may break that has no space."""

import re
import unicodedata

_LANGUAGES = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\u1100-\u11ff\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
_LONG_RUN = re.compile(r"[!-~\u00a1-\u024f]{40,}")
_PIECE = re.compile(r".{20}(?=.)")
_MAY_BREAK = "\u200b"


def printable(text: str) -> str:
    """Without what no file for people should hold: control characters but new lines, halves of characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(mark for mark in lines if mark == "\n" or unicodedata.category(mark) not in {"Cc", "Cs"})


def language(text: str) -> str:
    """The likeliest one of its script, as BCP 47; English for Latin letters."""
    return next((name for name, script in _LANGUAGES if len(script.findall(text)) * 4 > len(text)), "en")


def is_rtl(text: str) -> bool:
    """Whether its first letter is of a script that runs from right to left."""
    directions = (unicodedata.bidirectional(mark) for mark in text)
    return next((direction for direction in directions if direction in {"L", "R", "AL"}), "L") != "L"


def breakable(text: str) -> str:
    """With invisible places to break a line in words too long for any line, such as addresses."""
    return _LONG_RUN.sub(lambda run: _PIECE.sub(lambda piece: piece.group() + _MAY_BREAK, run.group()), text)
