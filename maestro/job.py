"""One take being made: what was asked, how far it is, and what a page is told of it."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from maestro import orders
from maestro.calls import Call
from maestro.errors import MaestroError, Remedy
from maestro.paying import Asking, Bill, raw_of, successors
from maestro.services.storage import Draft, ProjectFolder
from maestro.types import GenerationResult, RowState, RowStatus, SentPicture, ShotOrder


@dataclass(eq=False)
class Job:
    """Everything but what the worker alone touches changes under the lock of Jobs.

    `developed` are the pictures of its answer, as long as they are not on disk: they are paid for. `leave` makes room for another.
    """

    folder: ProjectFolder
    request: orders.Request
    asking: Asking
    future: Future[None] | None = None
    call: Call | None = None
    state: RowState = RowState.QUEUED
    message: str = ""
    next_step: str = ""
    remedy: Remedy = Remedy.RETRY
    fallback_models: tuple[str, ...] = ()
    raw: str = ""
    bill: Bill | None = None
    began_s: float = field(default_factory=time.monotonic)
    ended_s: float | None = None
    is_journaled: bool = False
    has_answer: bool = False
    leave: Callable[[], None] = lambda: None
    draft: Draft | None = None
    is_remembered: bool = False
    order: ShotOrder | None = None
    sent: tuple[SentPicture, ...] = ()
    result: GenerationResult | None = None
    duration_s: float = 0.0
    developed: list[orders.Developed] = field(default_factory=list)

    @property
    def project_id(self) -> str:
        """The project it belongs to."""
        return self.folder.id

    @property
    def shot_id(self) -> int:
        """The shot that it is a take of."""
        return self.request.shot.id

    @property
    def call_id(self) -> str:
        """By which journal and ledger know it."""
        return self.asking.call_id

    @property
    def is_in_flight(self) -> bool:
        """Whether it is not over yet."""
        return self.state in {RowState.QUEUED, RowState.RUNNING}

    def end(self, state: RowState, message: str, next_step: str, error: MaestroError | None = None) -> None:
        """It is over."""
        self.message, self.next_step, self.ended_s = message, next_step, time.monotonic()
        if error is not None:  # not kept itself: its traceback holds the whole answer
            self.remedy, self.fallback_models, self.raw = error.remedy, successors(error), raw_of(error)
        self.order = self.result = None
        self.state = state

    def keep(self) -> None:
        """Puts its pictures on disk, each a take. Raises WorkspaceError; asked again, it goes on from there."""
        if self.developed:
            self.folder.add_takes(self.call_id, self.developed)
            self.developed = []

    def status(self, expected_s: float | None) -> RowStatus:
        """What a page is told; `expected_s` is how long such a take usually lasts."""
        call = self.call if self.state is RowState.RUNNING else None
        hold_s = call.hold_s if call and not call.is_cancelled else None
        message = self.message
        if call and call.is_cancelled:
            message = "Cancelling ..."
        elif call and hold_s is not None:
            message = call.hold_reason
        developed = self.developed
        return RowStatus(
            state=self.state,
            message=message,
            next_step=self.next_step,
            elapsed_s=(self.ended_s or time.monotonic()) - self.began_s,
            expected_s=expected_s,
            picture=None if self.is_in_flight or not developed else developed[0][1],
            remedy=self.remedy,
            fallback_models=self.fallback_models,
            raw=self.raw,
            hold_s=hold_s,
            cost_usd=self.bill.cost_usd if self.bill and not self.is_in_flight else None,
        )
