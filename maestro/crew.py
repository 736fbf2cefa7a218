"""Work that others do: a plain function of a module, with plain values, on an executor whose workers may be other computers.

`ask` is for who asks; on the worker `standing_by` gives the function a Call that ends when it is wanted no more.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from maestro.calls import Call
from maestro.errors import CancelledError, ConnectionLostError, MaestroError, TimedOutError

TRIES = 3
GRACE_S = 15.0
"""How much longer than its deadline a worker may take to say that it has passed."""
WORKERS_STEP = "Look after the workers, then try again."
Value = TypeVar("Value")


class LostError(Exception):
    """The worker is gone, or nobody took the work; `has_begun` is False only when it is certain that it never began."""

    def __init__(self, *, has_begun: bool) -> None:
        super().__init__("a worker was lost" if has_begun else "no worker took it")
        self.has_begun = has_begun


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a function gave: its value, or what it raised. `was_refused`: it had begun before, or is not wanted any more."""

    value: object = None
    error: MaestroError | None = None
    was_refused: bool = False


@dataclass(slots=True)
class _Stand:
    call: Call | None = None
    is_stopped: bool = False


_lock = threading.Lock()
_stands: dict[str, _Stand] = {}
_name: ContextVar[str] = ContextVar("name", default="")
_aside: ContextVar[Callable[[], None] | None] = ContextVar("aside", default=None)


# --- where it is asked


def ask(executor: Executor, function: Callable[..., Value], *arguments: object, call: Call) -> Value:
    """What `function` gives on a worker, raising what it raises. Asked again when the worker died: only for what is free.

    Raises EngineError when it was cancelled, is late, or killed every worker that tried.
    """
    for number in range(1, TRIES + 1):
        if call.is_cancelled:
            raise CancelledError("This was cancelled before it was finished; it cost nothing.", may_be_charged=False)
        begun = executor.submit(function, *arguments)
        call.on_cancel(partial(_let_go, begun))
        try:
            return begun.result(call.left_s + GRACE_S)
        except (LostError, futures.CancelledError) as error:
            if number == TRIES and not call.is_cancelled:
                message = f"The workers that tried this were lost, {TRIES} of them."
                raise ConnectionLostError(message, may_be_charged=False, next_step=WORKERS_STEP) from error
        except TimeoutError as error:
            begun.cancel()
            message = "No worker finished this in the time allowed."
            raise TimedOutError(message, may_be_charged=False, is_passing=True, next_step=WORKERS_STEP) from error
    raise CancelledError("This was cancelled before it was finished; it cost nothing.", may_be_charged=False)


# --- on a worker


@contextmanager
def standing_by(limit_s: float) -> Iterator[Call]:
    """The Call of the function that runs in this thread."""
    call = Call(limit_s)
    with _lock:
        stand = _stands.get(_name.get(), _Stand())
        stand.call = call
    if stand.is_stopped:
        call.cancel()
    yield call


def step_aside() -> None:
    """From here on this one mostly waits: its worker may take on others meanwhile."""
    if leave := _aside.get():
        leave()


def run_as(name: str, leave: Callable[[], None], function: Callable[..., object], arguments: tuple[object, ...]) -> Outcome:
    """Does it under that name; `leave` makes room for others."""
    stand = _Stand()
    with _lock:
        _stands[name] = stand
    tokens = _name.set(name), _aside.set(leave)
    try:
        return Outcome(function(*arguments))
    except MaestroError as error:
        return Outcome(error=error)
    finally:
        _name.reset(tokens[0])
        _aside.reset(tokens[1])
        with _lock:
            del _stands[name]


def stop(name: str) -> None:
    """Cancels what runs under that name, if it does here."""
    with _lock:
        stand = _stands.get(name)
        if stand:
            stand.is_stopped = True
    if stand and stand.call:
        stand.call.cancel()


def _let_go(begun: "futures.Future[Value]") -> None:
    begun.cancel()
