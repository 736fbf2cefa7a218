"""Generation in the background: a pool that belongs to the process, one call a shot at a time, saved before anyone is told.

A job's life: queued -> running -> its take on disk, or failed, or cancelled. No page is needed for any of it.
"""

import logging
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from threading import RLock
from uuid import uuid4

from maestro import orders
from maestro.calls import Call
from maestro.config import Settings
from maestro.engines import Engine
from maestro.errors import CancelledError, EngineError, KeyRefusedError, MaestroError, OutOfCreditError, WorkspaceError
from maestro.events import Events, topic
from maestro.services.storage import ProjectFolder, Workspace
from maestro.types import GenerationResult, Picture, RowState, RowStatus

PICTURE_ROOM_BYTES = 32_000_000
"""Space that must be free beyond the floor before a picture is asked for: its raw answer, itself, and some air."""
GRACE_S = 2.0
"""How long a cancelled call may take to let go, once patience has ended."""
REMEMBERED_DURATIONS = 20

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Job:
    """One take being made. Everything but what the worker alone touches changes under the lock of Jobs."""

    project_id: str
    folder: ProjectFolder
    request: orders.Request
    call_id: str = field(default_factory=lambda: uuid4().hex)
    future: Future[None] | None = None
    call: Call | None = None
    state: RowState = RowState.QUEUED
    message: str = ""
    next_step: str = ""
    began_s: float = field(default_factory=time.monotonic)
    ended_s: float | None = None
    is_journaled: bool = False
    has_answer: bool = False
    developed: tuple[GenerationResult, Picture] | None = None

    @property
    def shot_id(self) -> int:
        return self.request.shot.id

    @property
    def is_in_flight(self) -> bool:
        return self.state in {RowState.QUEUED, RowState.RUNNING}

    def end(self, state: RowState, message: str, next_step: str) -> None:
        self.state, self.message, self.next_step, self.ended_s = state, message, next_step, time.monotonic()


class Jobs:
    """Makes takes, at most `max_concurrent_requests` at once. Thread-safe; one for the process."""

    def __init__(self, settings: Settings, workspace: Workspace, engine: Engine, events: Events) -> None:
        self._timeout_s = settings.timeout_s
        self._workspace = workspace
        self._engine = engine
        self._events = events
        self._lock = RLock()
        self._jobs: dict[tuple[str, int], _Job] = {}
        self._durations_s: deque[float] = deque(maxlen=REMEMBERED_DURATIONS)
        self._is_closing = False
        self._pool = ThreadPoolExecutor(settings.max_concurrent_requests, thread_name_prefix="maestro-shoot")

    # --- what the studio asks for

    def begin(self, folder: ProjectFolder, shot_ids: Sequence[int] | None = None) -> list[int]:
        """Queues a take of each shot (all when None) that has none in flight, with its words of now; the ids that it queued.

        A picture that waits in memory is put on disk first. Raises WorkspaceError when that, or the next one, cannot be kept.
        """
        requests = orders.requests(folder.read(), shot_ids)
        self._workspace.check_space(PICTURE_ROOM_BYTES)
        for request in requests:
            self.keep_waiting(folder.id, request.shot.id)
        with self._lock:
            if self._is_closing:
                raise WorkspaceError("Maestro is closing; nothing was asked.", next_step="Start it again, then generate.")
            begun = [request.shot.id for request in requests if self._enqueue(folder, request)]
        self._tell(folder.id, *begun)
        return begun

    def cancel(self, project_id: str, shot_ids: Sequence[int] | None = None) -> None:
        """Drops what is queued and closes the connection of what is running; all shots when None."""
        with self._lock:
            wanted = [job for job in self._of(project_id) if job.is_in_flight and (shot_ids is None or job.shot_id in shot_ids)]
            for job in wanted:
                self._drop(job, "Cancelled before anything was sent.", CancelledError.default_next_step)
            running = [job.call for job in wanted if job.call and job.state is RowState.RUNNING]
        for call in running:
            call.cancel()
        self._tell(project_id, *(job.shot_id for job in wanted))

    def row(self, project_id: str, shot_id: int) -> RowStatus:
        """Where the shot's generation stands."""
        with self._lock:
            expected_s = statistics.median(self._durations_s) if self._durations_s else None
            job = self._jobs.get((project_id, shot_id))
            if job is None:
                return RowStatus(expected_s=expected_s)
            is_letting_go = job.state is RowState.RUNNING and job.call is not None and job.call.is_cancelled
            return RowStatus(
                state=job.state,
                message="Cancelling ..." if is_letting_go else job.message,
                next_step=job.next_step,
                elapsed_s=(job.ended_s or time.monotonic()) - job.began_s,
                expected_s=expected_s,
                picture=None if job.is_in_flight or not job.developed else job.developed[1],
            )

    def in_flight(self) -> set[str]:
        """The ids of the calls that this process still works on, waiting pictures among them: recovery leaves these alone."""
        with self._lock:
            return {job.call_id for job in self._jobs.values() if job.is_in_flight or job.developed}

    def keep_waiting(self, project_id: str, shot_id: int) -> None:
        """Puts a picture that waits in memory on disk, if there is one. Raises WorkspaceError."""
        with self._lock:
            job = self._jobs.get((project_id, shot_id))
            if job is None or job.is_in_flight or job.developed is None:
                return
        job.folder.add_take(job.call_id, *job.developed)
        with self._lock:
            self._forget(job)
        self._tell(project_id, shot_id)

    def stop(self) -> None:
        """Takes no more work; what is queued is dropped, what is running goes on."""
        with self._lock:
            self._is_closing = True
            for job in self._jobs.values():
                self._drop(job, "Not asked for: Maestro was closed first.", "Generate again.")
        self._pool.shutdown(wait=False, cancel_futures=True)

    def finish(self, deadline_s: float) -> None:
        """After `stop`: waits for what runs until `deadline_s` (monotonic), then cancels it; keeps what waits if it can."""
        with self._lock:
            running = [job for job in self._jobs.values() if job.is_in_flight]
        _wait(running, deadline_s)
        for job in running:
            if job.call and job.is_in_flight:
                job.call.cancel()
        _wait(running, time.monotonic() + GRACE_S)
        for project_id, shot_id in list(self._jobs):
            if trouble := attempt(partial(self.keep_waiting, project_id, shot_id), "a picture in memory"):
                log.error("The picture of shot %d of project %s could not be put on disk: %s", shot_id, project_id, trouble)

    # --- under the lock

    def _of(self, project_id: str) -> list[_Job]:
        return [job for job in self._jobs.values() if job.project_id == project_id]

    def _enqueue(self, folder: ProjectFolder, request: orders.Request) -> bool:
        earlier = self._jobs.get((folder.id, request.shot.id))
        if earlier and (earlier.is_in_flight or earlier.developed):
            return False
        job = _Job(folder.id, folder, request)
        self._jobs[folder.id, request.shot.id] = job
        job.future = self._pool.submit(self._work, job)
        return True

    def _forget(self, job: _Job) -> None:
        if self._jobs.get((job.project_id, job.shot_id)) is job:
            del self._jobs[job.project_id, job.shot_id]

    def _drop(self, job: _Job, message: str, next_step: str) -> None:
        if job.state is RowState.QUEUED:
            job.end(RowState.CANCELLED, self._with_charge(message, may_be_charged=False), next_step)
            if job.future:
                job.future.cancel()

    def _has_started(self, job: _Job) -> bool:
        with self._lock:
            if job.state is not RowState.QUEUED:
                return False
            job.call = Call(self._timeout_s)
            job.state, job.began_s = RowState.RUNNING, time.monotonic()
            return True

    # --- in the pool

    def _work(self, job: _Job) -> None:
        if not self._has_started(job):
            return
        self._tell(job.project_id, job.shot_id)
        error = attempt(partial(self._shoot, job), "this shot")
        if error is None:
            with self._lock:
                self._forget(job)
        else:
            self._end(job, error)
        self._tell(job.project_id, job.shot_id)

    def _shoot(self, job: _Job) -> None:
        call = job.call or Call(self._timeout_s)  # always the job's own by now
        self._workspace.check_space(PICTURE_ROOM_BYTES)
        order = orders.order(job.folder, job.request)
        job.folder.begin(orders.intent(job.call_id, order, self._engine.card))
        job.is_journaled = True
        if call.is_cancelled:
            raise CancelledError("Cancelled before anything was sent.", may_be_charged=False)
        if self._engine.card.is_paid:
            job.folder.mark_sent(job.call_id)
        began_s = time.monotonic()
        result = self._engine.shoot(order, call, partial(self._keep, job))
        duration_s = time.monotonic() - began_s
        job.developed = orders.developed(result, order.aspect_ratio)
        job.folder.add_take(job.call_id, *job.developed)
        with self._lock:
            self._durations_s.append(duration_s)

    def _keep(self, job: _Job, raw: bytes) -> None:
        trouble = attempt(partial(job.folder.keep_answer, job.call_id, raw), "an answer")
        job.has_answer = trouble is None
        if trouble:
            # It is paid for: the engine reads it all the same, so that the picture can at least wait in memory.
            log.warning("The answer for shot %d could not be put on disk: %s", job.shot_id, trouble)

    def _end(self, job: _Job, error: MaestroError) -> None:
        if job.developed:
            with self._lock:
                job.end(RowState.FAILED, f"{error} The picture is here, but only in memory.", f"Download it now. {error.next_step}")
            return
        is_billable = error.may_be_charged if isinstance(error, EngineError) else bool(job.call and job.call.was_sent)
        may_be_charged = is_billable and self._engine.card.is_paid
        self._close_in_journal(job, error, may_be_charged=may_be_charged)
        state = RowState.CANCELLED if isinstance(error, CancelledError) else RowState.FAILED
        with self._lock:
            job.end(state, self._with_charge(str(error), may_be_charged=may_be_charged), error.next_step)
            if _concerns_all(error):
                self._drop_queued(job, error)

    def _drop_queued(self, cause: _Job, error: MaestroError) -> None:
        dropped = [job for job in self._of(cause.project_id) if job.state is RowState.QUEUED]
        for job in dropped:
            self._drop(job, f"Not asked for, because of shot {cause.shot_id}: {error}", error.next_step)
        self._tell(cause.project_id, *(job.shot_id for job in dropped))

    def _close_in_journal(self, job: _Job, error: MaestroError, *, may_be_charged: bool) -> None:
        # An answer that is on disk and was not found wanting by the engine is left open: the next start reads it again.
        if not job.is_journaled or (job.has_answer and not isinstance(error, EngineError)):
            return
        raw = error.raw if isinstance(error, EngineError) else ""
        fail = partial(job.folder.fail, job.call_id, str(error), may_be_charged=may_be_charged, raw=raw)
        if trouble := attempt(fail, "the journal"):
            log.warning("The end of call %s could not be written: %s", job.call_id, trouble)

    def _with_charge(self, message: str, *, may_be_charged: bool) -> str:
        return orders.with_charge(message, is_paid=self._engine.card.is_paid, may_be_charged=may_be_charged)

    def _tell(self, project_id: str, *shot_ids: int) -> None:
        if shot_ids:
            self._events.publish(*(topic(project_id, f"shot-{shot_id}") for shot_id in shot_ids), topic(project_id, "batch"))


def attempt(work: Callable[[], object], what: str) -> MaestroError | None:
    """The one boundary: does `work`; None when it went well, else what went wrong, the unknown logged and named."""
    try:
        work()
    except MaestroError as error:
        return error
    except Exception as error:
        log.exception("Something unexpected went wrong with %s", what)
        return _unexpected(what, error)
    return None


def _concerns_all(error: MaestroError) -> bool:
    # A 402 that passes is a budget for what is in flight: the others only come later.
    return isinstance(error, KeyRefusedError) or (isinstance(error, OutOfCreditError) and not error.is_passing)


def _unexpected(what: str, cause: Exception) -> MaestroError:
    error = MaestroError(
        f"Something unexpected went wrong with {what} ({type(cause).__name__}); nothing was lost.",
        next_step="Try again; the program's log tells more.",
    )
    error.__cause__ = cause
    return error


def _wait(jobs: Sequence[_Job], deadline_s: float) -> None:
    wait([job.future for job in jobs if job.future], max(0.0, deadline_s - time.monotonic()))
