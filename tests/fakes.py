"""Stand-ins at our own seams, and small real inputs: an engine that does what a test tells it, a clip's footage, a project."""

import hashlib
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from maestro import png
from maestro.calls import Call
from maestro.engines import Keep, Wish
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
    KeyFacts,
    ModelProfile,
    Picture,
    Redirected,
    Shot,
    ShotOrder,
    SourceFrame,
    StyleReference,
    Survey,
)

LIMIT_S = 75.0
"""How long anything here waits before it calls a test stuck."""
PICTURE_USD = 0.04
WORDS_USD = 0.01
"""What FakeEngine asks for a picture, and for a context, a direction, or one shot anew."""
TEXT_MODELS = ("fake-text", "other-text")
IMAGE_MODELS = ("fake-image", "other-image")
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What FakeEngine answers where a plain picture is not enough: several pictures, another price, or none told (None)."""

    pictures: tuple[bytes, ...] = ()
    cost_usd: float | None = PICTURE_USD
    generation_id: str = ""


class FakeEngine:
    """An Engine that records what it is asked, waits where it is held, and answers what `will` says, else a plain picture.

    `billed_usd` is what a provider would have on its bill: the cost of every answer, also of those that a script fails with a cost.
    """

    def __init__(self, *, name: str = "fake", is_paid: bool = True) -> None:
        self.card = EngineCard(name, "Fake", "made by a test", is_paid, TEXT_MODELS, IMAGE_MODELS)
        self.orders: list[ShotOrder] = []
        self.asked: list[str] = []
        self.directed_from: list[Context] = []
        self.wishes: list[Wish] = []
        self.most_in_flight = 0
        self.is_closed = False
        self.surveys = 0
        self.billed_usd = 0.0
        self.late_costs: dict[str, float] = {}
        self.profiles: tuple[ModelProfile, ...] = (
            ModelProfile(
                "fake-image", "image", aspect_ratios=("1:1", "16:9"), sizes=("1K", "2K"), reference_limit=3, price_usd=PICTURE_USD
            ),
            ModelProfile("fake-text", "text", price_usd=2 * WORDS_USD),
        )
        self.troubles: tuple[str, ...] = ()
        self._in_flight = 0
        self._changed = threading.Condition()
        self._held: set[str] = set()
        self._scripts: dict[str, deque[Exception | bytes | Answer]] = defaultdict(deque)
        self._waits: dict[str, tuple[float, str]] = {}

    # --- what a test says

    def will(self, what: int | str, *outcomes: Exception | bytes | Answer) -> None:
        """The next outcomes of a shot (by id), of "describe", "direct" or "redirect": raised, or answered as that picture."""
        self._scripts[str(what)].extend(outcomes)

    def will_wait(self, what: int | str, wait_s: float, reason: str) -> None:
        """While it is held, its call says that it waits so long, as one does that was told to come later."""
        self._waits[str(what)] = (wait_s, reason)

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
        """Until "describe", "direct" or "redirect" has been asked."""
        self._wait_for(lambda: step in self.asked)

    # --- the Protocol

    def describe(self, footage: Footage, call: Call) -> Described:  # noqa: ARG002 - the Protocol's
        """A context."""
        cost_usd = self._words("describe", call)
        return Described(CONTEXT, "fake-context", cost_usd, "describe it", "the description")

    def direct(self, footage: Footage, context: Context, call: Call) -> Directed:  # noqa: ARG002 - the Protocol's
        """Five shots."""
        self.directed_from.append(context)
        cost_usd = self._words("direct", call)
        directed = shots(f"{context.setting}, take {len(self.directed_from)}, shot")
        return replace(directed, cost_usd=cost_usd, prompt="direct it", answer="the shot list")

    def redirect(
        self,
        footage: Footage,  # noqa: ARG002 - the Protocol's
        context: Context,  # noqa: ARG002 - the Protocol's
        shots: tuple[Shot, ...],  # noqa: ARG002 - the Protocol's
        wish: Wish,
        call: Call,
    ) -> Redirected:
        """One shot that says the hint."""
        self.wishes.append(wish)
        cost_usd = self._words("redirect", call)
        shot = Shot(wish.shot_id, f"anew {len(self.wishes)}: {wish.hint}")
        return Redirected(shot, "fake-director", cost_usd, "direct one again", "the shot")

    def shoot(self, order: ShotOrder, call: Call, keep: Keep) -> GenerationResult:
        """A picture."""
        with self._changed:
            self.orders.append(order)
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            answer = self._answer(str(order.shot.id), call) or Answer((solid(len(self.orders)),))
        finally:
            with self._changed:
                self._in_flight -= 1
        self._bill(answer.cost_usd)
        raw = raw_answer(*answer.pictures, cost_usd=answer.cost_usd, generation_id=answer.generation_id)
        keep(raw)
        return self.develop(raw, order.shot.id)

    def develop(self, raw: bytes, order_shot_id: int) -> GenerationResult:
        """The pictures in the raw answer."""
        answer = json.loads(raw)
        if not answer.get("pictures"):
            error = NoPictureError("The answer had no picture.", raw=raw.decode())
            error.cost_usd = answer.get("cost_usd")
            raise error
        first, *more = answer["pictures"]
        return GenerationResult(
            shot_id=order_shot_id,
            image_data_url=first,
            created_at=datetime.now(UTC),
            engine=self.card.name,
            model="fake-image",
            prompt="the prompt",
            duration_s=1.5,
            cost_usd=answer["cost_usd"],
            more_data_urls=tuple(more),
            answer="the answer, its pictures taken out",
            generation_id=answer["generation_id"],
        )

    def survey(self, call: Call) -> Survey:  # noqa: ARG002 - the Protocol's
        """What the test has put into `profiles` and `troubles`; the key's usage is what was billed."""
        self.surveys += 1
        return Survey(datetime.now(UTC), KeyFacts(usage_usd=self.billed_usd), self.profiles, self.troubles)

    def costs(self, generation_ids: Sequence[str], call: Call) -> dict[str, float]:  # noqa: ARG002 - the Protocol's
        """Those that the test has put into `late_costs`."""
        return {name: self.late_costs[name] for name in generation_ids if name in self.late_costs}

    def choose(self, step: str, model: str) -> None:
        """Puts it first on the card."""
        if step == "text":
            self.card = replace(self.card, text_models=_first(model, TEXT_MODELS))
        else:
            self.card = replace(self.card, image_models=_first(model, IMAGE_MODELS))

    def close(self) -> None:
        """Notes it."""
        self.is_closed = True

    # --- inside

    def _words(self, what: str, call: Call) -> float | None:
        answer = self._answer(what, call)
        cost_usd = WORDS_USD if answer is None else answer.cost_usd
        self._bill(cost_usd)
        return cost_usd

    def _bill(self, cost_usd: float | None) -> None:
        with self._changed:
            self.billed_usd += PICTURE_USD if cost_usd is None else cost_usd

    def _answer(self, what: str, call: Call) -> Answer | None:
        call.was_sent = True
        with self._changed:
            self.asked.append(what)
            self._changed.notify_all()
        call.on_cancel(self._wake)
        if what in self._waits:
            call.hold(*self._waits[what])
        self._wait_for(lambda: what not in self._held or call.is_cancelled)
        call.go_on()
        if call.is_cancelled:
            raise CancelledError("The call was cancelled.", may_be_charged=self.card.is_paid)
        outcome = self._scripts[what].popleft() if self._scripts[what] else None
        if isinstance(outcome, Exception):
            self._bill(getattr(outcome, "cost_usd", None) or 0.0)
            raise outcome
        return Answer((outcome,)) if isinstance(outcome, bytes) else outcome

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _wait_for(self, fact: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(fact, LIMIT_S), "the fake engine waited in vain"


def raw_answer(*pictures: bytes, cost_usd: float | None = PICTURE_USD, generation_id: str = "") -> bytes:
    """What FakeEngine gives to `keep`."""
    urls = [png.data_url(picture) for picture in pictures]
    return json.dumps({"pictures": urls, "cost_usd": cost_usd, "generation_id": generation_id}).encode()


def _first(model: str, ranked: tuple[str, ...]) -> tuple[str, ...]:
    return (model, *(name for name in ranked if name != model)) if model else ranked
