"""Choosing source frames of a project: exact, undoable, and only while the clip is there."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from maestro.clips import kept_name
from maestro.config import Settings
from maestro.errors import FootageError, WorkspaceError
from maestro.events import Events, topic
from maestro.frames import Frames
from maestro.services import video
from maestro.services.storage import ProjectFolder, Workspace
from maestro.types import Project
from tests import clips
from tests.clips import Recipe
from tests.fakes import CONTEXT, style, until

pytestmark = pytest.mark.timeout(60)
EVEN = (20, 40, 60, 80, 100)


@dataclass
class Cutting:
    """A project that was made from a clip of 120 frames, and what chooses its frames."""

    settings: Settings
    workspace: Workspace
    folder: ProjectFolder
    clip_path: Path
    events: Events
    frames: Frames
    is_analysed: bool = False

    @property
    def project(self) -> Project:
        """As it is on disk."""
        return self.folder.read()

    @property
    def indices(self) -> tuple[int, ...]:
        """Which frames it keeps."""
        return tuple(frame.index for frame in self.project.frames)

    def again(self) -> Frames:
        """What chooses them after the program was started anew."""
        return Frames(self.settings, self.workspace.open, lambda _: self.is_analysed, self.events, video.Booth(is_apart=False))


@pytest.fixture(scope="module")
def footage_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every frame shows its number."""
    return clips.make(tmp_path_factory.mktemp("clips") / "a.mp4", Recipe(frames=120, gop=30))


@pytest.fixture
def cutting(tmp_path: Path, footage_path: Path) -> Iterator[Cutting]:
    """Its context was written already."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "workspace").mkdir()
    path = tmp_path / "cache" / "upload.mp4"
    shutil.copy(footage_path, path)
    settings = Settings(workspace=tmp_path / "workspace", cache=tmp_path / "cache", min_free_mb=0)
    workspace = Workspace(settings.workspace, "0.1.0", 0)
    folder = workspace.create("Rabbit")
    folder.keep_inputs(video.sample(path, "rabbit.mp4", 5, 30), style())
    folder.keep_context(CONTEXT, "fake")
    events = Events()
    made = Cutting(settings, workspace, folder, path, events, frames=None)  # type: ignore[arg-type]
    made.frames = made.again()
    made.frames.remember(folder.id, path)
    yield made
    made.frames.close()


def test_a_swapped_frame_is_the_one_that_was_asked_for(cutting: Cutting) -> None:
    """In time order, on disk, told, and the page knows that the context describes others."""
    before = cutting.events.number(topic(cutting.folder.id, "project"))

    cutting.frames.swap(cutting.folder.id, 1, 93)

    assert cutting.indices == (20, 60, 80, 93, 100)
    assert clips.number_on(cutting.folder.source_frame(93).png) == 93
    assert cutting.project.is_frames_changed
    assert cutting.events.number(topic(cutting.folder.id, "project")) > before


def test_the_frame_that_was_there_stays_readable(cutting: Cutting) -> None:
    """Takes were made from it."""
    cutting.frames.swap(cutting.folder.id, 1, 93)

    assert clips.number_on(cutting.folder.source_frame(40).png) == 40


def test_a_frame_is_not_used_twice(cutting: Cutting) -> None:
    """Nothing changes then."""
    with pytest.raises(FootageError, match="one of the source frames already"):
        cutting.frames.swap(cutting.folder.id, 1, 60)

    assert cutting.indices == EVEN


def test_the_director_can_see_another_frame(cutting: Cutting) -> None:
    """Also one that is none of the five."""
    cutting.frames.set_director_frame(cutting.folder.id, 77)

    assert cutting.project.director_frame_index == 77
    assert cutting.indices == EVEN


def test_the_last_choice_can_be_taken_back(cutting: Cutting) -> None:
    """One step; even when the clip is gone by then."""
    cutting.frames.swap(cutting.folder.id, 0, 5)
    cutting.frames.set_director_frame(cutting.folder.id, 77)
    cutting.clip_path.unlink()

    cutting.frames.undo(cutting.folder.id)

    assert (cutting.indices, cutting.project.director_frame_index) == ((5, 40, 60, 80, 100), 60)
    assert not cutting.frames.can_undo(cutting.folder.id)


def test_even_is_the_formula_again(cutting: Cutting) -> None:
    """The director's frame too."""
    cutting.frames.swap(cutting.folder.id, 0, 5)
    cutting.frames.set_director_frame(cutting.folder.id, 77)

    cutting.frames.choose(cutting.folder.id, "even")

    assert (cutting.indices, cutting.project.director_frame_index) == (EVEN, 60)


@pytest.mark.parametrize("way", ["sharpest", "cuts"])
def test_the_other_ways_give_five_frames_as_well(cutting: Cutting, way: str) -> None:
    """Exact ones."""
    cutting.frames.choose(cutting.folder.id, way)

    shown = [clips.number_on(frame.png) for frame in cutting.folder.footage_frames()]
    assert shown == list(cutting.indices)
    assert len(set(shown)) == 5


def test_nothing_is_changed_under_a_running_analysis(cutting: Cutting) -> None:
    """It looks at the frames right now."""
    cutting.is_analysed = True

    with pytest.raises(WorkspaceError, match="looked at right now"):
        cutting.frames.swap(cutting.folder.id, 1, 93)


def test_without_the_clip_it_says_what_to_do(cutting: Cutting) -> None:
    """Upload it again."""
    cutting.clip_path.unlink()

    assert not cutting.frames.has_clip(cutting.folder.id)
    with pytest.raises(FootageError, match="The clip itself is not kept") as refused:
        cutting.frames.swap(cutting.folder.id, 1, 93)
    assert "Upload it again" in refused.value.next_step


def test_the_same_clip_given_again_is_taken_and_another_is_not(cutting: Cutting, footage_path: Path, tmp_path: Path) -> None:
    """Whatever either of them is called."""
    cutting.clip_path.unlink()
    other = clips.make(tmp_path / "rabbit.mp4", Recipe(frames=60))

    with pytest.raises(FootageError, match="another clip"):
        cutting.frames.remember(cutting.folder.id, other)
    assert not cutting.frames.has_clip(cutting.folder.id)
    cutting.frames.remember(cutting.folder.id, footage_path)

    assert cutting.frames.has_clip(cutting.folder.id)
    cutting.frames.swap(cutting.folder.id, 1, 93)


def test_a_clip_in_the_cache_is_found_after_a_restart(cutting: Cutting) -> None:
    """By its contents, which its name tells; what only bears the name is not believed."""
    clip = cutting.project.clip
    assert clip is not None
    kept = cutting.clip_path.rename(cutting.clip_path.with_name(kept_name(clip.sha256)))
    after = cutting.again()

    assert after.has_clip(cutting.folder.id)
    after.swap(cutting.folder.id, 1, 93)
    assert 93 in cutting.indices
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    with pytest.raises(FootageError):
        after.swap(cutting.folder.id, 1, 33)
    after.close()


def test_a_strip_is_made_in_the_background_and_told(cutting: Cutting) -> None:
    """Nobody waits for it; then a frame can be looked at large in the same way."""
    frames, project_id = cutting.frames, cutting.folder.id
    assert frames.strip_if_made(project_id) == ()

    frames.begin_strip(project_id)
    until(cutting.events, lambda: not frames.standing(project_id).is_busy)
    frames.begin_look(project_id, 55)
    until(cutting.events, lambda: not frames.standing(project_id).is_busy)

    assert frames.strip_if_made(project_id) == frames.strip(project_id)
    large = frames.look_if_made(project_id, 56)
    assert large is not None
    assert clips.number_on(large.jpeg) == 56


def test_what_fails_in_the_background_says_why(cutting: Cutting) -> None:
    """And what to do."""
    cutting.clip_path.unlink()

    cutting.frames.begin_strip(cutting.folder.id)
    until(cutting.events, lambda: not cutting.frames.standing(cutting.folder.id).is_busy)

    standing = cutting.frames.standing(cutting.folder.id)
    assert (standing.message, "Upload it again" in standing.next_step) == ("The clip itself is not kept.", True)
