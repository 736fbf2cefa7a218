"""What a clip is, source frames from it, and pairs of frames to measure."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from maestro import png
from maestro.errors import FootageError, TooLongError
from maestro.services.video import boxes, darkroom
from maestro.services.video.darkroom import Shape
from maestro.services.video.reel import Reel
from maestro.services.video.studies import Study
from maestro.services.video.timeline import Timeline
from maestro.types import Clip, Footage, SourceFrame

TOLERANCE_S = 0.05
"""A clip may be so much longer than the limit: cameras end on a whole frame."""
_digests: dict[tuple[int, ...], str] = {}
_MOST_DIGESTS = 16
_SETTLED_NS = 50_000_000
"""Clocks of file systems are coarse: a file written so lately may be written again at what they take for the same moment."""


@dataclass(frozen=True, slots=True)
class Opened:
    path: Path
    reel: Reel
    timeline: Timeline
    is_cut_off: bool
    digest: Future[str]
    whole_s: float
    """How long the clip is, also when only its beginning is used."""


@dataclass(frozen=True, slots=True)
class Print:
    shape: Shape
    png: bytes
    width_px: int
    height_px: int


def probe(path: Path, name: str, max_s: float, *, is_trimmed: bool = False) -> Clip:
    """What the clip is, from its packets and its first frame; `name` is what the user calls it.

    `is_trimmed`: a clip that is too long is taken to end at `max_s`. Raises FootageError when it is no mp4 or cannot be decoded,
    TooLongError when it is longer than `max_s` (with a tolerance of 0.05 s) and not trimmed.
    """
    with opened_clip(path, name, max_s, is_trimmed) as opened:
        reel = opened.reel
        shapes, _ = darkroom.develop(reel, opened.timeline, [0], darkroom.shapes(reel))
        _check_all(shapes, [0], opened)
        return _clip(opened, shapes[0])


def sample(path: Path, name: str, count: int, max_s: float, *, is_trimmed: bool = False) -> Footage:
    """Source frames at round(i / (count + 1) * total), i = 1..count, and the director's at total / 2; fewer in tiny clips.

    Frames are PNG, upright, shrunk to what the models look at (at most 1536 patches of 32 x 32 and 2048 px), never enlarged.
    `is_trimmed` and errors as in `probe`; FootageError also when one of the frames cannot be decoded.
    """
    with opened_clip(path, name, max_s, is_trimmed) as opened:
        total = opened.timeline.frame_count
        indices = sorted({min(round(i / (count + 1) * total), total - 1) for i in range(1, count + 1)})
        director_index = min(round(total / 2), total - 1)
        wanted = sorted({*indices, director_index})
        prints, has_damage = darkroom.develop(opened.reel, opened.timeline, wanted, _printer(opened.reel))
        _check_all(prints, wanted, opened)
        frames = {index: _source_frame(index, opened.timeline, prints[index]) for index in wanted}
        return Footage(
            clip=_clip(opened, prints[wanted[0]].shape),
            frames=tuple(frames[index] for index in indices),
            director_frame=frames[director_index],
            path=path,
            notes=tuple(_notes(opened, len(indices) < count, has_damage)),
        )


def study(path: Path, count: int = 36, width_px: int = 960, gap: int = 2, end_s: float | None = None) -> Study:
    """Up to `count` pairs spread evenly over the clip, at most `width_px` wide; the same on every run.

    With `end_s`, only frames before that moment. Pairs that cannot be decoded are left out. Raises FootageError when none can.
    """
    with opened_clip(path, path.name, end_s, is_trimmed=True) as opened:
        timeline = opened.timeline
        latest = timeline.frame_count - 1
        room = max(0, latest - gap)
        firsts = sorted({round(i * room / max(1, count - 1)) for i in range(count)})
        wanted = sorted({*firsts, *(min(index + gap, latest) for index in firsts)})
        pictures, _ = darkroom.develop(opened.reel, timeline, wanted, _measurer(opened.reel, width_px))
        kept = [index for index in firsts if index in pictures]
        if not kept:
            raise FootageError(f'"{path.name}" is damaged: none of its frames can be read.')
        return Study(
            pairs=tuple((pictures[index], pictures.get(min(index + gap, latest), pictures[index])) for index in kept),
            times_s=tuple(timeline.time_s(index) for index in kept),
            indices=tuple(kept),
            duration_s=timeline.duration_s,
            frame_count=timeline.frame_count,
        )


@contextmanager
def opened_clip(path: Path, name: str, max_s: float | None, is_trimmed: bool = False) -> Iterator[Opened]:
    """The clip after all checks; its digest is made meanwhile by another thread."""
    walk = boxes.walk(path, name)
    with ThreadPoolExecutor(1, thread_name_prefix="digest") as pool, Reel(path, name) as reel:
        digest = pool.submit(_sha256, path)
        timeline = reel.scan(walk)
        is_cut_off = walk.is_cut_off or reel.damage_count + timeline.log.broken_count > 0
        whole_s = timeline.duration_s
        if max_s is not None and whole_s > max_s + TOLERANCE_S:
            if not is_trimmed:
                sentence = f'"{name}" is {_seconds(whole_s)} long; at most {_seconds(max_s)} are allowed.'
                raise TooLongError(sentence, duration_s=whole_s, max_s=max_s)
            timeline = timeline.until(max_s)
        yield Opened(path, reel, timeline, is_cut_off, digest, whole_s)


def _sha256(path: Path) -> str:
    """A file that was not touched since it was last asked for is not read again: a clip is probed, then sampled."""
    with path.open("rb") as stream:
        facts = os.fstat(stream.fileno())
        key = facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns
        known = _digests.get(key)
        if known is None:
            known = hashlib.file_digest(stream, "sha256").hexdigest()
            if time.time_ns() - facts.st_mtime_ns > _SETTLED_NS:
                _digests[key] = known
        while len(_digests) > _MOST_DIGESTS:
            _digests.pop(next(iter(_digests)), None)
        return known


def _printer(reel: Reel) -> Callable[[VideoFrame], Print]:
    shape_of = darkroom.shapes(reel)

    def make(frame: VideoFrame) -> Print:
        shape = shape_of(frame)
        rgb = darkroom.upright(frame, shape, darkroom.fit_models)
        return Print(shape, png.encode(rgb), width_px=rgb.shape[1], height_px=rgb.shape[0])

    return make


def _measurer(reel: Reel, width_px: int) -> Callable[[VideoFrame], NDArray[np.uint8]]:
    shape_of, fit = darkroom.shapes(reel), darkroom.fit_width(width_px)
    return lambda frame: darkroom.upright(frame, shape_of(frame), fit, "bgr24")


def _check_all(developed: Mapping[int, object], wanted: Sequence[int], opened: Opened) -> None:
    """Too few frames are an error: nobody is given other frames than those asked for."""
    for index in wanted:
        if index not in developed:
            where = _seconds(opened.timeline.time_s(index))
            raise FootageError(f'"{opened.reel.name}" is damaged: its frame at {where} cannot be read.')


def _clip(opened: Opened, shape: Shape) -> Clip:
    total = opened.timeline.frame_count
    duration_s = opened.timeline.duration_s
    return Clip(
        name=opened.reel.name,
        sha256=opened.digest.result(),
        duration_s=duration_s,
        fps=total / duration_s if duration_s else 0.0,
        frame_count=total,
        width_px=shape.width_px,
        height_px=shape.height_px,
        rotation_deg=shape.rotation_deg,
        codec=opened.reel.codec,
        size_bytes=opened.path.stat().st_size,
    )


def _source_frame(index: int, timeline: Timeline, print_: Print) -> SourceFrame:
    return SourceFrame(index, timeline.time_s(index), print_.png, print_.width_px, print_.height_px)


def _notes(opened: Opened, has_few_frames: bool, has_damage: bool) -> Iterator[str]:
    if opened.is_cut_off:
        used = "and those were used" if opened.timeline.end_s is None else "and their beginning was used"
        yield f"The file is cut off: only its first {_seconds(opened.whole_s)} can be read, {used}."
    if opened.timeline.end_s is not None:
        yield f"Only the first {_seconds(opened.timeline.end_s)} of {_seconds(opened.whole_s)} were used."
    if has_damage:
        yield "Parts of the clip are damaged; a source frame may show it."
    if has_few_frames:
        count = opened.timeline.frame_count
        yield f"The clip is very short: {count} {'frame' if count == 1 else 'frames'} in all, so there are fewer source frames."
    if opened.reel.is_hdr:
        yield "The clip is HDR; its source frames look paler than on an HDR screen."


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.2f}".rstrip("0").rstrip(".") + " s"
