"""A question to a text model, and what makes an answer readable at all: one JSON value, words of sane length."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from maestro.errors import AnswerError
from maestro.types import TEXT_LIMIT

ANSWER_LIMIT = 200_000
"""Characters beyond which no answer is read: five shots take about 4,000."""
MOST_USD = 1e6
"""A greater cost is a fault of whoever named it; JSON has numbers that no float can hold."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a text model is asked. `parts` are words (str) and PNG pictures (bytes), words first.

    `schema` is a strict JSON schema (every property required, none besides); its name has at most 64 of `[A-Za-z0-9_-]`.
    """

    system: str
    parts: tuple[str | bytes, ...] = field(repr=False)
    schema_name: str
    schema: Mapping[str, object] = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that is asked, pictures included."""
        digest = hashlib.sha256(json.dumps([self.system, self.schema_name, self.schema]).encode())
        for part in self.parts:
            digest.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
        return digest.hexdigest()


def fields(answer: str) -> Mapping[str, object]:
    """The one JSON value that an answer must be, an object. Raises AnswerError for anything else, words around it among them."""
    if len(answer) > ANSWER_LIMIT:
        raise AnswerError("The answer was far longer than anything that was asked for.", raw=answer[:ANSWER_LIMIT])
    if not answer.strip():
        raise AnswerError("The answer was empty.")
    try:
        value = json.loads(answer, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise AnswerError("The answer was not the JSON that was asked for.", raw=answer) from error
    if not isinstance(value, dict):
        raise AnswerError("The answer was JSON, but not the object that was asked for.", raw=answer)
    return value


def words(value: object, name: str, answer: str) -> str:
    """`value` as clean text of 1 to TEXT_LIMIT characters. Raises AnswerError, which names the field and keeps the answer."""
    if not isinstance(value, str):
        raise AnswerError(f"The answer has no words for “{name}”.", raw=answer)
    kept = "".join(letter for letter in value if letter.isprintable() or letter in "\n\t").strip()
    if not kept:
        raise AnswerError(f"The answer has no words for “{name}”.", raw=answer)
    if len(kept) > TEXT_LIMIT:
        raise AnswerError(f"The answer has more than {TEXT_LIMIT} characters for “{name}”.", raw=answer)
    return kept


def dollars(value: object) -> float | None:
    """A cost that an answer names, None when it names none that could be one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= MOST_USD else None


def _refuse(constant: str) -> float:
    raise ValueError(constant)
