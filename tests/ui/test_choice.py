"""Choosing other source frames on the page: one by one, the director's, all of them, and what follows."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from maestro.clips import kept_name
from tests import clips
from tests.clips import Recipe
from tests.fakes import style, until
from tests.ui.home import Stage, staged

CLIP = Recipe(frames=132, fps=25)

pytestmark = pytest.mark.timeout(120)


@contextmanager
def analysed(folder: Path) -> Iterator[Stage]:
    """Home on a project that was made from a clip in the cache."""
    with staged(folder, has_project=False) as stage:
        (folder / "cache").mkdir(exist_ok=True)
        path = clips.make(folder / "cache" / "rabbit.mp4", CLIP)
        stage.project_id = stage.studio.analyze(path, path.name, style())
        stage.until_analysed(stage.project_id)
        stage.page.query_params["project"] = stage.project_id
        stage.page.run()
        yield stage


def settled(stage: Stage) -> None:
    """Draws the page until nothing of the clip is being read any more."""
    frames = stage.studio.frames
    while True:
        until(stage.studio.events, lambda: not frames.standing(stage.project_id).is_busy)
        stage.page.run()
        assert not stage.page.exception
        if not frames.standing(stage.project_id).is_busy:
            return


def indices(stage: Stage) -> list[int]:
    """Of the source frames that the project keeps."""
    return [frame.index for frame in stage.project.frames]


def test_a_frame_is_stepped_to_and_put_in(tmp_path: Path) -> None:
    """The page says that the context describes others, and offers to analyze again with its price."""
    with analysed(tmp_path) as stage:
        stage.click(f"frame-{stage.project_id}-1")
        assert "The clip is being read" in stage.html()
        settled(stage)
        stage.click(f"step-on-{stage.project_id}")
        stage.click(f"use-frame-{stage.project_id}")

        assert indices(stage) == [22, 45, 66, 88, 110]
        assert "The frames changed since the context was written." in stage.html()
        stage.click(f"frames-again-{stage.project_id}")
        stage.until_analysed(stage.project_id)
        stage.page.run()
        assert "The frames changed" not in stage.html()


def test_the_director_sees_what_is_looked_at(tmp_path: Path) -> None:
    """Marked in the strip of film once it is one of the five."""
    with analysed(tmp_path) as stage:
        stage.click(f"frame-{stage.project_id}-3")
        stage.click(f"direct-frame-{stage.project_id}")

        assert stage.project.director_frame_index == 88
        assert "00:03.52 · director" in stage.html()


def test_all_five_are_chosen_and_taken_back(tmp_path: Path) -> None:
    """In the background."""
    with analysed(tmp_path) as stage:
        stage.click(f"frame-{stage.project_id}-0")
        settled(stage)
        before = indices(stage)
        stage.click(f"way-sharpest-{stage.project_id}")
        settled(stage)

        assert indices(stage) != before
        stage.click(f"frames-undo-{stage.project_id}")
        assert indices(stage) == before
        assert not stage.studio.frames.can_undo(stage.project_id)


def test_a_clip_that_is_gone_can_be_uploaded_again(tmp_path: Path) -> None:
    """The same one; another is refused and not kept."""
    with analysed(tmp_path) as stage:
        (kept,) = (tmp_path / "cache").iterdir()
        footage = kept.read_bytes()
        kept.unlink()
        stage.click(f"frame-{stage.project_id}-0")
        assert "The clip itself is not kept." in stage.html()

        key = f"frames-clip-{stage.project_id}"
        stage.page.file_uploader(key=f"{key}-0").upload("other.mp4", footage + b"?").run()
        assert 'role="alert"' in stage.html()
        assert not list((tmp_path / "cache").iterdir())
        stage.page.file_uploader(key=f"{key}-1").upload("rabbit again.mp4", footage).run()

        assert not stage.page.exception
        assert stage.studio.frames.has_clip(stage.project_id)
        assert [path.name for path in (tmp_path / "cache").iterdir()] == [kept_name(sha256(footage).hexdigest())]
