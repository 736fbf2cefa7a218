"""Five source frames: Maestro against OpenCV, PyAV and moviepy, each in a process of its own, their runs interleaved, medians.

`python -m tests.benchmarks.sampling [--full] [FOLDER ...]` looks for further contenders (decord, torchcodec) in these folders,
where `pip install --target` put them. moviepy is installed for the run only: it wants an older Pillow than Maestro does.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from maestro.config import ROOT
from tests import clips
from tests.benchmarks.contenders import FRAMES, PAYLOADS, indices
from tests.clips import Recipe

MOVIEPY = "moviepy==2.2.1"
_REPEATS = 3
_SLOW_S = 2.5
"""Who takes so long is asked only once, unless everything is to be measured."""
_COLUMNS = {"frames": ("maestro", *(name for name in FRAMES if name not in {"maestro", "floor"}), "floor")}
_COLUMNS["payload"] = (*PAYLOADS, "OpenCV seek", "moviepy", "decord", "torchcodec")
GRAIN = {"preset": "superfast", "crf": "27"}

CLASSES = {
    "phone 1080p30 30 s, GOP 30": Recipe(frames=60, rounds=15, size=(1920, 1080), gop=30, grain=24, coding=GRAIN),
    "the same, upright by its flag": Recipe(
        frames=60, rounds=15, size=(1080, 1920), turned_deg=90, gop=30, grain=24, coding=GRAIN
    ),
    "1080p30 30 s, GOP 250, B": Recipe(
        frames=250, rounds=3, size=(1920, 1080), gop=250, b_frames=3, grain=20, coding={"preset": "superfast", "crf": "29"}
    ),
    "4K30 8 s, GOP 60": Recipe(frames=60, rounds=4, size=(3840, 2160), gop=60, grain=20, coding=GRAIN),
    "HEVC 1080p30 10 s": Recipe(
        frames=60, rounds=5, size=(1920, 1080), gop=60, codec="libx265", b_frames=2, grain=12,
        coding={"preset": "ultrafast", "x265-params": "log-level=none:keyint=60:crf=30"},
    ),
    "720p, variable rate": Recipe(frames=240, size=(1280, 720), gop=60, grain=12, stamps=[20 * n + n % 7 for n in range(240)]),
    "tiny, 7 frames": Recipe(frames=7, size=(320, 180)),
}  # fmt: skip


@dataclass(slots=True)
class _Runs:
    walls_s: list[float] = field(default_factory=list)
    cpus_s: list[float] = field(default_factory=list)
    peak_mb: float = 0.0
    fault: str = ""


class _Contender:
    """A contender's process, for one clip."""

    def __init__(self, name: str, path: Path, folders: Sequence[Path]) -> None:
        self.name = name
        is_guest = name in {"moviepy", "decord", "torchcodec"}
        found = ":".join(str(folder) for folder in (ROOT, *(folders if is_guest else ())))
        self._running = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.contenders", name, str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
            env={"PYTHONPATH": found},
        )  # fmt: skip

    def __enter__(self) -> "_Contender":
        return self

    def __exit__(self, *_: object) -> None:
        self._running.kill()
        self._running.communicate()

    def run(self, what: str, runs: _Runs, wanted: Sequence[int]) -> None:
        """Once, written down."""
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        with suppress(BrokenPipeError):
            self._running.stdin.write(what + "\n")
            self._running.stdin.flush()
        answer = json.loads(self._running.stdout.readline() or '{"fault": "its process died"}')
        if "fault" in answer:
            runs.fault = answer["fault"]
            return
        runs.walls_s.append(answer["wall_s"])
        runs.cpus_s.append(answer["cpu_s"])
        runs.peak_mb = max(runs.peak_mb, answer["peak_mb"])
        if wanted and answer["shows"] and answer["shows"] != list(wanted):
            runs.fault = f"wrong frames: {answer['shows']}"


def report(folders: Sequence[Path] = (), kinds: Sequence[str] = (), *, is_full: bool = False) -> None:
    """Prints a table for each kind of clip; times are ratios to Maestro's, of wall and of CPU."""
    with tempfile.TemporaryDirectory() as folder:
        peers = Path(folder) / "peers"
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(peers), MOVIEPY],
            check=False,
            stderr=subprocess.DEVNULL,
        )
        bundled = ROOT / "maestro" / "samples" / "bigbuckbunny.mp4"
        _table("bundled, 720p25 5 s", bundled, (), [peers, *folders], is_full)
        for kind, recipe in CLASSES.items():
            if not kinds or any(part in kind for part in kinds):
                path = clips.make(Path(folder) / "clip.mp4", recipe)
                shown = [index % recipe.frames for index in indices(recipe.frames * recipe.rounds)]
                _table(kind, path, shown, [peers, *folders], is_full)


def _table(kind: str, path: Path, wanted: Sequence[int], folders: Sequence[Path], is_full: bool) -> None:
    print(f"\n{kind} ({path.stat().st_size / 1e6:.1f} MB)")
    for what, names in _COLUMNS.items():
        runs = {name: _Runs() for name in names}
        with ExitStack() as stack:
            contenders = [stack.enter_context(_Contender(name, path, folders)) for name in names]
            for contender in contenders:
                contender.run("warm", _Runs(), ())
            for _ in range(_REPEATS):
                for contender in contenders:
                    if is_full or max(runs[contender.name].walls_s, default=0) < _SLOW_S:
                        contender.run(what, runs[contender.name], wanted)
        for name in names:
            _line(what, name, runs[name], runs["maestro"])


def _line(what: str, name: str, runs: _Runs, own: _Runs) -> None:
    if not runs.walls_s or not own.walls_s:
        print(f"  {what:8} {name:12} {runs.fault or 'nothing to compare with'}")
        return
    wall_s, cpu_s = statistics.median(runs.walls_s), statistics.median(runs.cpus_s)
    against = f"wall {wall_s / statistics.median(own.walls_s):6.2f} x  CPU {cpu_s / statistics.median(own.cpus_s):6.2f} x"
    print(f"  {what:8} {name:12} {against}  ({wall_s * 1000:6.0f} ms, {runs.peak_mb:4.0f} MB)  {runs.fault or 'exact'}", flush=True)


if __name__ == "__main__":
    report([Path(name) for name in sys.argv[1:] if name != "--full"], is_full="--full" in sys.argv)
