"""A provider of the tests' own: OpenRouter's wire on loopback, good answers by default, any fault by script.

By hand: `python -m tests.provider [--port N] [--delay S]`, then start Maestro with the two variables that it prints.
"""

import argparse
import json
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.answers import (
    CONTEXT,
    PICTURE_COST_USD,
    PICTURE_SIZE_PX,
    SHOTS,
    TEXT_COST_USD,
    chat_body,
    data_url,
    error_body,
    images_body,
    picture,
    png,
)
from tests.scripts import Answer, Matcher, Recorded, Script, matches

__all__ = [
    "CONTEXT",
    "PICTURE_COST_USD",
    "PICTURE_SIZE_PX",
    "SHOTS",
    "TEXT_COST_USD",
    "Answer",
    "Provider",
    "Recorded",
    "chat_body",
    "data_url",
    "error_body",
    "good",
    "images_body",
    "picture",
    "png",
]

PREFIX = "/api/v1"
BEAT_S = 0.02
"""How often a waiting answer looks whether its client is still there."""


class Provider:
    """Serves from `with` on until it ends. `url` is the base URL; `requests` are in order of arrival."""

    def __init__(self, port: int = 0, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.closing = threading.Event()
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", port), _Exchange)
        self._server.provider = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": BEAT_S}, daemon=True)
        self._reset()

    def _reset(self) -> None:
        self.requests: list[Recorded] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._scripts: list[Script] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        """The base URL, as MAESTRO_BASE_URL wants it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{PREFIX}"

    def script(self, matcher: Matcher, *answers: Answer, is_repeated: bool = False) -> None:
        """Answers the requests that `matcher` fits with `answers`, one after another (the last for ever when `is_repeated`).

        A matcher is a word of the request (a path when it begins with "/", `model:` + id, `schema:` + name) or a function. The
        script that was added last is asked first; what none fits gets a good answer.
        """
        with self._changed:
            self._scripts.insert(0, Script(matcher, list(answers), is_repeated))

    def start_over(self) -> None:
        """Forgets all requests and scripts. Only when nothing is in flight."""
        with self._changed:
            self._reset()

    def matching(self, matcher: Matcher) -> list[Recorded]:
        """The requests so far that `matcher` fits."""
        with self._changed:
            return [request for request in self.requests if matches(matcher, request)]

    def wait_for(self, count: int, matcher: Matcher = "", limit_s: float = 60.0) -> list[Recorded]:
        """Waits until `count` requests that fit have arrived. Raises AssertionError when they did not within `limit_s`."""
        with self._changed:
            came = self._changed.wait_for(lambda: sum(matches(matcher, each) for each in self.requests) >= count, limit_s)
        found = self.matching(matcher)
        assert came, f"{len(found)} of {count} requests came"
        return found

    # --- from here on for the server's threads

    def arrived(self, request: Recorded) -> Answer:
        """Records it, and says what to answer."""
        with self._changed:
            self.requests.append(request)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self._changed.notify_all()
            for script in self._scripts:
                answer = script.take(request)
                if answer is not None:
                    return answer
        return Answer()

    def ended(self, request: Recorded) -> None:
        """Its answer is over, in whatever way."""
        with self._changed:
            self.in_flight -= 1
            self._changed.notify_all()
        request.ended.set()


class _Server(ThreadingHTTPServer):
    provider: Provider
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave are what these tests are about."""


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    connection: socket.socket

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _answer(self) -> None:
        length_bytes = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length_bytes)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(sent) if sent else None
        request = Recorded(self.command, self.path.removeprefix(PREFIX), headers, body)
        answer = self.server.provider.arrived(request)
        try:
            self._play(request, answer)
        except OSError:
            request.disconnected.set()
            self.close_connection = True
        finally:
            self.server.provider.ended(request)

    def _play(self, request: Recorded, answer: Answer) -> None:
        provider = self.server.provider
        if provider.delay_s:
            self._wait(request, threading.Event(), provider.delay_s)
        if answer.gate:
            self._wait(request, answer.gate)
        if answer.hangs:
            self._wait(request, provider.closing)
        if request.disconnected.is_set() or answer.hangs or answer.drops_after == -1:
            self.close_connection = True
            return
        status, body = _body(request, answer)
        self._head(answer, status, 10_000_000 if answer.drips else len(body))
        if answer.drips:
            self._drip(request)
        elif answer.drops_after is not None:
            self.wfile.write(body[: answer.drops_after])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def _head(self, answer: Answer, status: int, length_bytes: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(length_bytes))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self, request: Recorded) -> None:
        self.close_connection = True
        while not self.server.provider.closing.wait(BEAT_S):
            self.wfile.write(b" ")
            if self._is_gone():
                request.disconnected.set()
                return

    def _wait(self, request: Recorded, gate: threading.Event, limit_s: float = 120.0) -> None:
        for _ in range(int(limit_s / BEAT_S)):
            if gate.wait(BEAT_S) or self.server.provider.closing.is_set():
                return
            if self._is_gone():
                request.disconnected.set()
                return

    def _is_gone(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True


def _body(request: Recorded, answer: Answer) -> tuple[int, bytes]:
    status, body = (answer.status, answer.body) if answer.body is not None else good(request, answer.status)
    if isinstance(body, bytes):
        return status, body
    return status, body.encode() if isinstance(body, str) else json.dumps(body).encode()


def good(request: Recorded, status: int = 200) -> tuple[int, object]:
    """Status and body of the answer that a request gets when nothing else is scripted."""
    if status != 200:
        return status, error_body(status, f"Scripted {status}")
    if not request.headers.get("authorization", "").removeprefix("Bearer").strip():
        return 401, error_body(401, "No auth credentials found")
    if request.method == "POST" and request.path == "/images":
        return 200, images_body(png(request.words))
    if request.method == "POST" and request.path == "/chat/completions":
        return 200, _chat_answer(request)
    return 404, error_body(404, "Not Found")


def _chat_answer(request: Recorded) -> object:
    model = request.body["model"]
    if "modalities" in request.body:
        return chat_body("", model=model, images=[data_url(png(request.words))], cost=PICTURE_COST_USD)
    answers = {"context": CONTEXT, "shots": SHOTS}
    return chat_body(json.dumps(answers.get(request.schema_name, {})), model=model)


def main() -> None:
    """Serves until it is interrupted."""
    parser = argparse.ArgumentParser(description="OpenRouter's wire on this computer, with made-up answers.")
    parser.add_argument("--port", type=int, default=8601)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    given = parser.parse_args()
    with Provider(given.port, given.delay) as provider:
        print(f"OPENROUTER_API_KEY=by-hand MAESTRO_BASE_URL={provider.url}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
