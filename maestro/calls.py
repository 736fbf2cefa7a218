"""One call in flight: its deadline, and how it is cancelled from another thread."""

import threading
import time
from collections.abc import Callable


class Call:
    """A request that somebody waits for. Thread-safe; `cancel` may come before, during or after it.

    `was_sent` turns True the moment that a request leaves this computer: before that, nothing can have been billed.
    """

    def __init__(self, timeout_s: float = 180.0) -> None:
        self.deadline = time.monotonic() + timeout_s
        self.was_sent = False
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._closers: list[Callable[[], None]] = []

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
