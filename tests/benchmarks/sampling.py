"""Five source frames as PNG data URLs: Maestro against OpenCV's seek and PNG encoder, interleaved, medians."""

import base64
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from maestro import png
from maestro.services import video
from tests import clips

_REPEATS = 3
_COUNT = 5


def ours(path: Path) -> list[str]:
    """What the studio does, checks and hash included."""
    return [png.data_url(frame.png) for frame in video.sample(path, path.name, _COUNT, 30).frames]


def opencv(path: Path) -> list[str]:
    """Seek by frame number, shrink to the same size, encode at the fastest level."""
    film = cv2.VideoCapture(str(path))
    total = int(film.get(cv2.CAP_PROP_FRAME_COUNT))
    urls = []
    for i in range(1, _COUNT + 1):
        film.set(cv2.CAP_PROP_POS_FRAMES, round(i / (_COUNT + 1) * total))
        _, bgr = film.read()
        width, height = video.darkroom.fit_models(bgr.shape[1], bgr.shape[0])
        if (width, height) != (bgr.shape[1], bgr.shape[0]):
            bgr = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
        _, encoded = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        urls.append("data:image/png;base64," + base64.b64encode(encoded.tobytes()).decode("ascii"))
    return urls


def report() -> None:
    """Prints one line a clip."""
    with tempfile.TemporaryDirectory() as folder:
        for title, path in _clips(Path(folder)):
            mine, theirs = _medians(lambda path=path: ours(path), lambda path=path: opencv(path))  # type: ignore[misc]
            print(
                f"{title:28}  wall {theirs[0] / mine[0]:5.1f} x   CPU {theirs[1] / mine[1]:5.1f} x   "
                f"({mine[0] * 1000:.0f} ms, OpenCV {theirs[0] * 1000:.0f} ms)"
            )


def _clips(folder: Path) -> list[tuple[str, Path]]:
    grain = clips.Recipe(frames=150, size=(1920, 1080), gop=30, grain=24, coding={"crf": "24"})
    long_gop = clips.Recipe(
        frames=150, size=(1280, 720), gop=250, b_frames=3, grain=16, coding={"preset": "superfast", "crf": "24"}
    )
    bundled = Path(video.__file__).parents[2] / "samples" / "bigbuckbunny.mp4"
    return [
        ("bundled clip, one GOP", bundled),
        ("1080p30, 5 s, GOP 30", clips.make(folder / "phone.mp4", grain)),
        ("720p30, 5 s, GOP 250", clips.make(folder / "long.mp4", long_gop)),
    ]


def _medians(*contenders: Callable[[], object]) -> list[tuple[float, float]]:
    """(wall, CPU) in seconds of each, their runs interleaved."""
    runs: list[list[tuple[float, float]]] = [[] for _ in contenders]
    for _ in range(_REPEATS):
        for contender, seen in zip(contenders, runs, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            contender()
            seen.append((time.perf_counter() - wall, time.process_time() - cpu))
    return [(statistics.median(run[0] for run in seen), statistics.median(run[1] for run in seen)) for seen in runs]
