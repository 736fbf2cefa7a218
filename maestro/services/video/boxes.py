"""The boxes that an mp4 is made of (ISO/IEC 14496-12), walked before a decoder sees the file.

A playlist or script would make a decoder open other files, another container is not what was promised, and a table may claim
millions of pictures in a few bytes: all of them are refused here, by name where the first bytes give them away.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from maestro.errors import FootageError

MAX_FRAME_PX = 40_000_000
"""Pixels of one frame: 8K footage passes, 16000 x 16000 (1.5 GB to decode) does not."""
_MAX_SIDE_PX = 16_384
_MAX_TOP_BOXES = 200_000
_MAX_INDEX_BYTES = 64_000_000
_MAX_SAMPLES = 4_000_000
_MAX_EDITS = 256

_NAMES = (
    (b"ffconcat", "a playlist that points to other files"),
    (b"#EXTM3U", "a playlist that points to other files"),
    (b"[playlist]", "a playlist that points to other files"),
    (b"\x1aE\xdf\xa3", "a WebM or Matroska file"),
    (b"GIF8", "a GIF picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"RIFF", "an AVI, WAV or WebP file"),
    (b"FLV", "a Flash video"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "an MP3 file"),
    (b"PK\x03\x04", "a ZIP file"),
    (b"%PDF", "a PDF file"),
    (b"\x00\x00\x01\xba", "an MPEG-2 file"),
    (b"#!", "a script"),
    (b"<", "a text file"),
)
_STILL_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis", b"jp2 ", b"crx "}
_MATTERS = {b"moov", b"moof", b"mdat"}
_MAY_PRECEDE_FTYP = {b"free", b"skip", b"wide", b"pdin"}
_PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex"}
_ENTRY_BYTES = {b"stts": 8, b"ctts": 8, b"stsc": 12, b"stco": 4, b"co64": 8, b"stss": 4, b"elst": 12}
_SAMPLE_COUNT_AT = {b"stsz": 8, b"stz2": 8, b"trun": 4}


@dataclass(slots=True)
class Walk:
    """What the boxes say: `is_cut_off` when one of them ends beyond the end of the file.

    `index` is the body of the one index of a film that is not in fragments; empty otherwise.
    """

    is_cut_off: bool = False
    sample_count: int = 0
    size_bytes: int = 0
    index: bytes = field(default=b"", repr=False)
    kinds: set[bytes] = field(default_factory=set)


def walk(path: Path, name: str) -> Walk:
    """Looks at every box that counts. Raises FootageError when the file is no mp4, claims absurd sizes, or has no index."""
    if not path.is_file():
        raise FootageError(f'"{name}" is not there any more.', next_step="Choose the clip again.")
    found = Walk()
    try:
        with path.open("rb") as stream:
            _top_level(stream, name, found)
    except OSError as error:
        raise FootageError(f'"{name}" cannot be read from the disk.', next_step="Choose the clip again.") from error
    if b"moov" not in found.kinds and found.is_cut_off:
        raise FootageError(f'"{name}" is cut off before its index, so nothing of it can be read.')
    if b"moov" not in found.kinds:
        raise FootageError(f'"{name}" has no index, so nothing of it can be read.')
    return found


def _top_level(stream: BinaryIO, name: str, found: Walk) -> None:
    size_bytes = found.size_bytes = os.fstat(stream.fileno()).st_size
    if size_bytes == 0:
        raise FootageError(f'"{name}" is empty: it has no bytes.')
    position = 0
    for _ in range(_MAX_TOP_BOXES):
        if position >= size_bytes:
            return
        stream.seek(position)
        head = stream.read(16)
        box = _box_head(head, size_bytes - position)
        if b"ftyp" not in found.kinds and (box is None or box[0] not in {b"ftyp", *_MAY_PRECEDE_FTYP}):
            raise FootageError(f'"{name}" is not an mp4: it is {_name_of(head, stream)}.')
        if box is None and {b"moov", b"mdat"} <= found.kinds:
            found.is_cut_off = found.is_cut_off or (b"moof" in found.kinds and len(head) < 8)
            return  # padding after a whole film does no harm
        if box is None:
            raise FootageError(f'"{name}" is damaged: its parts do not fit together.')
        kind, body_at, length = box
        if position + length > size_bytes and (kind in _MATTERS or b"moov" not in found.kinds):
            found.is_cut_off = True
        _look_into(kind, _Body(stream, position + body_at, length - body_at), name, found)
        position += length
    raise FootageError(f'"{name}" is cut into too many parts to be a clip.')


@dataclass(frozen=True, slots=True)
class _Body:
    stream: BinaryIO
    start: int
    length: int

    def read(self) -> bytes:
        self.stream.seek(self.start)
        return self.stream.read(self.length)


def _look_into(kind: bytes, body: _Body, name: str, found: Walk) -> None:
    """Reads only the small boxes: brands and indices. A cut index counts as none."""
    if kind in {b"ftyp", b"moov", b"moof"} and body.length > _MAX_INDEX_BYTES:
        raise FootageError(f'"{name}" claims an index of {body.length // 1_000_000} MB, which no clip needs.')
    if kind == b"ftyp" and body.read()[:4] in _STILL_BRANDS:
        raise FootageError(f'"{name}" is not an mp4 film: it is a still picture.')
    if kind in {b"moov", b"moof"}:
        encoded = body.read()
        if len(encoded) < body.length:
            return
        _check_tables(encoded, name, found)
        found.index = encoded if kind == b"moov" and not {b"moov", b"moof"} & found.kinds else b""
    found.kinds.add(kind)


def _check_tables(encoded: bytes, name: str, found: Walk) -> None:
    for kind, body in leaves(memoryview(encoded)):
        if kind == b"cmov":
            raise FootageError(f'"{name}" has a compressed index, which Maestro does not open.')
        if kind == b"tkhd" and len(body) >= 8:
            width, height = (side >> 16 for side in struct.unpack(">II", body[-8:]))
            check_size(width, height, name)
        if kind in _ENTRY_BYTES and len(body) >= 8:
            (count,) = struct.unpack(">I", body[4:8])
            if count * _ENTRY_BYTES[kind] > len(body) - 8 or (kind == b"elst" and count > _MAX_EDITS):
                raise FootageError(f'"{name}" is damaged: its index claims more than it holds.')
        if kind in _SAMPLE_COUNT_AT and len(body) >= _SAMPLE_COUNT_AT[kind] + 4:
            found.sample_count += struct.unpack_from(">I", body, _SAMPLE_COUNT_AT[kind])[0]
    if found.sample_count > _MAX_SAMPLES:
        raise FootageError(f'"{name}" claims {found.sample_count} pictures and sounds, which no clip has.')


def check_size(width_px: int, height_px: int, name: str) -> None:
    """Raises FootageError for frames that would fill the memory."""
    if max(width_px, height_px) > _MAX_SIDE_PX or width_px * height_px > MAX_FRAME_PX:
        raise FootageError(
            f'"{name}" has frames of {width_px} x {height_px} pixels; at most {MAX_FRAME_PX // 1_000_000} megapixels are allowed.',
            next_step="Export it smaller, for example as 4K or 1080p.",
        )


def leaves(encoded: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Every box below that holds values and no boxes."""
    rest = [encoded]
    while rest:
        for kind, body in children(rest.pop()):
            if kind in _PARENTS:
                rest.append(body)
            else:
                yield kind, body


def children(encoded: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The boxes that these bytes are made of, up to the first that is none."""
    while box := _box_head(bytes(encoded[:16]), len(encoded)):
        kind, body_at, length = box
        yield kind, encoded[body_at:length]
        encoded = encoded[length:]


def _box_head(head: bytes, left_bytes: int) -> tuple[bytes, int, int] | None:
    """(kind, where its body begins, its length) of the box that begins with `head`; None when these bytes begin no box."""
    if len(head) < 8:
        return None
    length, kind = struct.unpack(">I4s", head[:8])
    body_at = 8
    if length == 1 and len(head) == 16:
        (length,) = struct.unpack(">Q", head[8:])
        body_at = 16
    if length == 0:
        length = left_bytes
    is_name = all(0x20 <= letter <= 0x7E or letter == 0xA9 for letter in kind)
    return (kind, body_at, length) if length >= body_at and is_name else None


def _name_of(head: bytes, stream: BinaryIO) -> str:
    for beginning, what in _NAMES:
        if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(beginning):
            return what
    stream.seek(0)
    start = stream.read(512)
    return "a text file" if all(letter >= 0x20 or letter in b"\r\n\t" for letter in start) else "something else"
