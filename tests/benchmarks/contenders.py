"""Ways to take five source frames from a clip, each in a process of its own: `python -m tests.benchmarks.contenders NAME CLIP`.

For every line that comes in, "frames" or "payload", a line of JSON goes out: wall and CPU seconds, peak memory, and
what the frames show.
"""

import base64
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from maestro import png
from maestro.config import ROOT
from maestro.services import video
from maestro.services.video import boxes, darkroom
from maestro.services.video.darkroom import fit_models
from maestro.services.video.reel import Reel
from maestro.services.video.timeline import Timeline
from tests import clips

COUNT = 5
Frames = list[NDArray[Any]]
"""Arrays (height, width, 3) in RGB."""


def indices(total: int) -> list[int]:
    """The rule."""
    return [min(round(i / (COUNT + 1) * total), total - 1) for i in range(1, COUNT + 1)]


def maestro(path: Path) -> Frames:
    """The decoder alone, full size and upright."""
    with Reel(path, path.name) as reel:
        timeline = reel.scan(boxes.walk(path, path.name))
        wanted = indices(timeline.frame_count)
        shape_of = darkroom.shapes(reel)
        found, _ = darkroom.develop(
            reel, timeline, wanted, lambda frame: darkroom.upright(frame, shape_of(frame), lambda width, height: (width, height))
        )
    return [found[index] for index in wanted]


def maestro_payload(path: Path) -> list[str]:
    """What the studio does, checks and hash included."""
    return [png.data_url(frame.png) for frame in video.sample(path, path.name, COUNT, 40).frames]


def booth_payload(path: Path) -> list[str]:
    """The same in the child process, the way over the pipe included."""
    booth = _kept("booth", video.Booth)
    return [png.data_url(frame.png) for frame in booth.sample(path, path.name, COUNT, 40).frames]


def opencv_seek(path: Path) -> Frames:
    """By frame number."""
    film = cv2.VideoCapture(str(path))
    frames = []
    for index in indices(int(film.get(cv2.CAP_PROP_FRAME_COUNT))):
        film.set(cv2.CAP_PROP_POS_FRAMES, index)
        frames.append(cv2.cvtColor(film.read()[1], cv2.COLOR_BGR2RGB))
    return frames


def opencv_loop(path: Path) -> Frames:
    """Grabbing frame after frame."""
    film = cv2.VideoCapture(str(path))
    wanted = indices(int(film.get(cv2.CAP_PROP_FRAME_COUNT)))
    frames = []
    for index in range(wanted[-1] + 1):
        film.grab()
        if index in wanted:
            frames.append(cv2.cvtColor(film.retrieve()[1], cv2.COLOR_BGR2RGB))
    return frames


def pyav_loop(path: Path) -> Frames:
    """Decoding frame after frame, its threads at their default."""
    with av.open(str(path)) as film:
        wanted = indices(film.streams.video[0].frames)
        shown = zip(range(wanted[-1] + 1), film.decode(video=0), strict=False)
        return [frame.to_ndarray(format="rgb24") for index, frame in shown if index in wanted]


def moviepy(path: Path) -> Frames:
    """By time, in the middle of a frame."""
    film = import_module("moviepy").VideoFileClip(str(path), audio=False)
    frames = [np.asarray(film.get_frame((index + 0.5) / film.fps)) for index in indices(round(film.duration * film.fps))]
    film.close()
    return frames


def decord(path: Path) -> Frames:
    """By index."""
    reader = import_module("decord").VideoReader(str(path))
    return list(reader.get_batch(indices(len(reader))).asnumpy())


def torchcodec(path: Path) -> Frames:
    """By index, exact."""
    decoder = import_module("torchcodec.decoders").VideoDecoder(str(path), dimension_order="NHWC", seek_mode="exact")
    return list(decoder.get_frames_at(indices(len(decoder))).data.numpy())


def floor(path: Path) -> Frames:
    """Not a contender: one thread decodes what must be decoded, and knows already what that is."""
    timeline = _kept(f"timeline of {path}", lambda: _scanned(path))
    with Reel(path, path.name) as reel:
        for stretch in timeline.stretches(indices(timeline.frame_count)):
            reel.develop(timeline, stretch, lambda _: None)
    return []


def _scanned(path: Path) -> Timeline:
    with Reel(path, path.name) as reel:
        return reel.scan()


def encoded(frames: Callable[[Path], Frames]) -> Callable[[Path], list[str]]:
    """Its frames shrunk to what the models look at, and encoded by OpenCV at its fastest level."""

    def payload(path: Path) -> list[str]:
        urls = []
        for rgb in frames(path):
            bgr, size = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), fit_models(rgb.shape[1], rgb.shape[0])
            if size != bgr.shape[1::-1]:
                bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
            _, encoded_png = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
            urls.append("data:image/png;base64," + base64.b64encode(encoded_png.tobytes()).decode("ascii"))
        return urls

    return payload


FRAMES: dict[str, Callable[[Path], Frames]] = {
    "maestro": maestro,
    "OpenCV seek": opencv_seek,
    "OpenCV loop": opencv_loop,
    "PyAV loop": pyav_loop,
    "moviepy": moviepy,
    "decord": decord,
    "torchcodec": torchcodec,
    "floor": floor,
}
PAYLOADS: dict[str, Callable[[Path], list[str]]] = {"maestro": maestro_payload, "booth": booth_payload}
_keeping: dict[str, Any] = {}


def _kept(name: str, make: Callable[[], Any]) -> Any:
    return _keeping[name] if name in _keeping else _keeping.setdefault(name, make())


def _used() -> tuple[float, float]:
    """CPU seconds of this process and its children, and the largest memory of any of them in MB.

    Children that still run count only where the system tells of them (Linux).
    """
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    running = [_used_by(pid) for list_ in Path("/proc/self/task").glob("*/children") for pid in list_.read_text().split()]
    peak_mb = max(own.ru_maxrss, ended.ru_maxrss) / (1024 if sys.platform == "linux" else 1024 * 1024)
    cpu_s = sum(one.ru_utime + one.ru_stime for one in (own, ended)) + sum(cpu_s for cpu_s, _ in running)
    return cpu_s, max([peak_mb, *(peak_mb for _, peak_mb in running)])


def _used_by(pid: str) -> tuple[float, float]:
    used = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()
    status = dict(line.split(":", 1) for line in Path("/proc", pid, "status").read_text().splitlines())
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK"), int(status["VmHWM"].split()[0]) / 1024


def _answer(name: str, path: Path, what: str) -> dict[str, object]:
    """For "warm" the bundled clip is read instead: whatever is imported, is imported then."""
    if what == "warm":
        path, what = ROOT / "maestro" / "samples" / "bigbuckbunny.mp4", "payload" if name in PAYLOADS else "frames"
    ask = FRAMES[name] if what == "frames" else PAYLOADS[name] if name in PAYLOADS else encoded(FRAMES[name])
    wall_s, (cpu_s, _) = time.perf_counter(), _used()
    try:
        made = ask(path)
    except (AttributeError, ImportError, IndexError, OSError, RuntimeError, StopIteration, TypeError, ValueError) as error:
        return {"fault": f"{type(error).__name__}: {error}"[:100]}
    wall_s, (later_s, peak_mb) = time.perf_counter() - wall_s, _used()
    return {"wall_s": wall_s, "cpu_s": later_s - cpu_s, "peak_mb": peak_mb, "shows": [_shown(one) for one in made]}


def _shown(made: str | NDArray[Any]) -> int:
    try:
        return clips.number_on(base64.b64decode(made.partition(",")[2]) if isinstance(made, str) else made)
    except AssertionError:
        return -1


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_answer(sys.argv[1], Path(sys.argv[2]), line.strip())), flush=True)
