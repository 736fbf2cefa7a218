"""The SDK's client, with its edges set: what leaves, what may come back. Importing this module takes over a second."""

import io
import ssl
from contextvars import ContextVar
from typing import Any

import httpx2
import openai

from maestro.config import Settings, is_loopback
from maestro.engines.openrouter import faults
from maestro.engines.openrouter.faults import Fault
from maestro.engines.openrouter.hiding import Hiding
from maestro.engines.openrouter.intake import Intake
from maestro.engines.openrouter.replies import Reply, Sent, generation_id

ANSWER_LIMIT_BYTES = 60_000_000
LIST_LIMIT_BYTES = 10_000_000
"""Of what costs nothing to ask; the provider's list of all its models has about one million."""
CONNECT_S = 15.0
_SENT_HEADERS = {
    "host",
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "user-agent",
    "x-openrouter-title",
}
_KEPT_HEADERS = ("content-type", "retry-after", "retry-after-ms", "x-generation-id")
_BODY = "maestro.body"
_sent: ContextVar[Sent | None] = ContextVar("sent", default=None)


class Client:
    """One SDK client. Make, use and close it on one event loop."""

    def __init__(self, settings: Settings) -> None:
        key = settings.openrouter_api_key.get_secret_value().strip()
        self._hiding = Hiding(key)
        self._sdk = openai.AsyncOpenAI(
            api_key=key,
            base_url=str(settings.base_url),
            max_retries=0,  # a repeated request may be billed twice; what may be repeated is decided in wire.py
            default_headers=_title(settings.app_name),
            http_client=_Transport(settings, self._hiding),
        )

    async def post(self, path: str, body: object, sent: Sent) -> Reply:
        """The answer, whatever its status; `sent` learns what its head says. Raises Fault when none came."""
        _sent.set(sent)
        try:
            response = await self._sdk.post(path, body=body, cast_to=httpx2.Response)
        except openai.APIStatusError as error:
            response = error.response
        except openai.APIConnectionError as error:
            raise _no_answer(error.__cause__) from error
        return self._reply(response)

    async def get(self, path: str) -> Reply:
        """The same for a question that costs nothing."""
        _sent.set(None)
        try:
            response = await self._sdk.get(path, cast_to=httpx2.Response)
        except openai.APIStatusError as error:
            response = error.response
        except openai.APIConnectionError as error:
            raise _no_answer(error.__cause__) from error
        return self._reply(response)

    async def close(self) -> None:
        """Closes what is open."""
        await self._sdk.close()

    def _reply(self, response: httpx2.Response) -> Reply:
        body = response.extensions.get(_BODY, response.content)
        return Reply(response.status_code, response.headers, self._hiding.without_key(body))


class _Transport(httpx2.AsyncClient):
    """Reads answers whole and bounded, and sends no header but those that the wire needs.

    Redirects are not followed: they would carry the pictures to another address. Connections are not kept: a request on one that
    the server closes at that moment would be lost without anybody knowing whether it was billed.
    """

    def __init__(self, settings: Settings, hiding: Hiding) -> None:
        self._hiding = hiding
        super().__init__(
            base_url=str(settings.base_url),
            verify=settings.base_url.scheme
            == "https",  # without TLS there is nothing to verify, and the certificates take 0.1 s to load
            follow_redirects=False,
            timeout=httpx2.Timeout(None, connect=CONNECT_S),  # the total deadline is the call's
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
            trust_env=not is_loopback(settings.base_url.host),  # a proxy has no business between this computer and itself
        )

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """The whole answer. Raises Fault for one above its limit, unpacked."""
        for name in set(request.headers) - _SENT_HEADERS:
            del request.headers[name]
        options["stream"] = True
        try:
            response = await super().send(request, **options)
            intake = self._intake(response, _sent.get())
            try:
                body = await _read(response, LIST_LIMIT_BYTES if request.method == "GET" else ANSWER_LIMIT_BYTES, intake)
            finally:
                await response.aclose()
        finally:
            request.headers.pop("authorization", None)  # an error keeps its request for whoever prints it, but not the key
        return _kept(request, response, body)

    def _intake(self, response: httpx2.Response, sent: Sent | None) -> Intake | None:
        """Where the body goes besides, if anywhere: only what is paid for, and no page that says what is wrong."""
        if sent is None:
            return None
        sent.generation_id = generation_id({"id": response.headers.get("x-generation-id")})
        if sent.spool is None or not response.is_success:
            return None
        sent.spool.begin(sent.generation_id)
        return Intake(sent.spool, self._hiding)


def _kept(request: httpx2.Request, response: httpx2.Response, body: bytes) -> httpx2.Response:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    if response.status_code < 400:  # beside the SDK, which would copy it
        return httpx2.Response(response.status_code, headers=headers, request=request, extensions={_BODY: body})
    return httpx2.Response(response.status_code, headers=headers, content=body, request=request)


def _title(app_name: str) -> dict[str, str]:
    """Headers are ASCII; a name without any such letter is not sent."""
    letters = "".join(letter for letter in app_name if letter.isascii() and letter.isprintable()).strip()
    return {"X-OpenRouter-Title": letters} if letters else {}


async def _read(response: httpx2.Response, limit_bytes: int, intake: Intake | None) -> bytes:
    body = io.BytesIO()  # gives what it holds without copying it
    async for chunk in response.aiter_bytes():
        if body.write(chunk) and body.tell() > limit_bytes:
            raise faults.too_large(limit_bytes)
        if intake:
            intake.add(chunk)
    return body.getvalue()


def _no_answer(cause: BaseException | None) -> Fault:
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError | httpx2.UnsupportedProtocol):
        return faults.unreachable(is_untrusted=_is_about_certificates(cause))
    return faults.dropped()


def _is_about_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
