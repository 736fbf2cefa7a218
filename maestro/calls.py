"""One call in flight: its deadline, and how it is cancelled from another thread."""

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Spool(Protocol):
    """Where an answer that is paid for goes as it arrives, so that a program that dies the moment after has it. Never raises."""

    def begin(self, generation_id: str) -> None:
        """Its head came, with the provider's id of the call or without; what came of an earlier try is dropped."""
        ...

    def add(self, chunk: bytes) -> None:
        """The next bytes of its body."""
        ...

    def drop(self) -> None:
        """Nothing of it is to stay."""
        ...


class Call:
    """A request that somebody waits for. Thread-safe; `cancel` may come before, during or after it.

    `was_sent` turns True the moment that a request leaves this computer: before that, nothing can have been billed. What comes back
    goes to `spool`, if there is one.
    """

    def __init__(self, timeout_s: float = 180.0) -> None:
        self.deadline = time.monotonic() + timeout_s
        self.was_sent = False
        self.spool: Spool | None = None
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._closers: list[Callable[[], None]] = []
        self._hold: tuple[float, str] | None = None
        self._on_hold: Callable[[], None] | None = None

    @property
    def hold_s(self) -> float | None:
        """Seconds that the call still has to wait before it is sent (again), None when it waits for nothing."""
        hold = self._hold
        return None if hold is None else max(0.0, hold[0] - time.monotonic())

    @property
    def hold_reason(self) -> str:
        """Why, in a sentence."""
        hold = self._hold
        return "" if hold is None else hold[1]

    def hold(self, wait_s: float, reason: str) -> None:
        """Says that the call waits, for a page that counts down."""
        self._hold = (time.monotonic() + wait_s, reason)
        self._told()

    def go_on(self) -> None:
        """Says that the wait is over."""
        if self._hold is not None:
            self._hold = None
            self._told()

    def when_held(self, tell: Callable[[], None]) -> None:
        """Calls `tell`, from the waiting thread, whenever a wait begins or ends."""
        self._on_hold = tell

    def _told(self) -> None:
        if self._on_hold:
            self._on_hold()

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._is_cancelled

    @property
    def left_s(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - time.monotonic())

    def cancel(self) -> None:
        """Closes whatever is open for this call; calling it again does nothing."""
        with self._lock:
            if self._is_cancelled:
                return
            self._is_cancelled = True
            closers, self._closers = self._closers, []
        for close in closers:
            close()

    def on_cancel(self, close: Callable[[], None]) -> None:
        """Calls `close` at `cancel`, from the cancelling thread; at once when that has already been."""
        with self._lock:
            if not self._is_cancelled:
                self._closers.append(close)
                return
        close()
