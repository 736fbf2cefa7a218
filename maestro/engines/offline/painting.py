"""Paints a composed frame in the look of a style picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro.engines.offline.palette import Palette
from maestro.engines.offline.pixels import Bgr, Plane, bgr_of, blurred, grey_of, in_bytes, lab_of

TONES = 7
NETWORK_SHARE = 0.6
"""Of the network's strokes in the finished frame; the rest is palette and ink, which keep faces and edges readable."""
LAST_PULL = 0.85
"""How far the finished frame is drawn to the style's palette once more: the network invents colours of its own."""


def ink_and_paint(picture: Bgr, palette: Palette) -> Bgr:
    """The classical recipe: the style's palette, flattened tones, lines in its darkest colour."""
    paint = palette.onto(picture)
    for _ in range(2):
        paint = cv2.bilateralFilter(paint, 9, 28, 7).astype(np.uint8)
    flat = _flattened(paint)
    line = _lines(picture)[..., None]
    return in_bytes(flat * line + palette.ink * (1 - line))


def _flattened(paint: Bgr) -> Bgr:
    """Light in TONES soft steps, as if laid on with few brushes."""
    lab = lab_of(paint)
    steps = lab[..., 0] / 100 * TONES
    whole = np.floor(steps)
    lab[..., 0] = (whole + 1 / (1 + np.exp(-14 * (steps - whole - 0.5)))) / TONES * 100
    return bgr_of(lab)


def _lines(picture: Bgr) -> Plane:
    """1 where there is paper, towards 0 where a line is drawn: difference of Gaussians on evened-out light."""
    grey: Plane = np.asarray(grey_of(cv2.bilateralFilter(picture, 7, 25, 5).astype(np.uint8)) / np.float32(255), np.float32)
    relief = grey - _broadly_blurred(grey, 20)
    even: Plane = np.clip(0.5 + 0.5 * relief / (_broadly_blurred(np.abs(relief), 24) * 2.2 + 0.05), 0, 1)
    edge = blurred(even, 1.4) - 0.985 * blurred(even, 2.3)
    drawn = np.where(edge > 0, 1, 1 + np.tanh(30 * edge)).astype(np.float32)
    return blurred(drawn, 0.6)


def _broadly_blurred(plane: Plane, sigma: float) -> Plane:
    """As `blurred`, on a quarter of the size: nobody sees the difference in so broad a blur, and it costs a tenth."""
    height, width = plane.shape
    small = np.asarray(cv2.resize(plane, (width // 4, height // 4), interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray(cv2.resize(blurred(small, sigma / 4), (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def blended(classical: Bgr, strokes: Bgr, palette: Palette) -> Bgr:
    """Both hands on one sheet."""
    both = cv2.addWeighted(classical, 1 - NETWORK_SHARE, strokes, NETWORK_SHARE, 0).astype(np.uint8)
    return palette.onto(both, LAST_PULL)


def shaded(picture: Bgr, shade: float) -> Bgr:
    """Darkens the rim by up to `shade`, to lead the eye."""
    if not shade:
        return picture
    height, width = picture.shape[:2]
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :] / 1.5
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] / 1.5
    rim = np.clip(np.sqrt(across**2 + down**2) - 0.35, 0, 1)
    return in_bytes(picture * (1 - 1.4 * shade * rim)[..., None])


def with_shoulder(picture: Bgr, ink: NDArray[np.float32], across_share: float) -> Bgr:
    """A head and a shoulder in the foreground, out of focus, in the style's darkest colour, at `across_share` of the width."""
    height, width = picture.shape[:2]
    across = round(width * across_share)
    unit = min(width, height)
    shape = np.zeros((height, width), np.float32)
    cv2.ellipse(shape, (across, round(0.6 * height)), (round(0.17 * unit), round(0.22 * unit)), 0, 0, 360, 1.0, -1)
    cv2.ellipse(shape, (across, round(1.06 * height)), (round(0.44 * unit), round(0.3 * unit)), 0, 0, 360, 1.0, -1)
    veil = 0.94 * blurred(shape, 0.014 * unit)[..., None]
    return in_bytes(picture * (1 - veil) + ink * veil)


def relit(picture: Bgr, lights: tuple[str, ...]) -> Bgr:
    """The light that the words ask for (names of words.LIGHT_WORDS)."""
    if not lights:
        return picture
    lab = lab_of(picture)
    light, warmth = lab[..., 0], lab[..., 2]
    if "stark" in lights:
        light = np.asarray(np.clip((light - 50) * 1.35 + 50, 0, 100), np.float32)
    if "mist" in lights:
        light, warmth = light * 0.5 + 42, warmth * 0.6
    if "night" in lights:
        light, warmth = light * 0.52, warmth - 14
    if "day" in lights:
        light = np.asarray(100 * (light / 100) ** 0.72, np.float32)
    warmth = warmth + 12 * ("warm" in lights) - 12 * ("cold" in lights)
    lit = bgr_of(np.stack([light, lab[..., 1], warmth], axis=-1).astype(np.float32))
    if "soft" not in lights:
        return lit
    glow = cv2.GaussianBlur(lit, (0, 0), 9)
    return np.maximum(lit, cv2.addWeighted(lit, 0.45, glow, 0.55, 0)).astype(np.uint8)
