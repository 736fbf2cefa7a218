"""Analyses in the background: sample -> describe -> direct, one at a time a project, each step on disk before the next begins.

Asking for one shot anew is an analysis too: its only step is "redirect".
"""

import logging
import re
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from threading import RLock

from maestro import asks
from maestro.asks import Answered, Ask, context_of, footage_of
from maestro.attempts import attempt
from maestro.calls import Call
from maestro.config import Settings
from maestro.engines import Engine, Wish
from maestro.errors import CancelledError, MaestroError, WorkspaceError
from maestro.events import Events, topic
from maestro.jobs import GRACE_S
from maestro.paying import Asking, Bill, Paying, bill_of
from maestro.run import Inputs, Run
from maestro.services.storage import ProjectFolder, Workspace
from maestro.types import AnalysisStatus, CallKind, Footage, FrameOnDisk

ANALYSES_AT_ONCE = 4
"""Projects that are analysed at the same time, or as many as may be asked at once if that is more; the rest wait."""
NAME_LIMIT = 60
ANSWER_ROOM_BYTES = 1_000_000
BOTH = (CallKind.DESCRIBE, CallKind.DIRECT)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """`sample` reads clips, as `Booth.sample` does; `remember` is told where the clip of a project lies."""

    sample: Callable[..., Footage]
    remember: Callable[[str, Path], None]


class Analyses:
    """Thread-safe; one for the process. `pool` are its threads (None: its own): they own what they work on."""

    def __init__(
        self,
        settings: Settings,
        workspace: Workspace,
        engine: Engine,
        events: Events,
        paying: Paying,
        reading: Reading,
        pool: Executor | None = None,
    ) -> None:
        self._settings = settings
        self._workspace = workspace
        self._engine = engine
        self._events = events
        self._paying = paying
        self._reading = reading
        self._lock = RLock()
        self._runs: dict[str, Run] = {}
        self._is_closing = False
        many = max(ANALYSES_AT_ONCE, settings.max_concurrent_requests) if paying.is_paid else ANALYSES_AT_ONCE
        self._pool = pool or ThreadPoolExecutor(many, thread_name_prefix="maestro-analyse")

    def is_running(self, project_id: str) -> bool:
        """Whether one runs or waits for its turn."""
        with self._lock:
            run = self._runs.get(project_id)
            return run is not None and run.is_running

    def stillborn(self) -> set[str]:
        """Projects whose clip could not be read and that have nothing else to show: none for a list."""
        with self._lock:
            return {project_id for project_id, run in self._runs.items() if run.is_stillborn}

    def forget(self, project_id: str) -> None:
        """The project is gone."""
        with self._lock:
            self._runs.pop(project_id, None)

    def sample(self, folder: ProjectFolder, inputs: Inputs) -> None:
        """Begins with the clip. Like the next two it does nothing when one runs.

        Raises WorkspaceError when it cannot begin, and CapError when it would pass a cap on spending.
        """
        self._begin(Run(folder, "sample"), partial(self._sample, inputs=inputs), BOTH)

    def describe(self, folder: ProjectFolder) -> None:
        """Begins with the source frames that the project keeps."""
        footage_of(folder)
        self._begin(Run(folder, "describe"), self._describe, BOTH)

    def direct(self, folder: ProjectFolder) -> None:
        """Begins with the context that the project keeps."""
        footage_of(folder)
        context_of(folder)
        self._begin(Run(folder, "direct"), self._direct, (CallKind.DIRECT,))

    def redirect(self, folder: ProjectFolder, wish: Wish) -> None:
        """Another shot in the place of one, and nothing when that one is being asked for.

        Raises WorkspaceError when anything else runs.
        """
        footage_of(folder)
        context_of(folder)
        if all(sheet.shot.id != wish.shot_id for sheet in folder.read().sheets):
            raise WorkspaceError(f"There is no shot {wish.shot_id} in this project.", next_step="Open the project again.")
        with self._lock:
            run = self._runs.get(folder.id)
            if run is not None and run.is_running and (run.step, run.shot_id) != ("redirect", wish.shot_id):
                raise WorkspaceError("The director is at work on this project.", next_step="Ask again when that has ended.")
            self._begin(Run(folder, "redirect", wish.shot_id), partial(self._redirect, wish=wish), (CallKind.REDIRECT,))

    def status(self, project_id: str) -> AnalysisStatus:
        """Where the project's analysis stands, or how the last one ended."""
        with self._lock:
            run = self._runs.get(project_id)
            if run is None:
                return AnalysisStatus()
            return run.status() if run.is_running else run.outcome

    def in_flight(self) -> set[str]:
        """The ids of the calls that are still to end."""
        # Without the lock, as in Jobs.
        runs = tuple(self._runs.values())
        return {asking.call_id for run in runs if run.is_running for asking in tuple(run.askings.values())}

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

    def _begin(self, run: Run, work: Callable[[Run], None], kinds: Sequence[CallKind]) -> None:
        folder = run.folder
        with self._lock:
            if self.is_running(folder.id):
                return
            if self._is_closing:
                raise WorkspaceError("Maestro is closing; nothing was asked.", next_step="Start it again, then analyze.")
            run.askings = {kind: Asking(folder.id, kind, run.shot_id) for kind in kinds}
            is_redirect = CallKind.REDIRECT in kinds
            self._paying.reserve(tuple(run.askings.values()), analyses=not is_redirect, redirects=is_redirect)
            self._runs[folder.id] = run
            run.future = self._pool.submit(self._work, run, work)
        self._tell(run)

    def _work(self, run: Run, work: Callable[[Run], None]) -> None:
        error = attempt(partial(work, run), "the analysis")
        for asking in run.askings.values():
            self._paying.release(asking)
        frames: list[FrameOnDisk] = []
        is_readable = attempt(lambda: frames.extend(run.folder.read().frames), "the project") is None
        with self._lock:
            run.is_stillborn = error is not None and run.step == "sample" and is_readable and not frames
            run.outcome = AnalysisStatus() if error is None else run.failed(error, is_paid=self._paying.is_paid)
            run.step, run.call = "", None
        self._tell(run)

    # --- the steps

    def _sample(self, run: Run, inputs: Inputs) -> None:
        call = Call(self._settings.timeout_s)
        with self._lock:
            run.call = call
            self._go_on(run)
        count, max_s = self._settings.source_frame_count, self._settings.max_clip_s
        footage = self._reading.sample(inputs.clip_path, inputs.clip_name, count, max_s, is_trimmed=inputs.is_trimmed, call=call)
        self._go_on(run)
        run.folder.keep_inputs(footage, inputs.style)
        for sentence in footage.notes:
            run.folder.note(sentence)
        if trouble := attempt(partial(self._reading.remember, run.folder.id, inputs.clip_path), "the clip"):
            log.warning("Source frames of project %s cannot be exchanged now: %s", run.folder.id, trouble)
        self._changed(run)
        self._describe(run, footage)

    def _describe(self, run: Run, footage: Footage | None = None) -> None:
        footage = footage or footage_of(run.folder)
        self._ask(run, asks.describe(self._engine, run.folder, footage))
        self._direct(run, footage)

    def _direct(self, run: Run, footage: Footage | None = None) -> None:
        self._ask(run, asks.direct(self._engine, run.folder, footage or footage_of(run.folder), context_of(run.folder)))

    def _redirect(self, run: Run, wish: Wish) -> None:
        self._ask(run, asks.redirect(self._engine, run.folder, (footage_of(run.folder), context_of(run.folder)), wish))

    def _ask(self, run: Run, ask: Ask) -> None:
        """Sends it; keeps first what came, then what it cost, then the record of both."""
        asking = run.askings[ask.kind]
        call = self._enter(run, ask.kind)
        self._paying.begin(asking)
        began_s = time.monotonic()
        answered: list[Answered] = []
        error = attempt(lambda: answered.append(ask.send(call)), "the analysis")
        duration_s = time.monotonic() - began_s
        error = error or attempt(lambda: ask.keep(answered[0]), "what the model answered")
        bill = self._bill(answered, error, call)
        run.bill = bill
        self._paying.end(asking, bill)
        self._paying.remember(run.folder, asking, lambda: ask.said(answered[0] if answered else None, error, duration_s), bill)
        if error:
            raise error
        self._changed(run)

    def _bill(self, answered: Sequence[Answered], error: MaestroError | None, call: Call) -> Bill:
        for each in answered:
            return Bill(each.cost_usd, may_be_charged=self._paying.is_paid, generation_id=each.generation_id)
        return Bill(None, may_be_charged=False) if error is None else bill_of(error, call, is_paid=self._paying.is_paid)

    def _enter(self, run: Run, kind: CallKind) -> Call:
        self._workspace.check_space(ANSWER_ROOM_BYTES)
        if kind is not CallKind.REDIRECT:
            run.folder.set_step(kind.value)
        call = Call(self._settings.timeout_s)
        call.when_held(partial(self._tell, run))
        with self._lock:
            run.step, run.call, run.bill, run.began_s = kind.value, call, None, time.monotonic()
            self._go_on(run)
        self._tell(run)
        return call

    def _go_on(self, run: Run) -> None:
        if run.is_cancelled:
            raise CancelledError("The analysis was cancelled.", next_step="Analyze again whenever you like.", may_be_charged=False)

    def _changed(self, run: Run) -> None:
        self._events.publish(topic(run.folder.id, "project"), topic("list", "projects"), *_shot_topics(run))

    def _tell(self, run: Run) -> None:
        self._events.publish(topic(run.folder.id, "analysis"), *_shot_topics(run))


def project_name(clip_name: str, taken: Collection[str]) -> str:
    """From the clip's: "big_buck-bunny.mp4" gives "Big buck bunny", or "Big buck bunny 2" when `taken` (lower case) holds that."""
    words = " ".join(re.findall(r"[^\W_]+", Path(clip_name).stem)) or "Untitled"
    name = words[0].upper() + words[1:NAME_LIMIT]
    numbered = (f"{name} {number}" for number in count(2))
    return name if name.casefold() not in taken else next(other for other in numbered if other.casefold() not in taken)


def _shot_topics(run: Run) -> list[str]:
    return [topic(run.folder.id, f"shot-{run.shot_id}")] if run.shot_id else []
