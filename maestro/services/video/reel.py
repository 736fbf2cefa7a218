"""One open clip: the only place that talks to FFmpeg. Scans the packets, and decodes the frames that are wanted and little else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import av
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from maestro.errors import FootageError
from maestro.services.video import boxes, tables
from maestro.services.video.boxes import Walk
from maestro.services.video.timeline import PacketLog, Stretch, Timeline

Developed = TypeVar("Developed")
_HDR_CURVES = {16, 18}
"""SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG), numbered as in ITU-T H.273."""
_NOT_FILM = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_OPTIONS = {
    "analyzeduration": "0",  # the default decodes the beginning to guess what the scan finds out anyway
    "probesize": "32",
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2",
    "enable_drefs": "0",  # a track may name another file as its source: never followed
    "max_pixels": str(boxes.MAX_FRAME_PX),
}
_WITHOUT_A_LOOK = {"skip_frame": "all"}
"""Or the first frame is decoded merely to look at it, once for every time that the clip is opened."""
_DECODER_OPTIONS = {"max_pixels": str(boxes.MAX_FRAME_PX)}


@dataclass(slots=True)
class _Seen:
    """What only a decoded frame tells for certain; the reels of one clip share it."""

    pixel_aspect: float | None = None
    is_hdr: bool = False
    was_looked_at: bool = False


class Reel:
    """The video track of a clip, open. For one thread at a time; close it, best by `with`.

    `damage_count` counts what could not be decoded so far.
    """

    def __init__(self, path: Path, name: str, *, takes_a_look: bool = False) -> None:
        """Raises FootageError when it is no mp4 or has no video track that can be decoded.

        `takes_a_look`: the first frame is decoded merely to compare it with the index.
        """
        self._path = path
        self.name = name
        self.damage_count = 0
        self._seen = _Seen()
        self._options = _OPTIONS if takes_a_look else _OPTIONS | _WITHOUT_A_LOOK
        self._open()

    def another(self) -> "Reel":
        """The same clip, opened once more for another thread."""
        other = Reel(self._path, self.name)
        other._seen = self._seen
        return other

    def _open(self) -> None:
        try:
            self._container = av.open(str(self._path.resolve()), format="mp4", options=self._options, metadata_errors="replace")
        except (av.FFmpegError, OSError) as error:
            raise FootageError(f'"{self.name}" cannot be opened: its index is damaged or missing.') from error
        try:
            self._stream = self._film_track()
        except FootageError:
            self._container.close()
            raise
        for other in self._container.streams:
            if other.index != self._stream.index:
                other.discard = Discard.all  # sound is never read

    def _film_track(self) -> VideoStream:
        tracks = [stream for stream in self._container.streams.video if not stream.disposition & _NOT_FILM]
        if not tracks:
            raise FootageError(f'"{self.name}" has no video track.')
        if tracks[0].codec_context is None or tracks[0].time_base is None:
            raise FootageError(f'"{self.name}" is coded in a way that Maestro cannot decode.', next_step="Export it as H.264.")
        boxes.check_size(tracks[0].codec_context.width, tracks[0].codec_context.height, self.name)
        return tracks[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file."""
        self._container.close()

    @property
    def codec(self) -> str:
        """What it is coded in, for example "h264"."""
        return self._stream.codec_context.codec.canonical_name

    @property
    def frame_px(self) -> int:
        """Pixels of one frame."""
        return self._stream.codec_context.width * self._stream.codec_context.height

    @property
    def pixel_aspect(self) -> float:
        """Width of a pixel as a fraction of its height; right for certain once a frame was decoded."""
        aspect = self._stream.sample_aspect_ratio
        return float(aspect) if aspect else self._seen.pixel_aspect or 1.0

    @property
    def is_hdr(self) -> bool:
        """Whether its transfer curve is PQ or HLG; right for certain once a frame was decoded."""
        return self._seen.is_hdr or self._stream.codec_context.color_trc in _HDR_CURVES

    def scan(self, walk: Walk | None = None) -> Timeline:
        """From the index where it is ordinary and `walk` has it, else by one pass over all packets.

        Raises FootageError when there is no frame to show.
        """
        log = self._from_tables(walk) if walk is not None and walk.index else None
        log = log or self._from_packets()
        if not any(log.is_shown):
            raise FootageError(f'"{self.name}" has no frame that can be read.')
        tick = self._stream.time_base
        timeline = Timeline.of(log, float(tick) if tick else 1.0)
        self._prepare(timeline.reorder_depth, thread_count=1)
        return timeline

    def _from_tables(self, walk: Walk) -> PacketLog | None:
        packets = self._packets()
        first = next(packets, None)
        log = tables.read(walk, self._stream, first) if first is not None else None
        if log is None:  # from the beginning again, for the pass over all packets
            self.close()
            self._open()
        return log

    def _from_packets(self) -> PacketLog:
        log = PacketLog()
        for packet in self._packets():
            log.note(packet)
        return log

    def _prepare(self, reorder_depth: int, thread_count: int) -> None:
        decoder = self._stream.codec_context
        if decoder.is_open:
            return
        decoder.options = dict(_DECODER_OPTIONS)
        decoder.reorder_depth = max(decoder.reorder_depth, reorder_depth)
        decoder.thread_count = thread_count
        if thread_count > 1:
            decoder.thread_type = "FRAME"

    def develop(
        self, timeline: Timeline, stretch: Stretch, make: Callable[[VideoFrame], Developed], thread_count: int = 1
    ) -> dict[int, Developed]:
        """`make` of every wanted frame of the stretch, by index; those that cannot be decoded are left out."""
        self._prepare(timeline.reorder_depth, thread_count)
        developed: dict[int, Developed] = {}
        start = timeline.log.pts[stretch.first]
        for frame in self._frames(timeline, stretch):
            if frame.pts is None or (frame.pts < start and not stretch.is_careful):
                continue  # shown before the key, it may lean on frames that were not decoded
            if frame.pts == start and not frame.key_frame and not stretch.is_careful:
                return developed  # the index called it a key, the decoder does not: what follows would be wrong
            index = stretch.targets.get(frame.pts)
            if frame.is_corrupt:
                self.damage_count += 1
            elif index is not None and index not in developed:
                self._made(developed, index, make, frame)
        return developed

    def _made(
        self, developed: dict[int, Developed], index: int, make: Callable[[VideoFrame], Developed], frame: VideoFrame
    ) -> None:
        try:
            developed[index] = make(frame)
        except MemoryError:
            raise
        except av.FFmpegError:
            self.damage_count += 1

    def _frames(self, timeline: Timeline, stretch: Stretch) -> Iterator[VideoFrame]:
        decoder = self._stream.codec_context
        for number, packet in self._packets_from(timeline, stretch):
            if number > stretch.last:
                break
            # Frames that no other frame leans on are not decoded unless they are wanted.
            is_needed = stretch.is_careful or number == stretch.first or number in stretch.target_packets
            decoder.skip_frame = "DEFAULT" if is_needed else "NONREF"
            yield from self._decoded(packet)
        yield from self._decoded(None)

    def _decoded(self, packet: "Packet[VideoStream] | None") -> list[VideoFrame]:
        decoder = self._stream.codec_context
        try:
            frames = decoder.decode(packet)
        except MemoryError:
            raise  # the picture may be sound, only too large for this process
        except av.FFmpegError:
            self.damage_count += 1
            self._check_true_size()
            return []
        if frames and self._seen.pixel_aspect is None:
            self._seen.pixel_aspect = float(decoder.sample_aspect_ratio or 1)
            self._seen.is_hdr = frames[0].color_trc in _HDR_CURVES
        return frames

    def _check_true_size(self) -> None:
        """Where nothing could be decoded yet, the pictures may be larger than the index says. Raises FootageError then."""
        if self._seen.pixel_aspect is None and not self._seen.was_looked_at:
            self._seen.was_looked_at = True
            Reel(self._path, self.name, takes_a_look=True).close()

    def _packets_from(self, timeline: Timeline, stretch: Stretch) -> Iterator[tuple[int, "Packet[VideoStream]"]]:
        """Packets with their numbers, from the first on: by seeking where that lands right, else by reading from the start."""
        log, first = timeline.log, stretch.first
        for stamp in () if stretch.is_careful else (log.pts[first], log.dts[first]):
            packets = self._packets_after_seek(stamp)
            landed = next(packets, None)
            number = _number_of(landed, log, first) if landed is not None else None
            if landed is not None and number is not None:
                if number == first:
                    yield number, landed
                yield from ((number, packet) for number, packet in enumerate(packets, number + 1) if number >= first)
                return
        self.close()
        self._open()
        self._prepare(timeline.reorder_depth, thread_count=1)
        yield from ((number, packet) for number, packet in enumerate(self._packets()) if number >= first)

    def _packets_after_seek(self, stamp: int) -> Iterator["Packet[VideoStream]"]:
        try:
            self._container.seek(stamp, stream=self._stream)
        except av.FFmpegError:
            return
        yield from self._packets()

    def _packets(self) -> Iterator["Packet[VideoStream]"]:
        """Until the end of the file, or of what can be read of it."""
        try:
            for packet in self._container.demux(self._stream):
                if packet.pts is not None or packet.dts is not None:  # the last one is empty: it only flushes the decoder
                    yield packet
        except av.FFmpegError:
            self.damage_count += 1


def _number_of(packet: "Packet[VideoStream]", log: PacketLog, latest: int) -> int | None:
    """Which packet of the log this is; None when it is none up to `latest`."""
    for number in range(latest, -1, -1):
        if log.dts[number] == packet.dts and log.position[number] == packet.pos:
            return number
    return None
