"""What the booth and its child say to each other: plain values as JSON, with the bytes behind it.

The child reads what strangers made, so nothing that it says is ever executed: no pickle, and only the types that are listed here.
"""

import json
import struct
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import BinaryIO, cast

from maestro.services.video.studies import Study
from maestro.types import Clip, Footage, SourceFrame, StripFrame

_TYPES = {kind.__name__: kind for kind in (Clip, Footage, SourceFrame, StripFrame, Study)}
_HEAD = struct.Struct(">IQ")
_MAX_TEXT_BYTES = 16_000_000
_MAX_BLOB_BYTES = 500_000_000
Plain = dict[str, object]


class BrokenWireError(Exception):
    """What came is no message: the other side has died, or says nonsense."""


def write(stream: BinaryIO, message: object) -> None:
    """Sends one message: None, truth values, numbers, text, bytes, paths, arrays, tuples of them, dicts, and the listed types."""
    blobs: list[memoryview] = []
    text = json.dumps(_plain(message, blobs)).encode()
    stream.write(_HEAD.pack(len(text), sum(blob.nbytes for blob in blobs)))
    stream.write(text)
    for blob in blobs:
        stream.write(blob)
    stream.flush()


def read(stream: BinaryIO) -> object:
    """The next message; lists come as tuples. Raises BrokenWireError."""
    text_bytes, blob_bytes = _HEAD.unpack(_exactly(stream, _HEAD.size))
    if text_bytes > _MAX_TEXT_BYTES or blob_bytes > _MAX_BLOB_BYTES:
        raise BrokenWireError("a message too large")
    text, blobs = _exactly(stream, text_bytes), memoryview(_exactly(stream, blob_bytes))
    try:
        return _value(json.loads(text), blobs)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BrokenWireError("a message that makes no sense") from error


def _exactly(stream: BinaryIO, count: int) -> bytearray:
    received = bytearray(count)  # arrays that are made of it can be written to, as those made on this side
    filled, room = 0, memoryview(received)
    while filled < count:
        got = stream.readinto(room[filled:])  # type: ignore[attr-defined]
        if not got:
            raise BrokenWireError("the other side is gone")
        filled += got
    return received


def _plain(value: object, blobs: list[memoryview]) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [_plain(part, blobs) for part in value]
    if isinstance(value, dict):
        return {"is": "dict", "pairs": [[key, _plain(part, blobs)] for key, part in value.items()]}
    if isinstance(value, Path):
        return {"is": "Path", "path": str(value)}
    return _plain_large(value, blobs)


def _plain_large(value: object, blobs: list[memoryview]) -> object:
    if isinstance(value, bytes):
        return {"is": "bytes", "at": _put(memoryview(value), blobs)}
    import numpy as np  # noqa: PLC0415 - where the first page is drawn it is not there yet

    if isinstance(value, np.ndarray):
        return {"is": "array", "at": _put(np.ascontiguousarray(value, np.uint8).reshape(-1).data, blobs), "shape": value.shape}
    if is_dataclass(value) and type(value).__name__ in _TYPES:
        return {"is": type(value).__name__} | {part.name: _plain(getattr(value, part.name), blobs) for part in fields(value)}
    raise TypeError(f"no wire for {type(value).__name__}")


def _put(blob: memoryview, blobs: list[memoryview]) -> tuple[int, int]:
    start = sum(other.nbytes for other in blobs)
    blobs.append(blob)
    return start, blob.nbytes


def _value(plain: object, blobs: memoryview) -> object:
    if isinstance(plain, list):
        return tuple(_value(part, blobs) for part in plain)
    if not isinstance(plain, dict):
        return plain
    kind = plain.pop("is")
    if kind in _TYPES:
        maker: Callable[..., object] = _TYPES[kind]
        return maker(**{name: _value(part, blobs) for name, part in plain.items()})
    return _VALUES[kind](plain, blobs)


def _blob(plain: Plain, blobs: memoryview) -> memoryview:
    start, length = cast("tuple[int, int]", plain["at"])
    return blobs[start : start + length]


def _array(plain: Plain, blobs: memoryview) -> object:
    import numpy as np  # noqa: PLC0415

    return np.frombuffer(_blob(plain, blobs), np.uint8).reshape(cast("tuple[int, ...]", plain["shape"]))


_VALUES: dict[str, Callable[[Plain, memoryview], object]] = {
    "dict": lambda plain, blobs: {key: _value(part, blobs) for key, part in plain["pairs"]},  # type: ignore[attr-defined]
    "Path": lambda plain, _: Path(str(plain["path"])),
    "bytes": lambda plain, blobs: bytes(_blob(plain, blobs)),
    "array": _array,
}
