"""What a user can do: analyses step by step, words, the workspace, and the way out."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from maestro.config import ROOT, Settings
from maestro.errors import AnswerError, EditConflictError, FootageError, ProjectMissingError, WorkspaceError
from maestro.events import Events, topic
from maestro.opening import open_studio
from maestro.services.storage import Workspace
from maestro.studio import Studio
from maestro.types import AnalysisStatus, RowState, TakeLabel
from tests.fakes import CONTEXT, FakeEngine, directed_project, style, until


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of 64 x 36 pixels, each frame of another grey."""
    path = tmp_path_factory.mktemp("clips") / "big_buck-bunny.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=12)
        stream.width, stream.height = 64, 36
        for index in range(24):
            grey = np.full((36, 64, 3), index * 10, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture
def engine() -> FakeEngine:
    """One that answers at once."""
    return FakeEngine()


@pytest.fixture
def studio(tmp_path: Path, engine: FakeEngine) -> Iterator[Studio]:
    """Over an empty workspace."""
    (tmp_path / "workspace").mkdir()
    opened = Studio(Settings(), Workspace(tmp_path / "workspace", "1.0"), engine, Events())
    yield opened
    opened.close(patience_s=0)


@pytest.fixture
def directed(studio: Studio) -> str:
    """The id of a project that was analysed."""
    return directed_project(studio._workspace).id


def wait(studio: Studio, project_id: str) -> AnalysisStatus:
    """Until its analysis has ended; how it did."""
    until(studio.events, lambda: not studio.analysis(project_id).step)
    return studio.analysis(project_id)


def test_an_analysis_samples_describes_and_directs(studio: Studio, clip: Path) -> None:
    """Everything is in the project, and the project bears the clip's name."""
    project_id = studio.analyze(clip, clip.name, style())
    status = wait(studio, project_id)

    project = studio.open(project_id)
    assert status == AnalysisStatus()
    assert (project.name, project.step, project.context) == ("Big buck bunny", "", CONTEXT)
    assert [frame.index for frame in project.frames] == [4, 8, 12, 16, 20]
    assert [sheet.shot.id for sheet in project.sheets] == [1, 2, 3, 4, 5]


def test_each_fact_is_told_once(studio: Studio, clip: Path, engine: FakeEngine) -> None:
    """Inputs, context and shots each change the project's number; steps change only the analysis's."""
    with engine.held("describe"):
        project_id = studio.analyze(clip, clip.name, style())
        engine.wait_for_step("describe")
        name = topic(project_id, "project")
        with_inputs = studio.events.number(name)
        assert (with_inputs > 0, studio.analysis(project_id).step) == (True, "describe")
        assert studio.open(project_id).step == "describe"
        engine._held.add("direct")
    engine.wait_for_step("direct")
    with_context = studio.events.number(name)
    assert studio.open(project_id).context == CONTEXT
    with engine.held("direct"):
        pass
    wait(studio, project_id)

    assert with_inputs < with_context < studio.events.number(name)
    assert studio.events.number(topic(project_id, "analysis")) > 0
    assert studio.events.number(topic("list", "projects")) > 0


def test_two_clips_of_one_name_make_two_projects(studio: Studio, clip: Path) -> None:
    """The second is numbered."""
    ids = [studio.analyze(clip, clip.name, style()) for _ in range(2)]
    for project_id in ids:
        wait(studio, project_id)

    assert sorted(card.name for card in studio.projects()) == ["Big buck bunny", "Big buck bunny 2"]


def test_asked_twice_it_goes_on_with_the_one_that_runs(studio: Studio, clip: Path, engine: FakeEngine) -> None:
    """One description is paid for."""
    with engine.held("describe"):
        project_id = studio.analyze(clip, clip.name, style())
        engine.wait_for_step("describe")
        assert studio.analyze(clip, clip.name, style(), project_id) == project_id
        studio.analyze_again(project_id)
    wait(studio, project_id)

    assert engine.asked == ["describe", "direct"]


def test_a_clip_that_is_none_fails_in_words_and_leaves_no_project(studio: Studio, clip: Path, tmp_path: Path) -> None:
    """The failure can be read where it happened; the list does not know it, and the next analysis takes it away."""
    fake = tmp_path / "fake.mp4"
    fake.write_bytes(b"no clip at all")
    project_id = studio.analyze(fake, fake.name, style())
    status = wait(studio, project_id)

    assert (status.step, status.failed_step, status.next_step) == ("", "sample", FootageError.default_next_step)
    assert "fake.mp4" in status.message
    assert (studio.projects(), studio.open(project_id).frames) == ([], ())
    good = studio.analyze(clip, clip.name, style())
    wait(studio, good)
    assert [card.id for card in studio.projects()] == [good]
    with pytest.raises(ProjectMissingError):
        studio.open(project_id)


def test_a_clip_that_failed_can_be_replaced_in_its_own_project(studio: Studio, clip: Path, tmp_path: Path) -> None:
    """Then it is a project like any other."""
    (tmp_path / "fake.mp4").write_bytes(b"no clip at all")
    project_id = studio.analyze(tmp_path / "fake.mp4", "fake.mp4", style())
    wait(studio, project_id)
    studio.analyze(clip, clip.name, style(), project_id)
    wait(studio, project_id)

    assert [card.id for card in studio.projects()] == [project_id]
    assert len(studio.open(project_id).sheets) == 5


def test_of_a_clip_that_is_too_long_the_beginning_can_be_used(tmp_path: Path, engine: FakeEngine, clip: Path) -> None:
    """It says so, and asking for that goes on in the same project."""
    (tmp_path / "workspace").mkdir()
    short = Studio(Settings(max_clip_s=1), Workspace(tmp_path / "workspace", "1.0"), engine, Events())
    project_id = short.analyze(clip, clip.name, style())
    failed = wait(short, project_id)
    short.analyze(clip, clip.name, style(), project_id, is_trimmed=True)
    wait(short, project_id)
    frames = short.open(project_id).frames
    short.close(patience_s=0)

    assert (failed.failed_step, failed.is_too_long) == ("sample", True)
    assert (len(frames), frames[-1].time_s < 1) == (5, True)


def test_after_an_analysis_other_frames_of_the_clip_can_be_chosen(studio: Studio, clip: Path) -> None:
    """The clip is known to whoever chooses; the next analysis tells what those show."""
    project_id = studio.analyze(clip, clip.name, style())
    wait(studio, project_id)

    assert studio.frames.has_clip(project_id)


def test_an_earlier_state_can_be_had_back(studio: Studio, directed: str) -> None:
    """The present one is kept beside it."""
    studio.open(directed)
    studio.rename(directed, "Hare")
    backup = studio.backups(directed)[-1]
    told = studio.events.number(topic(directed, "project"))
    studio.restore_backup(directed, backup.name)

    assert studio.open(directed).name == "Rabbit"
    assert len(studio.backups(directed)) > 1
    assert studio.events.number(topic(directed, "project")) > told


def test_a_director_that_fails_leaves_the_context(studio: Studio, clip: Path, engine: FakeEngine) -> None:
    """Asking the director again needs no second description, and no clip."""
    engine.will("direct", AnswerError("The director's answer was no shot list."))
    project_id = studio.analyze(clip, clip.name, style())
    status = wait(studio, project_id)
    failed = studio.open(project_id)
    studio.direct_again(project_id)
    wait(studio, project_id)

    assert status.message == "The director's answer was no shot list. It may have been charged."
    assert (failed.context, failed.step, failed.sheets) == (CONTEXT, "direct", ())
    assert len(studio.open(project_id).sheets) == 5
    assert engine.asked == ["describe", "direct", "direct"]


def test_the_director_is_asked_with_the_edited_context(studio: Studio, directed: str, engine: FakeEngine) -> None:
    """New words, and the old ones can be had back."""
    edited = replace(CONTEXT, setting="A desert")
    studio.set_context(directed, edited, base=CONTEXT)
    studio.direct_again(directed)
    wait(studio, directed)

    assert engine.directed_from == [edited]
    assert studio.open(directed).sheet(2).shot.text == "A desert, take 1, shot 2"
    assert studio.undo(directed, 2) == "shot 2"
    with pytest.raises(EditConflictError):
        studio.set_context(directed, CONTEXT, base=CONTEXT)


def test_analysing_again_keeps_the_takes(studio: Studio, directed: str, engine: FakeEngine) -> None:
    """Even the one that is in flight meanwhile."""
    with engine.held(1):
        studio.generate(directed, [1])
        engine.wait_for_orders(1)
        studio.analyze_again(directed)
        wait(studio, directed)
    until(studio.events, lambda: studio.row(directed, 1).state is RowState.IDLE)

    sheet = studio.open(directed).sheet(1)
    assert (sheet.shot.text, sheet.takes[0].text, sheet.takes[0].is_stale) == ("A meadow, take 1, shot 1", "shot 1", True)


def test_a_cancelled_analysis_keeps_what_it_had(studio: Studio, clip: Path, engine: FakeEngine) -> None:
    """The source frames stay, and it says what it may have cost."""
    with engine.held("describe"):
        project_id = studio.analyze(clip, clip.name, style())
        engine.wait_for_step("describe")
        studio.cancel_analysis(project_id)
        status = wait(studio, project_id)

    assert "It may have been charged." in status.message
    assert (len(studio.open(project_id).frames), studio.open(project_id).step) == (5, "describe")


def test_a_project_without_frames_cannot_be_analysed_again(studio: Studio) -> None:
    """It says what to do first."""
    empty = studio._workspace.create("Empty").id

    for ask in (studio.analyze_again, studio.direct_again, studio.generate):
        with pytest.raises(WorkspaceError, match="yet"):
            ask(empty)


def test_words_go_back_and_forth(studio: Studio, directed: str) -> None:
    """Undo, redo, and the director's words; each is told."""
    before = studio.events.number(topic(directed, "shot-1"))
    studio.edit(directed, 1, "closer", base="shot 1")

    assert studio.events.number(topic(directed, "shot-1")) > before
    assert studio.undo(directed, 1) == "shot 1"
    assert studio.redo(directed, 1) == "closer"
    assert studio.directors_words(directed, 1) == "shot 1"
    with pytest.raises(EditConflictError):
        studio.edit(directed, 1, "mine", base="something else")


def test_saved_frames_leave_as_a_zip_of_their_own_bytes(studio: Studio, directed: str) -> None:
    """Only what is saved, in order."""
    studio.generate(directed)
    until(studio.events, lambda: all(studio.row(directed, shot_id).state is RowState.IDLE for shot_id in range(1, 6)))
    for shot_id in (4, 2):
        studio.save(directed, TakeLabel(shot_id, 1))

    with zipfile.ZipFile(studio.frames_zip(directed)) as archive:
        assert archive.namelist() == ["shot-02_take-01.png", "shot-04_take-01.png"]
        take = studio.open(directed).saved_takes[0]
        assert archive.read("shot-02_take-01.png") == take.path.read_bytes()
    folder = studio._workspace.open(directed).path
    assert studio.picture_file(directed, str(take.path.relative_to(folder))) == take.path
    assert studio.thumbnail(take.path, 32).is_file()


def test_a_deleted_take_can_be_had_back(studio: Studio, directed: str) -> None:
    """It was only in the trash."""
    studio.generate(directed, [1])
    until(studio.events, lambda: studio.row(directed, 1).state is RowState.IDLE)
    studio.delete_take(directed, TakeLabel(1, 1))
    assert studio.open(directed).sheet(1).takes == ()

    studio.restore_take(directed, TakeLabel(1, 1))
    assert len(studio.open(directed).sheet(1).takes) == 1


def test_only_pictures_of_the_project_are_given_out(studio: Studio, directed: str) -> None:
    """Neither records nor other folders, and no project that is not there."""
    assert studio.picture_file(directed, "project.json") is None
    assert studio.picture_file(directed, "../../etc/passwd") is None
    assert studio.picture_file("gone", "style.png") is None


def test_projects_are_found_renamed_copied_removed_and_brought_back(studio: Studio, directed: str) -> None:
    """Each changes the list."""
    studio.rename(directed, "Hare")
    copy = studio.duplicate(directed)
    assert {card.id for card in studio.projects("hARE")} == {directed, copy}

    studio.remove(directed)
    with pytest.raises(ProjectMissingError):
        studio.open(directed)
    studio.bring_back(directed)
    studio.remember(directed)
    assert (studio.open(directed).name, studio.last_opened()) == ("Hare", directed)


def test_a_picture_in_flight_ends_in_the_project_that_was_removed(studio: Studio, directed: str, engine: FakeEngine) -> None:
    """It is there once the project is brought back, or waits in memory until then."""
    with engine.held(1):
        studio.generate(directed, [1])
        engine.wait_for_orders(1)
        studio.remove(directed)
    until(studio.events, lambda: studio.row(directed, 1).state is not RowState.RUNNING)
    studio.bring_back(directed)
    studio.keep_waiting_picture(directed, 1)

    assert len(studio.open(directed).sheet(1).takes) == 1


def test_a_bundle_comes_back_as_another_project(studio: Studio, directed: str) -> None:
    """With the same shots."""
    other = studio.import_bundle(studio.export_bundle(directed))

    assert other != directed
    assert [sheet.shot for sheet in studio.open(other).sheets] == [sheet.shot for sheet in studio.open(directed).sheets]


def test_a_workspace_that_vanished_is_said(studio: Studio, tmp_path: Path) -> None:
    """It is not made anew in silence, and looked at again only after a while."""
    assert studio.trouble() is None
    (tmp_path / "workspace").rename(tmp_path / "elsewhere")
    assert studio.trouble() is None

    studio._troubles = None
    assert isinstance(studio.trouble(), WorkspaceError)
    assert not (tmp_path / "workspace").exists()


def test_the_sample_is_there_and_usable(studio: Studio) -> None:
    """A clip and a style reference that pass their own checks."""
    path, wave = studio.sample_inputs()

    assert studio.check_clip(path, path.name).duration_s <= 30
    assert wave.picture.width_px > 0


def test_the_real_studio_opens_over_an_empty_workspace(tmp_path: Path) -> None:
    """Offline, since there is no key."""
    studio = open_studio(Settings(workspace=tmp_path), Events())

    assert (studio.card.name, studio.projects(), studio.trouble()) == ("offline", [], None)
    studio.close()


LEAVING = """
import sys
from pathlib import Path
from maestro.config import Settings
from maestro.events import Events
from maestro.services.storage import Workspace
from maestro.opening import close_at_exit
from maestro.studio import Studio
from tests.fakes import FakeEngine, directed_project

workspace, engine = Workspace(Path(sys.argv[1]), "1.0"), FakeEngine()
studio = Studio(Settings(), workspace, engine, Events())
close_at_exit(studio, 0.1)
never = engine.held(1)
never.__enter__()
studio.generate(directed_project(workspace).id, [1])
engine.wait_for_orders(1)
print("left")
"""


def test_a_call_that_never_answers_does_not_keep_the_program_from_leaving(tmp_path: Path) -> None:
    """It is cancelled after the patience, long before the call's own deadline."""
    left = subprocess.run([sys.executable, "-c", LEAVING, str(tmp_path)], cwd=ROOT, timeout=20, check=True, capture_output=True)

    assert left.stdout.decode().strip() == "left"
