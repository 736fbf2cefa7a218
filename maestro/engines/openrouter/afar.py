"""Requests that leave from a crew's workers, each with its own key: paced, repeated and kept here, sent there."""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from maestro import config, crew
from maestro.config import Settings
from maestro.crew import LostError
from maestro.engines.openrouter import faults
from maestro.engines.openrouter.asking import check_key
from maestro.engines.openrouter.client import Client
from maestro.engines.openrouter.faults import Fault
from maestro.engines.openrouter.replies import Reply, Sent
from maestro.engines.openrouter.wire import Wire
from maestro.errors import ConnectionLostError, EngineError, KeyRefusedError, ProviderError, Remedy, SettingError


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of a request: the answer, or the fault; and the provider's id of the call, as far as it was told."""

    generation_id: str
    reply: Reply | None = None
    fault: Fault | None = None


class FarClient(Client):
    """A client whose paid requests are sent by workers; what costs nothing is asked from here."""

    def __init__(self, settings: Settings, executor: Executor) -> None:
        super().__init__(settings)
        self._base_url = str(settings.base_url)
        self._executor = executor

    async def post(self, path: str, body: object, sent: Sent) -> Reply:
        """As `Client.post`. A worker that is lost is a connection that broke."""
        try:
            posted = await asyncio.wrap_future(self._executor.submit(post, path, body, self._base_url))
        except LostError as error:
            raise _lost(has_begun=error.has_begun) from error
        sent.generation_id = posted.generation_id
        _spool(posted, sent)
        if posted.reply is None:
            raise posted.fault or faults.dropped()
        return posted.reply


def _spool(posted: Posted, sent: Sent) -> None:
    if sent.spool and posted.reply and posted.reply.status < HTTPStatus.MULTIPLE_CHOICES:
        sent.spool.begin(posted.generation_id)
        sent.spool.add(posted.reply.body)


def _lost(*, has_begun: bool) -> Fault:
    if has_begun:
        message = "The worker that had sent this was lost before the whole answer was here."
        return Fault(ConnectionLostError(message, is_passing=True, next_step=crew.WORKERS_STEP))
    message = "No worker sent this; it never left."
    return Fault(ConnectionLostError(message, may_be_charged=False, is_passing=True, next_step=crew.WORKERS_STEP))


# --- on a worker


def post(path: str, body: object, base_url: str) -> Posted:
    """Sends it once, with the key and to the provider of the worker's own environment."""
    sent = Sent()
    try:
        wire, limit_s = _wire(base_url)
        with crew.standing_by(limit_s) as call:
            crew.step_aside()
            reply = wire.once(path, body, call, sent)
    except Fault as fault:
        return Posted(sent.generation_id, fault=fault)
    except EngineError as error:
        return Posted(sent.generation_id, fault=Fault(error))
    return Posted(sent.generation_id, reply=Reply(reply.status, dict(reply.headers), reply.body))


def _wire(base_url: str) -> tuple[Wire, float]:
    """This process's, and the seconds that a request may take. Raises EngineError when its environment does not fit."""
    try:
        settings, wire = _own()
    except SettingError as error:
        raise _unfit(str(error)) from error
    if str(settings.base_url) != base_url:
        raise _unfit(f"MAESTRO_BASE_URL is {settings.base_url} there.")
    try:
        check_key(settings)
    except KeyRefusedError as error:
        step = "Set OPENROUTER_API_KEY where the workers are started, and start them again."
        raise KeyRefusedError(f"A worker cannot send: {error}", may_be_charged=False, next_step=step) from error
    return wire, settings.timeout_s


def _unfit(why: str) -> EngineError:
    message = f"A worker has other settings than this program; nothing was sent. {why}"
    error = ProviderError(message, may_be_charged=False, next_step="Correct them and start the worker again.")
    error.remedy = Remedy.SETTING
    return error


@lru_cache(maxsize=1)
def _own() -> tuple[Settings, Wire]:
    settings = config.load()
    return settings, Wire(settings)
