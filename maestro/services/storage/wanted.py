"""What a take of a shot would be made from now: a take that was made from something else is stale."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from maestro.services.storage.facts import Facts
from maestro.services.storage.records import TakeRecord
from maestro.types import SHOT_COUNT


@dataclass(frozen=True, slots=True)
class Wanted:
    """The words and pictures, and the shape of what is asked for."""

    text: str
    style_sha256: str = ""
    frame_file: str = ""
    anchor: str = ""
    aspect_ratio: str = ""
    size: str = ""


def wanted(facts: Facts | None, shot_id: int, text: str) -> Wanted | None:
    """None when nobody knows anything of the project but `text`."""
    if facts is None:
        return None
    choices, clip = facts.choices, facts.project.clip
    chosen = facts.references.get(shot_id)
    frame = _frame_file(facts, shot_id, chosen.frame_index if chosen else None)
    anchor = str(chosen.anchor) if chosen and chosen.anchor else ""
    ratio = choices.aspect_ratio or (reduced(clip.width_px, clip.height_px) if clip else "")
    return Wanted(text, facts.style_sha256, frame, anchor, ratio, choices.size)


def is_stale(record: TakeRecord, now: Wanted) -> bool:
    """Whether it was made from something else; of what it does not say it was made from, nobody knows."""
    if record.is_adopted:
        return False
    if (record.text, record.style_sha256) != (now.text, now.style_sha256):
        return True
    if record.frame and now.frame_file and record.frame.file != now.frame_file:
        return True
    asked = record.asked
    return asked is not None and (asked.anchor, asked.aspect_ratio, asked.size) != (now.anchor, now.aspect_ratio, now.size)


def nearest_frame(shot_id: int, framed_index: int | None, indices: Sequence[int]) -> int:
    """The source frame that a shot is made from: that of its framing, else the shots are spread over the frames in time order."""
    if framed_index is not None and framed_index in indices:
        return framed_index
    place = min(shot_id, SHOT_COUNT) - 1  # a file edited by hand may hold other numbers
    return indices[round(place / (SHOT_COUNT - 1) * (len(indices) - 1))]


def reduced(width_px: int, height_px: int) -> str:
    """The shape as a ratio, such as "16:9"."""
    divisor = gcd(width_px, height_px)
    return f"{width_px // divisor}:{height_px // divisor}"


def _frame_file(facts: Facts, shot_id: int, chosen_index: int | None) -> str:
    files = {frame.index: frame.file for frame in facts.frames()}
    if chosen_index is not None and chosen_index in files:
        return files[chosen_index]
    shot, indices = facts.shots.get(shot_id), [frame.index for frame in facts.project.frames]
    if shot is None or not indices:
        return ""
    return files[nearest_frame(shot_id, shot.framing.frame_index if shot.framing else None, indices)]
