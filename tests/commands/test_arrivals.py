"""When a clip has arrived: by its size, its boxes, and who still has it open."""

from pathlib import Path

import pytest

from maestro.commands.arrivals import Arrivals, has_whole_boxes, has_writer, is_clip_name
from tests.clips import make


class Clock:
    """A clock that is set by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """At 0."""
    return Clock()


@pytest.fixture
def arrivals(tmp_path: Path, clock: Clock) -> Arrivals:
    """Clips settle in 3 s; what is not whole after 30 s never will be."""
    return Arrivals(tmp_path, 3.0, 30.0, clock=clock)


def test_a_clip_that_grows_is_left_alone_until_it_has_settled(tmp_path: Path, arrivals: Arrivals, clock: Clock) -> None:
    """Each change begins the wait anew."""
    whole = make(tmp_path / "source").read_bytes()
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(whole[:1000])

    seen = [arrivals.ripe()]
    clock.now_s = 5
    seen.append(arrivals.ripe())
    clip.write_bytes(whole)
    seen.append(arrivals.ripe())
    clock.now_s = 7.9
    seen.append(arrivals.ripe())
    clock.now_s = 8
    seen.append(arrivals.ripe())

    assert seen == [[], [], [], [], [clip]]


def test_what_was_renamed_into_place_is_taken_at_once(tmp_path: Path, arrivals: Arrivals) -> None:
    """If it is whole."""
    make(tmp_path / "whole.mp4")
    (tmp_path / "half.mp4").write_bytes(b"\0\0\0\x20ftyp")

    assert arrivals.ripe(frozenset({"whole.mp4", "half.mp4"})) == [tmp_path / "whole.mp4"]


def test_a_clip_that_never_becomes_whole_is_a_bad_one_in_the_end(tmp_path: Path, arrivals: Arrivals, clock: Clock) -> None:
    """Somebody must say what is the matter with it."""
    (tmp_path / "bad.mp4").write_bytes(b"no clip at all")

    seen = [arrivals.ripe()]
    for clock.now_s in (29.0, 30.0):
        seen.append(arrivals.ripe())

    assert seen == [[], [], [tmp_path / "bad.mp4"]]


def test_a_clip_that_somebody_still_writes_is_not_touched(tmp_path: Path, arrivals: Arrivals, clock: Clock) -> None:
    """However whole it looks; afterwards it settles anew."""
    clip = make(tmp_path / "clip.mp4")
    arrivals.ripe()
    with clip.open("ab"):
        clock.now_s = 100
        assert has_writer(clip)
        assert arrivals.ripe() == []
    assert arrivals.ripe() == []
    clock.now_s = 103
    assert arrivals.ripe() == [clip]


def test_whole_is_what_ends_where_its_boxes_end(tmp_path: Path) -> None:
    """With an index."""
    clip = make(tmp_path / "clip.mp4")
    whole = clip.read_bytes()
    clip.write_bytes(whole[:-1])
    is_cut_whole = has_whole_boxes(clip)
    clip.write_bytes(whole)

    assert (is_cut_whole, has_whole_boxes(clip), has_whole_boxes(tmp_path / "missing.mp4")) == (False, True, False)


@pytest.mark.parametrize(
    "name", [".clip.mp4", "clip.mp4.part", "clip.mp4.crdownload", "~clip.mp4", "clip.mp4~", "clip.mov", ".mp4"]
)
def test_unfinished_and_other_files_are_no_clips(name: str) -> None:
    """By their names."""
    assert not is_clip_name(name)
