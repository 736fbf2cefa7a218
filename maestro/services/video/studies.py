"""Pairs of frames to measure."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """Pairs to measure light, sharpness and motion by: arrays (height, width, 3) uint8 in BGR, in time order.

    The second of a pair is shown `gap` frames after the first (or is the last frame). `times_s` are those of the first ones.
    """

    pairs: "tuple[tuple[NDArray[np.uint8], NDArray[np.uint8]], ...]" = field(repr=False)
    times_s: tuple[float, ...]
    indices: tuple[int, ...]
    duration_s: float
    frame_count: int
