"""What a project keeps, how it changes, and who may see it."""

import json
import os
import shutil
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from maestro.errors import EditConflictError, ProjectMissingError, WorkspaceError
from maestro.services.storage import ProjectFolder, Workspace
from maestro.types import TakeLabel
from tests.services.storage_samples import (
    CONTEXT,
    VERSION,
    directed,
    filled,
    footage,
    intent,
    picture,
    reopened,
    result,
    style,
    take,
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty one."""
    return Workspace(tmp_path, VERSION)


@pytest.fixture
def folder(workspace: Workspace) -> ProjectFolder:
    """An analysed project."""
    return filled(workspace)


def test_what_was_kept_is_there_tomorrow(folder: ProjectFolder) -> None:
    """A new process reads what the old one wrote, bytes and words."""
    take(folder, "c1")
    fresh = reopened(folder)

    project = fresh.read()
    assert project == replace(folder.read(), notices=project.notices)
    assert (project.clip, project.context, project.step) == (footage().clip, CONTEXT, "")
    assert fresh.footage_frames() == footage().frames
    assert fresh.source_frame(37) == footage().director_frame
    assert fresh.style() == style()
    assert [sheet.shot.text for sheet in project.sheets] == [f"Shot {number}" for number in range(1, 6)]


def test_an_unchanged_project_is_read_from_memory(folder: ProjectFolder) -> None:
    """The same object until something changes."""
    before = folder.read()

    assert folder.read() is before
    folder.edit(1, "other", "Shot 1")
    assert folder.read().revision > before.revision


def test_an_edit_against_older_words_is_refused_with_both(folder: ProjectFolder) -> None:
    """Two tabs: the second one learns what the first one wrote."""
    reopened(folder).edit(2, "from the first tab", "Shot 2")

    with pytest.raises(EditConflictError) as caught:
        folder.edit(2, "from the second tab", "Shot 2")
    assert (caught.value.stored, caught.value.mine) == ("from the first tab", "from the second tab")
    folder.edit(2, "from the first tab", "Shot 2")
    with pytest.raises(EditConflictError):
        folder.edit_context(replace(CONTEXT, setting="mine"), replace(CONTEXT, setting="older"))


def test_words_go_back_and_forth(folder: ProjectFolder) -> None:
    """Undo, redo, and the director's words as a step of their own; the director's next answer is a step as well."""
    folder.edit(1, "first", "Shot 1")
    folder.edit(1, "second", "first")

    assert [folder.undo(1), folder.undo(1), folder.undo(1)] == ["first", "Shot 1", "Shot 1"]
    assert [folder.redo(1), folder.redo(1), folder.redo(1)] == ["first", "second", "second"]
    assert folder.directors_words(1) == "Shot 1"
    assert folder.undo(1) == "second"
    folder.keep_shots(directed("New"))
    assert reopened(folder).read().sheet(1).shot.text == "New 1"
    assert folder.undo(1) == "second"


def test_a_take_is_stale_when_its_words_or_style_changed(folder: ProjectFolder) -> None:
    """And fresh again when they come back."""
    take(folder, "c1", 1)
    assert not folder.read().sheet(1).takes[0].is_stale

    folder.edit(1, "other", "Shot 1")
    assert folder.read().sheet(1).takes[0].is_stale
    folder.undo(1)
    folder.keep_style(style(9))
    assert folder.read().sheet(1).takes[0].is_stale
    folder.keep_style(style())
    assert not folder.read().sheet(1).takes[0].is_stale


def test_a_number_is_never_given_twice(folder: ProjectFolder) -> None:
    """Not after a deletion, not after the trash was emptied by hand, not for the same call."""
    assert take(folder, "c1").label == TakeLabel(3, 1)
    last = take(folder, "c2").label
    folder.delete_take(last)
    for file in (folder.path / "trash").iterdir():
        file.unlink()
    (folder.path / "journal.jsonl").unlink()

    assert reopened(folder).add_take("c3", result(3), picture(3)).label == TakeLabel(3, 3)
    assert folder.add_take("c3", result(3), picture(4)).label == TakeLabel(3, 3)


def test_a_deleted_take_comes_back_as_it_was(folder: ProjectFolder) -> None:
    """With its mark and its bytes."""
    kept = take(folder, "c1")
    folder.save(kept.label, is_saved=True)
    before = folder.read().saved_takes

    folder.delete_take(kept.label)
    assert folder.read().sheet(3).takes == ()
    assert folder.picture_file(f"takes/{kept.path.name}") is None
    folder.restore_take(kept.label)
    assert folder.read().saved_takes == before
    assert kept.path.read_bytes() == picture(10).encoded
    folder.save(kept.label, is_saved=False)
    assert folder.read().saved_takes == ()
    with pytest.raises(WorkspaceError, match="no take shot-03_take-09"):
        folder.save(TakeLabel(3, 9), is_saved=True)


def test_a_take_for_a_project_in_the_trash_is_kept_there(workspace: Workspace, folder: ProjectFolder) -> None:
    """What is paid for survives the removal of its project."""
    workspace.remove(folder.id)
    take(folder, "c1")

    with pytest.raises(ProjectMissingError):
        workspace.open(folder.id)
    workspace.bring_back(folder.id)
    assert [str(kept.label) for kept in workspace.open(folder.id).read().sheet(3).takes] == ["shot-03_take-01"]


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"\0" * path.stat().st_size)]
)
def test_a_take_without_its_picture_is_missing(folder: ProjectFolder, spoil: object) -> None:
    """Gone, emptied or no picture any more: the take is shown as missing, the rest works."""
    kept = take(folder, "c1")
    folder.read()
    spoil(kept.path)  # type: ignore[operator]

    assert folder.read().sheet(3).takes[0].is_missing
    assert folder.read().sheet(3).last_take is None


def test_an_edit_makes_nothing_anew_but_its_own_shot(folder: ProjectFolder) -> None:
    """What did not change stays the same object: so an edit costs as much in a large project as in a small one."""
    take(folder, "c1", 2)
    before = folder.read()
    folder.edit(3, "a closer view", "Shot 3")
    after = folder.read()

    assert after.sheet(3).shot.text == "a closer view"
    assert [sheet.shot.id for sheet in after.sheets if sheet is not before.sheet(sheet.shot.id)] == [3]


def test_a_settled_shelf_is_known_by_its_folder(folder: ProjectFolder) -> None:
    """Only takes that came or went make anybody look at all files again; a replaced picture is noticed at once."""
    kept = take(folder, "c1")
    an_hour_ago_s = kept.created_at.timestamp() - 3600
    os.utime(kept.path.parent, (an_hour_ago_s, an_hour_ago_s))
    assert not folder.read().sheet(3).takes[0].is_missing

    part = kept.path.with_name("another")
    part.write_bytes(b"no picture")
    part.replace(kept.path)

    assert folder.read().sheet(3).takes[0].is_missing


def test_a_take_of_a_shot_that_is_gone_is_shown(folder: ProjectFolder) -> None:
    """Nothing that was paid for is hidden."""
    take(folder, "c1", 7)

    assert [sheet.shot.id for sheet in folder.read().sheets] == [1, 2, 3, 4, 5, 7]


def test_a_copy_is_another_project(workspace: Workspace, folder: ProjectFolder) -> None:
    """Same words and takes, another id; changing one leaves the other."""
    kept = take(folder, "c1")
    folder.edit(3, "edited", "Shot 3")
    folder.save(kept.label, is_saved=True)
    copy = workspace.duplicate(folder.id)

    assert copy.id != folder.id
    assert copy.read().name == "The boat copy"
    assert copy.read().saved_takes[0].path.read_bytes() == kept.path.read_bytes()
    copy.edit(3, "only here", "edited")
    assert folder.read().sheet(3).shot.text == "edited"


def test_the_list_names_every_project(workspace: Workspace, folder: ProjectFolder) -> None:
    """Newest first, equal names apart by id, covers and counts; foreign folders and links are none."""
    kept = take(folder, "c1")
    folder.save(kept.label, is_saved=True)
    other = workspace.create("The boat")
    folder.edit(1, "newest", "Shot 1")
    (workspace.folder / "notes").mkdir()
    (workspace.folder / "link").symlink_to(folder.path)

    cards = workspace.projects()
    assert [(card.id, card.name, card.shot_count, card.take_count, card.saved_count, card.cover) for card in cards] == [
        (folder.id, "The boat", 5, 1, 1, kept.path),
        (other.id, "The boat", 0, 0, 0, None),
    ]
    assert cards[0].size_bytes > len(picture(10).encoded)


def test_a_project_that_came_to_nothing_is_discarded(workspace: Workspace, folder: ProjectFolder) -> None:
    """One with anything in it is left alone."""
    bare, begun = workspace.create("Nothing"), workspace.create("A call")
    begun.begin(intent("c1"))

    assert [workspace.discard(each.id) for each in (bare, begun, folder)] == [True, False, False]
    assert {card.id for card in workspace.projects()} == {begun.id, folder.id}
    assert not list((workspace.folder / ".staging").iterdir())
    with pytest.raises(ProjectMissingError):
        workspace.discard(bare.id)


@pytest.mark.parametrize("project_id", ["", ".", "..", "../x", ".trash", "a/b", "A", "nothing-here", "x" * 200, "a\0b"])
def test_an_id_that_is_none_of_ours_opens_nothing(workspace: Workspace, project_id: str) -> None:
    """Path tricks end in "no such project", and make nothing."""
    with pytest.raises(ProjectMissingError):
        workspace.open(project_id)
    assert list(workspace.folder.iterdir()) == []


def test_the_last_opened_project_is_remembered_while_it_is_there(workspace: Workspace, folder: ProjectFolder) -> None:
    """A removed one is not offered."""
    workspace.remember(folder.id)

    assert Workspace(workspace.folder, VERSION).last_opened() == folder.id
    workspace.remove(folder.id)
    assert workspace.last_opened() is None


def test_only_the_user_may_look(workspace: Workspace, folder: ProjectFolder) -> None:
    """Folders 0700 and files 0600, whatever the umask."""
    before = os.umask(0)
    try:
        take(filled(workspace), "c1")
        take(folder, "c2")
        folder.edit(1, "x", "Shot 1")
    finally:
        os.umask(before)

    for path in workspace.folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_thumbnail_is_made_once_for_each_state_of_the_original(folder: ProjectFolder) -> None:
    """A small JPEG; the original itself when it is small; a sentence when it is no picture."""
    wide = folder.add_take("c1", result(3), picture(5, 800))
    small = take(folder, "c2")
    thumb = folder.thumbnail(wide.path, 320)

    with Image.open(thumb) as opened:
        assert (opened.format, opened.width) == ("JPEG", 320)
    assert folder.thumbnail(wide.path, 320) == thumb
    assert folder.thumbnail(small.path, 320) == small.path
    wide.path.write_bytes(picture(6, 900).encoded)
    assert folder.thumbnail(wide.path, 320) != thumb
    wide.path.write_bytes(b"no picture")
    with pytest.raises(WorkspaceError):
        folder.thumbnail(wide.path, 320)
    with pytest.raises(WorkspaceError):
        folder.thumbnail(Path("/etc/hostname"), 320)


def test_only_pictures_of_the_records_are_given_out(folder: ProjectFolder) -> None:
    """No other file, no other folder, no link."""
    kept = take(folder, "c1")
    project = folder.read()
    names = [
        f"takes/{kept.path.name}",
        f"frames/{project.frames[0].path.name}",
        project.style_path.name if project.style_path else "",
    ]

    assert [folder.picture_file(name) for name in names] == [folder.path / name for name in names]
    for name in (
        "project.json",
        "../x",
        "/etc/passwd",
        "takes/shot-03_take-02.png",
        "takes/shot-03_take-01.json",
        "takes/../project.json",
    ):
        assert folder.picture_file(name) is None
    kept.path.unlink()
    kept.path.symlink_to("/etc/passwd")
    assert folder.picture_file(names[0]) is None
    assert folder.read().sheet(3).takes[0].is_missing


def test_a_fifo_and_a_linked_folder_are_neither_read_nor_followed(folder: ProjectFolder, tmp_path: Path) -> None:
    """No hang, nothing from outside."""
    outside = tmp_path / "outside"
    (folder.path / "takes").mkdir(exist_ok=True)
    (folder.path / "takes").rename(outside)
    (folder.path / "takes").symlink_to(outside)
    os.mkfifo(folder.path / "words.fifo")
    (folder.path / "journal.jsonl").unlink(missing_ok=True)
    os.mkfifo(folder.path / "journal.jsonl")

    assert folder.read().interruptions == ()
    with pytest.raises(WorkspaceError):
        folder.add_take("c1", result(3), picture(1))
    assert list(outside.iterdir()) == []


def test_a_change_stamps_the_project_after_its_creation(folder: ProjectFolder) -> None:
    """Moments are aware and in order."""
    project = folder.read()

    assert project.changed_at - project.created_at < timedelta(minutes=5)
    assert project.created_at <= project.changed_at


def test_a_project_is_the_users_own_files(folder: ProjectFolder, tmp_path: Path) -> None:
    """Zipped, unzipped in another workspace under another name, and readable without the program."""
    taken = take(folder, "c1")
    folder.edit(3, "Words of my own", folder.read().sheet(3).shot.text)
    archive = shutil.make_archive(str(tmp_path / "by-hand"), "zip", folder.path)
    elsewhere = tmp_path / "elsewhere"
    shutil.unpack_archive(archive, elsewhere / "renamed-by-hand")

    project = Workspace(elsewhere, VERSION).open("renamed-by-hand").read()

    assert project.sheet(3).shot.text == "Words of my own"
    assert project.sheet(3).takes[0].path.read_bytes() == taken.path.read_bytes()
    assert json.loads((elsewhere / "renamed-by-hand" / "project.json").read_text(encoding="utf-8"))
