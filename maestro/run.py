"""One analysis: what was given, how far it is, and what a page is told of it."""

import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from maestro import orders
from maestro.calls import Call
from maestro.errors import MaestroError, TooLongError
from maestro.paying import Asking, Bill, raw_of, successors
from maestro.services.storage import ProjectFolder
from maestro.types import AnalysisStatus, CallKind, StyleReference


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the user gave: the clip where it is now, its own name, and the style reference; `is_trimmed` as in `video.sample`."""

    clip_path: Path
    clip_name: str
    style: StyleReference
    is_trimmed: bool = False


@dataclass(eq=False)
class Run:
    """Its steps change under the lock of Analyses. `askings` are the calls it makes, `bill` is that of the last one.

    `shot_id` is that of the shot that is asked for anew, else 0.
    """

    folder: ProjectFolder
    step: str
    shot_id: int = 0
    askings: dict[CallKind, Asking] = field(default_factory=dict)
    future: Future[None] | None = None
    call: Call | None = None
    bill: Bill | None = None
    is_cancelled: bool = False
    is_stillborn: bool = False
    began_s: float = field(default_factory=time.monotonic)
    outcome: AnalysisStatus = field(default_factory=AnalysisStatus)

    @property
    def is_running(self) -> bool:
        """Whether it is not over yet."""
        return bool(self.step)

    def status(self) -> AnalysisStatus:
        """What a page is told while it runs."""
        call = self.call
        hold_s = call.hold_s if call and not self.is_cancelled else None
        reason = call.hold_reason if call and hold_s is not None else ""
        return AnalysisStatus(
            step=self.step,
            elapsed_s=time.monotonic() - self.began_s,
            message="Cancelling ..." if self.is_cancelled else reason,
            shot_id=self.shot_id,
            hold_s=hold_s,
        )

    def failed(self, error: MaestroError, *, is_paid: bool) -> AnalysisStatus:
        """What a page is told from now on."""
        message, bill = str(error), self.bill
        if bill:
            message = orders.with_charge(message, is_paid=is_paid, may_be_charged=bill.may_be_charged, cost_usd=bill.cost_usd)
        return AnalysisStatus(
            elapsed_s=time.monotonic() - self.began_s,
            message=message,
            next_step=error.next_step,
            shot_id=self.shot_id,
            failed_step=self.step,
            remedy=error.remedy,
            fallback_models=successors(error),
            raw=raw_of(error),
            is_too_long=isinstance(error, TooLongError),
        )
