"""Pictures as PNG bytes and as data URLs, fast enough that neither is what one waits for."""

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from maestro.errors import PictureError

try:
    from isal.isal_zlib import compress as _fast_compress
except ImportError:  # no wheel for this platform: zlib makes the same pictures, about three times slower
    _fast_compress = zlib.compress

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP_FILTER = 2
_PREFIX = re.compile(r"\s*data:[^,]{0,200},", re.IGNORECASE)


def encode(rgb: NDArray[np.uint8], compress: Callable[..., bytes] = _fast_compress) -> bytes:
    """Lossless PNG of an array (height, width, 3) in RGB.

    Every row is stored as its difference from the row above, which suits photographs and costs one subtraction; `compress` is
    called as zlib.compress is.
    """
    height, width, _ = rgb.shape
    rows = rgb.reshape(height, width * 3)
    lines = np.empty((height, 1 + width * 3), np.uint8)
    lines[:, 0] = _UP_FILTER
    lines[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return SIGNATURE + b"".join(
        (_chunk(b"IHDR", header), _chunk(b"IDAT", compress(lines.reshape(-1), 1)), _chunk(b"IEND", b"")),
    )


def data_url(encoded: bytes, media_type: str = "image/png") -> str:
    """The picture as a data URL, base64."""
    return f"data:{media_type};base64,{base64.b64encode(encoded).decode('ascii')}"


def read_data_url(url: str) -> bytes:
    """The bytes of a data URL; a doubled prefix, bare base64 and line breaks are put up with. What they are is not looked at.

    Raises PictureError when it is no base64 or holds nothing.
    """
    start = 0
    while prefix := _PREFIX.match(url, start):
        start = prefix.end()
    letters = "".join(url[start:].split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        encoded = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError("The picture came in a form that cannot be read.") from error
    if not encoded:
        raise PictureError("The picture is empty.")
    return encoded


def _chunk(kind: bytes, body: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))))
