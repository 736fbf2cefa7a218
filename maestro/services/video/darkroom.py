"""From decoded frames to upright pictures in RGB or BGR, at the size that is wanted, with two decoders at work."""

import os
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import atan2, ceil, degrees
from typing import Literal, TypeVar, cast

import cv2
import numpy as np
from av.buffer import Buffer
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
_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_MOST_DECODERS = 4
_limit = {"decoders": _MOST_DECODERS}
_DECODER_BUDGET_PX = 10_000_000
"""Pixels of the frames of all decoders together; each holds up to some twenty frames of a size."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a frame is shown: its size upright and in square pixels; turned by `rotation_deg` clockwise, then mirrored or not."""

    width_px: int
    height_px: int
    rotation_deg: int
    is_mirrored: bool = False

    @classmethod
    def of(cls, frame: VideoFrame, pixel_aspect: float) -> "Shape":
        """`pixel_aspect` is the width of a pixel as a fraction of its height; pictures are shrunk, not stretched, to square it."""
        width, height = _squared(frame, pixel_aspect)
        rotation_deg, is_mirrored = _turn(frame)
        if rotation_deg % 180:
            width, height = height, width
        return cls(width, height, rotation_deg, is_mirrored)


def upright(frame: VideoFrame, shape: Shape, fit: Fit, layout: Literal["rgb24", "bgr24"] = "rgb24") -> NDArray[np.uint8]:
    """The frame as it is shown, as an array (height, width, 3) of the size that `fit` wants."""
    width, height = fit(shape.width_px, shape.height_px)
    if shape.rotation_deg % 180:
        width, height = height, width
    # Untagged HD footage is BT.709 in practice; the converter would take it for BT.601 and shift every colour.
    is_untagged_hd = frame.colorspace == _UNSPECIFIED_COLOURS and min(frame.width, frame.height) >= _HD_HEIGHT_PX
    colours = "ITU709" if is_untagged_hd else None
    if (width, height) == (frame.width, frame.height):
        pixels = cast("NDArray[np.uint8]", frame.to_ndarray(format=layout, interpolation="AREA", src_colorspace=colours))
    else:
        pixels = _shrunk(frame.reformat(width, height, "gbrp", src_colorspace=colours, interpolation="AREA"), layout)
    if shape.rotation_deg:
        pixels = cast("NDArray[np.uint8]", cv2.rotate(pixels, _TURNS[shape.rotation_deg]))
    return cast("NDArray[np.uint8]", cv2.flip(pixels, 1)) if shape.is_mirrored else pixels


def _shrunk(frame: VideoFrame, layout: Literal["rgb24", "bgr24"]) -> NDArray[np.uint8]:
    """From colours in planes of their own: made so, they are twice as near to the truth as when they are shrunk side by side."""
    green, blue, red = (
        np.frombuffer(cast("memoryview", plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    )
    return cast("NDArray[np.uint8]", cv2.merge([red, green, blue] if layout == "rgb24" else [blue, green, red]))


def shapes(reel: Reel) -> Callable[[VideoFrame], Shape]:
    """How frames of this clip are shown, as a function of a decoded frame.

    Only the first frame of each size is looked at closely: one whose side data was read stays in memory until garbage is collected.
    """
    known: dict[tuple[int, int], Shape] = {}

    def of(frame: VideoFrame) -> Shape:
        size = frame.width, frame.height
        if size not in known:
            known[size] = Shape.of(frame, reel.pixel_aspect)
        return known[size]

    return of


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
    reel: Reel, timeline: Timeline, indices: Sequence[int], make: Callable[[VideoFrame], Developed]
) -> tuple[dict[int, Developed], bool]:
    """`make` of each of these frames, by index, and whether damage was met; frames that cannot be decoded are left out.

    `make` is called from several threads. What the quick way did not give is looked for once more from the start of the clip.
    """
    workers = _workers(reel.frame_px)
    mine, *others = _shares(timeline.stretches(indices), workers)
    threads = 1 if others else workers
    with ThreadPoolExecutor(max(1, len(others)), thread_name_prefix="decoder") as pool:
        found = [pool.submit(_on_own_reel, reel, timeline, share, make) for share in others]
        developed = _all(reel, timeline, mine, make, threads)
        damage_count = 0
        for other in found:
            more, more_damage_count = other.result()
            developed |= more
            damage_count += more_damage_count
    missing = [index for index in indices if index not in developed]
    if missing:
        developed |= _on_own_reel(reel, timeline, [timeline.whole(missing)], make)[0]
    return developed, damage_count + reel.damage_count > 0


def limit_decoders(count: int) -> None:
    """In this process, from now on: so many at once at most, each in so many threads."""
    _limit["decoders"] = count


def _workers(frame_px: int) -> int:
    """How many decoders at once: one for each core, fewer where each would fill a hundred megabytes."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(cores, _limit["decoders"], max(2, _DECODER_BUDGET_PX // max(1, frame_px)))


def _on_own_reel(
    reel: Reel, timeline: Timeline, stretches: Sequence[Stretch], make: Callable[[VideoFrame], Developed]
) -> tuple[dict[int, Developed], int]:
    with reel.another() as other:
        return _all(other, timeline, stretches, make, 1), other.damage_count


def _all(
    reel: Reel, timeline: Timeline, stretches: Sequence[Stretch], make: Callable[[VideoFrame], Developed], threads: int
) -> dict[int, Developed]:
    developed: dict[int, Developed] = {}
    for stretch in stretches:
        developed |= reel.develop(timeline, stretch, make, threads)
    return developed


def _shares(stretches: Sequence[Stretch], count: int) -> list[list[Stretch]]:
    """At most `count` shares of about the same cost; a single one when a single stretch is most of the work."""
    total = sum(stretch.cost for stretch in stretches)
    if max(stretch.cost for stretch in stretches) > 0.75 * total:
        return [list(stretches)]
    shares: list[list[Stretch]] = [[] for _ in range(count)]
    costs = [0] * count
    for stretch in sorted(stretches, key=lambda one: -one.cost):
        lightest = costs.index(min(costs))
        shares[lightest].append(stretch)
        costs[lightest] += stretch.cost
    return [share for share in shares if share]


def _turn(frame: VideoFrame) -> tuple[int, bool]:
    """Degrees clockwise, and whether it is mirrored left to right after that, from the matrix that comes with the frame."""
    beside = cast("Mapping[str, Buffer]", frame.side_data)
    if "DISPLAYMATRIX" not in beside:
        return 0, False
    across_x, across_y, _, down_x, down_y, *_ = struct.unpack("<9i", bytes(beside["DISPLAYMATRIX"]))
    is_mirrored = across_x * down_y - across_y * down_x < 0
    if is_mirrored:
        across_x = -across_x
    return round(degrees(atan2(across_y, across_x)) / 90) * 90 % 360, is_mirrored


def _squared(frame: VideoFrame, pixel_aspect: float) -> tuple[int, int]:
    if abs(pixel_aspect - 1) < _LEAST_STRETCH or not 0.1 < pixel_aspect < 10:
        return frame.width, frame.height
    if pixel_aspect > 1:
        return frame.width, max(1, round(frame.height / pixel_aspect))
    return max(1, round(frame.width * pixel_aspect)), frame.height
