"""Ctrl-C and SIGTERM: a wish to end, which the command's loops look at, so that nothing is cut off in the middle."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """`is_wanted` turns True once; it is a plain flag because a signal's handler must take no lock."""

    def __init__(self) -> None:
        self.is_wanted = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within it the two signals only set the flag. For the main thread."""
        before = [signal.signal(number, self._wanted) for number in SIGNALS]
        try:
            yield
        finally:
            for number, handler in zip(SIGNALS, before, strict=True):
                signal.signal(number, handler)

    def _wanted(self, _number: int, _frame: FrameType | None) -> None:
        self.is_wanted = True
