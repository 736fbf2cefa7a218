"""Stand-ins at our own seams, and small real inputs: an engine that does what a test tells it, a clip's footage, a project."""

import hashlib
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np

from maestro import png
from maestro.calls import Call
from maestro.engines import Keep
from maestro.errors import CancelledError, NoPictureError
from maestro.events import Events
from maestro.services.storage import ProjectFolder, Workspace
from maestro.types import (
    Clip,
    Context,
    Described,
    Directed,
    EngineCard,
    Footage,
    GenerationResult,
    Picture,
    Shot,
    ShotOrder,
    SourceFrame,
    StyleReference,
)

LIMIT_S = 75.0
"""How long anything here waits before it calls a test stuck."""
CONTEXT = Context("A meadow", "A rabbit wakes", ("calm", "warm"), "A rabbit wakes in a meadow.")


def solid(red: int, *, width_px: int = 64, height_px: int = 36) -> bytes:
    """A PNG of one colour."""
    rgb = np.zeros((height_px, width_px, 3), np.uint8)
    rgb[..., 0] = red % 256
    return png.encode(rgb)


def source_frame(index: int) -> SourceFrame:
    """A source frame that differs from the others."""
    return SourceFrame(index, index / 24, solid(index), 64, 36)


def footage() -> Footage:
    """What was sampled from a clip of 120 frames that is gone."""
    frames = tuple(source_frame(index) for index in (20, 40, 60, 80, 100))
    clip = Clip("rabbit.mp4", "c" * 64, 5.0, 24.0, 120, 64, 36, 0, "h264", 1000)
    return Footage(clip, frames, frames[2])


def style(red: int = 200) -> StyleReference:
    """A style reference of one colour."""
    encoded = solid(red)
    return StyleReference("wave.png", hashlib.sha256(encoded).hexdigest(), Picture(encoded, "image/png", 64, 36))


def shots(word: str = "shot") -> Directed:
    """Five shots with words that differ."""
    return Directed(tuple(Shot(number, f"{word} {number}") for number in range(1, 6)), "fake-director")


def directed_project(workspace: Workspace) -> ProjectFolder:
    """A project that was analysed and waits to be generated."""
    folder = workspace.create("Rabbit")
    folder.keep_inputs(footage(), style())
    folder.keep_context(CONTEXT, "fake-context")
    folder.keep_shots(shots())
    return folder


def until(events: Events, fact: Callable[[], object]) -> None:
    """Waits for what is told about; fails after LIMIT_S."""
    deadline = time.monotonic() + LIMIT_S
    seen = 0
    while not fact():
        left_s = deadline - time.monotonic()
        assert left_s > 0, "it never became true"
        seen, _ = events.wait(seen, [""], left_s)


class FakeEngine:
    """An Engine that records what it is asked, waits where it is held, and answers what `will` says, else a plain picture."""

    def __init__(self, *, name: str = "fake", is_paid: bool = True) -> None:
        self.card = EngineCard(name, "Fake", "made by a test", is_paid, ("fake-text",), ("fake-image",))
        self.orders: list[ShotOrder] = []
        self.asked: list[str] = []
        self.directed_from: list[Context] = []
        self.most_in_flight = 0
        self.is_closed = False
        self._in_flight = 0
        self._changed = threading.Condition()
        self._held: set[str] = set()
        self._scripts: dict[str, deque[Exception | bytes]] = defaultdict(deque)

    # --- what a test says

    def will(self, what: int | str, *outcomes: Exception | bytes) -> None:
        """The next outcomes of a shot (by id), of "describe" or of "direct": raised, or answered as that picture."""
        self._scripts[str(what)].extend(outcomes)

    @contextmanager
    def held(self, *whats: int | str) -> Iterator[None]:
        """Within it these never answer; they go on at its end."""
        names = {str(what) for what in whats}
        self._held |= names
        try:
            yield
        finally:
            with self._changed:
                self._held -= names
                self._changed.notify_all()

    def wait_for_orders(self, count: int) -> None:
        """Until so many shots have been asked for."""
        self._wait_for(lambda: len(self.orders) >= count)

    def wait_for_step(self, step: str) -> None:
        """Until "describe" or "direct" has been asked."""
        self._wait_for(lambda: step in self.asked)

    # --- the Protocol

    def describe(self, footage: Footage, call: Call) -> Described:  # noqa: ARG002 - the Protocol's
        """A context."""
        self._answer("describe", call)
        return Described(CONTEXT, "fake-context")

    def direct(self, footage: Footage, context: Context, call: Call) -> Directed:  # noqa: ARG002 - the Protocol's
        """Five shots."""
        self.directed_from.append(context)
        self._answer("direct", call)
        return shots(f"{context.setting}, take {len(self.directed_from)}, shot")

    def shoot(self, order: ShotOrder, call: Call, keep: Keep) -> GenerationResult:
        """A picture."""
        with self._changed:
            self.orders.append(order)
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            picture = self._answer(str(order.shot.id), call) or solid(len(self.orders))
        finally:
            with self._changed:
                self._in_flight -= 1
        raw = raw_answer(picture)
        keep(raw)
        return self.develop(raw, order.shot.id)

    def develop(self, raw: bytes, order_shot_id: int) -> GenerationResult:
        """The picture in the raw answer."""
        answer = json.loads(raw)
        if "picture" not in answer:
            raise NoPictureError("The answer had no picture.", raw=raw.decode())
        moment = datetime.now(UTC)
        return GenerationResult(order_shot_id, answer["picture"], moment, self.card.name, "fake-image", "the prompt", 1.5, 0.04)

    def close(self) -> None:
        """Notes it."""
        self.is_closed = True

    # --- inside

    def _answer(self, what: str, call: Call) -> bytes | None:
        call.was_sent = True
        with self._changed:
            self.asked.append(what)
            self._changed.notify_all()
        call.on_cancel(self._wake)
        self._wait_for(lambda: what not in self._held or call.is_cancelled)
        if call.is_cancelled:
            raise CancelledError("The call was cancelled.", may_be_charged=self.card.is_paid)
        outcome = self._scripts[what].popleft() if self._scripts[what] else None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _wait_for(self, fact: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(fact, LIMIT_S), "the fake engine waited in vain"


def raw_answer(picture: bytes) -> bytes:
    """What FakeEngine gives to `keep`."""
    return json.dumps({"picture": png.data_url(picture)}).encode()
