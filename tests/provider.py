"""A provider of the tests' own: OpenRouter's wire on loopback, good answers by default, any fault by script.

By hand: `python -m tests.provider [--port N] [--delay S]`, then start Maestro with the two variables that it prints.
"""

import argparse
import json
import math
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.answers import (
    CONTEXT,
    PICTURE_COST_USD,
    PICTURE_SIZE_PX,
    SHOT_AGAIN,
    SHOTS,
    TEXT_COST_USD,
    chat_body,
    data_url,
    endpoints_body,
    error_body,
    image_model_line,
    images_body,
    key_body,
    model_line,
    picture,
    png,
)
from tests.scripts import Answer, Matcher, Recorded, Script, matches
from tests.usual import IMAGE_MODELS, TEXT_MODELS, cost_usd, good, lookup

__all__ = [
    "CONTEXT",
    "IMAGE_MODELS",
    "PICTURE_COST_USD",
    "PICTURE_SIZE_PX",
    "SHOTS",
    "SHOT_AGAIN",
    "TEXT_COST_USD",
    "TEXT_MODELS",
    "Answer",
    "Provider",
    "Recorded",
    "chat_body",
    "data_url",
    "endpoints_body",
    "error_body",
    "good",
    "image_model_line",
    "images_body",
    "key_body",
    "model_line",
    "picture",
    "png",
]

PREFIX = "/api/v1"
BEAT_S = 0.02
"""How often a waiting answer looks whether its client is still there."""


class Provider:
    """Serves from `with` on until it ends. `url` is the base URL; `requests` are those that cost, in order of arrival.

    `lookups` are those that cost nothing (GET). GET /key tells `billed_usd` as the key's usage, GET /generation that of each call.
    """

    def __init__(self, port: int = 0, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self._number = 0
        self.closing = threading.Event()
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", port), _Exchange)
        self._server.provider = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": BEAT_S}, daemon=True)
        self._reset()

    def _reset(self) -> None:
        self.requests: list[Recorded] = []
        self.lookups: list[Recorded] = []
        self._bills: dict[str, float] = {}
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

    @property
    def billed_usd(self) -> float:
        """`usage.cost` of all answers that were delivered, or whose script says `bills`, since the start or `start_over`."""
        with self._changed:
            return math.fsum(self._bills.values())

    def bill_of(self, generation_id: str) -> float | None:
        """What that call was billed, None when it was not."""
        with self._changed:
            return self._bills.get(generation_id)

    def bill(self, usd: float, generation_id: str = "elsewhere") -> None:
        """Bills the key, as a call does, or another program that uses it."""
        with self._changed:
            self._bills[generation_id] = self._bills.get(generation_id, 0.0) + usd

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
            if request.method == "GET":
                self.lookups.append(request)
            else:
                self._number += 1
                request.generation_id = f"gen-{self._number}"
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
            self.in_flight -= request.method != "GET"
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
        if not self.close_connection:
            self._see_off(request)

    def _see_off(self, request: Recorded) -> None:
        """Waits for the client to close, or to ask for more; a system that still held bytes for a client that died says so."""
        try:
            self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            request.was_reset = True
            self.close_connection = True
        request.left.set()

    def _play(self, request: Recorded, answer: Answer) -> None:
        provider = self.server.provider
        status, body = _body(request, answer, provider)
        if answer.bills:
            provider.bill(cost_usd(body), request.generation_id)
        if provider.delay_s and request.method != "GET":
            self._wait(request, threading.Event(), provider.delay_s)
        if answer.gate:
            self._wait(request, answer.gate)
        if answer.hangs:
            self._wait(request, provider.closing)
        if request.disconnected.is_set() or answer.hangs or answer.drops_after == -1:
            self.close_connection = True
            return
        is_whole = not answer.drips and answer.drops_after is None and answer.halts_after is None
        if is_whole and not answer.bills and request.method == "POST":
            provider.bill(cost_usd(body), request.generation_id)  # before the client can ask what it was
        self._head(request, answer, status, 10_000_000 if answer.drips else len(body))
        if answer.drips:
            self._drip(request)
        else:
            self.wfile.write(body if is_whole else body[: answer.halts_after or answer.drops_after])
            if answer.halts_after is not None:
                self._wait(request, provider.closing)
            self.close_connection = self.close_connection or not is_whole

    def _head(self, request: Recorded, answer: Answer, status: int, length_bytes: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(length_bytes))
        headers = {"X-Generation-Id": request.generation_id} if request.generation_id and status == 200 else {}
        for name, value in (headers | dict(answer.headers)).items():
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


def _body(request: Recorded, answer: Answer, provider: Provider) -> tuple[int, bytes]:
    if answer.body is not None:
        status, body = answer.status, answer.body
    elif request.method == "GET" and answer.status == 200:
        status, body = lookup(request, provider.billed_usd, provider.bill_of)
    else:
        status, body = good(request, answer.status)
    if isinstance(body, bytes):
        return status, body
    return status, body.encode() if isinstance(body, str) else json.dumps(body).encode()


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
