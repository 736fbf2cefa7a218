"""Pictures as PNG bytes and as data URLs, fast enough that neither is what one waits for."""

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from maestro.errors import PictureError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP_FILTER = 2
_BAND_ROWS = 32
"""Rows at a time: so few stay in the processor's cache, and need no memory as large as the picture."""
_PREFIX = re.compile(r"\s*data:[^,]{0,200},", re.IGNORECASE)


class Compressor(Protocol):
    """As zlib's."""

    def compress(self, part: memoryview, /) -> bytes: ...
    def flush(self) -> bytes: ...


_fast_compressor: Callable[[int], Compressor]
try:
    from isal.isal_zlib import compressobj

    _fast_compressor = compressobj
except ImportError:  # no wheel for this platform: zlib makes the same pictures, about five times slower
    _fast_compressor = zlib.compressobj


def encode(rgb: "NDArray[np.uint8]", compressor: Callable[[int], Compressor] = _fast_compressor) -> bytes:
    """Lossless PNG of an array (height, width, 3) in RGB.

    Every row is stored as its difference from the row above, which suits photographs and costs one subtraction; `compressor` is
    called as zlib.compressobj is.
    """
    height, width, _ = rgb.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    stream = compressor(1)
    packed = [stream.compress(band) for band in _bands(rgb.reshape(height, width * 3))]
    packed.append(stream.flush())
    return b"".join((SIGNATURE, *_chunk(b"IHDR", header), *_chunk(b"IDAT", *packed), *_chunk(b"IEND")))


def _bands(rows: "NDArray[np.uint8]") -> Iterator[memoryview]:
    """The rows from top to bottom, filtered, some at a time; each band is overwritten by the next."""
    import numpy as np  # noqa: PLC0415 - the first page is drawn without it

    height, length = rows.shape
    lines = np.empty((min(height, _BAND_ROWS), 1 + length), np.uint8)
    lines[:, 0] = _UP_FILTER
    lines[0, 1:] = rows[0]
    np.subtract(rows[1 : len(lines)], rows[: len(lines) - 1], out=lines[1:, 1:])
    yield lines.reshape(-1).data
    for top in range(_BAND_ROWS, height, _BAND_ROWS):
        part = rows[top : top + _BAND_ROWS]
        np.subtract(part, rows[top - 1 : top - 1 + len(part)], out=lines[: len(part), 1:])
        yield lines[: len(part)].reshape(-1).data


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
    try:
        encoded = binascii.a2b_base64(memoryview(url.encode("ascii"))[start:], strict_mode=True)  # the usual case, in little memory
    except ValueError:
        encoded = _put_up_with(url[start:])
    if not encoded:
        raise PictureError("The picture is empty.")
    return encoded


def _put_up_with(letters: str) -> bytes:
    letters = "".join(letters.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError("The picture came in a form that cannot be read.") from error


def _chunk(kind: bytes, *parts: bytes) -> tuple[bytes, ...]:
    check = zlib.crc32(kind)
    for part in parts:
        check = zlib.crc32(part, check)
    return struct.pack(">I", sum(map(len, parts))), kind, *parts, struct.pack(">I", check)
