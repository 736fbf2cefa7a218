"""Choosing source frames: the clip's strip, swaps, and three ways to choose them all.

What takes long can be begun in the background; the topic "<project>/strip" is told about when it has ended.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from maestro.attempts import attempt
from maestro.clips import Clips, Reader
from maestro.config import Settings
from maestro.errors import FootageError, MaestroError, NewerProjectError, WorkspaceError
from maestro.events import Events, topic
from maestro.services.storage import ProjectFolder
from maestro.services.video import scenes
from maestro.types import Clip, Project, StripFrame

STRIPS_KEPT = 8
"""A strip is some 200 kB."""
LOOKS_KEPT = 200
"""A large look is some 40 kB."""
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Choosing:
    """Where a choice stands that is made in the background: `is_busy`, or the sentences why it came to nothing."""

    is_busy: bool = False
    message: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class _Choice:
    indices: tuple[int, ...]
    director_index: int


class _Newest(Generic[Key, Value]):
    """The values that were put last, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        with self._lock:
            return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._limit:
                self._values.popitem(last=False)


class Frames:
    """Thread-safe; one for the process.

    `open_folder` opens a project, `is_analysed` tells whether an analysis of it runs: then nothing is changed here.
    """

    def __init__(
        self,
        settings: Settings,
        open_folder: Callable[[str], ProjectFolder],
        is_analysed: Callable[[str], bool],
        events: Events,
        reader: Reader,
        pool: Executor | None = None,
    ) -> None:
        self._count = settings.source_frame_count
        self._open = open_folder
        self._is_analysed = is_analysed
        self._events = events
        self._reader = reader
        self._lock = threading.Lock()
        self._changing: set[str] = set()
        self._clips = Clips(settings.cache, self._digest)
        self._strips: _Newest[str, tuple[StripFrame, ...]] = _Newest(STRIPS_KEPT)
        self._looks: _Newest[tuple[str, int], StripFrame] = _Newest(LOOKS_KEPT)
        self._before: dict[str, _Choice] = {}
        self._standing: dict[str, Choosing] = {}
        self._pool = pool or ThreadPoolExecutor(2, thread_name_prefix="maestro-frames")

    # --- the clip

    def remember(self, project_id: str, path: Path) -> None:
        """From now on the project's clip is read there. Raises FootageError when that is another clip than it was made from."""
        self._clips.remember(project_id, path, self._open(project_id).read().clip)
        self._tell(project_id)

    def has_clip(self, project_id: str) -> bool:
        """Whether the clip can still be read."""
        clip = self._open(project_id).read().clip
        return clip is not None and self._clips.find(project_id, clip) is not None

    # --- looking

    def strip(self, project_id: str) -> tuple[StripFrame, ...]:
        """Small pictures of the whole clip in time order, kept while the process runs. Raises FootageError or WorkspaceError."""
        clip, path = self._clip(project_id)
        made = self._strips.get(clip.sha256)
        if made is None:
            made = self._reader.strip(path, clip.name, clip.duration_s)
            self._strips.put(clip.sha256, made)
        return made

    def around(self, project_id: str, index: int) -> tuple[StripFrame, ...]:
        """The frames next to `index`, one by one, for stepping. Raises FootageError or WorkspaceError."""
        clip, path = self._clip(project_id)
        frames = self._reader.around(path, clip.name, clip.duration_s, index)
        for frame in frames:
            self._looks.put((clip.sha256, frame.index), frame)
        return frames

    def strip_if_made(self, project_id: str) -> tuple[StripFrame, ...]:
        """The strip without waiting for it; empty while there is none: ask `begin_strip` for it."""
        clip = self._open(project_id).read().clip
        return () if clip is None else self._strips.get(clip.sha256) or ()

    def look_if_made(self, project_id: str, index: int) -> StripFrame | None:
        """The frame large, without waiting for it; None while there is none: ask `begin_look` for it."""
        clip = self._open(project_id).read().clip
        return None if clip is None else self._looks.get((clip.sha256, index))

    # --- choosing

    def swap(self, project_id: str, place: int, index: int) -> None:
        """Puts the clip's frame `index` in the place (from 0) of a source frame. Raises FootageError or WorkspaceError."""
        with self._alone(project_id):
            project = self._changeable(project_id)
            indices = [frame.index for frame in project.frames]
            if index in indices:
                raise FootageError("That frame is one of the source frames already.", next_step="Choose another one.")
            indices[place] = index
            self._keep(project, _Choice(tuple(sorted(indices)), _director_of(project)))

    def set_director_frame(self, project_id: str, index: int) -> None:
        """The frame that the director sees. Raises FootageError or WorkspaceError."""
        with self._alone(project_id):
            project = self._changeable(project_id)
            self._keep(project, _Choice(tuple(frame.index for frame in project.frames), index))

    def choose(self, project_id: str, way: str) -> None:
        """All five anew: "even" (the formula), "sharpest" (the sharpest near each of those) or "cuts" (one for each cut).

        The director's frame comes along, but not with "cuts". Raises FootageError or WorkspaceError.
        """
        with self._alone(project_id):
            project = self._changeable(project_id)
            clip, path = self._clip(project_id)
            even = _even(clip.frame_count, self._count)
            if way == "sharpest":
                director, *indices = self._reader.sharpest_near(
                    path, clip.name, clip.duration_s, (even.director_index, *even.indices)
                )
                choice = _Choice(tuple(sorted(indices)), director)
            elif way == "cuts":
                cuts = [frame.index for frame in self.strip(project_id) if frame.is_cut]
                choice = _Choice(scenes.one_per_cut(cuts, clip.frame_count, self._count), _director_of(project))
            else:
                choice = even
            self._keep(project, choice)

    def can_undo(self, project_id: str) -> bool:
        """Whether there is a choice to take back."""
        with self._lock:
            return project_id in self._before

    def undo(self, project_id: str) -> None:
        """Takes the last choice back. Raises FootageError or WorkspaceError."""
        with self._alone(project_id):
            project = self._changeable(project_id)
            with self._lock:
                before = self._before.get(project_id)
            if before is not None:
                self._keep(project, before)
                with self._lock:
                    self._before.pop(project_id, None)
                self._tell(project_id)

    # --- in the background

    def begin_strip(self, project_id: str) -> None:
        """Makes the strip in the background; tells "<project>/strip" when it is there or cannot be had."""
        self._begin(project_id, partial(self.strip, project_id))

    def begin_look(self, project_id: str, index: int) -> None:
        """Makes the frame and its neighbours large in the background; tells "<project>/strip"."""
        self._begin(project_id, partial(self.around, project_id, index))

    def begin_choice(self, project_id: str, way: str) -> None:
        """`choose` in the background."""
        self._begin(project_id, partial(self.choose, project_id, way))

    def standing(self, project_id: str) -> Choosing:
        """Where the last thing that was begun stands."""
        with self._lock:
            return self._standing.get(project_id, Choosing())

    def close(self) -> None:
        """Takes no more work."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, project_id: str, work: Callable[[], object]) -> None:
        with self._lock:
            if self._standing.get(project_id, Choosing()).is_busy:
                return
            self._standing[project_id] = Choosing(is_busy=True)
        self._pool.submit(self._work, project_id, work)

    def _work(self, project_id: str, work: Callable[[], object]) -> None:
        error: MaestroError | None = attempt(work, "choosing frames")
        with self._lock:
            self._standing[project_id] = Choosing() if error is None else Choosing(message=str(error), next_step=error.next_step)
        self._events.publish(topic(project_id, "strip"))

    # --- inside

    @contextmanager
    def _alone(self, project_id: str) -> Iterator[None]:
        with self._lock:
            if project_id in self._changing:
                raise WorkspaceError("Frames are being chosen right now.", next_step="Wait a moment, then try again.")
            self._changing.add(project_id)
        try:
            yield
        finally:
            with self._lock:
                self._changing.discard(project_id)

    def _changeable(self, project_id: str) -> Project:
        project = self._open(project_id).read()
        if project.is_read_only:
            raise NewerProjectError("This project was written by a newer version of Maestro; it cannot be changed here.")
        if self._is_analysed(project_id):
            raise WorkspaceError(
                "The frames are being looked at right now.", next_step="Wait for the analysis to end, or cancel it."
            )
        return project

    def _clip(self, project_id: str) -> tuple[Clip, Path]:
        return self._clips.get(project_id, self._open(project_id).read().clip)

    def _digest(self, path: Path, clip: Clip) -> str:
        return self._reader.probe(path, clip.name, clip.duration_s, is_trimmed=True).sha256

    def _keep(self, project: Project, choice: _Choice) -> None:
        """Decodes what the project does not have yet, and keeps it."""
        folder = self._open(project.id)
        before = _Choice(tuple(frame.index for frame in project.frames), _director_of(project))
        if choice == before:
            return
        wanted = {*choice.indices, choice.director_index}
        frames = {index: folder.source_frame(index) for index in wanted & {*before.indices, before.director_index}}
        missing = sorted(wanted - set(frames))
        if missing:
            clip, path = self._clip(project.id)
            frames |= {frame.index: frame for frame in self._reader.pick(path, clip.name, clip.duration_s, tuple(missing))}
        folder.keep_frames(tuple(frames[index] for index in choice.indices), frames[choice.director_index])
        with self._lock:
            self._before[project.id] = before
        self._tell(project.id)

    def _tell(self, project_id: str) -> None:
        self._events.publish(topic(project_id, "project"))


def _even(frame_count: int, count: int) -> _Choice:
    """The formula by which `sample` takes them."""
    indices = sorted({min(round(i / (count + 1) * frame_count), frame_count - 1) for i in range(1, count + 1)})
    return _Choice(tuple(indices), min(round(frame_count / 2), frame_count - 1))


def _director_of(project: Project) -> int:
    if project.director_frame_index is not None:
        return project.director_frame_index
    return project.frames[len(project.frames) // 2].index
