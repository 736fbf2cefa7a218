"""How many may be at it at once, where there are more threads than that."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Semaphore


class Seats:
    """So many at once sit; more wait. Thread-safe. `math.inf`: nobody ever waits."""

    def __init__(self, count: float) -> None:
        self._free = Semaphore(10**9 if math.isinf(count) else int(count))

    @contextmanager
    def taken(self) -> Iterator[Callable[[], None]]:
        """Waits for a seat. What it gives leaves the seat before the block ends; asked again it does nothing."""
        self._free.acquire()
        seat = _Seat(self._free)
        try:
            yield seat.leave
        finally:
            seat.leave()


class _Seat:
    def __init__(self, free: Semaphore) -> None:
        self._free = free
        self._lock = Lock()
        self._is_left = False

    def leave(self) -> None:
        with self._lock:
            was_left, self._is_left = self._is_left, True
        if not was_left:
            self._free.release()
