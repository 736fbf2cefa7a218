"""Pictures as arrays: what the modules of the offline engine share.

Bgr is height x width x 3, 8 bits, blue first; Lab is height x width x 3 float32, L 0..100, a and b about -90..90;
Plane is height x width float32.
"""

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Bgr = NDArray[np.uint8]
Lab = NDArray[np.float32]
Plane = NDArray[np.float32]


def decode(encoded: bytes) -> Bgr | None:
    """The picture in a PNG or JPEG, transparency dropped; None when there is none."""
    if not encoded:
        return None
    return cast("Bgr | None", cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR))


def lab_of(picture: Bgr) -> Lab:
    """Into CIE Lab."""
    return cast("Lab", cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2Lab))


def bgr_of(lab: Lab) -> Bgr:
    """Out of CIE Lab, clipped to what can be shown."""
    shown = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_Lab2BGR)
    return in_bytes(shown * 255 + 0.5)


def in_bytes(levels: NDArray[Any]) -> Bgr:
    """Levels as they are stored: clipped to 0..255, fractions dropped."""
    stored: Bgr = np.clip(levels, 0, 255).astype(np.uint8)
    return stored


def grey_of(picture: Bgr) -> NDArray[np.uint8]:
    """Luma, 8 bits."""
    return cast("NDArray[np.uint8]", cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))


def resized(picture: Bgr, width_px: int, height_px: int) -> Bgr:
    """Averages when it shrinks, smooth when it grows."""
    is_smaller = width_px < picture.shape[1]
    how = cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC
    return cast("Bgr", cv2.resize(picture, (max(1, width_px), max(1, height_px)), interpolation=how))


def shrunk(picture: Bgr, long_px: int) -> Bgr:
    """Its longer side at most `long_px`, at least one pixel each way."""
    height, width = picture.shape[:2]
    scale = long_px / max(height, width)
    if scale >= 1:
        return picture
    return resized(picture, round(width * scale), round(height * scale))


def blurred(plane: Plane, sigma: float) -> Plane:
    """Gaussian blur; `sigma` in pixels of the plane."""
    return cast("Plane", cv2.GaussianBlur(plane, (0, 0), sigma))


def stretched(plane: Plane) -> Plane:
    """Onto 0..1; all zeros when it is flat."""
    low = plane - plane.min()
    top = float(low.max())
    return np.asarray(low / top if top > 1e-6 else low * 0, np.float32)
