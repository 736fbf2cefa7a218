"""Requests: one event loop in one thread for all of them, a total deadline each, one limiter.

A request is sent again only where nothing can have been billed, or where the provider says so.
"""

import asyncio
import concurrent.futures
import secrets
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from maestro.calls import Call
from maestro.config import Settings
from maestro.engines.openrouter import faults, replies, said
from maestro.engines.openrouter.faults import Fault
from maestro.engines.openrouter.memory import give_back_at_once
from maestro.engines.openrouter.pace import Pace
from maestro.engines.openrouter.replies import Reply, Sent
from maestro.errors import CancelledError, ConnectionLostError, EngineError, OutOfCreditError, RateLimitedError

if TYPE_CHECKING:
    from maestro.engines.openrouter.client import Client

TRIES = 3
FIRST_WAIT_S = 1.0
"""Where the provider names no wait; doubled each time, plus up to a quarter so that five rows do not come back at once."""
GRACE_S = 10.0
SMALL_BYTES = 1_000_000
"""No larger answer is only an error; a picture is not read before it is kept."""
GETS_AT_ONCE = 6
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Received:
    """The body of a 200 and the provider's id of the call, as its head said it."""

    body: bytes
    generation_id: str


class Wire:
    """Thread-safe. The SDK is imported, on its thread, by the first question, which the app asks soon after its first page.

    With `executor`, its workers send what is paid; who may send, and when, and whether again, is decided here all the same.
    """

    def __init__(self, settings: Settings, executor: concurrent.futures.Executor | None = None) -> None:
        give_back_at_once()
        self._settings = settings
        self._executor = executor
        self._client: Client | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        self._pace = Pace(settings.max_concurrent_requests)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="openrouter-wire", daemon=True)
        self._thread.start()

    def post(self, path: str, body: object, call: Call) -> Received:
        """The body of a 200. Raises EngineError for everything else; CancelledError as soon as the call is cancelled."""
        sent = Sent(spool=call.spool)
        try:
            found = self._wait_for(lambda: self._answer(path, body, call, sent), call)
        except EngineError as error:
            if error.may_be_charged:
                error.generation_id = error.generation_id or sent.generation_id
            raise
        return Received(found, sent.generation_id)

    def once(self, path: str, body: object, call: Call, sent: Sent) -> Reply:
        """The answer, whatever its status, to what somebody else paces and repeats. Raises Fault or EngineError when none came."""

        async def posted() -> Reply:
            try:
                async with asyncio.timeout(call.left_s):
                    return await self._open().post(path, body, sent)
            except TimeoutError:
                raise faults.timed_out(was_sent=True) from None

        call.was_sent = True
        return self._wait_for(posted, call)

    def fetch(self, paths: Sequence[str], call: Call) -> list[Reply | EngineError]:
        """The answers to questions that cost nothing, whatever their status; the fault where none came. Raises CancelledError."""
        return self._wait_for(lambda: self._fetched(paths, call), call)

    def start_over(self) -> None:
        """Another model is asked from now on: it did not ask anybody to wait."""
        with self._lock:
            if not self._is_closed:
                self._loop.call_soon_threadsafe(self._pace.start_over)

    def close(self) -> None:
        """Ends what is in flight, then the thread."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(GRACE_S)

    def _wait_for(self, begin: Callable[[], Coroutine[Any, Any, Value]], call: Call) -> Value:
        if call.is_cancelled:
            raise _cancelled(call)
        with self._lock:
            if self._is_closed:
                raise ConnectionLostError("Maestro is closing; nothing was sent.", may_be_charged=False)
            answer = asyncio.run_coroutine_threadsafe(begin(), self._loop)

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
            self._client = self._made()
        return self._client

    def _made(self) -> "Client":
        if self._executor is None:
            from maestro.engines.openrouter.client import Client  # noqa: PLC0415 - takes over a second

            return Client(self._settings)
        from maestro.engines.openrouter.afar import FarClient  # noqa: PLC0415

        return FarClient(self._settings, self._executor)

    async def _answer(self, path: str, body: object, call: Call, sent: Sent) -> bytes:
        try:
            async with asyncio.timeout(call.left_s):
                return await self._tries(path, body, call, sent)
        except TimeoutError:
            if call.hold_s is not None:
                error = RateLimitedError("The provider asked to wait, and the turn of this one did not come in time.")
                error.may_be_charged = call.was_sent
                raise error from None
            raise faults.timed_out(was_sent=call.was_sent) from None
        finally:
            call.go_on()

    async def _tries(self, path: str, body: object, call: Call, sent: Sent) -> bytes:
        for number in range(1, TRIES + 1):
            try:
                return await self._in_turn(path, body, call, sent)
            except Fault as fault:
                pause_s = _pause_s(number) if fault.wait_s is None else fault.wait_s
                if fault.slows_all:
                    self._pace.hold_off(pause_s)
                if fault.may_be_repeated and fault.wait_s is not None and pause_s >= call.left_s:
                    fault.error.args = (f"{fault.error} It asks to wait {said.too_long(pause_s, call.left_s)}",)
                if not fault.may_be_repeated or number == TRIES or pause_s >= call.left_s:
                    raise fault.error from fault
                call.hold(pause_s, _why(fault.error, number + 1))
            await asyncio.sleep(pause_s)
        raise AssertionError("the last try returns or raises")

    async def _in_turn(self, path: str, body: object, call: Call, sent: Sent) -> bytes:
        await self._pace.enter(call)
        try:
            found = await self._once(path, body, call, sent)
        finally:
            self._pace.leave()
        self._pace.went_well()
        return found

    async def _once(self, path: str, body: object, call: Call, sent: Sent) -> bytes:
        was_sent, call.was_sent = call.was_sent, True
        sent.generation_id = ""
        try:
            reply = await self._open().post(path, body, sent)
            fault = _fault_in(reply, path)
            if fault is None:
                return reply.body
            raise fault
        except Fault as fault:
            if not fault.error.may_be_charged:
                call.was_sent = was_sent  # the provider said itself that this one cost nothing
            raise

    async def _fetched(self, paths: Sequence[str], call: Call) -> list[Reply | EngineError]:
        turns = asyncio.Semaphore(GETS_AT_ONCE)

        async def one(path: str) -> Reply | EngineError:
            try:
                async with turns, asyncio.timeout(call.left_s):
                    client = self._open()
                    call.was_sent = True
                    return await client.get(path)
            except Fault as fault:
                return fault.error
            except TimeoutError:
                return faults.timed_out(was_sent=False)

        return list(await asyncio.gather(*map(one, paths)))


def _fault_in(reply: Reply, path: str) -> Fault | None:
    """What the answer says went wrong; None for one that is to be kept and read, costly ones among them.

    A 429 may come inside a 200: repeated when it is certain that nothing was billed, so it must be known here.
    """
    if 200 <= reply.status < 300:
        return _limit_inside(reply.body)
    fault = faults.of_status(reply.status, reply.headers, reply.body, path)
    if len(reply.body) <= SMALL_BYTES:
        replies.billed(fault.error, said.whole(reply.body))
    return fault


def _limit_inside(body: bytes) -> Fault | None:
    if len(body) > SMALL_BYTES or b'"error"' not in body:
        return None
    value = said.whole(body)
    error = value.get("error") or replies.choice(value).get("error")
    if not error or replies.has_begun(value):
        return None
    fault = faults.inside(error)
    replies.billed(fault.error, value)
    return fault if fault.may_be_repeated else None


def _why(error: EngineError, number: int) -> str:
    if isinstance(error, RateLimitedError):
        what = "The provider asks to wait (too many requests)"
    elif isinstance(error, OutOfCreditError):
        what = "The provider asks to wait until what is in flight is paid"
    elif isinstance(error, ConnectionLostError):
        what = "The provider cannot be reached"
    else:
        what = "The provider has a fault that passes"
    return f"{what}; trying again, {number} of {TRIES}."


def _pause_s(number: int) -> float:
    jitter = 1 + secrets.randbelow(250) / 1000
    return FIRST_WAIT_S * (1 << (number - 1)) * jitter


def _cancelled(call: Call) -> CancelledError:
    message = "Cancelled." if call.is_cancelled else "Maestro was closed before the answer was here."
    return CancelledError(message, may_be_charged=call.was_sent)
