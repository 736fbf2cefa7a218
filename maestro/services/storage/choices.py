"""What the user chose for a project, as records. They have tables of their own, which an older Maestro carries along untouched."""

import re
from dataclasses import dataclass

from maestro.services.storage.records import FrameRecord, RecordError
from maestro.types import References, TakeLabel

RATIO = re.compile(r"[1-9]\d{0,2}:[1-9]\d{0,2}", re.ASCII)
SIZE = re.compile(r"[A-Za-z0-9.]{1,12}", re.ASCII)
RETIRED_LIMIT = 40
"""Frames that were chosen once and are still known by their index; takes know theirs by themselves."""


@dataclass(frozen=True, slots=True)
class ReferencesRecord:
    """Which pictures a shot is made from, beside the style."""

    shot_id: int
    frame_index: int | None = None
    anchor: TakeLabel | None = None

    @property
    def references(self) -> References:
        """As the app knows them."""
        return References(self.frame_index, self.anchor)


@dataclass(frozen=True, slots=True)
class ChoicesRecord:
    """The shape of the pictures, and whether any source frame is another than when the words were written."""

    aspect_ratio: str = ""
    size: str = ""
    is_frames_changed: bool = False

    def __post_init__(self) -> None:
        if not is_shape(self.aspect_ratio, self.size):
            raise RecordError("the shape of the pictures is not what it must be")


def is_shape(aspect_ratio: str, size: str) -> bool:
    """Whether both may be asked for; empty ones always."""
    return (not aspect_ratio or RATIO.fullmatch(aspect_ratio) is not None) and (not size or SIZE.fullmatch(size) is not None)


def retired(old: tuple[FrameRecord, ...], before: tuple[FrameRecord, ...], now: tuple[FrameRecord, ...]) -> tuple[FrameRecord, ...]:
    """The frames to remember, last left last: those of `old` and `before` whose index is not among `now`."""
    taken = {frame.index for frame in now}
    left: dict[int, FrameRecord] = {}
    for frame in (*old, *before):
        if frame.index not in taken:
            left.pop(frame.index, None)
            left[frame.index] = frame
    return tuple(left.values())[-RETIRED_LIMIT:]


def followed(chosen: int | None, before: tuple[int, ...], now: tuple[int, ...]) -> int | None:
    """The index of a chosen frame after a change: the frame that took its place when one alone was exchanged, else none."""
    if chosen is None or chosen in now:
        return chosen
    left, came = set(before) - set(now), set(now) - set(before)
    return came.pop() if left == {chosen} and len(came) == 1 else None
