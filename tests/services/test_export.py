"""Saved frames as a ZIP: the original bytes, our own names, whole or not at all."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maestro.errors import WorkspaceError
from maestro.services.export import everything_zip, frames_zip
from maestro.types import StoryboardLayout, Take, TakeLabel
from tests.services.boards import board, board_take

MOMENT = datetime(2026, 11, 29, 12, 30, 20, tzinfo=UTC)


def take(folder: Path, shot_id: int, number: int = 1, media_type: str = "image/png") -> Take:
    """A take whose file has a name and bytes of its own."""
    path = folder / f"kept-{shot_id}-{number}"
    path.write_bytes(f"picture {shot_id} {number} ".encode() * 100)
    label = TakeLabel(shot_id, number)
    return Take(label, "", "", "fake", "fake", MOMENT, 1.0, None, media_type, 4, 3, "", 0, path, is_saved=True)


def test_it_holds_the_original_bytes_under_our_own_names(tmp_path: Path) -> None:
    """In the order that was given, stored as they are, and nothing else."""
    takes = [take(tmp_path, 1, 2), take(tmp_path, 3, 1, "image/jpeg")]
    frames_zip(takes, tmp_path / "frames.zip")

    with zipfile.ZipFile(tmp_path / "frames.zip") as archive:
        assert [member.filename for member in archive.infolist()] == ["shot-01_take-02.png", "shot-03_take-01.jpg"]
        assert all(member.compress_type == zipfile.ZIP_STORED for member in archive.infolist())
        assert [archive.read(member) for member in archive.infolist()] == [each.path.read_bytes() for each in takes]


def test_the_same_frames_make_the_same_zip(tmp_path: Path) -> None:
    """Byte for byte."""
    for name in ("one.zip", "two.zip"):
        frames_zip([take(tmp_path, 1)], tmp_path / name)

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_missing_and_linked_pictures_are_left_out(tmp_path: Path) -> None:
    """A link could lead anywhere."""
    gone, linked, there = take(tmp_path, 1), take(tmp_path, 2), take(tmp_path, 3)
    gone.path.unlink()
    linked.path.unlink()
    linked.path.symlink_to(there.path)
    frames_zip([gone, linked, there], tmp_path / "frames.zip")

    assert zipfile.ZipFile(tmp_path / "frames.zip").namelist() == ["shot-03_take-01.png"]


def test_without_a_saved_frame_there_is_no_zip(tmp_path: Path) -> None:
    """It says what to do."""
    with pytest.raises(WorkspaceError, match="No frame is saved yet"):
        frames_zip([], tmp_path / "frames.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_no_half_zip(tmp_path: Path) -> None:
    """Here a folder stands where the ZIP should go; nothing unfinished stays beside it."""
    (tmp_path / "frames.zip" / "mine").mkdir(parents=True)
    with pytest.raises(WorkspaceError, match="could not be written"):
        frames_zip([take(tmp_path, 1)], tmp_path / "frames.zip")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames.zip", "kept-1-1"]


def test_everything_is_frames_shot_list_and_storyboard(tmp_path: Path) -> None:
    """Side by side, so that the list's links lead to the frames; the same project makes the same bytes."""
    project = board([board_take(tmp_path, 1)], [board_take(tmp_path, 2, is_saved=False)])
    for name in ("one.zip", "two.zip"):
        everything_zip(project, StoryboardLayout(), tmp_path / name)

    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["shot-01_take-01.png", "shot-list.csv", "shot-list.md", "storyboard.pdf"]
        assert archive.read("shot-01_take-01.png") == project.saved_takes[0].path.read_bytes()
        assert archive.testzip() is None
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept-1-1.png", "kept-2-1.png", "one.zip", "two.zip"]


def test_while_nothing_is_saved_everything_holds_the_last_takes(tmp_path: Path) -> None:
    """Without any take there is nothing to hold."""
    everything_zip(board([board_take(tmp_path, 2, is_saved=False)]), StoryboardLayout(), tmp_path / "all.zip")
    assert "shot-02_take-01.png" in zipfile.ZipFile(tmp_path / "all.zip").namelist()

    with pytest.raises(WorkspaceError, match="no frame yet"):
        everything_zip(board([]), StoryboardLayout(), tmp_path / "none.zip")
