"""Thousands of clips against a provider with latency, a limit and faults, on a clock that jumps: hours in seconds.

Real: the wire's waiting, repeating and limiting (`Wire`, `Pace`). Modelled: the provider, and a clip as two questions in
words, then five pictures; the coordinator's own work on disk is measured in the real run of `scale.py`.
"""

import asyncio
import random
import resource
import selectors
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from maestro.calls import Call
from maestro.config import Settings
from maestro.engines.openrouter.pace import Pace
from maestro.engines.openrouter.replies import Reply, Sent
from maestro.engines.openrouter.wire import Wire
from maestro.errors import EngineError
from maestro.types import SHOT_COUNT

TIMEOUT_S = 180.0
PICTURE_USD, WORDS_USD = 0.04, 0.01


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next thing that is due, instead of waiting for it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        """Simulated seconds."""
        return self.now_s


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "nothing is due: the simulation is stuck"
        self._loop.now_s += max(0.0, timeout)
        return super().select(0)


class SimulatedCall(Call):
    """A call by the loop's clock."""

    def __init__(self) -> None:
        super().__init__(TIMEOUT_S)
        self._until_s = _now_s() + TIMEOUT_S
        self._held_until_s: float | None = None

    @property
    def left_s(self) -> float:
        return max(0.0, self._until_s - _now_s())

    @property
    def hold_s(self) -> float | None:
        return None if self._held_until_s is None else max(0.0, self._held_until_s - _now_s())

    def hold(self, wait_s: float, reason: str) -> None:
        super().hold(wait_s, reason)
        self._held_until_s = _now_s() + wait_s

    def go_on(self) -> None:
        super().go_on()
        self._held_until_s = None


@dataclass
class SimulatedProvider:
    """Answers after about `answer_s`, at most `allowed` at once (429 beyond), and fails a share of the requests with a 503."""

    answer_s: float = 2.0
    allowed: int = 8
    fault_share: float = 0.05
    retry_after_s: int = 1
    in_flight: int = 0
    answered: int = 0
    refused: int = 0
    failed: int = 0
    busy_s: float = 0.0
    billed_usd: float = 0.0
    _chance: random.Random = field(default_factory=lambda: random.Random(7))

    async def post(self, path: str, body: object, sent: Sent) -> Reply:  # noqa: ARG002 - as Client's
        """As the client's."""
        if self.in_flight >= self.allowed:
            self.refused += 1
            return Reply(429, {"retry-after": str(self.retry_after_s)}, b"{}")
        self.in_flight += 1
        try:
            took_s = self.answer_s * self._chance.uniform(0.7, 1.3)
            await asyncio.sleep(took_s)
            self.busy_s += took_s
        finally:
            self.in_flight -= 1
        if self._chance.random() < self.fault_share:
            self.failed += 1
            return Reply(503, {}, b"{}")
        self.answered += 1
        self.billed_usd += PICTURE_USD if path == "/images" else WORDS_USD
        return Reply(200, {}, b"{}")


class SimulatedWire(Wire):
    """The real one without its thread, in front of a simulated provider."""

    def __init__(self, provider: SimulatedProvider, at_once: int) -> None:
        settings = {"OPENROUTER_API_KEY": SecretStr("simulated"), "MAX_CONCURRENT_REQUESTS": at_once}
        self._settings = Settings.model_validate(settings)
        self._pace = Pace(at_once)
        self._client = provider  # type: ignore[assignment]

    async def ask(self, path: str) -> bool:
        """Whether it was answered."""
        try:
            await self._answer(path, {}, SimulatedCall(), Sent())
        except EngineError:
            return False
        return True


@dataclass(frozen=True)
class Simulated:
    """What came of it. `share` is that of the provider's places that was busy; memory after a tenth and at the end, in bytes."""

    clips: int
    simulated_s: float
    cpu_s: float
    share: float
    refused: int
    lost: int
    early_bytes: int
    late_bytes: int
    is_balanced: bool


def simulate(clips: int, at_once: int, provider: SimulatedProvider, clips_at_once: int = 8) -> Simulated:
    """All clips, from the first question to the last picture."""
    loop = JumpingLoop()
    began_s = time.process_time()
    line = _Line(SimulatedWire(provider, at_once), iter(range(clips)), clips // 10)
    try:
        loop.run_until_complete(line.work(clips_at_once))
    finally:
        loop.close()
    late_bytes = memory_bytes()
    share = provider.busy_s / (loop.now_s * provider.allowed)
    paid_usd = line.pictures * PICTURE_USD + line.words * WORDS_USD
    is_balanced = abs(paid_usd - provider.billed_usd) < 1e-6 * max(1.0, paid_usd)
    cpu_s = time.process_time() - began_s
    return Simulated(clips, loop.now_s, cpu_s, share, provider.refused, line.lost, line.early_bytes, late_bytes, is_balanced)


class _Line:
    def __init__(self, wire: SimulatedWire, clips: Iterator[int], early: int) -> None:
        self._wire = wire
        self._clips = clips
        self._early = early
        self.words = self.pictures = self.lost = self.early_bytes = 0

    async def work(self, at_once: int) -> None:
        await asyncio.gather(*(self._place() for _ in range(at_once)))

    async def _place(self) -> None:
        for number in self._clips:
            if number == self._early:
                self.early_bytes = memory_bytes()
            for _ in ("describe", "direct"):
                self._count(words=await self._again("/chat/completions"))
            for is_there in await asyncio.gather(*(self._again("/images") for _ in range(SHOT_COUNT))):
                self._count(pictures=is_there)

    async def _again(self, path: str) -> bool:
        """As a batch that is run again: once more for what failed."""
        return await self._wire.ask(path) or await self._wire.ask(path)

    def _count(self, *, words: bool | None = None, pictures: bool | None = None) -> None:
        self.words += words is True
        self.pictures += pictures is True
        self.lost += words is False or pictures is False


def memory_bytes() -> int:
    """What this process holds of the computer's memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
