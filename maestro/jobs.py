"""Generation in the background: a pool that belongs to the process, one call a shot at a time, saved before anyone is told.

A job's life: queued -> running -> its take on disk, or failed, or cancelled. No page is needed for any of it.
"""

import logging
import math
import statistics
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from functools import partial
from threading import RLock

from maestro import orders
from maestro.attempts import attempt
from maestro.calls import Call
from maestro.config import Settings
from maestro.engines import Engine
from maestro.errors import CancelledError, EngineError, KeyRefusedError, MaestroError, OutOfCreditError, WorkspaceError
from maestro.events import Events, topic
from maestro.job import Job
from maestro.paying import Asking, Bill, Paying, Said, bill_of
from maestro.seats import Seats
from maestro.services import images
from maestro.services.storage import ProjectFolder, Workspace
from maestro.types import CallKind, RowState, RowStatus, ShotOrder

PICTURE_ROOM_BYTES = 32_000_000
"""Space that must be free beyond the floor before a picture is asked for: its raw answer, itself, and some air."""
GRACE_S = 2.0
"""How long a cancelled call may take to let go, once patience has ended."""
REMEMBERED_DURATIONS = 20
SPARE = 4
"""Threads beyond the seats: while these put on disk what was answered, as many as may be are asked for."""

log = logging.getLogger(__name__)


class Jobs:
    """Makes takes in `pool` (None: its own threads); of paid ones no more begin at once than may be asked for. Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        workspace: Workspace,
        engine: Engine,
        events: Events,
        paying: Paying,
        pool: Executor | None = None,
    ) -> None:
        self._timeout_s = settings.timeout_s
        self._workspace = workspace
        self._engine = engine
        self._events = events
        self._paying = paying
        self._lock = RLock()
        self._jobs: dict[tuple[str, int], Job] = {}
        self._durations_s: deque[float] = deque(maxlen=REMEMBERED_DURATIONS)
        self._is_closing = False
        limit, is_paid = settings.max_concurrent_requests, paying.is_paid
        self._seats = Seats(limit if is_paid else math.inf)
        self._pool = pool or ThreadPoolExecutor(limit + SPARE * is_paid, thread_name_prefix="maestro-shoot")

    # --- what the studio asks for

    def begin(self, folder: ProjectFolder, shot_ids: Sequence[int] | None = None) -> list[int]:
        """Queues a take of each shot (all when None) that has none in flight, with its words of now; the ids that it queued.

        A picture that waits in memory is put on disk first. Raises WorkspaceError when that, or the next one, cannot be kept, and
        CapError when all of them together would pass a cap: then none is asked for.
        """
        requests = orders.requests(folder.read(), shot_ids)
        self._workspace.check_space(PICTURE_ROOM_BYTES)
        for request in requests:
            self.keep_waiting(folder.id, request.shot.id)
        with self._lock:
            if self._is_closing:
                raise WorkspaceError("Maestro is closing; nothing was asked.", next_step="Start it again, then generate.")
            begun = [self._job(folder, request) for request in requests if self._is_free(folder.id, request.shot.id)]
            self._paying.reserve([job.asking for job in begun], pictures=len(begun), size=begun[0].request.size if begun else "")
            for job in begun:
                self._jobs[folder.id, job.shot_id] = job
                job.future = self._pool.submit(self._work, job)
        shots = [job.shot_id for job in begun]
        self._tell(folder.id, *shots)
        return shots

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
            return RowStatus(expected_s=expected_s) if job is None else job.status(expected_s)

    def in_flight(self) -> set[str]:
        """The ids of the calls that this process still works on, waiting pictures among them: recovery leaves these alone."""
        # Without the lock: whoever asks may hold one that `begin` waits for. A tuple of the values is taken in one step.
        return {job.call_id for job in tuple(self._jobs.values()) if job.is_in_flight or job.developed}

    def keep_waiting(self, project_id: str, shot_id: int) -> None:
        """Puts a picture that waits in memory on disk, if there is one. Raises WorkspaceError."""
        with self._lock:
            job = self._jobs.get((project_id, shot_id))
            if job is None or job.is_in_flight or not job.developed:
                return
        job.keep()
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

    def _of(self, project_id: str) -> list[Job]:
        return [job for job in self._jobs.values() if job.project_id == project_id]

    def _is_free(self, project_id: str, shot_id: int) -> bool:
        earlier = self._jobs.get((project_id, shot_id))
        return not (earlier and (earlier.is_in_flight or earlier.developed))

    def _job(self, folder: ProjectFolder, request: orders.Request) -> Job:
        return Job(folder, request, Asking(folder.id, CallKind.SHOOT, request.shot.id))

    def _forget(self, job: Job) -> None:
        if self._jobs.get((job.project_id, job.shot_id)) is job:
            del self._jobs[job.project_id, job.shot_id]

    def _drop(self, job: Job, message: str, next_step: str, cause: MaestroError | None = None) -> None:
        if job.state is RowState.QUEUED:
            job.bill = Bill(None, may_be_charged=False)
            job.end(RowState.CANCELLED, self._with_charge(message, job.bill), next_step, cause)
            self._paying.release(job.asking)
            if job.future:
                job.future.cancel()

    def _has_started(self, job: Job) -> bool:
        with self._lock:
            if job.state is not RowState.QUEUED:
                return False
            job.call = Call(self._timeout_s)
            job.call.when_held(partial(self._tell, job.project_id, job.shot_id))
            job.state, job.began_s = RowState.RUNNING, time.monotonic()
            return True

    # --- in the pool

    def _work(self, job: Job) -> None:
        with self._seats.taken() as job.leave:
            if self._has_started(job):
                self._make(job)

    def _make(self, job: Job) -> None:
        self._tell(job.project_id, job.shot_id)
        error = attempt(partial(self._shoot, job), "this shot")
        job.bill = self._bill(job, error)
        self._paying.end(job.asking, job.bill)
        if error is None:
            with self._lock:
                self._durations_s.append(job.duration_s)
                self._forget(job)
        else:
            self._remember(job, error)
            self._end(job, error, job.bill)
        self._tell(job.project_id, job.shot_id)

    def _shoot(self, job: Job) -> None:
        call = job.call or Call(self._timeout_s)  # always the job's own by now
        self._workspace.check_space(PICTURE_ROOM_BYTES)
        job.order, notes = orders.order(job.folder, job.request, self._paying.picture_limit())
        job.sent = orders.sent_pictures(job.folder, job.order, job.request.anchor)
        job.folder.begin(orders.intent(job.call_id, job.order, self._engine.card, job.request.anchor), job.sent)
        job.is_journaled = True
        if call.is_cancelled:
            raise CancelledError("Cancelled before anything was sent.", may_be_charged=False)
        self._paying.begin(job.asking)
        if self._paying.is_paid:
            job.folder.mark_sent(job.call_id)
            call.spool = job.draft = job.folder.draft(job.call_id)
        began_s = time.monotonic()
        try:
            job.result = self._engine.shoot(job.order, call, partial(self._keep, job))
        finally:
            job.duration_s = time.monotonic() - began_s
            if job.draft:
                job.draft.close()
        job.developed = orders.developed(job.result, job.order.aspect_ratio, notes)
        job.result = orders.without_pictures(job.result)
        self._remember(job)
        job.keep()

    def _remember(self, job: Job, error: MaestroError | None = None) -> None:
        """Once, and before the call is over in the journal: what a kill comes before is finished from there."""
        if job.order is not None and not job.is_remembered:
            job.is_remembered = True
            self._paying.remember(job.folder, job.asking, partial(self._said, job, job.order, error), self._bill(job, error))

    def _bill(self, job: Job, error: MaestroError | None) -> Bill:
        if job.result is not None:  # whatever became of its picture, it was answered
            return Bill(job.result.cost_usd, may_be_charged=self._paying.is_paid, generation_id=job.result.generation_id)
        if error is None or not job.asking.is_begun:
            return Bill(None, may_be_charged=False)
        return bill_of(error, job.call, is_paid=self._paying.is_paid)

    def _said(self, job: Job, order: ShotOrder, error: MaestroError | None) -> Said:
        result = job.result
        raw = error.raw if isinstance(error, EngineError) else ""
        return Said(
            model=result.model if result else "",
            prompt=result.prompt if result else images.prompt(order),
            pictures=job.sent,
            answer=result.answer if result else raw,
            duration_s=job.duration_s,
        )

    def _keep(self, job: Job, raw: bytes) -> None:
        trouble = attempt(partial(job.folder.keep_answer, job.call_id, raw, job.draft), "an answer")
        job.has_answer = trouble is None
        job.leave()
        if trouble:
            # It is paid for: the engine reads it all the same, so that the picture can at least wait in memory.
            log.warning("The answer for shot %d could not be put on disk: %s", job.shot_id, trouble)

    def _end(self, job: Job, error: MaestroError, bill: Bill) -> None:
        if job.developed:
            with self._lock:
                message = f"{error} The picture is here, but only in memory."
                job.end(RowState.FAILED, message, f"Download it now. {error.next_step}", error)
            return
        self._close_in_journal(job, error, bill)
        state = RowState.CANCELLED if isinstance(error, CancelledError) else RowState.FAILED
        with self._lock:
            job.end(state, self._with_charge(str(error), bill), error.next_step, error)
            if _concerns_all(error):
                self._drop_queued(job, error)

    def _drop_queued(self, cause: Job, error: MaestroError) -> None:
        dropped = [job for job in self._of(cause.project_id) if job.state is RowState.QUEUED]
        for job in dropped:
            self._drop(job, f"Not asked for, because of shot {cause.shot_id}: {error}", error.next_step, error)
        self._tell(cause.project_id, *(job.shot_id for job in dropped))

    def _close_in_journal(self, job: Job, error: MaestroError, bill: Bill) -> None:
        # An answer that is on disk and was not found wanting by the engine is left open: the next start reads it again.
        if not job.is_journaled or (job.has_answer and not isinstance(error, EngineError)):
            return
        raw = error.raw if isinstance(error, EngineError) else ""
        fail = partial(job.folder.fail, job.call_id, str(error), may_be_charged=bill.may_be_charged, raw=raw)
        if trouble := attempt(fail, "the journal"):
            log.warning("The end of call %s could not be written: %s", job.call_id, trouble)

    def _with_charge(self, message: str, bill: Bill) -> str:
        if bill.cost_usd:
            return message  # what it cost stands beside it
        return orders.with_charge(message, is_paid=self._paying.is_paid, may_be_charged=bill.may_be_charged, cost_usd=bill.cost_usd)

    def _tell(self, project_id: str, *shot_ids: int) -> None:
        if shot_ids:
            self._events.publish(*(topic(project_id, f"shot-{shot_id}") for shot_id in shot_ids), topic(project_id, "batch"))


def _concerns_all(error: MaestroError) -> bool:
    # A 402 that passes is a budget for what is in flight: the others only come later.
    return isinstance(error, KeyRefusedError) or (isinstance(error, OutOfCreditError) and not error.is_passing)


def _wait(jobs: Sequence[Job], deadline_s: float) -> None:
    wait([job.future for job in jobs if job.future], max(0.0, deadline_s - time.monotonic()))
