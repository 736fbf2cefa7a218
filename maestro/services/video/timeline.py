"""Which frames a clip shows, in which order and when: read from its packets, because headers lie.

The count in a header ignores edit lists and fragments, its duration rounds or is plainly wrong; a whole pass over the packets,
without decoding, costs less than decoding one large frame.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray


@dataclass(slots=True)
class PacketLog:
    """One row a packet, in the order in which they are stored and decoded; times in the track's time base."""

    pts: "array[int]" = field(default_factory=lambda: array("q"))
    dts: "array[int]" = field(default_factory=lambda: array("q"))
    position: "array[int]" = field(default_factory=lambda: array("q"))
    duration: "array[int]" = field(default_factory=lambda: array("q"))
    is_key: bytearray = field(default_factory=bytearray)
    is_shown: bytearray = field(default_factory=bytearray)
    is_disposable: bytearray = field(default_factory=bytearray)
    broken_count: int = 0

    def note(self, packet: "Packet[VideoStream]") -> None:
        """Takes down one packet; a broken one (cut off in the middle) keeps its row, but is not shown."""
        dts = packet.dts if packet.dts is not None else packet.pts or 0
        self.dts.append(dts)
        self.pts.append(packet.pts if packet.pts is not None else dts)
        self.position.append(-1 if packet.pos is None else packet.pos)
        self.duration.append(packet.duration or 0)
        self.is_key.append(packet.is_keyframe)
        self.is_shown.append(not (packet.is_discard or packet.is_corrupt))
        self.is_disposable.append(packet.is_disposable)
        self.broken_count += packet.is_corrupt


@dataclass(frozen=True, slots=True)
class Stretch:
    """Packets that are decoded in one go: from the key packet `first` to `last`, for the frames of which they are made.

    `targets` maps the time stamp of a wanted frame to its index in the clip; `target_packets` are their packets. `cost` is the
    number of frames to decode. `is_careful` asks to decode everything from the start, without seeking or skipping.
    """

    first: int
    last: int
    targets: dict[int, int]
    target_packets: frozenset[int]
    cost: int
    is_careful: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """The frames that are shown: `shown[i]` is the number of the packet (from 0, as stored) that holds frame i.

    `end_s` is where a clip that is too long is taken to end; None: at its own end.
    """

    log: PacketLog
    shown: NDArray[np.int64]
    tick_s: float
    end_s: float | None = None

    @classmethod
    def of(cls, log: PacketLog, tick_s: float) -> "Timeline":
        """`tick_s` is the track's time base."""
        shown = np.flatnonzero(np.frombuffer(bytes(log.is_shown), np.uint8))
        order = np.argsort(np.array(log.pts, np.int64)[shown], kind="stable")
        return cls(log, shown[order], tick_s)

    def until(self, end_s: float) -> "Timeline":
        """As if the clip ended there: the frames that begin before it; the first one stays in any case."""
        begins_s = (np.array(self.log.pts, np.int64)[self.shown] - self.log.pts[self.shown[0]]) * self.tick_s
        return replace(self, shown=self.shown[: max(1, int(np.searchsorted(begins_s, end_s - self.tick_s / 2)))], end_s=end_s)

    @property
    def frame_count(self) -> int:
        """Frames that are shown."""
        return len(self.shown)

    @property
    def duration_s(self) -> float:
        """From the beginning of the first frame to the end of the last, or to where it is taken to end."""
        if self.end_s is not None:
            return self.end_s
        ends = max(self.log.pts[packet] + self.log.duration[packet] for packet in self.shown)
        return float(ends - self.log.pts[self.shown[0]]) * self.tick_s

    @property
    def reorder_depth(self) -> int:
        """How many frames a decoder must hold back to give them in order; some encoders do not say."""
        stamps = np.array(self.log.pts, np.int64)
        depth, waiting = 0, np.maximum.accumulate(stamps)
        for packet in np.flatnonzero(stamps < waiting)[:500]:
            window = stamps[max(0, packet - 16) : packet]
            depth = max(depth, int((window > stamps[packet]).sum()))
        return min(depth, 16)

    def time_s(self, index: int) -> float:
        """When the frame begins, from the first frame on."""
        return float(self.log.pts[self.shown[index]] - self.log.pts[self.shown[0]]) * self.tick_s

    def stretches(self, indices: Iterable[int]) -> list[Stretch]:
        """What must be decoded for these frames, in stored order, each stretch from the nearest key packet that will do."""
        starts: dict[int, list[int]] = {}
        for index in sorted(set(indices)):
            starts.setdefault(self._start_of(int(self.shown[index])), []).append(index)
        return [self._stretch(first, starts[first]) for first in sorted(starts)]

    def whole(self, indices: Sequence[int]) -> Stretch:
        """From the very start, for frames that the quick way did not give."""
        return replace(self._stretch(0, indices), is_careful=True)

    def _stretch(self, first: int, indices: Sequence[int]) -> Stretch:
        packets = frozenset(int(self.shown[index]) for index in indices)
        last = max(packets)
        cost = sum(1 for packet in range(first, last + 1) if packet in packets or not self.log.is_disposable[packet])
        return Stretch(first, last, {self.log.pts[self.shown[index]]: index for index in indices}, packets, cost)

    def _start_of(self, packet: int) -> int:
        """The last key packet up to the wanted one, not shown after it: frames shown before their key may lean on older ones."""
        for candidate in range(packet, -1, -1):
            if self.log.is_key[candidate] and self.log.pts[candidate] <= self.log.pts[packet]:
                return candidate
        return 0
