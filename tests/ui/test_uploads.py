"""Uploads: the sample in one click, the server's own check, Analyze that says what is missing."""

from pathlib import Path

from maestro.config import ROOT
from tests import clips
from tests.clips import Recipe
from tests.fakes import solid
from tests.ui.home import staged

CLIP = ROOT / "maestro" / "samples" / "bigbuckbunny.mp4"


def test_analyze_says_what_is_missing(tmp_path: Path) -> None:
    """It cannot be pressed before both inputs are there."""
    with staged(tmp_path, has_project=False) as stage:
        assert stage.page.button(key="analyze").disabled
        assert "Choose a clip and a style picture" in stage.html()


def test_a_file_that_is_no_clip_is_refused_by_the_server_too(tmp_path: Path) -> None:
    """The guard in the browser is a courtesy; nothing of the file is kept."""
    with staged(tmp_path, has_project=False) as stage:
        stage.page.file_uploader(key="clip-0").upload("holiday.mp4", b"no clip at all").run()

        assert 'role="alert"' in stage.html()
        assert stage.page.button(key="analyze").disabled
        assert not list((tmp_path / "cache").iterdir())


def test_two_uploads_become_a_project(tmp_path: Path) -> None:
    """The clip lies in the cache folder under a name that is made of its contents."""
    with staged(tmp_path, has_project=False) as stage:
        stage.page.file_uploader(key="clip-0").upload("../My clip.mp4", CLIP.read_bytes()).run()
        stage.page.file_uploader(key="style-0").upload("wave.png", solid(9)).run()
        stage.click("analyze")
        (card,) = stage.studio.projects()
        stage.until_analysed(card.id)

        assert [len(path.stem) for path in (tmp_path / "cache").iterdir()] == [64]
        assert len(stage.studio.open(card.id).sheets) == 5
        assert stage.page.query_params["project"] == card.id


def test_the_sample_is_one_click_and_names_its_makers(tmp_path: Path) -> None:
    """Then Analyze is ready."""
    with staged(tmp_path, has_project=False) as stage:
        stage.click("sample")

        assert not stage.page.button(key="analyze").disabled
        assert "Blender Foundation" in stage.html()


def test_of_a_clip_that_is_too_long_the_beginning_can_be_used(tmp_path: Path) -> None:
    """Where the guard in the browser did not see it, the server says how long it is and offers the same."""
    long = clips.make(tmp_path / "long.mp4", Recipe(frames=82, fps=2))
    with staged(tmp_path, has_project=False) as stage:
        stage.page.file_uploader(key="clip-0").upload("long.mp4", long.read_bytes()).run()
        assert "is 41 s long; at most 30 s" in stage.html()
        stage.click("trim-clip")
        stage.page.file_uploader(key="style-0").upload("wave.png", solid(9)).run()

        assert "only its first 30 s" in stage.html()
        stage.click("analyze")
        (card,) = stage.studio.projects()
        stage.until_analysed(card.id)
        clip = stage.studio.open(card.id).clip
        assert clip is not None
        assert clip.duration_s == 30.0


def test_a_clip_that_was_too_long_is_not_kept_when_another_comes(tmp_path: Path) -> None:
    """Nobody needs it then."""
    long = clips.make(tmp_path / "long.mp4", Recipe(frames=82, fps=2))
    with staged(tmp_path, has_project=False) as stage:
        stage.page.file_uploader(key="clip-0").upload("long.mp4", long.read_bytes()).run()
        stage.page.file_uploader(key="clip-1").upload("short.mp4", CLIP.read_bytes()).run()

        assert len(list((tmp_path / "cache").iterdir())) == 1
        assert "Use its first" not in [button.label for button in stage.page.button]
