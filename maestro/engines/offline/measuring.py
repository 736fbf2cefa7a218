"""Measures a clip: light, colour and movement, nothing that needs understanding."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro.engines.offline.pixels import Bgr, Lab, Plane, grey_of, lab_of, resized, shrunk

HUES = (
    (12, "red"),
    (24, "orange"),
    (31, "yellow"),
    (84, "green"),
    (100, "teal"),
    (131, "blue"),
    (155, "violet"),
    (172, "pink"),
    (181, "red"),
)
"""Upper bound of OpenCV's hue (0..180) for each name."""
FLOW_PX = 240
CUT_LEVEL = 38.0
"""Mean grey levels between two close frames, above which they are two scenes."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Between two frames close to each other. `pan` and `way` are shares of the width (x to the right, y down).

    `amount` is how fast the fastest twentieth moves against the camera's own movement, as a share of the width.
    """

    pan: tuple[float, float]
    zoom: float
    amount: float
    way: tuple[float, float]


STILL = Motion((0.0, 0.0), 0.0, 0.0, (0.0, 0.0))


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame, measured: `light` 0..100, `contrast` its spread, `chroma` and `warmth` in Lab units."""

    time_s: float
    light: float
    contrast: float
    chroma: float
    warmth: float
    colours: tuple[str, ...]
    histogram: NDArray[np.float64]
    thumbnail: Plane
    motion: Motion | None


def measure(time_s: float, picture: Bgr, following: Bgr | None = None) -> Moment:
    """`following` is a frame soon after it, for movement; without it none is measured."""
    small = resized(picture, 160, 90)
    lab = lab_of(small)
    return Moment(
        time_s=time_s,
        light=float(lab[..., 0].mean()),
        contrast=float(lab[..., 0].std()),
        chroma=float(np.hypot(lab[..., 1], lab[..., 2]).mean()),
        warmth=float(lab[..., 2].mean()),
        colours=colour_names(small),
        histogram=_histogram(lab),
        thumbnail=grey_of(resized(small, 48, 27)).astype(np.float32),
        motion=None if following is None else _motion(picture, following),
    )


def scene_count(moments: Sequence[Moment]) -> int:
    """How many different scenes follow each other, at least 1."""
    return 1 + sum(_is_another_scene(before, after) for before, after in pairwise(moments))


def _is_another_scene(before: Moment, after: Moment) -> bool:
    if float(np.minimum(before.histogram, after.histogram).sum()) >= 0.8:
        return False
    spread_before, spread_after = float(before.thumbnail.std()), float(after.thumbnail.std())
    if spread_before < 1 or spread_after < 1:
        return True
    return float(np.corrcoef(before.thumbnail.ravel(), after.thumbnail.ravel())[0, 1]) < 0.3


def colour_names(picture: Bgr, count: int = 2) -> tuple[str, ...]:
    """The commonest colours, those of at least 14 % of the picture."""
    hsv = cv2.cvtColor(resized(picture, 96, 54), cv2.COLOR_BGR2HSV).reshape(-1, 3).astype(int)
    tally: dict[str, int] = {}
    for hue, saturation, value in hsv.tolist():
        name = _colour_name(hue, saturation, value)
        tally[name] = tally.get(name, 0) + 1
    common = sorted(tally, key=lambda name: -tally[name])[:count]
    return tuple(name for name in common if tally[name] > 0.14 * len(hsv))


def _colour_name(hue: int, saturation: int, value: int) -> str:
    if value < 45:
        return "black"
    if saturation < 38:
        return "white" if value > 190 else "grey"
    name = next(name for top, name in HUES if hue <= top)
    is_dull = value < 150 and saturation < 150
    return "brown" if is_dull and name in ("orange", "red", "yellow") else name


def _histogram(lab: Lab) -> NDArray[np.float64]:
    """Of L, a and b in one, summing to 1."""
    light, _ = np.histogram(lab[..., 0], 16, (0, 100))
    green_red, _ = np.histogram(lab[..., 1], 12, (-60, 60))
    blue_yellow, _ = np.histogram(lab[..., 2], 12, (-60, 60))
    counts = np.concatenate([light, green_red, blue_yellow]).astype(np.float64)
    return counts / max(1.0, float(counts.sum()))


def _motion(picture: Bgr, following: Bgr) -> Motion:
    before, after = (grey_of(shrunk(frame, FLOW_PX)) for frame in (picture, following))
    if before.shape != after.shape or float(cv2.absdiff(before, after).mean()) > CUT_LEVEL:
        return STILL
    flow = _flow(before, after)
    camera, pan, zoom = _camera_flow(flow)
    rest = np.linalg.norm(flow - camera, axis=-1)
    width = before.shape[1]
    # Errors of the flow grow with the camera's speed.
    amount = max(0.0, float(np.percentile(rest, 95) - 1.2 * np.median(np.linalg.norm(camera, axis=-1))) / width)
    is_moving = rest > max(0.8, float(np.percentile(rest, 92)))
    if amount <= 0.004 or not is_moving.any():
        return Motion(pan, zoom, amount, (0.0, 0.0))
    across, down = (float(number) / width for number in (flow - camera)[is_moving].mean(axis=0))
    return Motion(pan, zoom, amount, (across, down))


def _flow(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Height x width x 2, in pixels."""
    start = np.zeros((*before.shape, 2), np.float32)
    return cast("NDArray[np.float32]", cv2.calcOpticalFlowFarneback(before, after, start, 0.5, 3, 15, 3, 5, 1.2, 0))


def _camera_flow(flow: NDArray[np.float32]) -> tuple[NDArray[np.float32], tuple[float, float], float]:
    """What of the flow one move of the camera explains; its pan as shares of the width, its zoom as a share of the size."""
    height, width = flow.shape[:2]
    rows, columns = np.mgrid[0:height:6, 0:width:6]
    starts = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)
    ends = starts + flow[rows.ravel(), columns.ravel()]
    found, _ = cv2.estimateAffinePartial2D(starts, ends, method=cv2.RANSAC, ransacReprojThreshold=0.7, maxIters=300)
    turn = np.eye(2, 3) if found is None else np.asarray(found, np.float64)
    middle = np.array([width / 2, height / 2])
    shift = turn[:, :2] @ middle + turn[:, 2] - middle
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.float32)
    there_x = turn[0, 0] * grid_x + turn[0, 1] * grid_y + turn[0, 2]
    there_y = turn[1, 0] * grid_x + turn[1, 1] * grid_y + turn[1, 2]
    camera = np.stack([there_x - grid_x, there_y - grid_y], axis=-1).astype(np.float32)
    return camera, (float(shift[0]) / width, float(shift[1]) / width), math.hypot(turn[0, 0], turn[1, 0]) - 1
