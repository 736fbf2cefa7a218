"""Cuts the frame the way the shot asks, before it is painted: window, lean, tilt, foreground."""

import math
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro.engines.offline.framing import view_of
from maestro.engines.offline.pixels import Bgr
from maestro.types import Framing

FRAME_PX = 1024 * 576
"""Pixels of every storyboard frame, whatever its shape."""
STEP_PX = 8
SHORTEST_PX = 64
MOST_GROWTH = 24.0
"""Beyond it there are no edges left to give bite to, only a blur that takes minutes."""
TILTED_SHARE = 0.84
"""How much of a window is left to a tilted one that stays inside it."""


def frame_size(ratio: float) -> tuple[int, int]:
    """Width and height in pixels: multiples of 8, about FRAME_PX in all."""
    width = max(SHORTEST_PX, round(math.sqrt(FRAME_PX * ratio) / STEP_PX) * STEP_PX)
    return width, max(SHORTEST_PX, round(width / ratio / STEP_PX) * STEP_PX)


def compose(picture: Bgr, framing: Framing, size: tuple[int, int]) -> Bgr:
    """The framed part of `picture` in `size` = width, height; calmed where it is noisy, its range of light stretched a little."""
    width, height = size
    corners = _corners(framing, picture.shape[1], picture.shape[0], width / height)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = np.asarray(cv2.getPerspectiveTransform(corners, target), np.float64)
    growth = width / max(1.0, float(np.linalg.norm(corners[1] - corners[0])))
    source, turn = _smaller(picture, turn, growth)
    # A single row has nothing to reflect: OpenCV would look for it for ever.
    border = cv2.BORDER_REFLECT_101 if min(source.shape[:2]) > 1 else cv2.BORDER_REPLICATE
    cut = cv2.warpPerspective(source, turn, size, flags=cv2.INTER_CUBIC, borderMode=border)
    calm = cv2.bilateralFilter(cut, 7, 16, 5).astype(np.uint8)
    if growth > 1.5:
        calm = _crisper(calm, growth)
    return _stretched_light(calm)


def _smaller(picture: Bgr, turn: NDArray[np.float64], growth: float) -> tuple[Bgr, NDArray[np.float64]]:
    """Halved until the cut would no longer skip pixels, with the turn that fits it."""
    source = picture
    while growth < 0.6 and min(source.shape[:2]) > 2 * SHORTEST_PX:
        wide, high = source.shape[1], source.shape[0]
        source = cv2.resize(source, (wide // 2, high // 2), interpolation=cv2.INTER_AREA).astype(np.uint8)
        turn = turn @ np.diag([wide / (wide // 2), high / (high // 2), 1.0])
        growth *= 2
    return source, turn


def _corners(framing: Framing, wide: int, high: int, ratio: float) -> NDArray[np.float32]:
    """The window's corners in pixels of the source frame, clockwise from the upper left, with exactly the wanted ratio."""
    width, height = framing.width * wide, framing.height * high
    across, down = framing.left * wide + width / 2, framing.top * high + height / 2
    width, height = min(width, height * ratio), min(height, width / ratio)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) * (width / 2, height / 2)
    lean = view_of(framing.kind).squeeze * width
    corners[:2, 0] += np.array([1, -1]) * max(0.0, lean)
    corners[2:, 0] += np.array([-1, 1]) * max(0.0, -lean)
    if framing.tilt_deg:
        angle = math.radians(framing.tilt_deg)
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        corners = corners * TILTED_SHARE @ turn
    return np.asarray(corners + np.array([across, down]), np.float32)


def _crisper(picture: Bgr, growth: float) -> Bgr:
    """Gives enlarged edges back some bite."""
    soft = cv2.GaussianBlur(picture, (0, 0), 0.9 * min(growth, MOST_GROWTH))
    return cv2.addWeighted(picture, 1.7, soft, -0.7, 0).astype(np.uint8)


def _stretched_light(picture: Bgr) -> Bgr:
    lab = cv2.cvtColor(picture, cv2.COLOR_BGR2LAB)
    light = lab[..., 0].astype(np.float32)
    low, high = np.percentile(light[::4, ::4], (1, 99))
    full = np.clip((light - low) * (245 / max(110.0, float(high - low))) + 5, 0, 255)
    lab[..., 0] = (0.5 * light + 0.5 * full).astype(np.uint8)
    return cast("Bgr", cv2.cvtColor(lab, cv2.COLOR_LAB2BGR))
