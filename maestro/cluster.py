"""The crew as a cluster of `dask.distributed`: the one module that knows it. The store, the ledger and the limits stay here.

Dask runs a task again when its worker dies, when the worker that keeps its result does, or when it is retired. Nothing here may run
twice: for each function a token lies ready at the scheduler, and only who takes it may begin.
"""

import hmac
import logging
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from maestro import __version__, config, crew
from maestro.config import Settings
from maestro.crew import LostError, Outcome
from maestro.errors import SettingError

if TYPE_CHECKING:
    from distributed import Client, Queue

CONNECT_S = 10.0
CLOSE_S = 5.0
CARRIERS = 128
"""Threads that wait for workers: more are never asked at once."""
LOOK_S = 5.0
"""How often somebody who waits looks whether the scheduler is still there."""

log = logging.getLogger(__name__)


def connected(settings: Settings, limit_s: float = CONNECT_S) -> "Cluster | None":
    """None when all work is done in this process. Raises SettingError when the cluster is not to be had."""
    if settings.executor != "dask":
        return None
    if not settings.scheduler:
        raise SettingError("MAESTRO_EXECUTOR is dask, but MAESTRO_SCHEDULER does not say where the scheduler is.")
    try:
        from distributed import Client  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        raise SettingError(
            "MAESTRO_EXECUTOR is dask, but dask.distributed is not installed.", next_step="Install maestro[cluster]."
        ) from None
    try:
        return Cluster(Client(settings.scheduler, timeout=limit_s, set_as_default=False, name="maestro"))
    except (OSError, ValueError) as error:
        raise SettingError(
            f"No scheduler answers at MAESTRO_SCHEDULER ({settings.scheduler}).",
            next_step="Start the scheduler (dask scheduler), or correct the variable; then start Maestro again.",
        ) from error


def check(settings: Settings) -> None:
    """Raises SettingError when a cluster is wanted that is not to be had."""
    found = connected(settings)
    if found:
        found.shutdown()


@contextmanager
def required(settings: Settings) -> Iterator["Cluster"]:
    """That of settings whose executor is dask, for a moment. Raises SettingError."""
    found = connected(settings)
    assert found is not None, "the executor is not dask"
    try:
        yield found
    finally:
        found.shutdown()


@dataclass(frozen=True, slots=True)
class Facts:
    """What must be the same for all who work together. `key_mark` stands for the key, which does not travel; empty without one."""

    version: str
    key_mark: str
    base_url: str


def facts_of(settings: Settings, salt: str) -> Facts:
    """Of this program. Key marks of the same `salt` can be compared."""
    key = settings.openrouter_api_key.get_secret_value().strip()
    mark = hmac.new(salt.encode(), key.encode(), "sha256").hexdigest() if key else ""
    return Facts(__version__, mark, str(settings.base_url))


class _Errand(Future[object]):
    """What was sent to the cluster. Cancelled while it runs, its function is told to stop, and its outcome still comes."""

    def __init__(self, stop: Callable[["_Errand"], None]) -> None:
        super().__init__()
        self.name = uuid4().hex
        self.token: Queue | None = None
        self.is_withdrawn = False
        self._stop = stop

    def cancel(self) -> bool:
        """True when it never began, and never will."""
        if super().cancel():
            return True
        if not self.done():
            self._stop(self)
        return False

    def withdraw(self) -> bool:
        """Takes the token back: True when nobody has begun, and from now on nobody can."""
        self.is_withdrawn = self.is_withdrawn or bool(self.token and self.token.get(batch=True))
        return self.is_withdrawn


class Cluster(Executor):
    """Runs each function at most once, on one of the workers, and raises what it raised there; LostError when nobody knows."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._dask = client.get_executor(pure=False, retries=0)
        self._carriers = ThreadPoolExecutor(CARRIERS, thread_name_prefix="maestro-errand")
        self._stoppers = ThreadPoolExecutor(2, thread_name_prefix="maestro-stop")

    @property
    def width(self) -> int:
        """How many functions the workers of this moment run at once."""
        return sum(self._client.nthreads().values())

    def facts(self, salt: str) -> dict[str, Facts | None]:
        """Of each worker by its address; None where Maestro is not there, is another one, or has settings that are not allowed."""
        told = self._client.run(_facts, salt, on_error="return")
        return {where: each if isinstance(each, Facts) else None for where, each in told.items()}

    def submit(self, fn: Callable[..., object], /, *args: object, **kwargs: object) -> Future:  # type: ignore[type-arg]
        """A function of a module and values that can be pickled."""
        errand = _Errand(self._begin_to_stop)
        self._carriers.submit(self._carry, errand, partial(fn, **kwargs) if kwargs else fn, args)
        return errand

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Lets go of the scheduler; the workers stay."""
        self._carriers.shutdown(wait=False, cancel_futures=cancel_futures)
        self._stoppers.shutdown(wait=wait)
        with suppress(TimeoutError, OSError):  # the scheduler may be gone
            self._client.close(timeout=CLOSE_S)

    # --- in a carrier's thread

    def _carry(self, errand: _Errand, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
        if not errand.set_running_or_notify_cancel():
            return
        try:
            outcome = self._outcome(errand, function, arguments)
        except (OSError, RuntimeError, TimeoutError, futures.CancelledError) as error:  # no scheduler, or it went
            log.warning("The scheduler is not to be had: %s", error)
            outcome = LostError(has_begun=errand.token is not None)
        if isinstance(outcome, BaseException):
            errand.set_exception(outcome)
        elif outcome.error:
            errand.set_exception(outcome.error)
        else:
            errand.set_result(outcome.value)

    def _outcome(self, errand: _Errand, function: Callable[..., object], arguments: tuple[object, ...]) -> Outcome | BaseException:
        token = _token(errand.name, self._client)
        token.put(errand.name)
        errand.token = token
        remote = self._dask.submit(_at_work, errand.name, function, arguments)
        error = self._error(remote)
        if error is None and not remote.result().was_refused:
            outcome: Outcome | BaseException = remote.result()
        elif error is None or _is_loss(error):
            outcome = LostError(has_begun=not errand.withdraw())
        else:
            outcome = error
        token.close()
        return outcome

    def _error(self, remote: "Future[Outcome]") -> BaseException | None:
        while True:
            try:
                return remote.exception(LOOK_S)
            except futures.CancelledError as error:
                return error
            except TimeoutError:
                if self._client.status != "running":
                    raise

    def _begin_to_stop(self, errand: _Errand) -> None:
        self._stoppers.submit(self._stop, errand)

    def _stop(self, errand: _Errand) -> None:
        """Not begun: its token is taken away, so that its worker refuses it. At work: it is told."""
        if not errand.withdraw():
            self._client.run(crew.stop, errand.name, on_error="ignore")


def _token(name: str, client: "Client") -> "Queue":
    from distributed import Queue  # noqa: PLC0415

    return Queue(f"maestro-{name}", client=client)


def _is_loss(error: BaseException) -> bool:
    from distributed import KilledWorker  # noqa: PLC0415

    return isinstance(error, KilledWorker | OSError | futures.CancelledError)


def _facts(salt: str) -> Facts:
    """On the worker."""
    return facts_of(config.load(), salt)


def _at_work(name: str, function: Callable[..., object], arguments: tuple[object, ...]) -> Outcome:
    """On the worker."""
    from distributed import get_client, secede  # noqa: PLC0415

    token = _token(name, get_client())
    is_first = bool(token.get(batch=True))
    token.close()
    return crew.run_as(name, secede, function, arguments) if is_first else Outcome(was_refused=True)
