"""What the user chooses for a project: references, the shape of pictures, other source frames, one shot directed again."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from maestro.errors import WorkspaceError
from maestro.services.storage import AskedRecord, ProjectFolder, Workspace
from maestro.types import Clip, Footage, References, Shot, SourceFrame, Take, TakeLabel
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
def folder(tmp_path: Path) -> ProjectFolder:
    """An analysed project; its source frames are 12, 24, 36, 48, 60, the director's is 37."""
    return filled(Workspace(tmp_path, VERSION))


def frame(index: int) -> SourceFrame:
    """A frame of the sample clip that was not sampled."""
    return SourceFrame(index, index * 0.04, picture(index + 100).encoded, 64, 36)


def swapped(folder: ProjectFolder, *indices: int) -> None:
    """Makes these the source frames; those that the project has keep their pictures."""
    known = {kept.index: kept for kept in folder.footage_frames()}
    folder.keep_frames([known.get(index, frame(index)) for index in indices], folder.source_frame(37))


def other_clip() -> Footage:
    """Another clip, whose frames have the same indices and other pictures."""
    clip = Clip("sea.mp4", "cd" * 32, 3.0, 25.0, 75, 64, 36, 0, "h264", 1000)
    return Footage(clip, tuple(frame(12 * place) for place in range(1, 6)), frame(37))


def indices(folder: ProjectFolder) -> list[int]:
    """Of the five source frames."""
    return [kept.index for kept in folder.read().frames]


def test_references_outlive_a_restart_and_a_new_direction(folder: ProjectFolder) -> None:
    """They are the user's, not the director's."""
    anchor = take(folder, "c1", 2).label
    folder.set_references(4, References(24, anchor))
    folder.keep_shots(directed("New"))
    folder.keep_shot(Shot(4, "Newest 4"), "a model")

    assert reopened(folder).read().sheet(4).references == References(24, anchor)
    assert reopened(folder).read().sheet(3).references == References()


@pytest.mark.parametrize(
    ("shot_id", "references", "words"),
    [
        (4, References(13), "no source frame 13"),
        (4, References(anchor=TakeLabel(2, 7)), "shot-02_take-07 is not there"),
        (9, References(), "no shot 9"),
    ],
)
def test_a_reference_to_what_is_not_there_is_refused(
    folder: ProjectFolder, shot_id: int, references: References, words: str
) -> None:
    """With a sentence; nothing changes."""
    before = folder.read()

    with pytest.raises(WorkspaceError, match=words):
        folder.set_references(shot_id, references)
    assert folder.read() == before


def test_an_anchor_that_is_deleted_stays_chosen(folder: ProjectFolder) -> None:
    """It is the anchor again when it is brought back."""
    anchor = take(folder, "c1", 2).label
    folder.set_references(4, References(anchor=anchor))
    folder.delete_take(anchor)

    assert folder.read().sheet(4).references.anchor == anchor


def test_the_shape_of_pictures_is_kept_and_checked(folder: ProjectFolder) -> None:
    """Ratios in small whole numbers, sizes in the provider's words; empty takes the choice back."""
    folder.set_shape("4:3", "2K")
    assert (reopened(folder).read().aspect_ratio, reopened(folder).read().size) == ("4:3", "2K")

    for wrong in (("4/3", ""), ("0:3", ""), ("1000:1", ""), ("16:9", "2 K"), ("16:9", "x" * 13), ("16:9\n", "")):
        with pytest.raises(WorkspaceError, match="shape"):
            folder.set_shape(*wrong)
    folder.set_shape("", "")
    assert (folder.read().aspect_ratio, folder.read().size) == ("", "")


def test_swapped_frames_stand_in_time_order_until_the_next_context(folder: ProjectFolder) -> None:
    """The page knows that the context was written from others; the same frames again change nothing."""
    revision = folder.read().revision
    swapped(folder, 12, 24, 36, 48, 60)
    assert (folder.read().revision, folder.read().is_frames_changed) == (revision, False)
    swapped(folder, 12, 70, 36, 48, 60)

    assert indices(reopened(folder)) == [12, 36, 48, 60, 70]
    assert reopened(folder).read().is_frames_changed
    folder.keep_context(CONTEXT, "a model")
    assert not reopened(folder).read().is_frames_changed


def test_another_directors_frame_alone_is_a_change_too(folder: ProjectFolder) -> None:
    """The shots were written from it; the same frame again is none."""
    folder.keep_frames(folder.footage_frames(), folder.source_frame(37))
    assert not folder.read().is_frames_changed
    folder.keep_frames(folder.footage_frames(), frame(40))

    assert (folder.read().director_frame_index, folder.read().is_frames_changed) == (40, True)
    assert folder.source_frame(37) == footage().director_frame


def test_a_frame_that_was_swapped_can_still_be_read(folder: ProjectFolder) -> None:
    """By queued orders, for takes, and by the page; swapped in again it is one of the five and nothing else."""
    before = {kept.index: kept for kept in folder.footage_frames()}
    swapped(folder, 12, 25, 36, 48, 60)
    project = reopened(folder).read()

    assert [kept.index for kept in project.retired_frames] == [24]
    assert reopened(folder).source_frame(24) == before[24]
    assert folder.picture_file(f"frames/{project.retired_frames[0].path.name}") == project.retired_frames[0].path
    folder.keep_frames([before[index] for index in (12, 24, 36, 48, 60)], folder.source_frame(37))
    assert [kept.index for kept in folder.read().retired_frames] == [25]


def test_frames_that_were_swapped_are_not_remembered_for_ever(folder: ProjectFolder) -> None:
    """The last forty are."""
    for first in range(100, 150, 5):
        swapped(folder, *range(first, first + 5))

    assert [kept.index for kept in folder.read().retired_frames] == list(range(105, 145))


def test_a_chosen_frame_is_followed_by_the_one_that_takes_its_place(folder: ProjectFolder) -> None:
    """When all are chosen anew, the choice is open again."""
    folder.set_references(1, References(24))
    folder.set_references(2, References(60))
    swapped(folder, 12, 26, 36, 48, 60)
    assert [folder.read().sheet(number).references.frame_index for number in (1, 2)] == [26, 60]

    swapped(folder, 1, 2, 3, 4, 60)
    assert [folder.read().sheet(number).references.frame_index for number in (1, 2)] == [None, 60]


def test_another_clip_lets_go_of_what_was_chosen_in_the_one_before(folder: ProjectFolder) -> None:
    """Its frames, references and swaps; the shape stays."""
    anchor = take(folder, "c1", 2).label
    folder.set_references(1, References(24, anchor))
    folder.set_shape("1:1", "")
    swapped(folder, 12, 24, 36, 48, 61)
    folder.keep_inputs(other_clip(), style())
    project = reopened(folder).read()

    assert project.sheet(1).references == References()
    assert (project.retired_frames, project.is_frames_changed, project.aspect_ratio) == ((), False, "1:1")
    with pytest.raises(WorkspaceError, match="no source frame 61"):
        folder.source_frame(61)


def test_a_take_knows_the_very_frame_that_it_was_made_from(folder: ProjectFolder) -> None:
    """After a swap, and after another clip whose frame of that index is another picture."""
    first = take(folder, "c1")
    folder.keep_inputs(other_clip(), style())
    second = take(folder, "c2")
    kept = [each.frame for each in reopened(folder).read().sheet(3).takes]

    assert first.frame is not None
    assert second.frame is not None
    assert kept == [first.frame, second.frame]
    assert [each.path.read_bytes() for each in kept if each] == [footage().frames[0].png, frame(12).png]
    assert folder.picture_file(f"frames/{first.frame.path.name}") == first.frame.path


def test_one_shot_directed_again_leaves_the_other_four(folder: ProjectFolder) -> None:
    """Its old words come back by undo, step by step; its takes stay; the next direction of all counts on."""
    take(folder, "c1", 2)
    folder.edit(2, "my words", "Shot 2")
    before = folder.read()
    folder.keep_shot(Shot(2, "Anew 2"), "another model")
    after = reopened(folder).read()

    assert (after.sheet(2).shot.text, after.sheet(2).director_text) == ("Anew 2", "Anew 2")
    assert [kept.label.number for kept in after.sheet(2).takes] == [1]
    assert [sheet for sheet in after.sheets if sheet.shot.id != 2] == [sheet for sheet in before.sheets if sheet.shot.id != 2]
    assert after.director_model == "a model, another model"
    assert [folder.undo(2), folder.undo(2), folder.redo(2)] == ["my words", "Shot 2", "my words"]
    folder.keep_shots(directed("All"))
    assert folder.read().sheet(2).shot.text == "All 2"
    assert folder.undo(2) == "my words"
    with pytest.raises(WorkspaceError, match="no shot 8"):
        folder.keep_shot(Shot(8, "x"), "a model")


def test_a_shot_that_was_edited_while_it_was_directed_again_loses_no_words(folder: ProjectFolder) -> None:
    """The edit is the step before."""
    folder.keep_shot(Shot(2, "Anew 2"), "a model")
    folder.edit(2, "mine", "Anew 2")
    folder.keep_shot(Shot(2, "Once more 2"), "a model")

    assert reopened(folder).read().sheet(2).shot.text == "Once more 2"
    assert folder.undo(2) == "mine"


def test_what_a_later_version_keeps_in_tables_of_its_own_survives_this_one(folder: ProjectFolder) -> None:
    """An older program carries along what it does not know: so choices need no new schema."""
    path = folder.path / "project.json"
    root = json.loads(path.read_bytes())
    root["tables"]["later"] = {"1": {"is": "kept"}}
    path.write_text(json.dumps(root))
    fresh = reopened(folder)
    fresh.rename("Other")
    fresh.keep_context(CONTEXT, "b")
    fresh.add_take("c1", result(3), picture(1))
    fresh.keep_shots(directed("New"))

    assert json.loads(path.read_bytes())["tables"]["later"] == {"1": {"is": "kept"}}


def test_choices_go_with_a_copy_and_a_bundle(folder: ProjectFolder, tmp_path: Path) -> None:
    """References, shape, swapped frames and the frames of takes."""
    workspace = Workspace(tmp_path, VERSION)
    take(folder, "c1")
    swapped(folder, 13, 24, 36, 48, 60)
    folder.set_references(1, References(24))
    folder.set_shape("9:16", "4K")
    workspace.export_bundle(folder.id, tmp_path / "bundle.zip")

    for copy in (workspace.duplicate(folder.id), workspace.import_bundle(tmp_path / "bundle.zip")):
        project = copy.read()
        assert project.sheet(1).references == References(24)
        assert (project.aspect_ratio, project.size, project.is_frames_changed) == ("9:16", "4K", True)
        made_from = project.sheet(3).takes[0].frame
        assert made_from is not None
        assert made_from.path.is_relative_to(copy.path)
        assert made_from.path.read_bytes() == footage().frames[0].png


def test_a_call_that_began_before_another_clip_keeps_its_frame(folder: ProjectFolder) -> None:
    """The journal noted which file it was."""
    folder.begin(intent("c1"))
    folder.keep_inputs(other_clip(), style())
    kept = folder.add_take("c1", result(3), picture(1))

    assert kept.frame is not None
    assert kept.frame.path.read_bytes() == footage().frames[0].png


def asked(folder: ProjectFolder, call_id: str, anchor: str = "") -> Take:
    """A take of shot 3 as it is asked for now, from its nearest frame."""
    wish = replace(intent(call_id), frame_index=36, asked=AskedRecord(anchor, "16:9", ""))
    folder.begin(wish)
    return folder.add_take(call_id, result(3), picture(50))


@pytest.mark.parametrize("what", ["frame", "swap", "anchor", "shape", "size"])
def test_a_take_is_stale_when_only_its_references_or_its_shape_changed(folder: ProjectFolder, what: str) -> None:
    """And no more when that is taken back."""
    other = take(folder, "other", 2).label
    frames = folder.footage_frames()
    asked(folder, "c1")
    assert not folder.read().sheet(3).takes[-1].is_stale
    changes = {
        "frame": lambda: folder.set_references(3, References(60, None)),
        "swap": lambda: swapped(folder, 12, 24, 35, 48, 60),
        "anchor": lambda: folder.set_references(3, References(None, other)),
        "shape": lambda: folder.set_shape("1:1", ""),
        "size": lambda: folder.set_shape("", "2K"),
    }
    changes[what]()
    assert folder.read().sheet(3).takes[-1].is_stale
    assert reopened(folder).read().sheet(3).takes[-1].is_stale
    folder.set_references(3, References())
    folder.set_shape("16:9", "")
    folder.keep_frames(frames, folder.source_frame(37))

    assert not folder.read().sheet(3).takes[-1].is_stale
