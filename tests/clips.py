"""Clips for tests, really encoded. Every frame shows its own number as bright and dark blocks, so that exactness can be proved.

The number is written in the upper half, from left to right, lowest bit first; the lower half is its inverse. A frame that is not
upright does not read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray
from PIL import Image

_BITS = 10
_BRIGHT, _DARK = 205, 50
_CLOCK = 600
"""Ticks a second: whole for 24, 25, 30 and 60 frames a second."""


@dataclass(frozen=True)
class Recipe:
    """How a clip is made. `size` is as shown; `turned_deg` (clockwise) is how a player must turn what is stored.

    `stamps` are the moments of the frames in 1/600 s when they are not evenly spaced; `muxing` are options of the mov muxer.
    `grain` is the noise on every frame, in grey levels; without it clips are far smaller than footage is. `rounds` stores what was
    coded so many times over, which makes long clips in no time: the numbers begin again from 0.
    """

    frames: int = 30
    fps: int = 30
    size: tuple[int, int] = (160, 96)
    gop: int = 12
    b_frames: int = 0
    codec: str = "libx264"
    turned_deg: int = 0
    stamps: Sequence[int] | None = None
    coding: dict[str, str] = field(default_factory=dict)
    muxing: dict[str, str] = field(default_factory=dict)
    grain: int = 0
    rounds: int = 1


def make(path: Path, recipe: Recipe | None = None) -> Path:
    """Writes the clip and returns its path."""
    recipe = recipe or Recipe()
    width, height = recipe.size if recipe.turned_deg % 180 == 0 else recipe.size[::-1]
    with av.open(str(path), "w", format="mp4", options=recipe.muxing) as film:
        track = film.add_stream(recipe.codec, rate=recipe.fps, options=_coding(recipe))
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        track.gop_size = recipe.gop
        track.time_base = track.codec_context.time_base = Fraction(1, _CLOCK)
        if recipe.turned_deg:
            track.set_display_rotation(-recipe.turned_deg)
        coded = chain.from_iterable(track.encode(_frame(number, recipe)) for number in range(recipe.frames))
        if recipe.rounds > 1:
            _mux_rounds(film, track, [*coded, *track.encode(None)], recipe)
            return path
        for packet in coded:
            film.mux(packet)
        film.mux(track.encode(None))
    return path


def _mux_rounds(film: OutputContainer, track: av.VideoStream, coded: Sequence["Packet[av.VideoStream]"], recipe: Recipe) -> None:
    for number in range(recipe.rounds):
        shift = number * recipe.frames * _CLOCK // recipe.fps
        for packet in coded:
            again = Packet(bytes(packet))
            again.stream, again.time_base, again.is_keyframe = track, Fraction(1, _CLOCK), packet.is_keyframe
            again.duration = _CLOCK // recipe.fps
            again.pts, again.dts = (packet.pts or 0) + shift, (packet.dts or 0) + shift
            film.mux(again)


def number_on(picture: bytes | NDArray[np.uint8]) -> int:
    """The number that a frame shows, from its PNG or its array. Raises AssertionError when it cannot be read for certain."""
    pixels = np.asarray(Image.open(BytesIO(picture)).convert("RGB")) if isinstance(picture, bytes) else picture
    height, width = pixels.shape[:2]
    luma = pixels.reshape(height, width, -1).mean(axis=2)
    upper = [_block(luma, bit, height // 4) for bit in range(_BITS)]
    lower = [_block(luma, bit, height * 3 // 4) for bit in range(_BITS)]
    assert all((one > 128) != (other > 128) for one, other in zip(upper, lower, strict=True)), "the number cannot be read"
    return sum(1 << bit for bit, brightness in enumerate(upper) if brightness > 128)


def _block(luma: NDArray[np.float64], bit: int, y: int) -> float:
    x = int((bit + 0.5) * luma.shape[1] / _BITS)
    return float(luma[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].mean())


def picture_of(number: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The frame that shows this number: (height, width, 3), RGB."""
    width, height = size
    bits = (number >> (np.arange(width) * _BITS // width)) & 1
    rows = np.where(bits, _BRIGHT, _DARK).astype(np.uint8)
    upper = np.repeat(rows[None], height // 2, axis=0)
    lower = np.repeat((_BRIGHT + _DARK - rows)[None], height - height // 2, axis=0)
    return np.repeat(np.concatenate((upper, lower))[:, :, None], 3, axis=2)


@lru_cache(maxsize=1)
def _sheet(grain: int, height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, grain, (height, width), np.uint8)


def _frame(number: int, recipe: Recipe) -> VideoFrame:
    rgb = picture_of(number, recipe.size)
    if recipe.grain:
        # One noisy sheet, laid on at another place every time: as costly to code as grain, and quick to make.
        rgb = (
            rgb + np.roll(_sheet(recipe.grain, *rgb.shape[:2]), (number * 389 % 997, number * 611 % 1511), axis=(0, 1))[:, :, None]
        )
    stored = np.ascontiguousarray(np.rot90(rgb, recipe.turned_deg // 90))
    frame = VideoFrame.from_ndarray(stored, format="rgb24").reformat(format="yuv420p")
    frame.pict_type = PictureType.NONE
    frame.time_base = Fraction(1, _CLOCK)
    frame.pts = recipe.stamps[number] if recipe.stamps is not None else number * _CLOCK // recipe.fps
    return frame


def _coding(recipe: Recipe) -> dict[str, str]:
    quick = {"preset": "ultrafast", "crf": "20", "threads": "1"} if recipe.codec == "libx264" else {}
    if recipe.codec == "libx264":
        quick |= {"x264-params": f"scenecut=0:bframes={recipe.b_frames}:keyint={recipe.gop}:b-adapt=0:log-level=none"}
    return quick | {"bf": str(recipe.b_frames)} | recipe.coding
