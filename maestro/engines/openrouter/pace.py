"""The one limiter of all paid calls: never more in flight than the settings allow, nor than the provider puts up with."""

import asyncio
import math

from maestro.calls import Call
from maestro.engines.openrouter.said import too_long
from maestro.errors import RateLimitedError

REASON = "The provider asked to wait (too many requests); this one waits its turn."
FULL = "As many requests as may be are under way; this one waits its turn."
SLOW_S = 15.0
"""A call that takes longer than this holds nobody up who was asked to wait: pictures take a minute, and some calls never end."""
CALM = 10
"""So many answers a place without being asked to wait, and one more is tried than was too many before."""


class Pace:
    """At most `limit` at once. Once asked to wait, everybody does; then half as many go, and one more with each that succeeds
    or is slow.

    What was too many before is tried again only after a calm. Used on one event loop only.
    """

    def __init__(self, limit: float = math.inf) -> None:
        self._limit = limit
        self._resume_at = 0.0
        self._most = limit
        self._ceiling = limit
        self._calm = 0
        self._more_at = 0.0
        self._flying = 0
        self._changed = asyncio.Event()

    async def enter(self, call: Call) -> None:
        """Waits its turn. Raises RateLimitedError at once when that cannot come before the call's deadline."""
        while (wait_s := self._resume_at - _now_s()) > 0 or self._flying >= self._most:
            if wait_s >= call.left_s:
                raise RateLimitedError(f"The provider asks to wait {too_long(wait_s, call.left_s)}", wait_s=wait_s)
            reason = FULL if wait_s <= 0 and self._most >= self._limit else REASON
            if not call.hold_s and (wait_s > 0 or call.hold_reason != reason):
                call.hold(max(0.0, wait_s), reason)
            await self._a_change(wait_s if wait_s > 0 else self._slow_s())
            if self._slow_s() == 0 and self._flying >= self._most:
                self._one_more()
        self._flying += 1
        call.go_on()

    def leave(self) -> None:
        """A call that had entered is over, in whatever way."""
        self._flying -= 1
        self._tell()

    def hold_off(self, wait_s: float) -> None:
        """The provider asked to wait so long, after the call that it asked has left: what flies still was not too much."""
        self._resume_at = max(self._resume_at, _now_s() + wait_s)
        if self._flying:  # one that was alone was not too much: it is about something else
            self._ceiling = min(self._ceiling, self._flying)
        self._most, self._calm = max(1, self._flying // 2), 0
        self._more_at = self._resume_at + SLOW_S
        self._tell()

    def start_over(self) -> None:
        """Forgets who asked to wait: somebody else is asked from now on."""
        self._resume_at, self._calm = 0.0, 0
        self._most = self._ceiling = self._limit
        self._tell()

    def went_well(self) -> None:
        """An answer came."""
        self._calm += 1
        if self._most < self._ceiling:
            self._one_more()
        elif self._most < self._limit and self._calm >= CALM * self._most:
            self._ceiling = self._most = min(self._limit, self._most + 1)
            self._calm = 0
        self._tell()

    def _one_more(self) -> None:
        self._most = min(self._limit, self._most + 1)
        self._more_at = _now_s() + SLOW_S
        self._tell()

    def _slow_s(self) -> float | None:
        """Until those in flight count as slow; None when nobody holds anybody up but the settings."""
        return None if self._most >= self._limit else max(0.0, self._more_at - _now_s())

    async def _a_change(self, limit_s: float | None) -> None:
        changed = self._changed
        try:
            async with asyncio.timeout(limit_s):
                await changed.wait()
        except TimeoutError:
            pass  # the time that was told has come

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
