"""The records as frozen dataclasses, and their way to JSON and back; what does not fit its type is refused, never guessed."""

import math
import re
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from maestro.types import PICTURE_SUFFIXES, Clip, Context, Framing, Shot, TakeLabel

Json = dict[str, Any]
T = TypeVar("T")
Reader = Callable[[Any], Any]

FRAME_FILE = re.compile(r"frame-\d{1,12}-[0-9a-f]{12}\.png", re.ASCII)
STYLE_FILE = re.compile(r"style-[0-9a-f]{12}\.(png|jpg|webp)", re.ASCII)
TAKE_STEM = re.compile(r"shot-(\d{2,6})_take-(\d{2,6})", re.ASCII)
TAKE_FILE = re.compile(TAKE_STEM.pattern + r"\.(png|jpg|webp)", re.ASCII)
CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
HALF_PAIR = re.compile("[\ud800-\udfff]")
LARGEST = 1e15
"""No length, cost or time is larger."""
NUMBER_LIMIT = 999_999
"""The highest number that a take's name can hold."""
HISTORY_LIMIT = 100
"""Steps of a shot's words that are kept."""


class RecordError(ValueError):
    """A record does not have the shape that it must have."""


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """A source frame; its picture is `frames/<file>`."""

    index: int
    time_s: float
    file: str
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        _require(FRAME_FILE.fullmatch(self.file), "a source frame's file name")
        _require(self.width_px > 0 and self.height_px > 0, "a source frame's size")


@dataclass(frozen=True, slots=True)
class StyleRecord:
    """The style reference; its picture is `<file>` in the project's folder."""

    name: str
    sha256: str
    file: str
    media_type: str
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        _require(STYLE_FILE.fullmatch(self.file), "the style's file name")
        _require(self.media_type in PICTURE_SUFFIXES, "the style's media type")


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    """What a project is, apart from its shots and takes."""

    name: str
    created_at: datetime
    changed_at: datetime
    clip: Clip | None = None
    frames: tuple[FrameRecord, ...] = ()
    director_frame: FrameRecord | None = None
    style: StyleRecord | None = None
    context: Context | None = None
    context_model: str = ""
    director_model: str = ""
    step: str = ""

    def __post_init__(self) -> None:
        _require(self.clip is None or (self.clip.width_px > 0 and self.clip.height_px > 0), "the clip's size")


@dataclass(frozen=True, slots=True)
class ShotRecord:
    """A shot as it was directed. `direction` counts the director's answers; `earlier` are the words before, oldest first."""

    id: int
    text: str
    director_text: str
    direction: int = 1
    framing: Framing | None = None
    earlier: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(0 < self.id < 1_000_000, "a shot's number")

    @property
    def shot(self) -> Shot:
        """As it came from the director."""
        return Shot(self.id, self.director_text, self.framing)


@dataclass(frozen=True, slots=True)
class WordsRecord:
    """The user's words of a shot, on top of the direction that they belong to; `past` and `future` are the steps around `text`."""

    direction: int
    text: str
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()

    def edited(self, text: str) -> "WordsRecord":
        """A new step; what was undone is forgotten."""
        return WordsRecord(self.direction, text, (*self.past, self.text)[-HISTORY_LIMIT:])

    def undone(self) -> "WordsRecord":
        """One step back, if there is one."""
        if not self.past:
            return self
        return WordsRecord(self.direction, self.past[-1], self.past[:-1], (self.text, *self.future))

    def redone(self) -> "WordsRecord":
        """One step forward, if there is one."""
        if not self.future:
            return self
        return WordsRecord(self.direction, self.future[0], (*self.past, self.text), self.future[1:])


@dataclass(frozen=True, slots=True)
class NumberRecord:
    """The highest take number that a shot ever had: numbers are never given twice."""

    shot_id: int
    last: int

    def __post_init__(self) -> None:
        _require(0 <= self.last <= NUMBER_LIMIT, "a take's number")


@dataclass(frozen=True, slots=True)
class MarkRecord:
    """What changes about a take, apart from the take itself, which never does."""

    shot_id: int
    number: int
    is_saved: bool = False


@dataclass(frozen=True, slots=True)
class AskedRecord:
    """How a take was asked for, beside its words and pictures: the name of its anchor, and the shape."""

    anchor: str = ""
    aspect_ratio: str = ""
    size: str = ""


@dataclass(frozen=True, slots=True)
class TakeRecord:
    """A take as it was made; lies beside its picture as `takes/<label>.json` and is never written again."""

    shot_id: int
    number: int
    file: str
    call_id: str
    text: str
    prompt: str
    engine: str
    model: str
    created_at: datetime
    duration_s: float
    cost_usd: float | None
    media_type: str
    width_px: int
    height_px: int
    size_bytes: int
    sha256: str
    frame_index: int
    style_sha256: str = ""
    is_adopted: bool = False
    notes: tuple[str, ...] = ()
    schema: int = 1
    frame: FrameRecord | None = None
    of: str = ""
    """The call whose answer it was a further picture of."""
    asked: AskedRecord | None = None

    def __post_init__(self) -> None:
        _require(TAKE_FILE.fullmatch(self.file) and Path(self.file).stem == str(self.label), "a take's file name")
        _require(self.media_type in PICTURE_SUFFIXES, "a take's media type")

    @property
    def label(self) -> TakeLabel:
        """Its name everywhere."""
        return TakeLabel(self.shot_id, self.number)


def label_of(stem: str) -> TakeLabel | None:
    """The label that a file's stem spells, exactly as we would spell it."""
    match = TAKE_STEM.fullmatch(stem)
    if match is None:
        return None
    label = TakeLabel(int(match[1]), int(match[2]))
    return label if str(label) == stem and label.shot_id > 0 and label.number > 0 else None


def finite(value: float | None) -> float | None:
    """JSON has no NaN and no infinity: they become None."""
    return value if value is not None and math.isfinite(value) else None


def to_json(value: Any) -> Any:
    """A record as JSON values: moments as ISO 8601, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [to_json(part) for part in value]
    return value


def from_json(kind: type[T], value: Any) -> T:
    """The record of type `kind` that `value` spells; unknown keys are left out. Raises RecordError naming the field."""
    try:
        return typing.cast("T", _reader(typing.cast("Any", kind))(value))
    except RecordError as error:
        raise RecordError(f"{kind.__name__}: {error}") from error


@cache
def _reader(kind: Any) -> Reader:
    """What reads a value of that type; made once for each type."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _record_reader(kind)
    origin = typing.get_origin(kind)
    if origin is types.UnionType:
        inner = _reader(next(part for part in typing.get_args(kind) if part is not types.NoneType))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        part_reader = _reader(typing.get_args(kind)[0])
        return lambda value: tuple(part_reader(part) for part in _required(value, list))
    own: dict[Any, Reader] = {datetime: _moment, float: _number, str: _text}
    return own.get(kind, lambda value: _required(value, kind))


def _record_reader(kind: type) -> Reader:
    hints = typing.get_type_hints(kind)
    readers = [(field.name, _reader(hints[field.name]), field.default is not MISSING) for field in fields(kind)]

    def read(value: Any) -> Any:
        _required(value, dict)
        known: dict[str, Any] = {}
        for name, reader, has_default in readers:
            if name in value:
                try:
                    known[name] = reader(value[name])
                except RecordError as error:
                    raise RecordError(f"{name}: {error}") from error
            elif not has_default:
                raise RecordError(f"{name} is missing")
        return kind(**known)

    return read


def _required(value: Any, kind: type) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise RecordError(f"{type(value).__name__} instead of {kind.__name__}")
    return value


def _text(value: Any) -> str:
    text: str = _required(value, str)
    # Half of a surrogate pair, as a cut answer or a hand may leave it, is no text that a page could show.
    return text if text.isascii() else HALF_PAIR.sub("\N{REPLACEMENT CHARACTER}", text)


def _number(value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= LARGEST:
        raise RecordError("not a number")
    return number


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_required(value, str))
    except ValueError as error:
        raise RecordError("not a moment") from error
    if not 1970 <= moment.year < 9999:  # at the ends of the calendar, no other time zone could show it
        raise RecordError("not a moment")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _require(is_so: object, what: str) -> None:
    if not is_so:
        raise RecordError(f"{what} is not what it must be")
