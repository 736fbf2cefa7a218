"""Choosing frames: strips show the clip as it is, cuts are exact, and what is picked is what `sample` would have taken."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from maestro.errors import FootageError, TooLongError
from maestro.services import video
from maestro.services.video import choosing
from maestro.services.video.scenes import one_per_cut
from tests import clips
from tests.clips import Recipe

pytestmark = pytest.mark.timeout(60)
SIZE = (192, 108)
END_S = 30.0
Pixels = NDArray[np.uint8]


def scene(number: int) -> Pixels:
    """A painting of its own, wider than a frame, so that a camera can move over it."""
    chance = np.random.default_rng(number)
    rough = chance.integers(0, 255, (6, 14, 3), np.uint8) // 2 + chance.integers(0, 128, 3).astype(np.uint8)
    return np.asarray(cv2.resize(rough, (SIZE[0] * 3, SIZE[1]), interpolation=cv2.INTER_CUBIC), np.uint8)


def shown(number: int, frame: int, speed_px: int = 2) -> Pixels:
    """What the camera sees of a scene while it moves over it."""
    left = min(frame * speed_px, SIZE[0] * 2)
    return np.ascontiguousarray(scene(number)[:, left : left + SIZE[0]])


def film(path: Path, frames: Iterable[Pixels], gop: int = 250) -> Path:
    """A clip of these frames at 25 a second."""
    with av.open(str(path), "w", format="mp4") as container:
        track = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "x264-params": f"scenecut=0:keyint={gop}"})
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = *SIZE, "yuv420p"
        track.codec_context.time_base = Fraction(1, 25)
        for pixels in frames:
            container.mux(track.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(track.encode(None))
    return path


def scenes(lengths: Sequence[int]) -> Iterable[Pixels]:
    """One scene after the other, hard cuts between them."""
    for number, length in enumerate(lengths):
        yield from (shown(number, frame) for frame in range(length))


@pytest.mark.parametrize("gop", [25, 250])
def test_cuts_are_found_to_the_frame(tmp_path: Path, gop: int) -> None:
    """Whether or not a frame that can be decoded by itself is near."""
    path = film(tmp_path / "a.mp4", scenes([40, 57, 9, 90, 33]), gop)

    found = [frame.index for frame in choosing.strip(path, "a.mp4", END_S) if frame.is_cut]

    assert found == [40, 97, 106, 196]


def test_a_fast_camera_and_a_flash_are_no_cuts(tmp_path: Path) -> None:
    """What moves, moves all the time; after a flash the scene is the same."""
    moving = [shown(1, frame, speed_px=9) for frame in range(60)]
    moving[30] = np.full_like(moving[30], 250)

    strip = choosing.strip(film(tmp_path / "a.mp4", moving), "a.mp4", END_S)

    assert not any(frame.is_cut for frame in strip)


@pytest.mark.parametrize("turned_deg", [0, 90, 180, 270])
def test_the_strip_is_upright_and_in_order(tmp_path: Path, turned_deg: int) -> None:
    """A phone held upright stores its pictures lying on their side."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=120, size=(160, 96), turned_deg=turned_deg))

    strip = choosing.strip(path, "a.mp4", END_S)

    assert [clips.number_on(frame.jpeg) for frame in strip] == [frame.index for frame in strip]
    assert [frame.time_s for frame in strip] == sorted(frame.time_s for frame in strip)
    assert Image.open(BytesIO(strip[0].jpeg)).size == (160, 96)
    assert 10 < len(strip) <= 48


def test_a_portrait_clip_gives_portrait_pictures(tmp_path: Path) -> None:
    """Taller than wide, as it is shown."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=30, size=(160, 284), turned_deg=90))

    width, height = Image.open(BytesIO(choosing.strip(path, "a.mp4", END_S)[0].jpeg)).size

    assert (width, height) == (160, 284)


def test_a_clip_of_one_frame_has_a_strip(tmp_path: Path) -> None:
    """Of one frame."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=1))

    assert [frame.index for frame in choosing.strip(path, "a.mp4", END_S)] == [0]


def test_stepping_shows_every_frame(tmp_path: Path) -> None:
    """Five to either side, fewer at the ends of the clip."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=60, gop=250, b_frames=2))

    middle, end = (choosing.around(path, "a.mp4", END_S, index) for index in (30, 59))

    assert [clips.number_on(frame.jpeg) for frame in middle] == list(range(25, 36))
    assert [frame.index for frame in end] == list(range(54, 60))


def test_a_picked_frame_is_the_very_one_that_sampling_takes(tmp_path: Path) -> None:
    """Byte for byte, in the order asked for."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=90, b_frames=2))
    sampled = video.sample(path, "a.mp4", 5, END_S).frames

    picked = choosing.pick(path, "a.mp4", END_S, [frame.index for frame in reversed(sampled)])

    assert picked == tuple(reversed(sampled))


def test_a_frame_that_is_not_there_is_not_picked(tmp_path: Path) -> None:
    """Another in its place would be worse."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=30))

    with pytest.raises(FootageError, match="its last one is number 30"):
        choosing.pick(path, "a.mp4", END_S, [30])


def test_the_sharpest_nearby_is_the_one_in_focus(tmp_path: Path) -> None:
    """Within half a second; further away it does not count."""
    focus = {20, 45, 75}
    crisp = np.random.default_rng(5).integers(0, 255, (SIZE[1] // 4, SIZE[0] // 4, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    blurred = np.asarray(cv2.GaussianBlur(crisp, (0, 0), 4), np.uint8)
    path = film(tmp_path / "a.mp4", (crisp if frame in focus else blurred for frame in range(80)), gop=10)

    assert choosing.sharpest_near(path, "a.mp4", END_S, (14, 50)) == (20, 45)
    near_each_other = choosing.sharpest_near(path, "a.mp4", END_S, (44, 46))
    assert near_each_other[0] == 45 != near_each_other[1]


@pytest.mark.parametrize(
    ("cuts", "frames", "wanted"),
    [
        ((20, 40, 60, 80), 100, (10, 30, 50, 70, 90)),
        ((10, 20, 30, 40, 50, 60, 70, 80, 90), 100, (15, 35, 55, 75, 95)),
        ((), 100, (10, 30, 50, 70, 90)),
        ((80,), 100, (10, 30, 50, 70, 90)),
        ((1, 2), 3, (0, 1, 2)),
    ],
)
def test_one_per_cut_spreads_over_the_scenes(cuts: tuple[int, ...], frames: int, wanted: tuple[int, ...]) -> None:
    """One of each; of many every so many; of few the longest give more."""
    assert one_per_cut(cuts, frames, 5) == wanted


def test_a_long_clip_says_how_long_and_can_be_used_up_to_the_limit(tmp_path: Path) -> None:
    """Then it is read as if it ended there."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=82, fps=2, gop=20))

    with pytest.raises(TooLongError, match=r"is 41 s long; at most 30 s") as refused:
        video.sample(path, "a.mp4", 5, END_S)
    footage = video.sample(path, "a.mp4", 5, END_S, is_trimmed=True)

    assert (refused.value.duration_s, refused.value.max_s) == (41.0, 30.0)
    assert (footage.clip.duration_s, footage.clip.frame_count) == (30.0, 60)
    assert [clips.number_on(frame.png) for frame in footage.frames] == [10, 20, 30, 40, 50]
    assert footage.notes == ("Only the first 30 s of 41 s were used.",)
    assert choosing.strip(path, "a.mp4", footage.clip.duration_s)[-1].time_s < END_S


def test_a_clip_that_is_short_enough_is_not_trimmed(tmp_path: Path) -> None:
    """Nor is anything said."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=60, fps=30))

    assert video.sample(path, "a.mp4", 5, 2.0, is_trimmed=True) == video.sample(path, "a.mp4", 5, 2.0)
