"""From decoded frames to upright pictures in RGB or BGR, at the size that is wanted, with two decoders at work."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Literal, TypeVar, cast

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from maestro.services.video.reel import Reel
from maestro.services.video.timeline import Stretch, Timeline

Developed = TypeVar("Developed")
Fit = Callable[[int, int], tuple[int, int]]
"""The wanted width and height of a picture, from those that it has upright."""
_UNSPECIFIED_COLOURS = 2
_HD_HEIGHT_PX = 720
_MAX_PATCHES = 1536
_PATCH_PX = 32
_MAX_SIDE_PX = 2048
_LEAST_STRETCH = 0.01


@dataclass(frozen=True, slots=True)
class Shape:
    """How a frame is shown: its size upright and in square pixels; `rotation_deg` is clockwise."""

    width_px: int
    height_px: int
    rotation_deg: int

    @classmethod
    def of(cls, frame: VideoFrame, pixel_aspect: float) -> "Shape":
        """`pixel_aspect` is the width of a pixel as a fraction of its height; pictures are shrunk, not stretched, to square it."""
        width, height = _squared(frame, pixel_aspect)
        rotation_deg = round(-frame.rotation / 90) * 90 % 360
        return cls(height, width, rotation_deg) if rotation_deg % 180 else cls(width, height, rotation_deg)


def upright(frame: VideoFrame, shape: Shape, fit: Fit, layout: Literal["rgb24", "bgr24"] = "rgb24") -> NDArray[np.uint8]:
    """The frame as it is shown, as an array (height, width, 3) of the size that `fit` wants."""
    width, height = fit(shape.width_px, shape.height_px)
    if shape.rotation_deg % 180:
        width, height = height, width
    # Untagged HD footage is BT.709 in practice; the converter would take it for BT.601 and shift every colour.
    is_untagged_hd = frame.colorspace == _UNSPECIFIED_COLOURS and min(frame.width, frame.height) >= _HD_HEIGHT_PX
    pixels = frame.to_ndarray(
        format=layout,
        width=width,
        height=height,
        interpolation="AREA",
        src_colorspace="ITU709" if is_untagged_hd else None,
    )
    return np.ascontiguousarray(np.rot90(cast("NDArray[np.uint8]", pixels), -shape.rotation_deg // 90))


def fit_models(width_px: int, height_px: int) -> tuple[int, int]:
    """The largest size that the models look at without shrinking it themselves: 1536 patches of 32 x 32, sides up to 2048."""
    longest = max(width_px, height_px)
    for side in range(min(longest, _MAX_SIDE_PX), 0, -1):
        width, height = (max(1, round(length * side / longest)) for length in (width_px, height_px))
        if ceil(width / _PATCH_PX) * ceil(height / _PATCH_PX) <= _MAX_PATCHES:
            return width, height
    raise AssertionError("a picture of one pixel always fits")


def fit_width(most_px: int) -> Fit:
    """At most so wide, never larger than it is."""

    def fit(width_px: int, height_px: int) -> tuple[int, int]:
        width = min(width_px, most_px)
        return width, max(1, round(height_px * width / width_px))

    return fit


def develop(
    path: Path, reel: Reel, timeline: Timeline, indices: Sequence[int], make: Callable[[VideoFrame], Developed]
) -> tuple[dict[int, Developed], bool]:
    """`make` of each of these frames, by index, and whether damage was met; frames that cannot be decoded are left out.

    `make` is called from two threads. What the quick way did not give is looked for once more from the start of the clip.
    """
    mine, others = _shares(timeline.stretches(indices))
    threads = 1 if others else 2
    with ThreadPoolExecutor(1, thread_name_prefix="decoder") as pool:
        other = pool.submit(_on_own_reel, path, reel.name, timeline, others, make)
        developed = _all(reel, timeline, mine, make, threads)
        others_developed, damage_count = other.result()
    developed |= others_developed
    missing = [index for index in indices if index not in developed]
    if missing:
        found, _ = _on_own_reel(path, reel.name, timeline, [timeline.whole(missing)], make)
        developed |= found
    return developed, damage_count + reel.damage_count > 0


def _on_own_reel(
    path: Path, name: str, timeline: Timeline, stretches: Sequence[Stretch], make: Callable[[VideoFrame], Developed]
) -> tuple[dict[int, Developed], int]:
    if not stretches:
        return {}, 0
    with Reel(path, name) as reel:
        return _all(reel, timeline, stretches, make, 1), reel.damage_count


def _all(
    reel: Reel, timeline: Timeline, stretches: Sequence[Stretch], make: Callable[[VideoFrame], Developed], threads: int
) -> dict[int, Developed]:
    developed: dict[int, Developed] = {}
    for stretch in stretches:
        developed |= reel.develop(timeline, stretch, make, threads)
    return developed


def _shares(stretches: Sequence[Stretch]) -> tuple[list[Stretch], list[Stretch]]:
    """Two shares of about the same cost; one of them is empty when a single stretch is most of the work."""
    total = sum(stretch.cost for stretch in stretches)
    if max(stretch.cost for stretch in stretches) > 0.75 * total:
        return list(stretches), []
    shares: tuple[list[Stretch], list[Stretch]] = ([], [])
    costs = [0, 0]
    for stretch in sorted(stretches, key=lambda one: -one.cost):
        lighter = costs.index(min(costs))
        shares[lighter].append(stretch)
        costs[lighter] += stretch.cost
    return shares


def _squared(frame: VideoFrame, pixel_aspect: float) -> tuple[int, int]:
    if abs(pixel_aspect - 1) < _LEAST_STRETCH or not 0.1 < pixel_aspect < 10:
        return frame.width, frame.height
    if pixel_aspect > 1:
        return frame.width, max(1, round(frame.height / pixel_aspect))
    return max(1, round(frame.width * pixel_aspect)), frame.height
