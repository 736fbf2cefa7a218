"""Many clips: `python -m tests.benchmarks.scale [--simulated 10000] [--clips 20] [--offline 6]`.

Three figures: a simulation of thousands of clips (see `simulation.py`); real clips through the whole studio against a scripted
provider; and the offline engine on two workers of one core each beside one process.
"""

import argparse
import os
import random
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from maestro.config import Settings
from maestro.events import Events
from maestro.opening import open_studio
from maestro.studio import SAMPLE_CLIP, SAMPLE_STYLE, Studio
from maestro.types import SHOT_COUNT, RowState
from tests.benchmarks.simulation import SimulatedProvider, memory_bytes, simulate
from tests.clips import Recipe, make
from tests.cluster.crews import Crew
from tests.provider import Answer, Provider, Recorded

ANSWER_S = 2.0
ALLOWED = 8
FAULT_SHARE = 0.05
CLIPS_AT_ONCE = 8
CALLS = 2 + SHOT_COUNT
"""Of a clip: context, director, pictures."""
LIMIT_S = 3600.0
SHOTS = range(1, SHOT_COUNT + 1)
BUSY = {RowState.QUEUED, RowState.RUNNING}


@dataclass
class Chance:
    """Which requests fail, and what memory there was: shared by the provider's threads and the clips'."""

    fault_share: float
    failed: int = 0
    provider: Provider | None = None
    peaks_bytes: list[int] = field(default_factory=list)
    _random: random.Random = field(default_factory=lambda: random.Random(5))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fails(self, _request: Recorded) -> bool:
        """One in twenty."""
        with self._lock:
            is_fault = self._random.random() < self.fault_share
            self.failed += is_fault
            return is_fault


class Gauge:
    """How many of the provider's places are busy, on an average; on a busy computer its answers take longer than they should."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._seen: list[int] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Looks no more."""
        self._over.set()
        self._thread.join()

    @property
    def share(self) -> float:
        """Of those that it allows."""
        return sum(self._seen) / max(1, len(self._seen)) / ALLOWED

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self._seen.append(min(self._provider.in_flight, ALLOWED))


def simulated(clips: int) -> None:
    """Prints how much of what the provider allows is used, when the limit is known and when it must be felt."""
    for at_once in (ALLOWED, 2 * ALLOWED):
        found = simulate(clips, at_once, SimulatedProvider(ANSWER_S, ALLOWED, FAULT_SHARE))
        print(
            f"simulated, {found.clips} clips, {at_once} wanted at once of {ALLOWED} allowed: "
            f"{found.share:.1%} of the limit (at least 90 %) for {found.simulated_s / 3600:.1f} h, "
            f"{found.refused} asked to wait, {found.lost} lost; books {'agree' if found.is_balanced else 'DIFFER'}; "
            f"limiter and wire {found.cpu_s / found.simulated_s:.2%} of the time; memory {found.early_bytes / 1e6:.1f} MB "
            f"after a tenth, {found.late_bytes / 1e6:.1f} MB at the end"
        )


def asked(folder: Path, clips: int) -> None:
    """Prints the same of real clips, requests and files."""
    footage = [make(folder / f"clip-{number}.mp4", Recipe(frames=30 + number)) for number in range(min(clips, 8))]
    chance = Chance(FAULT_SHARE)
    with Provider(delay_s=ANSWER_S) as provider:
        chance.provider = provider
        provider.script(chance.fails, Answer(503), is_repeated=True)
        provider.script(lambda _: provider.in_flight > ALLOWED, Answer(429, headers={"Retry-After": "1"}), is_repeated=True)
        settings = {"workspace": folder / "workspace", "OPENROUTER_API_KEY": "loopback", "base_url": provider.url}
        studio = open_studio(Settings.model_validate(settings | {"MAX_CONCURRENT_REQUESTS": ALLOWED}), Events(), is_watching=False)
        began_s, cpu_s, children_s = time.perf_counter(), time.process_time(), _children_s()
        gauge = Gauge(provider)
        _line(studio, [footage[number % len(footage)] for number in range(clips)], chance)
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
        spent_usd = sum(studio.money.spending(card.id).total_usd for card in studio.projects())
        gauge.end()
        pictures = sum(card.take_count for card in studio.projects())
        studio.close()
        requests = len(provider.requests)
        print(
            f"{clips} clips, answers of {ANSWER_S:.0f} s, {ALLOWED} at once allowed, {chance.failed} faults: "
            f"{requests * ANSWER_S / ALLOWED / took_s:.1%} of the limit (at least 90 %) for {took_s:.0f} s, "
            f"{gauge.share:.1%} of its places busy; {pictures} of {clips * SHOT_COUNT} pictures; "
            f"ledger ${spent_usd:.2f}, provider ${provider.billed_usd:.2f}; "
            f"CPU a clip: {cpu_s / clips:.2f} s with the provider, {(_children_s() - children_s) / clips:.2f} s in readers; "
            f"memory {_early(chance):.0f} MB after a tenth, "
            f"{chance.peaks_bytes[-1] / 1e6:.0f} MB at the end (load {os.getloadavg()[0]:.1f})"
        )


def painted(folder: Path, clips: int) -> None:
    """Prints how much sooner two workers are ready than one process, each worker with a core of its own, the process with one."""
    cores = sorted(os.sched_getaffinity(0))
    took_s = {}
    with Crew(folder, {"OMP_NUM_THREADS": "1"}) as crew:
        crew.fill(2)
        for name, where in {
            "one process": {},
            "two workers": {"executor": "dask", "scheduler": crew.address},
        }.items():
            workspace = folder / name
            settings = Settings.model_validate({"workspace": workspace, "engine": "offline"} | where)
            os.sched_setaffinity(0, cores if where else cores[:1])
            studio = open_studio(settings, Events(), is_watching=False)
            began_s = time.perf_counter()
            _line(studio, [SAMPLE_CLIP] * clips, Chance(0))
            took_s[name] = time.perf_counter() - began_s
            studio.close()
            os.sched_setaffinity(0, cores)
    one_s, two_s = took_s["one process"], took_s["two workers"]
    print(
        f"{clips} clips painted here: one process on one core {one_s:.0f} s, two workers of one core {two_s:.0f} s: "
        f"{one_s / two_s:.2f} x (at least 1.6, load {os.getloadavg()[0]:.1f} on {len(cores)} cores)"
    )


def _line(studio: Studio, clips: Sequence[Path], chance: Chance) -> None:
    style = studio.check_style(SAMPLE_STYLE.name, SAMPLE_STYLE.read_bytes())

    def one(number: int) -> None:
        project_id = studio.analyze(clips[number], f"clip {number}.mp4", style)
        _wait(studio, lambda: not studio.analysis(project_id).step)
        for _ in range(3):  # as a batch that is run again
            if len(studio.open(project_id).sheets) < SHOT_COUNT:
                studio.analyze_again(project_id)
                _wait(studio, lambda: not studio.analysis(project_id).step)
            missing = [sheet.shot.id for sheet in studio.open(project_id).sheets if not sheet.takes]
            if missing:
                studio.generate(project_id, missing)
                _wait(studio, lambda: all(studio.row(project_id, number).state not in BUSY for number in SHOTS))
        for request in chance.provider.requests if chance.provider else ():
            request.body = None  # what the provider remembers is not the coordinator's
        chance.peaks_bytes.append(memory_bytes())

    with ThreadPoolExecutor(CLIPS_AT_ONCE) as pool:
        for done in [pool.submit(one, number) for number in range(len(clips))]:
            done.result()


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait(studio: Studio, is_so: Callable[[], bool]) -> None:
    seen, until_s = 0, time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < until_s, "it never ended"
        seen, _ = studio.events.wait(seen, ("",), 1.0)


def _early(chance: Chance) -> float:
    return chance.peaks_bytes[len(chance.peaks_bytes) // 10] / 1e6


def report(simulated_clips: int = 10_000, clips: int = 20, offline_clips: int = 6) -> None:
    """All three, in folders that are gone afterwards."""
    simulated(simulated_clips)
    with tempfile.TemporaryDirectory() as folder:
        asked(Path(folder), clips)
    with tempfile.TemporaryDirectory() as folder:
        painted(Path(folder), offline_clips)


def main() -> None:
    """With the counts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulated", type=int, default=10_000, help="clips of the simulation")
    parser.add_argument("--clips", type=int, default=20, help="clips that are asked of a scripted provider")
    parser.add_argument("--offline", type=int, default=6, help="clips that are painted here and by workers")
    given = parser.parse_args()
    report(given.simulated, given.clips, given.offline)


if __name__ == "__main__":
    main()
