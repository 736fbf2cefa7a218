"""The server's own routes over real HTTP on loopback; Streamlit itself is left out."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from maestro import server
from maestro.config import Settings
from maestro.errors import MaestroError, WorkspaceError
from maestro.events import Events, topic
from maestro.ui import live
from maestro.ui.studio import replace
from tests.ui import FakeStudio, shown_project

PICTURE = "/pictures/meadow-1/takes/shot-01_take-01.png"
WITHIN_S = 10.0


class Served:
    """The routes in a thread, a fake studio behind them."""

    def __init__(self, folder: Path) -> None:
        self.events = Events()
        self.studio = self.over(folder)
        self._ready = threading.Event()
        app = Starlette(
            routes=server.ROUTES,
            middleware=server.guards(Settings()),
            lifespan=server.lifespan(self._ready.set),
            exception_handlers={MaestroError: server.tell},
        )
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        assert self._ready.wait(WITHIN_S)
        while not self._server.started:  # it listens a moment after its lifespan began
            self._thread.join(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        with closing(self.connect()) as connection:  # it listens before it has a studio
            connection.request("GET", "/events/meadow-1")
            _message(connection.getresponse())

    def over(self, folder: Path) -> FakeStudio:
        """A new studio in that folder stands behind it; the events stay."""
        self.studio = FakeStudio(folder, shown_project(folder, saved=(1,)))
        self.studio.events = self.events
        replace(self.studio)
        return self.studio

    def get(self, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        """One request; the answer and its body."""
        with closing(self.connect()) as connection:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer, answer.read()

    def connect(self) -> http.client.HTTPConnection:
        """A connection that gives up in time."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)

    def stop(self) -> bool:
        """Ends it; whether it did in time."""
        self._server.should_exit = True
        self._thread.join(WITHIN_S)
        return not self._thread.is_alive()


@pytest.fixture(name="running", scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("served"))
    yield running
    assert running.stop()


@pytest.fixture(name="served")
def _served(running: Served, tmp_path: Path) -> Iterator[Served]:
    running.over(tmp_path)
    yield running
    replace(None)


def _message(stream: http.client.HTTPResponse) -> dict[str, object]:
    """The next message of an event stream, comments left out."""
    while True:
        line = stream.readline().decode()
        if line.startswith("data: "):
            parsed: dict[str, object] = json.loads(line.removeprefix("data: "))
            return parsed


def test_health_names_the_app(served: Served) -> None:
    """A launcher can tell Maestro from whatever else listens there."""
    answer, body = served.get("/health")

    assert (answer.status, json.loads(body)) == (200, {"app": "maestro", "is_ready": True})


def test_health_says_what_is_wrong(served: Served) -> None:
    """503 and the sentence."""
    served.studio.trouble_found = WorkspaceError("The workspace is gone.")

    answer, body = served.get("/health")

    assert (answer.status, json.loads(body)["trouble"]) == (503, "The workspace is gone.")


def test_a_foreign_host_name_is_refused(served: Served) -> None:
    """DNS rebinding gets nothing."""
    answer, body = served.get("/health", Host="evil.example")

    assert answer.status == 400
    assert b"maestro" not in body


@pytest.mark.parametrize("path", [PICTURE, "/exports/meadow-1/frames.zip", "/events/meadow-1"])
def test_another_sites_page_gets_none_of_the_users_files(served: Served, path: str) -> None:
    """A page of another port on this computer neither."""
    assert served.get(path, Sec_Fetch_Site="cross-site")[0].status == 403
    assert served.get(path, Sec_Fetch_Site="same-site")[0].status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_foreign_origin_gets_nothing(served: Served, origin: str) -> None:
    """Also from a browser that sends no Sec-Fetch-Site; neither a picture nor Streamlit's WebSocket."""
    wanted = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "MTIzNDU2Nzg5MDEyMzQ1Ng==",
    }

    assert served.get(PICTURE, Origin=origin)[0].status == 403
    assert served.get("/_stcore/stream", Origin=origin, **wanted)[0].status == 403


def test_the_pages_own_origin_is_let_through(served: Served) -> None:
    """By name and by number, as the address bar has it."""
    for host in (f"127.0.0.1:{served.port}", f"LocalHost:{served.port}"):
        assert served.get(PICTURE, Host=host, Origin=f"http://{host.lower()}")[0].status == 200


def test_an_absurd_width_is_the_largest(served: Served) -> None:
    """A number of thousands of digits breaks nothing."""
    assert served.get(f"{PICTURE}?w={'9' * 5000}")[0].status == 200


def test_a_small_copy_is_kept_by_the_browser_for_good(served: Served) -> None:
    """Its address has a version."""
    answer, body = served.get(f"{PICTURE}?w=100&v=1")

    assert body.startswith(b"\xff\xd8\xff")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_picture_that_is_known_already_is_not_sent_again(served: Served) -> None:
    """304 for the same ETag."""
    known = served.get(PICTURE)[0].headers["ETag"]

    answer, body = served.get(PICTURE, If_None_Match=known)

    assert (answer.status, body) == (304, b"")


def test_small_copies_come_in_few_widths(served: Served, tmp_path: Path) -> None:
    """No address can fill the disk with copies."""
    for width_px in range(161, 321, 16):
        served.get(f"{PICTURE}?w={width_px}")

    copies = {path.name for path in tmp_path.rglob("*.jpg")}
    assert copies == {"shot-01_take-01_320.jpg"}


def test_a_download_is_the_original_with_its_name(served: Served, tmp_path: Path) -> None:
    """Byte for byte."""
    answer, body = served.get(f"{PICTURE}?download=1")

    assert body == (tmp_path / "meadow-1/takes/shot-01_take-01.png").read_bytes()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="shot-01_take-01.png"'


@pytest.mark.parametrize(
    "path", ["/pictures/meadow-1/takes/shot-09.png", "/pictures/meadow-1/..%2f..%2fetc%2fpasswd", "/pictures/nobody/takes/a.png"]
)
def test_what_is_no_picture_of_a_project_is_not_found(served: Served, path: str) -> None:
    """Other files and other folders are out of reach."""
    assert served.get(path)[0].status == 404


def test_a_file_that_only_calls_itself_a_picture_is_not_shown(served: Served, tmp_path: Path) -> None:
    """HTML in a .png stays unseen."""
    (tmp_path / "meadow-1/takes/shot-01_take-01.png").write_bytes(b"<script>alert(1)</script>")

    assert served.get(PICTURE)[0].status == 404


def test_the_saved_frames_come_as_one_zip(served: Served) -> None:
    """Named after the project."""
    answer, body = served.get("/exports/meadow-1/frames.zip")

    assert body == b"frames of meadow-1"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="meadow-1_frames.zip"'


def test_a_storyboard_comes_as_a_pdf(served: Served) -> None:
    """As its address says."""
    answer, body = served.get("/exports/meadow-1/storyboard.pdf?frames=2")

    assert (answer.headers["Content-Type"], b"per_page=2" in body) == ("application/pdf", True)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="meadow-1_storyboard.pdf"'


def test_the_zip_of_a_project_that_is_gone_says_so(served: Served) -> None:
    """A sentence and what to do."""
    answer, body = served.get("/exports/nobody/frames.zip")

    assert (answer.status, body) == (404, b"There is no such project. Choose one from the list.")


def test_a_stream_begins_with_all_numbers_and_goes_on_with_changes(served: Served) -> None:
    """Only those of its project and of the list."""
    events = served.studio.events
    events.publish(topic("meadow-1", "shot-1"), topic("other", "shot-1"))
    with closing(served.connect()) as connection:
        connection.request("GET", "/events/meadow-1")
        stream = connection.getresponse()

        assert _message(stream) == {"epoch": events.epoch, "numbers": {"meadow-1/shot-1": 1}}
        events.publish(live.LIST)
        assert _message(stream) == {"epoch": events.epoch, "numbers": {live.LIST: 3}}


def test_streams_share_one_thread(served: Served) -> None:
    """Twenty tabs cost no more threads than one."""
    before = threading.active_count()
    connections = [served.connect() for _ in range(20)]
    try:
        for connection in connections:
            connection.request("GET", "/events/meadow-1")
            _message(connection.getresponse())

        assert threading.active_count() <= before
    finally:
        for connection in connections:
            connection.close()


def test_open_streams_do_not_hold_up_the_end(tmp_path: Path) -> None:
    """They end when the pulse does; then the studio is closed, and pages know that nobody serves them."""
    served = Served(tmp_path)
    try:
        assert live.is_served()
        with closing(served.connect()) as connection:
            connection.request("GET", "/events/meadow-1")
            stream = connection.getresponse()
            _message(stream)

            server._running[-1].stop()  # its own only: the other tests share a server

            assert stream.read().strip() == b""
            assert served.stop()
            assert served.studio.is_closed
            assert not live.is_served()
    finally:
        served.stop()
        replace(None)


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("127.0.0.1", ["localhost", "127.0.0.1"]),
        ("192.168.7.5", ["localhost", "127.0.0.1", "192.168.7.5"]),
        ("::1", ["localhost", "127.0.0.1", "[::1]"]),
    ],
)
def test_only_names_of_this_computer_are_answered(host: str, names: list[str]) -> None:
    """Those of loopback and the configured one."""
    assert server.hosts(Settings(host=host)) == names
