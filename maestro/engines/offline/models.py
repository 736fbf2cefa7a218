"""The vendored networks, checked before they are loaded; each may be used from any thread."""

import threading
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from maestro.engines.offline.box import Box
from maestro.engines.offline.pixels import Bgr, in_bytes, resized
from maestro.engines.offline.standing import FACE_FILE, STYLE_FILES

STYLE_SIDE_PX = 256
WORK_PX = 589_824 * 9 // 16
"""Pixels that the style network paints: at 768x432 its strokes stay broad enough to read as strokes."""
FACE_SIDE_PX = 192
FACE_CELLS = 48
FACE_SURE = 0.6

StyleVector = NDArray[np.float32]


def _planes(picture: Bgr) -> NDArray[np.float32]:
    """1 x 3 x height x width, red first, 0..1."""
    return np.ascontiguousarray(picture[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255)


class StyleNetwork:
    """Arbitrary stylisation: one network reads a style as 100 numbers, the other paints with them.

    cv2.dnn networks hold state between setInput and forward, so one caller at a time; each uses all cores meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self._predict = cv2.dnn.readNetFromONNX(str(folder / STYLE_FILES[0]))
        self._transform = cv2.dnn.readNetFromONNX(str(folder / STYLE_FILES[1]))
        self._lock = threading.Lock()

    def read(self, style: Bgr) -> StyleVector:
        """The look of `style`: its middle and, when it is long, its two ends, averaged."""
        height, width = style.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        squares = [style[top : top + side, left : left + side]]
        if max(height, width) > 1.2 * side:
            squares += [style[:side, :side], style[height - side :, width - side :]]
        return np.asarray(np.mean([self._read_square(square) for square in squares], axis=0), np.float32)

    def _read_square(self, square: Bgr) -> StyleVector:
        with self._lock:
            self._predict.setInput(_planes(resized(square, STYLE_SIDE_PX, STYLE_SIDE_PX)))
            return cast("StyleVector", self._predict.forward().reshape(1, 100, 1, 1).astype(np.float32))

    def paint(self, picture: Bgr, look: StyleVector) -> Bgr:
        """`picture` in that look, in its own size."""
        height, width = picture.shape[:2]
        scale = (WORK_PX / (height * width)) ** 0.5
        work = resized(picture, max(4, round(width * scale / 4) * 4), max(4, round(height * scale / 4) * 4))
        with self._lock:
            self._transform.setInput(_planes(work), "content")
            self._transform.setInput(look, "style")
            painted = self._transform.forward("stylized")[0].copy()
        strokes = in_bytes(painted.transpose(1, 2, 0)[..., ::-1] * 255)
        return resized(np.ascontiguousarray(strokes), width, height)


class FaceFinder:
    """Where faces may be. BlazeFace full range: 192 px, one anchor per 4 px cell."""

    def __init__(self, folder: Path) -> None:
        self._net = cv2.dnn.readNetFromTFLite(str(folder / FACE_FILE))
        self._lock = threading.Lock()

    def find(self, picture: Bgr) -> tuple[Box, ...]:
        """As fractions of the picture, most certain first."""
        height, width = picture.shape[:2]
        scale = FACE_SIDE_PX / max(height, width)
        small = resized(picture, round(width * scale), round(height * scale))
        top, left = (FACE_SIDE_PX - small.shape[0]) // 2, (FACE_SIDE_PX - small.shape[1]) // 2
        square = np.zeros((FACE_SIDE_PX, FACE_SIDE_PX, 3), np.uint8)
        square[top : top + small.shape[0], left : left + small.shape[1]] = small
        boxes = self._boxes(square)
        across, down = small.shape[1], small.shape[0]
        return tuple(Box((x - left) / across, (y - top) / down, wide / across, high / down) for x, y, wide, high in boxes)

    def _boxes(self, square: Bgr) -> list[tuple[float, float, float, float]]:
        """Left, top, width, height in pixels of the square."""
        with self._lock:
            self._net.setInput(_planes(square) * 2 - 1)
            raw_scores = self._net.forward("reshaped_classifier_face_4").ravel().copy()
            raw_boxes = self._net.forward("reshaped_regressor_face_4").reshape(-1, 16).copy()
        scores = 1 / (1 + np.exp(-np.clip(raw_scores, -60, 60)))
        cells = np.flatnonzero(scores > FACE_SURE)
        if not len(cells):
            return []
        across, down, wide, high = raw_boxes[cells, :4].T
        lefts = (cells % FACE_CELLS + 0.5) * 4 + across - wide / 2
        tops = (cells // FACE_CELLS + 0.5) * 4 + down - high / 2
        boxes = np.stack([lefts, tops, wide, high], axis=1)
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores[cells].tolist(), FACE_SURE, 0.3)
        return [(float(x), float(y), float(w), float(h)) for x, y, w, h in boxes[np.ravel(np.asarray(kept, dtype=int))]]
