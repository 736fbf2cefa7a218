"""The app as ASGI: Streamlit around Home.py, with a host check, pictures by URL, downloads and events. Home.py alone still runs.

It listens before the pages and what is behind them are imported: the browser fetches Streamlit's own code meanwhile.
"""

import asyncio
import json
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maestro.config import ROOT, Settings
from maestro.errors import MaestroError, ProjectMissingError, SettingError
from maestro.events import Events, topic
from maestro.ui import served

if TYPE_CHECKING:
    from maestro.studio import Studio

PING_S = 15.0
WIDTHS_PX = (160, 320, 640, 960, 1280, 1920)
"""The only widths that small copies are made in, so that no address can fill the disk."""
MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
HEADERS = {
    "Content-Security-Policy": "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
OURS = ("/pictures/", "/events/", "/exports/", "/bundle/")
LOOPBACK = ("localhost", "127.0.0.1")
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - named to be recognised, not to be bound
EVERYWHERE = topic("list", "")
"""What the topics begin with that every page hears of: projects, models, money."""
_opening: list["asyncio.Task[tuple[Studio, Pulse]]"] = []
_running: list["Pulse"] = []
_is_ending = threading.Event()


def studio() -> "Studio":
    """The one Studio, opened by the first who asks. Raises SettingError when a setting is not allowed."""
    from maestro.ui.studio import studio as real  # noqa: PLC0415 - see above

    return real()


class Pulse:
    """Carries the word of changes from the studio's threads to the event streams: one thread for all of them."""

    def __init__(self, events: Events) -> None:
        self.events = events
        self.is_over = False
        self._loop = asyncio.get_running_loop()
        self._streams: set[asyncio.Event] = set()
        threading.Thread(target=self._watch, name="maestro-pulse", daemon=True).start()

    def stop(self) -> None:
        """Ends all streams; callable from any thread and from a signal's handler."""
        self.is_over = True
        self._loop.call_soon_threadsafe(self._wake)

    async def changes(self, *prefixes: str) -> AsyncIterator[dict[str, int]]:
        """First all numbers under `prefixes`, then those that changed; empty when there was nothing to tell for PING_S."""
        told: dict[str, int] = {}
        woken = asyncio.Event()
        self._streams.add(woken)
        try:
            while not self.is_over:
                woken.clear()
                numbers = {name: number for prefix in prefixes for name, number in self.events.numbers(prefix).items()}
                yield {name: number for name, number in numbers.items() if told.get(name) != number}
                told = numbers
                await self._next(woken)
        finally:
            self._streams.discard(woken)

    @staticmethod
    async def _next(woken: asyncio.Event) -> None:
        try:
            await asyncio.wait_for(woken.wait(), PING_S)
        except TimeoutError:
            return

    def _watch(self) -> None:
        seen = 0
        while not self.is_over:
            seen, fresh = self.events.wait(seen, ("",), 1.0)
            if fresh and not self.is_over:
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for woken in self._streams:
            woken.set()


class Guard:
    """Adds HEADERS to every answer; pages of other origins get neither what is the user's nor Streamlit's WebSocket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        is_http = scope["type"] == "http"
        if not is_http and scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        if (not is_http or scope["path"].startswith(OURS)) and _is_foreign(Headers(scope=scope)):
            await PlainTextResponse("Only Maestro's own pages may ask for this.", status_code=403)(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_guarded)


def _is_foreign(headers: Headers) -> bool:
    """Whether a page of another origin asks; another port of this computer is another origin too, which Streamlit lets in."""
    origin = headers.get("origin")
    if origin is not None:  # browsers do not agree on what Sec-Fetch-Site says of a WebSocket
        return origin.lower().partition("://")[2] != headers.get("host", "").lower()
    return headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}


def health(_request: Request) -> Response:
    """Whether this is Maestro and it can work: 503 with a sentence when not."""
    trouble = studio().trouble()
    if trouble is None:
        return JSONResponse({"app": "maestro", "is_ready": True})
    return JSONResponse({"app": "maestro", "is_ready": False, "trouble": str(trouble)}, status_code=503)


def picture(request: Request) -> Response:
    """A project's picture: as it is, as a small copy (`w`), or as a download; for good when its address has a version (`v`)."""
    path = studio().picture_file(request.path_params["project"], request.path_params["name"])
    if path is None:
        return _absent("There is no such picture.")
    if "download" in request.query_params:
        return FileResponse(path, media_type=_media_type(path), filename=path.name)
    wanted = request.query_params.get("w", "")
    if wanted.isdecimal():
        path = studio().thumbnail(path, _width_px(wanted))
    media_type = _media_type(path)
    if not media_type:
        return _absent("That file is no picture.")
    facts = path.stat()
    headers = {
        "ETag": f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"',
        "Cache-Control": "private, max-age=31536000, immutable" if "v" in request.query_params else "private, no-cache",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type=media_type, headers=headers)


def export(request: Request) -> Response:
    """Frames, storyboard, shot list, or all of it, made now."""
    from maestro.ui import downloads  # noqa: PLC0415

    project, name = request.path_params["project"], request.path_params["name"]
    file = downloads.make(project, name, request.query_params)
    return FileResponse(file, media_type=downloads.MEDIA_TYPES[file.suffix], filename=f"{project}_{name}")


def bundle_zip(request: Request) -> Response:
    """The whole project as one ZIP."""
    project = request.path_params["project"]
    return FileResponse(studio().export_bundle(project), media_type="application/zip", filename=f"{project}_project.zip")


async def events(request: Request) -> Response:
    """Server-sent events: the numbers of the project's topics and of those of all pages, all of them first, then each change."""
    from maestro.ui.studio import was_seen  # noqa: PLC0415

    await asyncio.shield(_opening[-1])
    was_seen()
    pulse = _running[-1]
    return StreamingResponse(
        _told(pulse, f"{request.path_params['project']}/", EVERYWHERE),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _told(pulse: Pulse, *prefixes: str) -> AsyncIterator[str]:
    is_first = True
    async for numbers in pulse.changes(*prefixes):
        if numbers or is_first:
            yield f"data: {json.dumps({'epoch': pulse.events.epoch, 'numbers': numbers})}\n\n"
        else:
            yield ": nothing new\n\n"
        is_first = False


def _width_px(wanted: str) -> int:
    """The next of WIDTHS_PX; six digits tell enough of any number."""
    return next((width for width in WIDTHS_PX if width >= int(wanted[:6])), WIDTHS_PX[-1])


def _media_type(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(12)
    return next((media_type for magic, media_type in MAGIC.items() if start.startswith(magic)), "")


def _absent(sentence: str) -> Response:
    return PlainTextResponse(sentence, status_code=404)


async def tell(_request: Request, error: Exception) -> Response:
    """A fault in words."""
    status = 404 if isinstance(error, ProjectMissingError) else 409
    return PlainTextResponse(f"{error} {getattr(error, 'next_step', '')}".strip(), status_code=status)


def lifespan(on_ready: Callable[[], None]) -> Callable[[Any], AbstractAsyncContextManager[dict[str, Any]]]:
    """What lives as long as the server: the pulse; at the end the studio is closed, which waits for what is in flight."""

    @asynccontextmanager
    async def living(_app: object) -> AsyncIterator[dict[str, Any]]:
        served.mark_served()
        _is_ending.clear()
        opening = asyncio.create_task(_open())
        _opening.append(opening)
        _before_signals(end_streams)
        on_ready()
        try:
            yield {}
        finally:
            served.mark_served(is_served=False)
            with suppress(SettingError):  # the page has told it
                opened, pulse = await opening
                pulse.stop()
                _running.remove(pulse)
                await asyncio.to_thread(opened.close)
            _opening.remove(opening)

    return living


async def _open() -> "tuple[Studio, Pulse]":
    opened = await asyncio.to_thread(_made_ready)
    pulse = Pulse(opened.events)
    _running.append(pulse)
    if _is_ending.is_set():
        pulse.stop()
    return opened, pulse


def _made_ready() -> "Studio":
    """The Studio; and what the first page will want, imported before it is asked for."""
    from maestro.ui import analysis, projects, shell, uploads  # noqa: F401, PLC0415

    return studio()


def end_streams() -> None:
    """Ends all event streams; callable from any thread and from a signal's handler."""
    _is_ending.set()
    for pulse in _running:
        pulse.stop()


def _before_signals(do: Callable[[], None]) -> None:
    """Puts `do` before what SIGINT and SIGTERM do already: the server waits for open streams, so these have to end first."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in (signal.SIGINT, signal.SIGTERM):
        former = signal.getsignal(name)

        def handle(number: int, frame: FrameType | None, former: Any = former) -> None:
            do()
            if callable(former):
                former(number, frame)

        signal.signal(name, handle)


def hosts(settings: Settings) -> list[str]:
    """The names under which the app may be asked for, as a Host header has them: this computer's and the configured address."""
    if settings.host not in ANY_ADDRESS:
        return list(dict.fromkeys((*LOOPBACK, f"[{settings.host}]" if ":" in settings.host else settings.host)))
    name = socket.gethostname()
    try:
        addresses = socket.gethostbyname_ex(name)[2]
    except OSError:
        addresses = []
    return list(dict.fromkeys((*LOOPBACK, name, *addresses)))


ROUTES = [
    Route("/health", health),
    Route("/pictures/{project}/{name:path}", picture),
    Route("/exports/{project}/{name}", export),
    Route("/bundle/{project}.zip", bundle_zip),
    Route("/events/{project}", events),
]


def guards(settings: Settings) -> list[Middleware]:
    """What stands before everything, Streamlit's own routes and its WebSocket included."""
    return [Middleware(TrustedHostMiddleware, allowed_hosts=hosts(settings), www_redirect=False), Middleware(Guard)]


def build(settings: Settings, on_ready: Callable[[], None] = lambda: None) -> st.App:
    """The app, to be run once in a process; `on_ready` is called when it listens."""
    return st.App(
        ROOT / "Home.py",
        routes=ROUTES,
        middleware=guards(settings),
        lifespan=lifespan(on_ready),
        exception_handlers={MaestroError: tell},
    )
