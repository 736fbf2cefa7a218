"""Kills, failing disks, competing writers, and a workspace that is gone: P1, P2 and P6."""

import errno
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maestro.errors import DiskFullError, MaestroError, WorkspaceError
from maestro.services.storage import Intent, ProjectFolder, Workspace
from maestro.types import CallKind, Exchange, GenerationResult, Picture, Shot, SourceFrame
from tests.services.storage_samples import (
    CONTEXT,
    KILL,
    VERSION,
    FailingDisk,
    directed,
    filled,
    intent,
    picture,
    reopened,
    result,
    style,
    take,
    victim,
)

LIMIT_S = 90
EXCHANGE = Exchange("c1", CallKind.SHOOT, "openrouter", "m", datetime(2026, 1, 2, tzinfo=UTC), 1.0, "asked", (), "answered")
SAVES: dict[str, Callable[[ProjectFolder], object]] = {
    "edit": lambda folder: folder.edit(1, "a longer text than before " * 40, "Shot 1"),
    "keep_shots": lambda folder: folder.keep_shots(directed("Other")),
    "rename": lambda folder: folder.rename("Another name"),
    "add_take": lambda folder: folder.add_take("c1", result(3), picture(77)),
    "keep_frames": lambda folder: folder.keep_frames([*folder.footage_frames()[1:], frame(70)], folder.source_frame(37)),
    "keep_shot": lambda folder: folder.keep_shot(Shot(2, "Anew"), "another model"),
    "restore_backup": lambda folder: folder.restore_backup(folder.backups()[0].name),
    "keep_exchange": lambda folder: folder.keep_exchange(EXCHANGE),
}
MAY_BE_THERE = {"add_take", "keep_exchange"}
"""What does no harm when it is on disk though the disk said that it is not: asked again, it is there once."""
KILLED = [name for name in SAVES if name != "keep_shot"]
CODES = [(name, code) for name in SAVES for code in (errno.ENOSPC, errno.EIO) if code == errno.EIO or not name.startswith("keep_")]


def frame(index: int) -> SourceFrame:
    """Another source frame."""
    return SourceFrame(index, index * 0.04, picture(index).encoded, 64, 36)


def facts(folder: ProjectFolder) -> object:
    """Everything that a save may change, as a new process finds it."""
    project = reopened(folder).read()
    assert project.notices == ()
    return project.name, project.sheets, project.frames, project.retired_frames, reopened(folder).exchanges()


@pytest.mark.parametrize(("name", "code"), CODES)
def test_a_disk_that_fails_at_the_nth_call_of_a_save_loses_nothing(tmp_path: Path, name: str, code: int) -> None:
    """Before: the old state and a sentence. When no call fails any more: the new state."""
    disk = FailingDisk(code)
    folder = filled(Workspace(tmp_path, VERSION, disk=disk))
    folder.begin(intent("c1"))
    folder.read()
    before = facts(folder)
    for fails_at in range(1, 200):
        disk.arm(fails_at)
        error = _attempt(SAVES[name], folder)
        disk.arm(0)
        if error is None:
            break
        assert isinstance(error, DiskFullError) == (code == errno.ENOSPC)
        assert name in MAY_BE_THERE or facts(folder) == before

    assert fails_at > 8
    assert facts(folder) != before
    assert sum(len(sheet.takes) for sheet in folder.read().sheets) == (name == "add_take")
    folder.recover(_never, ())
    assert not list(tmp_path.rglob(".part-*"))


@pytest.mark.parametrize("is_deletion", [True, False])
def test_a_take_that_could_not_be_moved_lies_where_it_lay(tmp_path: Path, is_deletion: bool) -> None:
    """Whichever call of a deletion or a restoration fails: what is said not to be saved did not happen, and can be tried again."""
    disk = FailingDisk(errno.EIO)
    folder = filled(Workspace(tmp_path, VERSION, disk=disk))
    label = take(folder, "c1").label
    if not is_deletion:
        folder.delete_take(label)
    move = folder.delete_take if is_deletion else folder.restore_take
    before = facts(folder)
    for fails_at in range(1, 200):
        disk.arm(fails_at)
        error = _attempt(lambda _: move(label), folder)
        disk.arm(0)
        if error is None:
            break
        assert facts(folder) == before

    assert fails_at > 8
    assert len(reopened(folder).read().sheet(3).takes) == (0 if is_deletion else 1)


def test_a_full_disk_under_a_take_costs_neither_number_nor_picture(tmp_path: Path) -> None:
    """The answer stays; asked again, the same call becomes the first take."""
    disk = FailingDisk(errno.ENOSPC)
    folder = filled(Workspace(tmp_path, VERSION, disk=disk))
    folder.begin(intent("c1"))
    folder.keep_answer("c1", b"answer")
    disk.arm(6)
    with pytest.raises(DiskFullError, match="disk is full"):
        folder.add_take("c1", result(3), picture(1))
    disk.arm(0)

    assert (folder.path / "incoming" / "c1.raw").read_bytes() == b"answer"
    assert str(folder.add_take("c1", result(3), picture(1)).label) == "shot-03_take-01"


@pytest.mark.timeout(60)
def test_twelve_random_kills_lose_no_acknowledged_change(tmp_path: Path) -> None:
    """Every line that the victim printed is on disk; nothing is between two states."""
    chance = random.Random(7)
    folder = filled(Workspace(tmp_path, VERSION))
    for round_number in range(12):
        task = "edit" if round_number % 2 else "shoot"
        acknowledged = _kill(victim(task, folder, f"r{round_number}", 1000), chance.randrange(1, 14))
        fresh = reopened(folder)
        fresh.recover(lambda call, _raw: [(result(call.shot_id), picture(200))], ())
        project = fresh.read()

        assert project.notices == () or all("Maestro" in notice or "adopted" in notice for notice in project.notices)
        if task == "edit":
            _check_edit(project.sheet(1).shot.text, f"r{round_number}", int(acknowledged[-1]))
        else:
            calls = {fresh._shelf.of_call(line.split()[1]) for line in acknowledged}
            assert None not in calls
            assert {interruption.was_sent for interruption in project.interruptions} <= {True, False}


def words(folder: ProjectFolder) -> object:
    """What a save may change, apart from where the project lies."""
    project = reopened(folder).read()
    assert project.notices == ()
    sheets = [(sheet.shot, sheet.can_undo, [kept.label for kept in sheet.takes]) for sheet in project.sheets]
    frames = [kept.index for kept in (*project.frames, *project.retired_frames)], project.is_frames_changed
    return project.name, project.director_model, sheets, frames, folder.exchanges()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", KILLED)
def test_a_kill_at_the_nth_call_of_a_save_leaves_the_state_before_or_after(tmp_path: Path, name: str) -> None:
    """Never between, never damaged; what was acknowledged is there."""
    origin = tmp_path / "origin"
    origin.mkdir()
    folder = filled(Workspace(origin, VERSION))
    folder.begin(intent("c1"))
    before = words(folder)
    found = []
    for kills_at in range(1, 200):
        shutil.copytree(origin, tmp_path / str(kills_at))
        home = tmp_path / str(kills_at)
        was_acknowledged = _saves_in_a_child(home, folder.id, SAVES[name], kills_at)
        found.append(words(Workspace(home, VERSION).open(folder.id)))
        if was_acknowledged:
            break

    assert kills_at > 8
    assert found[-1] != before
    assert all(state in (before, found[-1]) for state in found)


def three(_call: object = None, _raw: bytes = b"") -> list[tuple[GenerationResult, Picture]]:
    """The pictures of one answer."""
    return [(result(3), picture(red)) for red in (61, 62, 63)]


@pytest.mark.timeout(60)
def test_a_kill_at_the_nth_call_between_three_pictures_of_an_answer_loses_none(tmp_path: Path) -> None:
    """The next start has all three, each once, and nothing is said to be unknown."""
    origin = tmp_path / "origin"
    origin.mkdir()
    folder = filled(Workspace(origin, VERSION))
    folder.begin(intent("c1"))
    folder.keep_answer("c1", b"three pictures")
    for kills_at in range(3, 200, 6):
        home = tmp_path / str(kills_at)
        shutil.copytree(origin, home)
        was_acknowledged = _saves_in_a_child(home, folder.id, lambda saved: saved.add_takes("c1", three()), kills_at)
        fresh = Workspace(home, VERSION).open(folder.id)
        fresh.recover(three, ())
        takes = fresh.read().sheet(3).takes
        assert [kept.path.read_bytes() for kept in takes] == [each.encoded for _, each in three()]
        assert fresh.read().interruptions == ()
        if was_acknowledged:
            break

    assert kills_at > 30


def _saves_in_a_child(home: Path, project_id: str, save: Callable[[ProjectFolder], object], kills_at: int) -> bool:
    """Whether a process that saves came to its end."""
    child = os.fork()
    if child == 0:
        try:
            disk = FailingDisk(KILL)
            folder = Workspace(home, VERSION, disk=disk).open(project_id)
            folder.read()
            disk.arm(kills_at)
            save(folder)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status == 0


def _attempt(save: Callable[[ProjectFolder], object], folder: ProjectFolder) -> WorkspaceError | None:
    try:
        save(folder)
    except WorkspaceError as error:
        return error
    return None


def _kill(process: "subprocess.Popen[str]", after: int) -> list[str]:
    """Lines acknowledged by a process that is killed in the middle of what follows the n-th."""
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(after)]
    process.kill()
    lines += process.stdout.readlines()  # communicate() would lose what readline() has already taken from the pipe
    process.communicate(timeout=LIMIT_S)
    return [line for line in lines if line.endswith("\n")]


def _check_edit(text: str, name: str, last: int) -> None:
    found = int(text.split(maxsplit=1)[0].removeprefix(f"{name}-"))
    assert found in {last, last + 1}
    assert len(text) > 1000 if found % 2 else len(text) < 20


@pytest.mark.timeout(60)
def test_four_processes_with_four_threads_each_lose_no_take(tmp_path: Path) -> None:
    """100 takes of one shot from 16 writers: all kept, numbers 1 to 112 without a hole, nobody refused."""
    folder = filled(Workspace(tmp_path, VERSION))
    processes = [victim("compete", folder, f"p{number}", 7) for number in range(4)]
    codes = [process.wait(LIMIT_S + 20) for process in processes]
    for process in processes:
        process.communicate(timeout=LIMIT_S)

    assert codes == [0, 0, 0, 0]
    assert [kept.label.number for kept in reopened(folder).read().sheet(3).takes] == list(range(1, 113))


def test_a_call_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    """It is listed as soon as that process is gone."""
    folder = filled(Workspace(tmp_path, VERSION))
    process = victim("wait", folder, "c1", 1)
    assert process.stdout is not None
    assert process.stdout.readline() == "sent\n"

    folder.recover(_never, ())
    assert folder.read().interruptions == ()
    process.kill()
    process.communicate(timeout=LIMIT_S)
    folder.recover(_never, ())
    assert [(found.call_id, found.was_sent) for found in folder.read().interruptions] == [("c1", True)]


def test_a_workspace_that_vanished_is_said_and_not_made_anew(tmp_path: Path) -> None:
    """Every way in says so; put back, all is there."""
    home, away = tmp_path / "workspace", tmp_path / "elsewhere"
    home.mkdir()
    workspace = Workspace(home, VERSION)
    folder = filled(workspace)
    workspace.probe()
    home.rename(away)

    for attempt in (
        workspace.probe,
        workspace.projects,
        folder.read,
        lambda: folder.edit(1, "x", "Shot 1"),
        lambda: workspace.create("x"),
        lambda: folder.begin(intent("c1")),
        lambda: folder.keep_answer("c1", b"raw"),
    ):
        with pytest.raises(WorkspaceError, match=r"gone|missing"):
            attempt()
    assert not home.exists()
    away.rename(home)
    assert folder.read().context == CONTEXT


def test_a_project_that_vanished_is_said_and_not_made_anew(tmp_path: Path) -> None:
    """The same for one folder."""
    folder = filled(Workspace(tmp_path, VERSION))
    shutil.rmtree(folder.path)

    for attempt in (folder.read, lambda: folder.rename("x"), lambda: take(folder, "c1"), lambda: folder.keep_style(style())):
        with pytest.raises(MaestroError, match="gone"):
            attempt()
    assert not (tmp_path / folder.id).exists()


def test_the_probe_says_what_keeps_anybody_from_working(tmp_path: Path) -> None:
    """Missing, no folder, read-only, full: four sentences."""
    file = tmp_path / "file"
    file.write_text("")
    disk = FailingDisk(errno.EROFS)
    disk.arm(1)

    for workspace, words in (
        (Workspace(tmp_path / "none", VERSION), "missing"),
        (Workspace(file, VERSION), "no folder"),
        (Workspace(tmp_path, VERSION, disk=disk), "only be read"),
        (Workspace(tmp_path, VERSION, min_free_bytes=1 << 60), "MB are free"),
    ):
        with pytest.raises(WorkspaceError, match=words):
            workspace.probe()
    Workspace(tmp_path, VERSION).probe()


def test_a_workspace_that_can_only_be_read_can_be_looked_at(tmp_path: Path) -> None:
    """Projects open, thumbnails are the pictures themselves, and a change says why not."""
    kept = filled(Workspace(tmp_path, VERSION)).add_take("c1", result(3), picture(1, 900))
    disk = AlwaysReadOnly()
    workspace = Workspace(tmp_path, VERSION, disk=disk)
    folder = workspace.open(workspace.projects()[0].id)

    assert folder.read().context == CONTEXT
    assert folder.thumbnail(kept.path, 320) == kept.path
    workspace.remember(folder.id)
    with pytest.raises(WorkspaceError, match="can only be read"):
        folder.rename("x")


class AlwaysReadOnly(FailingDisk):
    """A disk that is mounted read-only."""

    def _count(self) -> None:
        raise OSError(errno.EROFS, "Read-only file system")


def _never(_call: Intent, _raw: bytes) -> list[tuple[GenerationResult, Picture]]:
    raise AssertionError("nothing was answered")
