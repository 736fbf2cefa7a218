"""Requests: one event loop in one thread for all of them, a total deadline each.

A request is sent again only where nothing can have been billed.
"""

import asyncio
import concurrent.futures
import secrets
import threading
from typing import TYPE_CHECKING

from maestro.calls import Call
from maestro.config import Settings
from maestro.engines.openrouter import faults
from maestro.engines.openrouter.faults import Fault
from maestro.errors import CancelledError, ConnectionLostError

if TYPE_CHECKING:
    from maestro.engines.openrouter.client import Client

TRIES = 3
FIRST_WAIT_S = 1.0
"""Where the provider names no wait; doubled each time, plus up to a quarter so that five rows do not come back at once."""
GRACE_S = 10.0


class Wire:
    """Thread-safe. Its thread starts at once, so that the SDK is imported by the time that somebody asks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        self._loop = asyncio.new_event_loop()
        self._loop.call_soon(self._open)
        self._thread = threading.Thread(target=self._run, name="openrouter-wire", daemon=True)
        self._thread.start()

    def post(self, path: str, body: object, call: Call) -> bytes:
        """The body of a 200. Raises EngineError for everything else; CancelledError as soon as the call is cancelled."""
        if call.is_cancelled:
            raise _cancelled(call)
        with self._lock:
            if self._is_closed:
                raise ConnectionLostError("Maestro is closing; nothing was sent.", may_be_charged=False)
            answer = asyncio.run_coroutine_threadsafe(self._answer(path, body, call), self._loop)

        def stop() -> None:
            answer.cancel()

        call.on_cancel(stop)
        try:
            return answer.result(call.left_s + GRACE_S)
        except concurrent.futures.CancelledError:
            raise _cancelled(call) from None
        except TimeoutError:  # only when the loop itself is stuck; the deadline is kept in it
            stop()
            raise faults.timed_out(was_sent=call.was_sent) from None

    def close(self) -> None:
        """Ends what is in flight, then the thread."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(GRACE_S)

    # --- on the thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._end())
        finally:
            self._loop.close()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client:
            await self._client.close()

    def _open(self) -> "Client":
        if self._client is None:
            from maestro.engines.openrouter.client import Client  # noqa: PLC0415 - takes over a second

            self._client = Client(self._settings)
        return self._client

    async def _answer(self, path: str, body: object, call: Call) -> bytes:
        try:
            async with asyncio.timeout(call.left_s):
                return await self._tries(path, body, call)
        except TimeoutError:
            raise faults.timed_out(was_sent=call.was_sent) from None

    async def _tries(self, path: str, body: object, call: Call) -> bytes:
        for number in range(1, TRIES + 1):
            try:
                return await self._once(path, body, call)
            except Fault as fault:
                pause_s = _pause_s(number) if fault.wait_s is None else fault.wait_s
                if not fault.may_be_repeated or number == TRIES or pause_s >= call.left_s:
                    raise fault.error from fault
            await asyncio.sleep(pause_s)
        raise AssertionError("the last try returns or raises")

    async def _once(self, path: str, body: object, call: Call) -> bytes:
        was_sent, call.was_sent = call.was_sent, True
        try:
            reply = await self._open().post(path, body)
            if 200 <= reply.status < 300:
                return reply.body
            raise faults.of_status(reply.status, reply.headers, reply.body, path)
        except Fault as fault:
            if not fault.error.may_be_charged:
                call.was_sent = was_sent  # the provider said itself that this one cost nothing
            raise


def _pause_s(number: int) -> float:
    jitter = 1 + secrets.randbelow(250) / 1000
    return FIRST_WAIT_S * (1 << (number - 1)) * jitter


def _cancelled(call: Call) -> CancelledError:
    message = "Cancelled." if call.is_cancelled else "Maestro was closed before the answer was here."
    return CancelledError(message, may_be_charged=call.was_sent)
