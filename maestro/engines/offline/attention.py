"""Where the eye goes in a source frame: measured from detail, rarity, sharpness, faces and what differs from the other frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro.engines.offline.box import WHOLE, Box
from maestro.engines.offline.pixels import Bgr, Plane, blurred, grey_of, lab_of, shrunk, stretched

GRID_PX = 96
"""Longer side of the heat grid."""
LOOK_PX = 480
BAR_LEVEL = 24
STILL_CAMERA_LEVEL = 16.0
SUBJECT_LEVELS = (16.0, 24.0, 36.0, 56.0)
"""Grey levels, after a blur."""
FindFaces = Callable[[Bgr], tuple[Box, ...]]


@dataclass(frozen=True, slots=True)
class Attention:
    """`heat` (0..1) and `texture` (0..1) lie over the whole frame; `area` is the frame without black bars.

    `subject` is what stands out from the other frames, when the camera held still. `ratio` is the frame's width / height.
    `is_lit_from_above` tells that the upper half is the lighter one; `sharpness` is comparable between frames of one clip.
    """

    heat: Plane
    texture: Plane
    area: Box
    faces: tuple[Box, ...]
    subject: Box | None
    ratio: float
    is_lit_from_above: bool
    sharpness: float

    def drawn_to(self, box: Box) -> "Attention":
        """As if somebody had pointed there: what a director singled out stays in view when the words change. Not for wide boxes."""
        if box.size > 0.5:
            return self
        return replace(self, heat=stretched(self.heat + 1.5 * _bump(self.heat.shape, box)))


def attend(pictures: Sequence[Bgr], find_faces: FindFaces) -> tuple[Attention, ...]:
    """One for each picture; they are frames of the same clip, of the same size."""
    looks = [shrunk(picture, LOOK_PX) for picture in pictures]
    area = picture_area(looks)
    return tuple(
        _attention(look, strange, area, find_faces(look)) for look, strange in zip(looks, _strangeness(looks), strict=True)
    )


def picture_area(looks: Sequence[Bgr]) -> Box:
    """The part that is not black bars in any of them; the whole frame when less than 40 % of a side would be left."""
    lightest = np.max([grey_of(look) for look in looks], axis=0)
    rows = np.flatnonzero(np.percentile(lightest, 98, axis=1) > BAR_LEVEL)
    columns = np.flatnonzero(np.percentile(lightest, 98, axis=0) > BAR_LEVEL)
    height, width = lightest.shape
    if len(rows) < 0.4 * height or len(columns) < 0.4 * width:
        return WHOLE
    top, left = int(rows[0]), int(columns[0])
    return Box(left / width, top / height, (int(columns[-1]) + 1 - left) / width, (int(rows[-1]) + 1 - top) / height)


def _strangeness(looks: Sequence[Bgr]) -> list[Plane | None]:
    """How far each is from the median frame, in grey levels; None for all when the camera moved, or with fewer than three."""
    if len(looks) < 3 or len({look.shape for look in looks}) > 1:
        return [None] * len(looks)
    greys = np.array([cv2.GaussianBlur(grey_of(look), (0, 0), 3) for look in looks], dtype=np.float32)
    apart = np.abs(greys - np.median(greys, axis=0))
    if float(np.median(apart)) > STILL_CAMERA_LEVEL or float(apart.max()) < STILL_CAMERA_LEVEL:
        return [None] * len(looks)
    return [plane.astype(np.float32) for plane in apart]


def _attention(look: Bgr, strange: Plane | None, area: Box, faces: tuple[Box, ...]) -> Attention:
    grey = grey_of(look)
    edges = np.abs(cv2.Laplacian(grey, cv2.CV_32F)).astype(np.float32)
    texture = stretched(blurred(_grid(edges), 2))
    heat = 0.65 * stretched(_grid(_rarity(grey))) + 0.25 * _middle(texture.shape)
    heat = heat + 0.35 * _unlike_its_surroundings(look)
    if strange is not None:
        heat = heat + 0.6 * stretched(blurred(_grid(strange), 3))
    for face in faces:
        heat = heat + _bump(heat.shape, face)
    half = (grey.shape[0] + 1) // 2
    return Attention(
        heat=stretched(heat),
        texture=texture,
        area=area,
        faces=faces,
        subject=_subject(strange),
        ratio=look.shape[1] / look.shape[0],
        is_lit_from_above=float(grey[:half].mean()) > float(grey[-half:].mean()),
        sharpness=float(edges.var()),
    )


def _grid(plane: NDArray[np.float32]) -> Plane:
    height, width = _grid_size(plane.shape)
    return cast("Plane", cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA))


def _grid_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width; smaller pictures are enlarged to it."""
    scale = GRID_PX / max(shape[:2])
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _rarity(grey: NDArray[np.uint8]) -> Plane:
    """Spectral residual saliency (Hou and Zhang, 2007): what the average spectrum does not explain."""
    small = cv2.resize(grey, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    spectrum = np.fft.fft2(small)
    # The floor keeps drawings and captions, which have next to no noise, from making everything of nothing.
    strength = np.abs(spectrum)
    log = np.log(strength + 0.1 * strength.mean() + 1e-6).astype(np.float32)
    residual = log - cv2.blur(log, (3, 3))
    rare = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    height, width = grey.shape
    return cast("Plane", cv2.resize(blurred(rare.astype(np.float32), 2.5), (width, height), interpolation=cv2.INTER_LINEAR))


def _unlike_its_surroundings(look: Bgr) -> Plane:
    """How far a spot's colour is from that of its wider surroundings, 0..1; less towards the rim, where skies and floors are."""
    height, width = _grid_size(look.shape)
    lab = lab_of(cv2.resize(look, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8))
    near, wide = cv2.GaussianBlur(lab, (0, 0), 2), cv2.GaussianBlur(lab, (0, 0), 16)
    apart = stretched(np.asarray(np.linalg.norm((near - wide) * (0.5, 1, 1), axis=-1), np.float32))
    return apart * (0.3 + 0.7 * _bump(apart.shape, Box(0.15, 0.15, 0.7, 0.7)))


def _middle(shape: tuple[int, ...]) -> Plane:
    return _bump(shape, Box(0.3, 0.26, 0.4, 0.44))


def _bump(shape: tuple[int, ...], box: Box) -> Plane:
    """A soft hill over the box, 1 at its centre."""
    across, down = box.centre
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    far_across = ((columns + 0.5) / shape[1] - across) / max(box.width * 0.8, 0.03)
    far_down = ((rows + 0.5) / shape[0] - down) / max(box.height * 0.8, 0.03)
    return np.asarray(np.exp(-(far_across**2 + far_down**2)), np.float32)


def _subject(strange: Plane | None) -> Box | None:
    """The largest connected part that differs from the other frames, at the first level that sets it apart from the rest."""
    if strange is None:
        return None
    boxes = (_largest_part(strange > level) for level in SUBJECT_LEVELS)
    return next((box for box in boxes if 0.02 < box.size < 0.6), None)


def _largest_part(mask: NDArray[np.bool_]) -> Box:
    """Gaps of a few pixels are closed first; a box of no size when there is none."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8)).astype(np.uint8)
    _, _, parts, _ = cv2.connectedComponentsWithStats(closed)
    if len(parts) < 2:
        return Box(0, 0, 0, 0)
    left, top, width, height, _ = (int(number) for number in max(parts[1:], key=lambda part: int(part[cv2.CC_STAT_AREA])))
    down, across = mask.shape
    return Box(left / across, top / down, width / across, height / down)
