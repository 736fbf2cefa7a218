"""Moves a picture's colours onto those of the style: optimal transport between two palettes, without any chance in it."""

import math
from collections.abc import Iterator
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from maestro.engines.offline.pixels import Bgr, Lab, bgr_of, lab_of, shrunk

SAMPLE_COUNT = 6_144
SAMPLED_PX = 320
TURNS = 16
PACE = 0.7
COARSE = 17
FINE = 49
"""Cells a side of the colour tables: the one that is learnt, and the one that is looked up."""
LOWEST = np.array([0, -90, -90], np.float32)
HIGHEST = np.array([100, 90, 90], np.float32)


class Palette:
    """The colours of a style picture."""

    def __init__(self, style: Bgr) -> None:
        lab = lab_of(shrunk(style, SAMPLED_PX)).reshape(-1, 3)
        darkest = lab[lab[:, 0] <= np.percentile(lab[:, 0], 5)]
        self.ink = bgr_of(darkest.mean(axis=0).reshape(1, 1, 3)).reshape(3).astype(np.float32)
        self._colours = _sample(lab)

    def onto(self, picture: Bgr, share: float = 1.0) -> Bgr:
        """`picture` in these colours; `share` 0..1 of the way."""
        lab = lab_of(picture)
        shifts = _table(_sample(lab_of(shrunk(picture, SAMPLED_PX)).reshape(-1, 3)), self._colours)
        return bgr_of(lab + share * _looked_up(shifts, lab))


def _sample(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """SAMPLE_COUNT of them, evenly spread over the picture; a golden step keeps the rows of a pattern from lining up."""
    golden = np.modf(np.arange(SAMPLE_COUNT) * ((math.sqrt(5) - 1) / 2))[0]
    return np.asarray(colours[(golden * len(colours)).astype(np.int64)], np.float32)


def _rotations() -> Iterator[NDArray[np.float32]]:
    """TURNS rotations, evenly spread (a low-discrepancy sequence of quaternions)."""
    for turn in range(1, TURNS + 1):
        first, second, third = (math.modf(turn * step)[0] for step in (0.8191725134, 0.6710436067, 0.5497004779))
        a, b = math.sqrt(1 - first), math.sqrt(first)
        x, y = a * math.sin(2 * math.pi * second), a * math.cos(2 * math.pi * second)
        z, w = b * math.sin(2 * math.pi * third), b * math.cos(2 * math.pi * third)
        yield np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ],
            np.float32,
        )


def _transport(colours: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sliced optimal transport: along each axis of each rotation, the n-th smallest moves towards the n-th smallest."""
    moved = colours.copy()
    for rotation in _rotations():
        mine, theirs = moved @ rotation, np.sort(wanted @ rotation, axis=0)
        goal = np.empty_like(mine)
        for axis in range(3):
            goal[np.argsort(mine[:, axis], kind="stable"), axis] = theirs[:, axis]
        moved = moved + PACE * ((goal - mine) @ rotation.T)
    return moved.astype(np.float32)


def _table(colours: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each colour moves: FINE x FINE x FINE x 3, smooth, filled in where the picture has no such colour."""
    cells = np.clip(np.round((colours - LOWEST) / (HIGHEST - LOWEST) * (COARSE - 1)).astype(int), 0, COARSE - 1)
    sums = np.zeros((COARSE, COARSE, COARSE, 4), np.float32)
    shifts = _transport(colours, wanted) - colours
    np.add.at(sums, tuple(cells.T), np.concatenate([shifts, np.ones((len(shifts), 1), np.float32)], axis=1))
    table = np.zeros((COARSE, COARSE, COARSE, 3), np.float32)
    is_known = np.zeros((COARSE,) * 3, bool)
    for _ in range(10):
        sums = reduce(_smoothed, range(3), sums)
        is_new = (sums[..., 3] > 1e-3) & ~is_known
        table[is_new] = sums[is_new][:, :3] / sums[is_new][:, 3:]
        is_known |= is_new
    return reduce(_finer, range(3), table)


def _smoothed(sums: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    steps = np.arange(COARSE)
    before, after = np.maximum(steps - 1, 0), np.minimum(steps + 1, COARSE - 1)
    return np.asarray(0.5 * sums + 0.25 * sums.take(before, axis) + 0.25 * sums.take(after, axis), np.float32)


def _finer(table: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Interpolated from COARSE to FINE cells along one axis."""
    at = np.linspace(0, COARSE - 1, FINE)
    below = np.minimum(at.astype(int), COARSE - 2)
    shape = [1] * table.ndim
    shape[axis] = FINE
    part = (at - below).astype(np.float32).reshape(shape)
    return np.asarray(table.take(below, axis) * (1 - part) + table.take(below + 1, axis) * part, np.float32)


def _looked_up(table: NDArray[np.float32], lab: Lab) -> Lab:
    """The shift of every pixel, from the nearest cell: between cells it changes by less than the eye sees."""
    cells = np.clip((lab - LOWEST) * ((FINE - 1) / (HIGHEST - LOWEST)) + 0.5, 0, FINE - 1).astype(np.int32)
    flat = (cells[..., 0] * FINE + cells[..., 1]) * FINE + cells[..., 2]
    return table.reshape(-1, 3).take(flat, axis=0)
