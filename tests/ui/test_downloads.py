"""What can be taken out of a project, as the Gallery offers it."""

from collections.abc import Iterator
from dataclasses import replace as changed
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from maestro.errors import WorkspaceError
from maestro.types import Paper, StoryboardLayout
from maestro.ui import downloads, live
from maestro.ui.studio import replace
from tests.ui import FakeStudio, shown_project
from tests.ui.test_gallery import gallery, html


@pytest.fixture(name="studio")
def _studio(tmp_path: Path) -> Iterator[FakeStudio]:
    studio = FakeStudio(tmp_path, shown_project(tmp_path, saved=(1, 3)))
    replace(studio)
    live.mark_served()
    yield studio
    replace(None)
    live.mark_served(is_served=False)


def offered(page: AppTest) -> list[str]:
    """The addresses of exports on the page, in order."""
    return [part.partition('"')[0] for part in unescape(html(page)).split('href="/exports/meadow-1/')[1:]]


@pytest.mark.usefixtures("studio")
def test_all_that_can_be_had_has_an_address() -> None:
    """Frames first; the storyboard as six on A4 until something else is chosen."""
    assert offered(gallery()) == [
        "frames.zip",
        "storyboard.pdf?frames=6&paper=a4",
        "shot-list.csv",
        "shot-list.md",
        "everything.zip?frames=6&paper=a4",
    ]


@pytest.mark.usefixtures("studio")
def test_what_is_chosen_for_the_storyboard_is_in_its_address() -> None:
    """Also in that of everything."""
    page = gallery()
    page.segmented_control(key="storyboard-frames-meadow-1").set_value("2")
    page.segmented_control(key="storyboard-paper-meadow-1").set_value("US Letter")
    page.toggle(key="storyboard-notes-meadow-1").set_value(True)
    page.run()

    assert "storyboard.pdf?frames=2&paper=us-letter&notes=1" in offered(page)
    assert "everything.zip?frames=2&paper=us-letter&notes=1" in offered(page)


def test_while_nothing_is_saved_it_says_what_comes_instead(studio: FakeStudio, tmp_path: Path) -> None:
    """There are no saved frames to have; the last takes are."""
    studio.held["meadow-1"] = shown_project(tmp_path)
    page = gallery()

    assert [name.partition("?")[0] for name in offered(page)] == [
        "storyboard.pdf",
        "shot-list.csv",
        "shot-list.md",
        "everything.zip",
    ]
    assert "the storyboard shows the last take of each shot" in html(page)


def test_before_the_first_shot_nothing_is_offered(studio: FakeStudio, tmp_path: Path) -> None:
    """The page teaches how to begin."""
    studio.held["meadow-1"] = changed(shown_project(tmp_path), sheets=())
    page = gallery()

    assert offered(page) == []
    assert "Nothing is saved yet." in html(page)


@pytest.mark.usefixtures("studio")
def test_without_our_server_streamlit_hands_out_the_files() -> None:
    """The same five, by buttons that leave the page alone."""
    live.mark_served(is_served=False)

    buttons = [button.proto.label for button in gallery().get("download_button")]
    assert {"Frames (ZIP)", "Download PDF", "Shot list (CSV)", "Shot list (Markdown)", "Everything (ZIP)"} <= set(buttons)


@pytest.mark.usefixtures("studio")
def test_an_address_asks_for_what_it_says() -> None:
    """What it says wrongly is as usual; a name that stands for nothing is a sentence."""
    wanted = StoryboardLayout(4, Paper.LETTER, has_notes=True, has_every_shot=True)
    asked = {"frames": "4", "paper": "us-letter", "notes": "1", "all": "1"}

    assert downloads.make("meadow-1", "storyboard.pdf", asked).read_text() == f"{wanted!r} of meadow-1"
    odd = downloads.make("meadow-1", "everything.zip", {"frames": "9999", "paper": "../a4"})
    assert odd.read_text() == f"{StoryboardLayout()!r} of meadow-1"
    with pytest.raises(WorkspaceError, match="no such export"):
        downloads.make("meadow-1", "passwd", {})
