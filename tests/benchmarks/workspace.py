"""What the workspace costs, as ratios in one run: `python -m tests.benchmarks.workspace`.

The limits: an edit among 500 shots and 500 takes at most 2 x one among 10; 200 projects are listed, cold, in less than a second.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from PIL import Image

from maestro.services.storage import Intent, ProjectFolder, Workspace
from maestro.services.storage.durable import SystemDisk
from maestro.types import Directed, GenerationResult, Picture, Shot

ROUNDS = 20


class UnsyncedDisk(SystemDisk):
    """For what is only put there to be measured: nobody needs it after a power loss."""

    def fsync(self, descriptor: int) -> None:
        """Nothing."""


def picture() -> Picture:
    """A small PNG."""
    stream = BytesIO()
    Image.new("RGB", (640, 360), "teal").save(stream, "PNG")
    return Picture(stream.getvalue(), "image/png", 640, 360)


def fill(folder: ProjectFolder, count: int, pictures: Sequence[Picture] = ()) -> None:
    """`count` shots with one saved take each; `pictures` in turn."""
    folder.keep_shots(
        Directed(tuple(Shot(number, f"Shot {number}: " + "a close view of the river " * 8) for number in range(1, count + 1)), "m")
    )
    moment, made = datetime.now(UTC), pictures or (picture(),)
    for number in range(1, count + 1):
        folder.begin(Intent(f"call-{number}", number, "r", "offline", "m", "sha", "text", 0, moment))
        take = folder.add_take(
            f"call-{number}", GenerationResult(number, "", moment, "offline", "m", "prompt " * 60, 1.0), made[number % len(made)]
        )
        folder.save(take.label, is_saved=True)


def filled(workspace: Workspace, count: int, pictures: Sequence[Picture] = ()) -> ProjectFolder:
    """A project of `count` shots with one saved take each."""
    unsynced = Workspace(workspace.folder, "0.1.0", disk=UnsyncedDisk())
    project_id = unsynced.create(f"{count} shots").id
    fill(unsynced.open(project_id), count, pictures)
    an_hour_ago_s = time.time() - 3600  # a shelf is believed to be as it was only when it has been so for a while
    os.utime(workspace.folder / project_id / "takes", (an_hour_ago_s, an_hour_ago_s))
    return workspace.open(project_id)


def interleaved_s(steps: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median time of each step, taken in turn, so that a noisy machine is noisy for all."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            began_s = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - began_s)
    return {name: statistics.median(values) for name, values in times.items()}


class Editor:
    """Saves edits of shot 3, another text each time."""

    def __init__(self, folder: ProjectFolder) -> None:
        self._folder = folder
        self._text = folder.read().sheet(3).shot.text

    def edit(self) -> None:
        """One."""
        text = f"{time.perf_counter_ns()} the boat turns into the light"
        self._folder.edit(3, text, self._text)
        self._text = text

    def edit_and_read(self) -> None:
        """One, and what a page does after it."""
        self.edit()
        self._folder.read()


def compare(workspace: Workspace) -> None:
    """Prints edit, save and open for 10 and for 500."""
    small, large = (filled(workspace, count) for count in (10, 500))
    editors = Editor(small), Editor(large)
    steps: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "save an edit": (editors[0].edit, editors[1].edit),
        "save an edit and read": (editors[0].edit_and_read, editors[1].edit_and_read),
        "read again": (small.read, large.read),
    }
    for name, (with_10, with_500) in steps.items():
        times = interleaved_s({"10": with_10, "500": with_500})
        print(
            f"{name}: {times['10'] * 1e3:.2f} ms of 10, {times['500'] * 1e3:.2f} ms of 500, ratio {times['500'] / times['10']:.2f}"
        )


def list_200(workspace: Workspace) -> None:
    """Prints the time of a cold and of a warm list."""
    unsynced = Workspace(workspace.folder, "0.1.0", disk=UnsyncedDisk())
    for number in range(198):
        fill(unsynced.create(f"Project {number}"), 2)
    fresh = Workspace(workspace.folder, "0.1.0")
    for name in ("cold", "warm"):
        began_s = time.perf_counter()
        count = len(fresh.projects())
        print(f"list {count} projects, {name}: {(time.perf_counter() - began_s) * 1e3:.0f} ms")


def report() -> None:
    """All of it, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder), "0.1.0")
        compare(workspace)
        list_200(workspace)


if __name__ == "__main__":
    report()
