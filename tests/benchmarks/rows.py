"""Five rows at once: how long a batch takes, asked of a provider and painted here: `python -m tests.benchmarks.rows`.

The limits: with answers that take 2 s, at most 1.1 x 2 + 1 s and five in flight; five frames of 1024x576 painted here in 10 s.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import HttpUrl, SecretStr

from maestro.config import Settings
from maestro.engines import building
from maestro.events import Events
from maestro.services.storage import Workspace
from maestro.services.video import Booth
from maestro.studio import Studio
from maestro.types import SHOT_COUNT, RowState
from tests.provider import Provider

ANSWER_S = 2.0
LIMIT_S = 120.0


def made(settings: Settings) -> Studio:
    """A studio without an observer."""
    return Studio(settings, Workspace(settings.workspace, "0.1.0"), building.build(settings, Booth()), Events())


def analysed(studio: Studio) -> str:
    """The sample's project, with its five shots."""
    clip, style = studio.sample_inputs()
    project_id = studio.analyze(clip, clip.name, style)
    _wait(studio, lambda: not studio.analysis(project_id).step)
    return project_id


def batch_s(studio: Studio, project_id: str) -> float:
    """From asking for all rows to the last one that is idle again; fails when a picture is missing."""
    before = len(studio.open(project_id).sheets[0].takes)
    began_s = time.perf_counter()
    studio.generate(project_id)
    busy = {RowState.QUEUED, RowState.RUNNING}
    _wait(studio, lambda: all(studio.row(project_id, number).state not in busy for number in range(1, SHOT_COUNT + 1)))
    took_s = time.perf_counter() - began_s
    assert all(len(sheet.takes) == before + 1 for sheet in studio.open(project_id).sheets)
    return took_s


def asked(folder: Path) -> None:
    """Prints what five rows take in front of a provider."""
    with Provider() as provider:
        settings = Settings(
            workspace=folder,
            openrouter_api_key=SecretStr("loopback"),
            base_url=HttpUrl(provider.url),
            max_concurrent_requests=SHOT_COUNT,
        )
        studio = made(settings)
        project_id = analysed(studio)
        provider.start_over()
        provider.delay_s = ANSWER_S
        took_s = batch_s(studio, project_id)
        studio.close()
        allowed_s = 1.1 * ANSWER_S + 1
        print(
            f"five rows, answers of {ANSWER_S:.0f} s: {took_s:.2f} s (at most {allowed_s:.1f}), "
            f"{provider.most_in_flight} in flight at most"
        )


def painted(folder: Path) -> None:
    """Prints what five frames take on this computer, for the first time and again."""
    studio = made(Settings(workspace=folder))
    project_id = analysed(studio)
    for name in ("the first time", "again"):
        cpu_s = time.process_time()
        took_s = batch_s(studio, project_id)
        take = studio.open(project_id).sheets[0].takes[-1]
        print(
            f"five frames of {take.width_px}x{take.height_px} painted here, {name}: {took_s:.1f} s, "
            f"{time.process_time() - cpu_s:.1f} s of CPU, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores (at most 10 s)"
        )
    studio.close()


def _wait(studio: Studio, is_so: Callable[[], bool]) -> None:
    seen, until_s = 0, time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < until_s, "it never ended"
        seen, _ = studio.events.wait(seen, ("",), 0.2)


def report() -> None:
    """Both, in folders that are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        asked(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        painted(Path(folder))


if __name__ == "__main__":
    report()
