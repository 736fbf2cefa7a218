"""The SDK's client, with its edges set: what leaves, what may come back. Importing this module takes over a second."""

from typing import Any

import httpx2
import openai

from maestro.config import Settings, is_loopback
from maestro.engines.openrouter import faults
from maestro.engines.openrouter.faults import Fault
from maestro.engines.openrouter.replies import Reply

ANSWER_LIMIT_BYTES = 60_000_000
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
_KEPT_HEADERS = ("content-type", "retry-after", "retry-after-ms")


class Client:
    """One SDK client. Make, use and close it on one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.openrouter_api_key.get_secret_value().strip()
        self._sdk = openai.AsyncOpenAI(
            api_key=self._key,
            base_url=str(settings.base_url),
            max_retries=0,  # a repeated request may be billed twice; what may be repeated is decided in wire.py
            default_headers=_title(settings.app_name),
            http_client=_Transport(settings),
        )

    async def post(self, path: str, body: object) -> Reply:
        """The answer, whatever its status. Raises Fault when none came."""
        try:
            response = await self._sdk.post(path, body=body, cast_to=httpx2.Response)
        except openai.APIStatusError as error:
            response = error.response
        except openai.APIConnectionError as error:
            raise _no_answer(error.__cause__) from error
        return Reply(response.status_code, response.headers, self._without_key(response.content))

    async def close(self) -> None:
        """Closes what is open."""
        await self._sdk.close()

    def _without_key(self, body: bytes) -> bytes:
        """Servers have been seen to repeat the key in an error; it must not get from there to a page or a file."""
        key = self._key.encode()
        return body.replace(key, b"[key]") if len(key) >= 8 and key in body else body


class _Transport(httpx2.AsyncClient):
    """Reads answers whole and bounded, and sends no header but those that the wire needs.

    Redirects are not followed: they would carry the pictures to another address. Connections are not kept: a request on one that
    the server closes at that moment would be lost without anybody knowing whether it was billed.
    """

    def __init__(self, settings: Settings) -> None:
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
        """The whole answer. Raises Fault for one above ANSWER_LIMIT_BYTES, unpacked."""
        for name in set(request.headers) - _SENT_HEADERS:
            del request.headers[name]
        options["stream"] = True
        try:
            response = await super().send(request, **options)
            try:
                body = await _read(response)
            finally:
                await response.aclose()
        finally:
            request.headers.pop("authorization", None)  # an error keeps its request for whoever prints it, but not the key
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        return httpx2.Response(response.status_code, headers=headers, content=body, request=request)


def _title(app_name: str) -> dict[str, str]:
    """Headers are ASCII; a name without any such letter is not sent."""
    letters = "".join(letter for letter in app_name if letter.isascii() and letter.isprintable()).strip()
    return {"X-OpenRouter-Title": letters} if letters else {}


async def _read(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > ANSWER_LIMIT_BYTES:
            raise faults.too_large(ANSWER_LIMIT_BYTES)
    return bytes(body)


def _no_answer(cause: BaseException | None) -> Fault:
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError | httpx2.UnsupportedProtocol):
        return faults.unreachable()
    return faults.dropped()
