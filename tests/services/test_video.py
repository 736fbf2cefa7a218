"""Source frames are exactly those that were asked for, and what is no clip is refused by name."""

import hashlib
import os
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from maestro.errors import FootageError
from maestro.services import video
from maestro.services.video import boxes
from maestro.services.video.reel import Reel
from maestro.types import Footage
from tests import clips
from tests.clips import Recipe

pytestmark = pytest.mark.timeout(30)
SAMPLE = Path(video.__file__).parents[2] / "samples" / "bigbuckbunny.mp4"
OPEN_GOP = {"preset": "veryfast", "x264-params": "open-gop=1:keyint=12:bframes=3:scenecut=0:b-adapt=0:log-level=none"}
SLOWING = [20 * frame if frame < 60 else 1200 + 60 * (frame - 60) for frame in range(120)]

EXACT = {
    "short GOP": Recipe(frames=90, gop=12),
    "long GOP with B-frames": Recipe(frames=300, gop=250, b_frames=3),
    "open GOP": Recipe(frames=120, gop=12, b_frames=3, coding=OPEN_GOP),
    "variable frame rate": Recipe(frames=120, stamps=SLOWING, b_frames=2),
    "fragmented": Recipe(frames=120, b_frames=2, muxing={"movflags": "frag_keyframe+empty_moov"}),
    "a fragment a frame": Recipe(frames=60, muxing={"movflags": "frag_every_frame+empty_moov+default_base_moof"}),
    "starts late": Recipe(frames=60, stamps=[20 * (frame + 60) for frame in range(60)]),
    "MPEG-4 part 2": Recipe(frames=60, codec="mpeg4", b_frames=2),
    "HEVC": Recipe(
        frames=60, codec="libx265", b_frames=2, coding={"preset": "ultrafast", "x265-params": "log-level=none:keyint=12"}
    ),
}


def numbers(footage: Footage) -> list[int]:
    """What the source frames show."""
    return [clips.number_on(frame.png) for frame in footage.frames]


def sample(path: Path, count: int = 5) -> Footage:
    """With the usual limit."""
    return video.sample(path, "holiday.mp4", count, 30)


def rewritten(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """The file with its bytes changed."""
    path.write_bytes(change(path.read_bytes()))
    return path


@pytest.mark.parametrize("kind", EXACT)
def test_source_frames_are_those_of_the_rule(kind: str, tmp_path: Path) -> None:
    """Frame round(i / (n + 1) * total) shows that very number, for every way of storing a clip."""
    recipe = EXACT[kind]
    footage = sample(clips.make(tmp_path / "a.mp4", recipe), count=12)

    wanted = [round(i / 13 * recipe.frames) for i in range(1, 13)]
    assert [frame.index for frame in footage.frames] == numbers(footage) == wanted
    assert clips.number_on(footage.director_frame.png) == footage.director_frame.index == recipe.frames // 2
    assert footage.clip.frame_count == recipe.frames
    assert footage.notes == ()


def test_hidden_frames_are_not_counted(tmp_path: Path) -> None:
    """An edit list that hides ten frames makes the eleventh the first."""
    recipe = Recipe(frames=60, stamps=[20 * (frame - 10) for frame in range(60)], muxing={"avoid_negative_ts": "disabled"})
    footage = sample(clips.make(tmp_path / "a.mp4", recipe))

    assert footage.clip.frame_count == 50
    assert numbers(footage) == [frame.index + 10 for frame in footage.frames]


def test_a_false_key_frame_is_not_believed(tmp_path: Path) -> None:
    """Without its table of key frames, every frame claims to be one."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=120, gop=250, b_frames=2))
    footage = sample(rewritten(path, lambda film: film.replace(b"stss", b"free")))

    assert numbers(footage) == [20, 40, 60, 80, 100]


def test_times_count_from_the_first_frame(tmp_path: Path) -> None:
    """At a variable frame rate the times are the real ones."""
    footage = sample(clips.make(tmp_path / "a.mp4", EXACT["variable frame rate"]))

    assert [frame.time_s for frame in footage.frames] == pytest.approx([SLOWING[i] / 600 for i in (20, 40, 60, 80, 100)])


@pytest.mark.parametrize("turned_deg", [90, 180, 270])
def test_rotated_clips_come_upright(turned_deg: int, tmp_path: Path) -> None:
    """As another player shows them."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=12, turned_deg=turned_deg))
    clip = video.probe(path, "a.mp4", 30)
    _, other = cv2.VideoCapture(str(path)).read()

    assert numbers(sample(path)) == [2, 4, 6, 8, 10]
    assert (clip.width_px, clip.height_px, clip.rotation_deg) == (160, 96, turned_deg)
    assert other.shape == (96, 160, 3)


@pytest.mark.parametrize("direction", ["across", "down"])
def test_mirrored_clips_come_the_right_way_round(direction: str, tmp_path: Path) -> None:
    """A selfie camera says so in the same matrix as a turned one."""

    def mirror(film: bytes) -> bytes:
        at = film.index(b"tkhd") + 44 + (0 if direction == "across" else 16)
        return film[:at] + struct.pack(">i", -0x10000) + film[at + 4 :]

    path = clips.make(tmp_path / "a.mp4", Recipe(frames=12))
    before = np.asarray(Image.open(BytesIO(sample(path).frames[0].png)))
    after = np.asarray(Image.open(BytesIO(sample(rewritten(path, mirror)).frames[0].png)))

    assert np.array_equal(after, before[:, ::-1] if direction == "across" else before[::-1])
    assert not np.array_equal(after, before)


@pytest.mark.parametrize(("total", "indices"), [(1, [0]), (2, [0, 1]), (3, [0, 1, 2])])
def test_tiny_clips_give_the_frames_that_they_have(total: int, indices: list[int], tmp_path: Path) -> None:
    """Indices are clamped, and no frame comes twice."""
    footage = sample(clips.make(tmp_path / "a.mp4", Recipe(frames=total)))

    assert numbers(footage) == indices
    assert f"{total} frame" in footage.notes[0]


def test_a_clip_of_31_s_is_refused_with_its_length(tmp_path: Path) -> None:
    """Although its header says five seconds."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=310, fps=10, size=(64, 48)))
    assert path.read_bytes().count(b"mvhd") == 1

    def lie(film: bytes) -> bytes:
        at = film.index(b"mvhd") + 20
        return film[:at] + struct.pack(">I", 5000) + film[at + 4 :]

    with pytest.raises(FootageError, match=r'"a.mp4" is 31 s long; at most 30 s are allowed\.'):
        video.probe(rewritten(path, lie), "a.mp4", 30)


def test_a_frame_too_many_is_within_the_tolerance(tmp_path: Path) -> None:
    """901 frames at 30 a second are 30.03 s."""
    clip = video.probe(clips.make(tmp_path / "a.mp4", Recipe(frames=901, size=(64, 48))), "a.mp4", 30)

    assert clip.duration_s == pytest.approx(901 / 30)
    assert clip.fps == pytest.approx(30)


@pytest.mark.parametrize(
    ("beginning", "what"),
    [
        (b"", "has no bytes"),
        (b"ffconcat version 1.0\nfile secret.mp4\n", "a playlist"),
        (b"#EXTM3U\n#EXTINF:1,\nsecret.mp4\n", "a playlist"),
        (b"#!/bin/sh\nls\n", "a script"),
        (b"\x1aE\xdf\xa3" + bytes(60), "WebM"),
        (b"GIF89a" + bytes(60), "a GIF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "a PNG"),
        (bytes(4096), "something else"),
        (b"\0\0\0\x14ftypisom\0\0\0\0isomffconcat version 1.0\nfile secret.mp4\n", "cut off"),
        (b"\0\0\0\x14ftypheic\0\0\0\0heic", "a still picture"),
    ],
)
def test_what_is_no_mp4_is_refused_by_name(beginning: bytes, what: str, tmp_path: Path) -> None:
    """And another file beside it is never opened."""
    clips.make(tmp_path / "secret.mp4", Recipe(frames=5))
    path = tmp_path / "a.mp4"
    path.write_bytes(beginning)

    for question in (lambda: video.probe(path, "a.mp4", 30), lambda: sample(path), lambda: video.study(path)):
        with pytest.raises(FootageError, match=what):
            question()


def test_a_real_webm_is_refused(tmp_path: Path) -> None:
    """Renamed to .mp4 it still is none."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", format="webm") as film:
        track = film.add_stream("libvpx-vp9", rate=10, options={"deadline": "realtime"})
        track.width, track.height = 64, 48
        film.mux(track.encode(av.VideoFrame.from_ndarray(clips.picture_of(1, (64, 48))).reformat(format="yuv420p")))
        film.mux(track.encode(None))

    with pytest.raises(FootageError, match="WebM"):
        video.probe(path, "a.mp4", 30)


def test_sound_alone_is_no_clip(tmp_path: Path) -> None:
    """An mp4 without a video track says so."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as film:
        track = film.add_stream("aac", rate=44100)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 44100
        film.mux(track.encode(silence))
        film.mux(track.encode(None))

    with pytest.raises(FootageError, match="no video track"):
        video.probe(path, "a.mp4", 30)


def test_frames_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    """Also when the index says that they are small and only the pictures are large."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=1, size=(9000, 4800)))

    def belittle(film: bytes) -> bytes:
        end = film.index(b"tkhd") + 88
        film = film[: end - 8] + struct.pack(">II", 160 << 16, 96 << 16) + film[end:]
        at = film.index(b"avc1") + 28
        return film[:at] + struct.pack(">HH", 160, 96) + film[at + 4 :]

    with pytest.raises(FootageError, match="9000 x 4800"):
        video.probe(path, "a.mp4", 30)
    with pytest.raises(FootageError, match="9000 x 4800"):
        video.probe(rewritten(path, belittle), "a.mp4", 30)


def test_an_index_that_claims_millions_is_refused(tmp_path: Path) -> None:
    """Two thousand million samples in four bytes."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=5))

    def claim(film: bytes) -> bytes:
        at = film.index(b"stsz") + 8
        return film[:at] + struct.pack(">II", 4000, 0x7FFFFFFF) + film[at + 8 :]

    with pytest.raises(FootageError, match="2147483647"):
        video.probe(rewritten(path, claim), "a.mp4", 30)


@pytest.mark.parametrize("flags", ["faststart", "frag_keyframe+empty_moov"])
def test_a_cut_off_clip_is_used_as_far_as_it_goes(flags: str, tmp_path: Path) -> None:
    """And it is said how far that is."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=150, muxing={"movflags": flags}))
    footage = sample(rewritten(path, lambda film: film[: len(film) * 6 // 10]))

    total = footage.clip.frame_count
    assert 40 < total < 110
    assert numbers(footage) == [round(i / 6 * total) for i in range(1, 6)]
    assert "cut off" in footage.notes[0]


def test_a_clip_cut_off_before_its_index_is_refused(tmp_path: Path) -> None:
    """Nothing of it can be read."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=30))

    with pytest.raises(FootageError, match="cut off before its index"):
        sample(rewritten(path, lambda film: film[: len(film) // 2]))


def test_a_damaged_source_frame_is_an_error(tmp_path: Path) -> None:
    """No other frame is put in its place."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=60, muxing={"movflags": "faststart"}))

    def scratch(film: bytes) -> bytes:
        at = film.index(b"mdat") + (len(film) - film.index(b"mdat")) // 2
        return film[:at] + b"\xa5" * 1500 + film[at + 1500 :]

    with pytest.raises(FootageError, match=r"damaged: its frame at [\d.]+ s cannot be read"):
        sample(rewritten(path, scratch))


def test_padding_after_the_film_does_no_harm(tmp_path: Path) -> None:
    """Some cameras leave zeros, some sites leave words."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=30))

    assert sample(rewritten(path, lambda film: film + bytes(5000))).notes == ()
    assert sample(rewritten(path, lambda film: film + b"goodbye and thank you")).notes == ()


def test_frames_are_shrunk_to_what_the_models_look_at(tmp_path: Path) -> None:
    """1080p becomes 1650 x 928: 52 x 29 patches; smaller clips stay as they are."""
    large = sample(clips.make(tmp_path / "a.mp4", Recipe(frames=2, size=(1920, 1080)))).frames[0]
    small = sample(clips.make(tmp_path / "b.mp4", Recipe(frames=2, size=(1280, 720)))).frames[0]

    assert (large.width_px, large.height_px) == Image.open(BytesIO(large.png)).size == (1650, 928)
    assert (small.width_px, small.height_px) == (1280, 720)


@pytest.mark.parametrize("kind", EXACT)
def test_an_index_tells_what_the_packets_tell(kind: str, tmp_path: Path) -> None:
    """Where it is ordinary it is believed, and the film is not read; else it is not."""
    path = clips.make(tmp_path / "a.mp4", EXACT[kind])

    with Reel(path, "a.mp4") as reel, Reel(path, "a.mp4") as other:
        by_index, by_packets = reel.scan(boxes.walk(path, "a.mp4")), other.scan()

    assert by_index.log.pts == by_packets.log.pts
    assert by_index.log.dts == by_packets.log.dts
    assert by_index.log.position == by_packets.log.position
    assert (by_index.log.is_key, by_index.log.is_shown) == (by_packets.log.is_key, by_packets.log.is_shown)
    assert by_index.duration_s == by_packets.duration_s


def test_an_index_without_keys_is_not_believed(tmp_path: Path) -> None:
    """It would make every packet a key; the packets know better."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=60, gop=12))

    with Reel(path := rewritten(path, lambda film: film.replace(b"stss", b"free")), "a.mp4") as reel:
        timeline = reel.scan(boxes.walk(path, "a.mp4"))

    assert sum(timeline.log.is_key) == 5


def test_the_shape_of_pixels_is_known_also_when_only_the_picture_tells(tmp_path: Path) -> None:
    """The index may leave it out; the clip is not shown squeezed for that."""
    coding = {"x264-params": "sar=2/1:keyint=12:log-level=none"}
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=12, size=(160, 96), coding=coding))

    clip = sample(rewritten(path, lambda film: film.replace(b"pasp", b"free"))).clip

    assert (clip.width_px, clip.height_px) == (160, 48)


def test_a_file_that_changed_is_another_clip(tmp_path: Path) -> None:
    """Its checksum is that of the bytes, however often it was asked for before."""
    path = rewritten(clips.make(tmp_path / "a.mp4", Recipe(frames=12)), lambda film: film + bytes(8))
    sums = []
    for ending in (b"\0\0\0\x08free", b"\0\0\0\x08skip"):
        path.write_bytes(path.read_bytes()[:-8] + ending)
        os.utime(path, ns=(10**18, 10**18))
        sums.append((video.probe(path, "a.mp4", 30).sha256, video.probe(path, "a.mp4", 30).sha256))
        assert sums[-1] == (hashlib.sha256(path.read_bytes()).hexdigest(),) * 2

    assert sums[0] != sums[1]


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_untagged_hd_is_taken_for_bt709(size: tuple[int, int], tmp_path: Path) -> None:
    """A red that was coded as BT.709 comes out as it went in, shrunk or not."""
    path = tmp_path / "a.mp4"
    red = np.full((size[1], size[0], 3), (200, 40, 30), np.uint8)
    with av.open(str(path), "w") as film:
        track = film.add_stream("libx264", rate=10, options={"preset": "ultrafast", "crf": "10"})
        track.width, track.height, track.pix_fmt = *size, "yuv420p"
        film.mux(track.encode(av.VideoFrame.from_ndarray(red).reformat(format="yuv420p", dst_colorspace="ITU709")))
        film.mux(track.encode(None))

    shown = np.asarray(Image.open(BytesIO(sample(path).frames[0].png)))
    assert np.abs(shown[360, 640].astype(int) - (200, 40, 30)).max() <= 4


def test_the_bundled_clip_is_what_it_says() -> None:
    """132 frames of Big Buck Bunny, frame for frame as another decoder gives them."""
    footage = video.sample(SAMPLE, "bigbuckbunny.mp4", 5, 30)
    clip = footage.clip

    assert (clip.frame_count, clip.codec, clip.width_px, clip.height_px) == (132, "h264", 1280, 720)
    assert [clip.duration_s, clip.fps] == pytest.approx([5.28, 25])
    assert [frame.index for frame in footage.frames] == [22, 44, 66, 88, 110]
    assert footage.director_frame.index == 66
    assert footage.path == SAMPLE
    film = cv2.VideoCapture(str(SAMPLE))
    others = {index: film.read()[1] for index in range(132)}
    for frame in footage.frames:
        shown = np.asarray(Image.open(BytesIO(frame.png)))[:, :, ::-1].astype(int)
        apart = {index: np.abs(shown - others[index]).mean() for index in (frame.index - 1, frame.index, frame.index + 1)}
        assert min(apart, key=lambda index: apart[index]) == frame.index


def test_a_study_pairs_each_frame_with_one_a_little_later(tmp_path: Path) -> None:
    """Small arrays in BGR, the same on every run."""
    path = clips.make(tmp_path / "a.mp4", Recipe(frames=100, gop=30, b_frames=2, size=(320, 192)))
    first = video.study(path, count=10, width_px=160)
    second = video.study(path, count=10, width_px=160)

    shown = [(clips.number_on(one), clips.number_on(later)) for one, later in first.pairs]
    assert shown == [(index, index + 2) for index in first.indices]
    assert first.pairs[0][0].shape == (96, 160, 3)
    assert first.times_s[-1] == pytest.approx(97 / 30)
    assert all(
        np.array_equal(a, b) for one, other in zip(first.pairs, second.pairs, strict=True) for a, b in zip(one, other, strict=True)
    )


def test_a_study_can_end_before_the_clip_does(tmp_path: Path) -> None:
    """Of a clip that is used in part, only that part is measured."""
    study = video.study(clips.make(tmp_path / "a.mp4", Recipe(frames=90)), count=10, end_s=1.0)

    assert study.indices[-1] == 27
    assert (study.frame_count, study.duration_s) == (30, 1)


def test_a_study_of_one_frame_pairs_it_with_itself(tmp_path: Path) -> None:
    """There is none a little later."""
    study = video.study(clips.make(tmp_path / "a.mp4", Recipe(frames=1)))

    assert [(clips.number_on(one), clips.number_on(later)) for one, later in study.pairs] == [(0, 0)]
