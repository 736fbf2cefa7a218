"""Analyses in the background: sample -> describe -> direct, one at a time a project, each step on disk before the next begins."""

import re
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from threading import RLock

from maestro import orders
from maestro.calls import Call
from maestro.config import Settings
from maestro.engines import Engine
from maestro.errors import CancelledError, EngineError, MaestroError, NewerProjectError, WorkspaceError
from maestro.events import Events, topic
from maestro.jobs import GRACE_S, attempt
from maestro.services import video
from maestro.services.storage import ProjectFolder, Workspace
from maestro.types import AnalysisStatus, Footage, StyleReference

ANALYSES_AT_ONCE = 4
"""Projects that are analysed at the same time; more wait for their turn."""
NAME_LIMIT = 60
ANSWER_ROOM_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the user gave: the clip where it is now, its own name, and the style reference."""

    clip_path: Path
    clip_name: str
    style: StyleReference


@dataclass(eq=False)
class _Run:
    """One analysis. `call` and what the page sees change under the lock of Analyses."""

    folder: ProjectFolder
    step: str
    future: Future[None] | None = None
    call: Call | None = None
    is_cancelled: bool = False
    began_s: float = field(default_factory=time.monotonic)
    outcome: AnalysisStatus = field(default_factory=AnalysisStatus)

    @property
    def is_running(self) -> bool:
        return bool(self.step)


class Analyses:
    """Thread-safe; one for the process."""

    def __init__(self, settings: Settings, workspace: Workspace, engine: Engine, events: Events) -> None:
        self._settings = settings
        self._workspace = workspace
        self._engine = engine
        self._events = events
        self._lock = RLock()
        self._runs: dict[str, _Run] = {}
        self._is_closing = False
        self._pool = ThreadPoolExecutor(ANALYSES_AT_ONCE, thread_name_prefix="maestro-analyse")

    def is_running(self, project_id: str) -> bool:
        """Whether one runs or waits for its turn."""
        with self._lock:
            run = self._runs.get(project_id)
            return run is not None and run.is_running

    def sample(self, folder: ProjectFolder, inputs: Inputs) -> None:
        """Begins with the clip. Like the next two it does nothing when one runs, and raises WorkspaceError when it cannot begin."""
        self._begin(folder, "sample", partial(self._sample, inputs=inputs))

    def describe(self, folder: ProjectFolder) -> None:
        """Begins with the source frames that the project keeps."""
        footage_of(folder)
        self._begin(folder, "describe", self._describe)

    def direct(self, folder: ProjectFolder) -> None:
        """Begins with the context that the project keeps."""
        footage_of(folder)
        if folder.read().context is None:
            raise WorkspaceError("This project has no context to direct from yet.", next_step="Analyze the clip first.")
        self._begin(folder, "direct", self._direct)

    def status(self, project_id: str) -> AnalysisStatus:
        """Where the project's analysis stands, or how the last one ended."""
        with self._lock:
            run = self._runs.get(project_id)
            if run is None:
                return AnalysisStatus()
            if not run.is_running:
                return run.outcome
            message = "Cancelling ..." if run.is_cancelled else ""
            return AnalysisStatus(step=run.step, elapsed_s=time.monotonic() - run.began_s, message=message)

    def cancel(self, project_id: str) -> None:
        """Closes the connection; what was kept so far stays."""
        with self._lock:
            run = self._runs.get(project_id)
            if run is None or not run.is_running:
                return
            run.is_cancelled = True
            call = run.call
        if call:
            call.cancel()
        self._tell(run)

    def stop(self) -> None:
        """Takes no more work."""
        with self._lock:
            self._is_closing = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def finish(self, deadline_s: float) -> None:
        """After `stop`: waits for what runs until `deadline_s` (monotonic), then cancels it."""
        with self._lock:
            running = {project_id: run.future for project_id, run in self._runs.items() if run.is_running and run.future}
        wait(running.values(), max(0.0, deadline_s - time.monotonic()))
        for project_id in running:
            self.cancel(project_id)
        wait(running.values(), GRACE_S)

    def _begin(self, folder: ProjectFolder, step: str, work: Callable[[_Run], None]) -> None:
        with self._lock:
            if self.is_running(folder.id):
                return
            if self._is_closing:
                raise WorkspaceError("Maestro is closing; nothing was asked.", next_step="Start it again, then analyze.")
            run = _Run(folder, step)
            self._runs[folder.id] = run
            run.future = self._pool.submit(self._work, run, work)
        self._tell(run)

    def _work(self, run: _Run, work: Callable[[_Run], None]) -> None:
        error = attempt(partial(work, run), "the analysis")
        with self._lock:
            run.outcome = AnalysisStatus() if error is None else self._outcome(run, error)
            run.step, run.call = "", None
        self._tell(run)

    def _sample(self, run: _Run, inputs: Inputs) -> None:
        footage = video.sample(inputs.clip_path, inputs.clip_name, self._settings.source_frame_count, self._settings.max_clip_s)
        self._go_on(run)
        run.folder.keep_inputs(footage, inputs.style)
        for sentence in footage.notes:
            run.folder.note(sentence)
        self._changed(run)
        self._describe(run, footage)

    def _describe(self, run: _Run, footage: Footage | None = None) -> None:
        footage = footage or footage_of(run.folder)
        call = self._enter(run, "describe")
        described = self._engine.describe(footage, call)
        run.folder.keep_context(described.context, described.model)
        self._changed(run)
        self._direct(run, footage)

    def _direct(self, run: _Run, footage: Footage | None = None) -> None:
        footage = footage or footage_of(run.folder)
        context = run.folder.read().context
        if context is None:
            raise WorkspaceError("This project has no context to direct from yet.", next_step="Analyze the clip first.")
        call = self._enter(run, "direct")
        run.folder.keep_shots(self._engine.direct(footage, context, call))
        self._changed(run)

    def _enter(self, run: _Run, step: str) -> Call:
        self._workspace.check_space(ANSWER_ROOM_BYTES)
        run.folder.set_step(step)  # also proves, before anything is paid, that the answer can be kept
        call = Call(self._settings.timeout_s)
        with self._lock:
            run.step, run.call, run.began_s = step, call, time.monotonic()
            self._go_on(run)
        self._tell(run)
        return call

    def _go_on(self, run: _Run) -> None:
        if run.is_cancelled:
            raise CancelledError("The analysis was cancelled.", next_step="Analyze again whenever you like.", may_be_charged=False)

    def _outcome(self, run: _Run, error: MaestroError) -> AnalysisStatus:
        message = str(error)
        if run.call:
            may_be_charged = error.may_be_charged if isinstance(error, EngineError) else run.call.was_sent
            message = orders.with_charge(message, is_paid=self._engine.card.is_paid, may_be_charged=may_be_charged)
        return AnalysisStatus(elapsed_s=time.monotonic() - run.began_s, message=message, next_step=error.next_step)

    def _changed(self, run: _Run) -> None:
        self._events.publish(topic(run.folder.id, "project"), topic("list", "projects"))

    def _tell(self, run: _Run) -> None:
        self._events.publish(topic(run.folder.id, "analysis"))


def project_name(clip_name: str, taken: Collection[str]) -> str:
    """From the clip's: "big_buck-bunny.mp4" gives "Big buck bunny", or "Big buck bunny 2" when `taken` (lower case) holds that."""
    words = " ".join(re.findall(r"[^\W_]+", Path(clip_name).stem)) or "Untitled"
    name = words[0].upper() + words[1:NAME_LIMIT]
    numbered = (f"{name} {number}" for number in count(2))
    return name if name.casefold() not in taken else next(other for other in numbered if other.casefold() not in taken)


def footage_of(folder: ProjectFolder) -> Footage:
    """What the project keeps of its clip. Raises WorkspaceError when it keeps nothing."""
    project = folder.read()
    if project.is_read_only:
        raise NewerProjectError("This project was written by a newer version of Maestro; it cannot be changed here.")
    if project.clip is None or not project.frames:
        raise WorkspaceError("This project has no source frames yet.", next_step="Upload its clip, then analyze.")
    frames = folder.footage_frames()
    middle = project.director_frame_index
    director_frame = frames[len(frames) // 2] if middle is None else folder.source_frame(middle)
    return Footage(clip=project.clip, frames=frames, director_frame=director_frame)
