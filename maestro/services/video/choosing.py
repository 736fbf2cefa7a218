"""Small pictures of a clip to choose source frames by, its cuts, and the frames that were chosen.

Cuts are looked for in two steps. The strip's own frames come first: neighbours of one scene look alike. Only where two do not is
every frame between them decoded. So a scene that begins and ends between two frames of the strip, with the same scene before and
after it, is not found; every cut that is found is exact to the frame. A fade is no cut.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from maestro import png
from maestro.errors import FootageError
from maestro.services.video import boxes, darkroom
from maestro.services.video.reel import Reel
from maestro.services.video.timeline import Timeline
from maestro.types import SourceFrame, StripFrame

MEASURED_WIDTH_PX = 320
"""What sharpness is measured on: smaller, and the blur of motion is gone."""
LARGE_WIDTH_PX = 640
GRID = (16, 12)
SUSPICION = 0.10
"""How different two frames of the strip are before the frames between them are looked at; 0 is the same, 1 nothing in common."""
CUT = 0.16
"""How different two frames in a row are at a cut."""
STANDS_OUT = 2.5
"""And how many times more than the frames around it: what moves fast differs all the time."""
STRIP_BUDGET_PX = 900_000_000
CUT_BUDGET_PX = 2_500_000_000
"""Pixels to decode for a strip and for its cuts: a few seconds of work each."""
JPEG_QUALITY = 80


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What is kept of a decoded frame: the small picture (BGR), its sharpness, and what tells it from others."""

    picture: NDArray[np.uint8] = field(repr=False)
    sharpness: float
    blocks: NDArray[np.float32] = field(repr=False)
    colours: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Open:
    reel: Reel
    timeline: Timeline

    @property
    def latest(self) -> int:
        return self.timeline.frame_count - 1


def strip(path: Path, name: str, end_s: float, count: int = 48, width_px: int = 160) -> tuple[StripFrame, ...]:
    """At most `count` frames spread over the clip until `end_s`, and the first frame after each cut, in time order.

    Where a frame that can be decoded by itself is near, it is taken. Raises FootageError when none can be read.
    """
    with _opened(path, name, end_s) as opened:
        looks = _looks(opened, _spread(opened, count), width_px)
        if not looks:
            raise FootageError(f'"{name}" is damaged: none of its frames can be read.')
        cuts = _cuts(opened, looks, width_px)
        looks |= cuts
        return tuple(_strip_frame(opened, index, looks[index], is_cut=index in cuts) for index in sorted(looks))


def around(path: Path, name: str, end_s: float, index: int, reach: int = 5) -> tuple[StripFrame, ...]:
    """The frames from `index - reach` to `index + reach`, one by one; those that cannot be decoded are left out."""
    with _opened(path, name, end_s) as opened:
        middle = min(max(index, 0), opened.latest)
        wanted = range(max(0, middle - reach), min(opened.latest, middle + reach) + 1)
        looks = _looks(opened, wanted, LARGE_WIDTH_PX)
        return tuple(_strip_frame(opened, at, looks[at], is_cut=False) for at in sorted(looks))


def pick(path: Path, name: str, end_s: float, indices: Sequence[int]) -> tuple[SourceFrame, ...]:
    """These frames as source frames, in the order asked for, just as `sample` makes them.

    Raises FootageError when one of them is not there or cannot be decoded.
    """
    with _opened(path, name, end_s) as opened:
        timeline, shape_of = opened.timeline, darkroom.shapes(opened.reel)
        if any(not 0 <= index <= opened.latest for index in indices):
            raise FootageError(f'"{name}" has no such frame; its last one is number {opened.latest + 1}.')

        def develop(frame: VideoFrame) -> tuple[bytes, int, int]:
            rgb = darkroom.upright(frame, shape_of(frame), darkroom.fit_models)
            return png.encode(rgb), rgb.shape[1], rgb.shape[0]

        made, _ = darkroom.develop(opened.reel, timeline, sorted(set(indices)), develop)
        for index in indices:
            if index not in made:
                raise FootageError(f'"{name}" is damaged: its frame at {timeline.time_s(index):.2f} s cannot be read.')
        return tuple(SourceFrame(index, timeline.time_s(index), *made[index]) for index in indices)


def sharpest_near(path: Path, name: str, end_s: float, indices: Sequence[int], reach_s: float = 0.5) -> tuple[int, ...]:
    """For each of `indices` the sharpest frame at most `reach_s` away, each frame only once; itself when none can be read."""
    with _opened(path, name, end_s) as opened:
        windows = {index: _within(opened.timeline, index, reach_s) for index in indices}
        looks = _looks(opened, sorted({at for window in windows.values() for at in window}), MEASURED_WIDTH_PX)
        taken: list[int] = []
        for index in indices:
            ranked = sorted((at for at in windows[index] if at in looks), key=lambda at: -looks[at].sharpness)
            taken.append(next((at for at in ranked if at not in taken), index))
        return tuple(taken)


@contextmanager
def _opened(path: Path, name: str, end_s: float) -> Iterator[_Open]:
    walk = boxes.walk(path, name)
    with Reel(path, name) as reel:
        timeline = reel.scan(walk)
        yield _Open(reel, timeline.until(end_s) if timeline.duration_s > end_s else timeline)


def _spread(opened: _Open, count: int) -> list[int]:
    """Evenly over the clip; a key frame instead where one is near, the farther the more the clip costs to decode."""
    timeline, total = opened.timeline, opened.timeline.frame_count
    keys = np.array([index for index in range(total) if timeline.log.is_key[timeline.shown[index]]] or [0])
    spacing = total / min(count, total)
    even = [int((place + 0.5) * spacing) for place in range(min(count, total))]
    wanted = even
    for reach in (0.85, 2.0, 4.0, 1e9):
        nearest = [int(keys[np.abs(keys - index).argmin()]) for index in even]
        wanted = sorted({key if abs(key - index) <= reach * spacing else index for key, index in zip(nearest, even, strict=True)})
        if _cost_px(opened, wanted) <= STRIP_BUDGET_PX:
            break
    return wanted


def _cost_px(opened: _Open, indices: Sequence[int]) -> int:
    return sum(stretch.cost for stretch in opened.timeline.stretches(indices)) * opened.reel.frame_px


def _looks(opened: _Open, indices: Sequence[int], width_px: int) -> dict[int, _Look]:
    shape_of, fit = darkroom.shapes(opened.reel), darkroom.fit_width(max(width_px, MEASURED_WIDTH_PX))

    def look(frame: VideoFrame) -> _Look:
        return _look(darkroom.upright(frame, shape_of(frame), fit, "bgr24"), width_px)

    if not indices:
        return {}
    return darkroom.develop(opened.reel, opened.timeline, indices, look)[0]


def _look(picture: NDArray[np.uint8], width_px: int) -> _Look:
    height, width = picture.shape[:2]
    measured = _shrunk(picture, MEASURED_WIDTH_PX)
    grey = cv2.cvtColor(measured, cv2.COLOR_BGR2GRAY)
    blocks = np.asarray(cv2.resize(measured, GRID, interpolation=cv2.INTER_AREA), np.float32) / np.float32(255)
    colours = cv2.calcHist([measured], [0, 1, 2], None, [6, 6, 6], [0, 256] * 3).ravel() / (measured.shape[0] * measured.shape[1])
    small = (
        picture
        if width <= width_px
        else cv2.resize(picture, darkroom.fit_width(width_px)(width, height), interpolation=cv2.INTER_AREA)
    )
    return _Look(np.asarray(small, np.uint8), float(cv2.Laplacian(grey, cv2.CV_32F).var()), blocks, colours.astype(np.float32))


def _shrunk(picture: NDArray[np.uint8], width_px: int) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    if width <= width_px:
        return picture
    return np.asarray(cv2.resize(picture, darkroom.fit_width(width_px)(width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _difference(one: _Look, other: _Look) -> float:
    """0..1; both where the light is and which colours there are must change: motion changes the one, a lamp the other."""
    places = float(np.abs(one.blocks - other.blocks).mean()) * 3
    colours = float(np.abs(one.colours - other.colours).sum()) / 2
    return min(1.0, float(np.sqrt(places * colours)))


def _cuts(opened: _Open, looks: Mapping[int, _Look], width_px: int) -> dict[int, _Look]:
    """The first frames after each cut."""
    indices = sorted(looks)
    pairs = list(pairwise(indices))
    differences = {pair: _difference(looks[pair[0]], looks[pair[1]]) for pair in pairs}
    suspects = sorted((pair for pair in pairs if differences[pair] > SUSPICION), key=lambda pair: -differences[pair])
    wanted: list[int] = []
    for begin, end in suspects:
        more = sorted({*wanted, *range(max(0, begin - 1), min(opened.latest, end + 1) + 1)})
        if _cost_px(opened, more) > CUT_BUDGET_PX:
            break
        wanted = more
    between = dict(looks) | _looks(opened, [index for index in wanted if index not in looks], width_px)
    return {index: between[index] for index in wanted if _is_cut(between, index)}


def _is_cut(looks: Mapping[int, _Look], index: int) -> bool:
    if index not in looks or index - 1 not in looks:
        return False
    here = _difference(looks[index - 1], looks[index])
    beside = [_difference(looks[at - 1], looks[at]) for at in (index - 1, index + 1) if at in looks and at - 1 in looks]
    return here > CUT and here > STANDS_OUT * max(beside, default=0.0)


def _within(timeline: Timeline, index: int, reach_s: float) -> list[int]:
    """The frames at most so far away, the nearest first."""
    here_s = timeline.time_s(index)
    first = last = index
    while first > 0 and here_s - timeline.time_s(first - 1) <= reach_s:
        first -= 1
    while last < timeline.frame_count - 1 and timeline.time_s(last + 1) - here_s <= reach_s:
        last += 1
    return sorted(range(first, last + 1), key=lambda at: abs(at - index))


def _strip_frame(opened: _Open, index: int, look: _Look, *, is_cut: bool) -> StripFrame:
    _, encoded = cv2.imencode(".jpg", look.picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return StripFrame(index, opened.timeline.time_s(index), encoded.tobytes(), look.sharpness, is_cut)
