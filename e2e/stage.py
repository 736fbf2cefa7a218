"""The real app in a process of its own, and a browser in front of it, for the journeys."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebSocket,
    expect,
    sync_playwright,
)
from playwright.sync_api import TimeoutError as TooSlowError

from e2e import access
from e2e.browser import LAUNCH, executable

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_S = 120.0
STOP_WITHIN_S = 60.0
STEP_MS = 45_000
"""What an expectation waits at most."""
LOCAL = {"127.0.0.1", "localhost"}
PROBES = re.compile(r"/_stcore/(health|host-config)$|/pictures/[^/]+/takes/|/media/\w+\.mp4$")
"""Streamlit looks for its base path on deep links; that these are not there is no error. Nor is a take that was deleted, or a clip
whose player went away, while the page still asked for it; whether pictures are there is what the journeys look at themselves."""
SIDEWAYS_PX = "(page => page.scrollWidth - page.clientWidth)(document.querySelector('[data-testid=stMain]'))"
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")
"""What the app gets of our own environment: no key and no setting of the developer's."""


class NotReadyError(Exception):
    """The app did not come up; carries what it said."""


class App:
    """`python -m maestro` with its workspace in `folder`; `environment` adds settings, `arguments` follow `open`."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None, arguments: tuple[str, ...] = ()) -> None:
        self.workspace = folder / "workspace"
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "maestro", "open", "--no-browser", "--port", "0", *arguments],
            cwd=ROOT,
            env=_environment(folder, environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._wait()

    def __enter__(self) -> "App":
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Ends it, gently first."""
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()

    @property
    def log(self) -> str:
        """What it has written so far."""
        return "".join(self._lines)

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 0

    @property
    def process_id(self) -> int:
        """The server's."""
        return self._process.pid

    def stop(self, within_s: float = STOP_WITHIN_S) -> int:
        """Asks it to end (SIGTERM) and waits; the exit code. Raises subprocess.TimeoutExpired."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(within_s)

    def kill(self) -> None:
        """Ends it at once (SIGKILL), as a crash would."""
        self._process.kill()
        self._process.wait(STOP_WITHIN_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)

    def _wait(self) -> str:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline and self._process.poll() is None:
            found = re.search(r"Maestro is at http://127\.0\.0\.1:(\d+)", self.log)
            if found and _is_healthy(int(found[1])):
                return f"http://127.0.0.1:{found[1]}"
            self._reader.join(0.05)  # ends at once when the process ends, else is a short wait
        self.kill()
        raise NotReadyError(f"Maestro did not come up:\n{self.log}")


class Tab:
    """A page and what went wrong in it: `errors` of the console and of scripts, `strays` that went to another host."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self.strays: list[str] = []
        page.set_default_timeout(STEP_MS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", self._joined)
        page.on("request", self._asked)

    def open(self, path: str = "/") -> Page:
        """Goes there and waits until Streamlit has drawn the page; tries a second time once."""
        self.page.goto(self.url + path)
        app = self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')
        try:
            app.wait_for(timeout=STEP_MS / 2)
        except TooSlowError:  # a first load stayed blank once in a hundred: one more try
            self.page.reload()
            app.wait_for()
        return self.page

    def check(self) -> None:
        """Fails when anything went wrong or went elsewhere."""
        assert not self.strays, f"asked other hosts: {self.strays}"
        assert not self.errors, f"errors in the page: {self.errors}"

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not PROBES.search(message.location.get("url", "")):
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _joined(self, socket: WebSocket) -> None:
        if urlsplit(socket.url).hostname not in LOCAL:
            self.strays.append(socket.url)

    def _asked(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme in {"http", "https"} and asked.hostname not in LOCAL:
            self.strays.append(request.url)


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium, closed at the end."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable(), args=list(LAUNCH))
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def tab(opened: Browser, url: str, *, width_px: int = 1440, height_px: int = 900, scheme: str = "dark") -> Iterator[Tab]:
    """A tab with nothing remembered; checked at the end, so that every journey fails on stray requests and errors."""
    expect.set_options(timeout=STEP_MS)
    context: BrowserContext = opened.new_context(
        viewport={"width": width_px, "height": height_px},
        color_scheme="light" if scheme == "light" else "dark",
        accept_downloads=True,
    )
    try:
        shown = Tab(context.new_page(), url)
        yield shown
        shown.check()
    finally:
        context.close()


def photograph(page: Page, name: str) -> None:
    """Checks who can use what is shown and that nothing is wider than its window, and takes a picture of it.

    It shows the whole page, or what a dialog over it shows. The picture is kept in the folder that MAESTRO_SCREENSHOTS names;
    without one only the checks are done.
    """
    access.check(page)
    assert page.evaluate(SIDEWAYS_PX) <= 0, f"{name} can be scrolled sideways"
    folder, size = os.environ.get("MAESTRO_SCREENSHOTS"), page.viewport_size
    if not folder or size is None:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    # What scrolls is not the page. A dialog is as high as its window lets it be.
    height_px = page.evaluate(
        "document.querySelector('[role=dialog]') ? 0 : document.querySelector('[data-testid=stMain]')?.scrollHeight ?? 0"
    )
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], height_px)})
    page.evaluate("Promise.all([...document.images].map(one => { one.loading = 'eager'; return one.decode().catch(() => 0) }))")
    page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")
    page.set_viewport_size(size)


def _environment(folder: Path, added: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    own = {"MAESTRO_WORKSPACE": str(folder / "workspace"), "MAESTRO_CACHE": str(folder / "cache"), "PYTHONUNBUFFERED": "1"}
    (folder / "workspace").mkdir(parents=True, exist_ok=True)
    return {**kept, **own, "MAESTRO_MIN_FREE_MB": "0", "NO_PROXY": "*", **added}


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
