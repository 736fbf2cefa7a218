"""The packets of an ordinary clip from the tables of its index, without reading the packets themselves.

FFmpeg tells where each packet lies and when it is decoded, but gives the moment when it is shown only with the packet, for which
it reads the whole film. That moment is in two small tables. Whatever is not ordinary (fragments, several edits, tables that
disagree, a file that is cut off) is left to a pass over the packets: here None is the answer to every doubt.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from maestro.services.video import boxes
from maestro.services.video.boxes import Walk
from maestro.services.video.timeline import PacketLog

_MAX_SHIFT = 1 << 28
"""FFmpeg takes larger ones for nonsense."""
_IS_KEY, _IS_DISCARDED = 1, 2
_NOBODY_LEANS_ON_IT = 2
_NEEDED = {b"tkhd", b"stsd", b"stts", b"stsz", b"stss"}
"""Without stss every packet would be a key, which only the packets can tell."""
_TABLES = _NEEDED | {b"ctts", b"elst", b"sdtp"}


@dataclass(frozen=True, slots=True)
class _Times:
    """For each packet, in ticks of the track: how long it is shown, and how long after its decoding; and who leans on it."""

    durations: NDArray[np.int64]
    shifts: NDArray[np.int64]
    is_disposable: NDArray[np.uint8]


def read(walk: Walk, stream: VideoStream, first: "Packet[VideoStream]") -> PacketLog | None:
    """The same log as a pass over all packets makes; `first` is the first of them, by which the clock is set."""
    times = _times(walk.index, stream.id)
    entries = [(entry.pos, entry.timestamp, entry.size, entry.flags) for entry in stream.index_entries]
    if times is None or not entries or len(entries) != len(times.durations) or None in {first.pts, first.dts}:
        return None
    position, dts, sizes, flags = np.array(entries, np.int64).T
    is_whole = position.min() >= 0 and sizes.min() > 0 and int((position + sizes).max()) <= walk.size_bytes
    if not is_whole or (first.pos, first.dts, first.duration) != (position[0], dts[0], times.durations[0]):
        return None
    return PacketLog(
        pts=_longs(dts + times.shifts - times.shifts[0] + (first.pts or 0) - dts[0]),
        dts=_longs(dts),
        position=_longs(position),
        duration=_longs(times.durations),
        is_key=bytearray((flags & _IS_KEY).astype(np.uint8) != 0),
        is_shown=bytearray((flags & _IS_DISCARDED) == 0),
        is_disposable=bytearray(times.is_disposable),
    )


def _longs(values: NDArray[np.int64]) -> "array[int]":
    return array("q", np.ascontiguousarray(values, np.int64).tobytes())


def _times(index: bytes, track_id: int) -> _Times | None:
    tracks = [track for track in _tracks(index) if b"tkhd" in track and _track_id(track[b"tkhd"]) == track_id]
    if len(tracks) != 1 or not tracks[0].keys() >= _NEEDED:
        return None
    track = tracks[0]
    count = _count(track[b"stsz"][4:])
    if not count or _count(track[b"stsd"]) != 1 or not _is_plainly_edited(track.get(b"elst", b"")):
        return None
    durations = _runs(track[b"stts"], count)
    shifts = _runs(track[b"ctts"], count) if b"ctts" in track else np.zeros(count, np.int64)
    if durations is None or shifts is None or durations.min() <= 0 or np.abs(shifts).max() > _MAX_SHIFT:
        return None
    depended = np.frombuffer(track.get(b"sdtp", b"")[4:], np.uint8) >> 2 & 3
    is_told = len(depended) == count
    return _Times(durations, shifts, (depended == _NOBODY_LEANS_ON_IT).astype(np.uint8) if is_told else np.zeros(count, np.uint8))


def _tracks(index: bytes) -> Iterator[dict[bytes, bytes]]:
    """Of every track the tables that count, by kind; a track that has two of a kind is none of the ordinary."""
    for kind, body in boxes.children(memoryview(index)):
        if kind == b"trak":
            leaves = [(leaf, bytes(values)) for leaf, values in boxes.leaves(body) if leaf in _TABLES]
            yield dict(leaves) if len(dict(leaves)) == len(leaves) else {}


def _track_id(tkhd: bytes) -> int:
    at = 20 if tkhd[:1] == b"\1" else 12
    return int.from_bytes(tkhd[at : at + 4], "big")


def _count(body: bytes) -> int:
    return int.from_bytes(body[4:8], "big")


def _is_plainly_edited(elst: bytes) -> bool:
    """No edit, or a single one that shows film from some moment on at its own speed, at once or after a while."""
    length = 8 if elst[:1] == b"\1" else 4
    edits = [elst[at : at + 2 * length + 4] for at in range(8, len(elst), 2 * length + 4)][: _count(elst)]
    times = [int.from_bytes(edit[length : 2 * length], "big", signed=True) for edit in edits]
    is_plain = not times or times[0] >= 0 if len(times) < 2 else len(times) == 2 and times[0] == -1 and times[1] >= 0
    return is_plain and all(edit[2 * length :] == b"\0\1\0\0" for edit in edits)


def _runs(body: bytes, count: int) -> NDArray[np.int64] | None:
    """A table of (how many packets, their value), one value a packet; None unless it is for so many packets."""
    runs = np.frombuffer(body[8 : 8 + 8 * _count(body)], ">i4").reshape(-1, 2).astype(np.int64)
    if not len(runs) or runs[:, 0].min() <= 0 or int(runs[:, 0].sum()) != count:
        return None
    return np.repeat(runs[:, 1], runs[:, 0])
