"""Uploads: the sample in one click, the server's own check, Analyze that says what is missing."""

from pathlib import Path

from maestro.config import ROOT
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
    """The clip lies in the cache folder under a name of our own."""
    with staged(tmp_path, has_project=False) as stage:
        stage.page.file_uploader(key="clip-0").upload("../My clip.mp4", CLIP.read_bytes()).run()
        stage.page.file_uploader(key="style-0").upload("wave.png", solid(9)).run()
        stage.click("analyze")
        (card,) = stage.studio.projects()
        stage.until_analysed(card.id)

        assert [len(path.stem) for path in (tmp_path / "cache").iterdir()] == [32]
        assert len(stage.studio.open(card.id).sheets) == 5
        assert stage.page.query_params["project"] == card.id


def test_the_sample_is_one_click_and_names_its_makers(tmp_path: Path) -> None:
    """Then Analyze is ready."""
    with staged(tmp_path, has_project=False) as stage:
        stage.click("sample")

        assert not stage.page.button(key="analyze").disabled
        assert "Blender Foundation" in stage.html()
