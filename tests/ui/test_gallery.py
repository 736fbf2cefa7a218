"""The Gallery and the project lists, as AppTest sees them over a fake studio."""

from collections.abc import Iterator
from dataclasses import replace as changed
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from maestro.config import ROOT
from maestro.errors import DiskFullError, WorkspaceError
from maestro.types import Backup, TakeLabel
from maestro.ui import live
from maestro.ui.studio import replace
from tests.ui import FakeStudio, shown_project


@pytest.fixture(name="studio")
def _studio(tmp_path: Path) -> Iterator[FakeStudio]:
    studio = FakeStudio(tmp_path, shown_project(tmp_path, saved=(1, 3)))
    replace(studio)
    yield studio
    replace(None)
    live.mark_served(is_served=False)


def gallery(project_id: str = "meadow-1") -> AppTest:
    """The page on that project."""
    page = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=90)
    page.query_params["project"] = project_id
    page.switch_page("pages/2_Gallery.py").run()
    assert not page.exception
    return page


def html(page: AppTest) -> str:
    """Everything that the page draws by itself."""
    return "\n".join(element.proto.body for element in page.get("html"))


def links(page: AppTest) -> list[str]:
    """What the links to pages are called."""
    return [link.proto.label for link in page.get("page_link")]


def press(page: AppTest, key: str) -> AppTest:
    """Presses the button of that key."""
    page.button(key=key).click().run()
    assert not page.exception
    return page


@pytest.mark.usefixtures("studio")
def test_the_sheet_shows_what_is_saved_and_nothing_else() -> None:
    """Slate and words below each."""
    drawn = html(gallery())

    assert "2 saved frames · Rabbit at dawn" in drawn
    assert ("<b>SHOT 1</b> · take 1" in drawn, "<b>SHOT 2</b>" in drawn, "<b>SHOT 3</b>" in drawn) == (True, False, True)


@pytest.mark.usefixtures("studio")
def test_where_it_is_served_everything_has_an_address() -> None:
    """Small copies, originals and the ZIP come by URL; nothing is put into the page."""
    live.mark_served()

    drawn = html(gallery())

    assert 'src="/pictures/meadow-1/takes/shot-01_take-01.png?v=' in drawn
    assert 'href="/pictures/meadow-1/takes/shot-03_take-01.png?download=1"' in drawn
    assert 'href="/exports/meadow-1/frames.zip"' in drawn
    assert "data:image" not in drawn.replace("data:image/svg", "")


@pytest.mark.usefixtures("studio")
def test_where_it_is_not_served_the_pictures_are_in_the_page() -> None:
    """Plain `streamlit run Home.py` shows the same sheet."""
    drawn = html(gallery())

    assert drawn.count('src="data:image/jpeg;base64,') >= 2
    assert "/pictures/" not in drawn


def test_taking_a_frame_out_can_be_undone(studio: FakeStudio) -> None:
    """No question before; the take itself stays."""
    page = press(gallery(), "out-meadow-1-shot-01_take-01")

    assert "1 saved frame ·" in html(page)
    assert "Shot 1, take 1 was taken out." in html(page)

    press(page, "gallery-undo-meadow-1")
    assert [take.label.shot_id for take in studio.open("meadow-1").saved_takes] == [1, 3]
    assert "was taken out" not in html(page)


@pytest.mark.usefixtures("studio")
def test_a_frame_opens_large_and_steps_to_the_next() -> None:
    """Until the last one."""
    page = press(gallery(), "look-at-meadow-1-shot-01_take-01")
    assert "1 of 2" in html(page)

    press(page, "lightbox-Next")

    assert "<b>SHOT 3</b> · take 1 · 2 of 2" in html(page)
    assert page.button(key="lightbox-Next").disabled


def test_a_frame_whose_file_is_gone_says_so(studio: FakeStudio) -> None:
    """The others stay."""
    studio.open("meadow-1").sheet(1).takes[0].path.unlink()

    assert html(gallery()).count(">file missing<") == 1


def test_many_frames_come_in_pages(studio: FakeStudio) -> None:
    """24 on the first."""
    project = studio.open("meadow-1")
    first = project.sheet(1).takes[0]
    takes = tuple(changed(first, label=TakeLabel(1, number)) for number in range(1, 31))
    studio.held["meadow-1"] = changed(project, sheets=(changed(project.sheets[0], takes=takes), *project.sheets[1:]))

    assert html(gallery()).count('<p class="m-slate">') == 24


def test_an_empty_gallery_teaches(studio: FakeStudio, tmp_path: Path) -> None:
    """What to press, and where."""
    studio.held["meadow-1"] = shown_project(tmp_path)

    assert "5 takes to choose from: press Save" in html(gallery())


@pytest.mark.usefixtures("studio")
def test_a_project_that_is_gone_is_said_to_be() -> None:
    """The list remains; nothing is made in its place."""
    drawn = html(gallery("gone-9"))

    assert "There is no such project." in drawn
    assert "No project is open." in drawn
    assert "Rabbit at dawn" in drawn


def test_words_of_a_file_cannot_become_markup(studio: FakeStudio, tmp_path: Path) -> None:
    """Neither HTML nor markdown of a shot or a name is rendered."""
    hostile = '<img src=x onerror=alert(1)> ![x](http://evil.example/x.png) "'
    studio.held["meadow-1"] = changed(shown_project(tmp_path, saved=(1,), words=hostile), name=hostile)

    page = gallery()

    assert "<img src=x" not in html(page)
    assert not [element.value for element in page.markdown if "evil.example" in element.value]
    assert not [label for label in links(page) if set(label) & set("![](<>:")]


def test_the_workspaces_trouble_is_said_at_the_top(studio: FakeStudio) -> None:
    """With what to do."""
    studio.trouble_found = WorkspaceError("The workspace cannot be written.")

    assert "<b>The workspace cannot be written.</b> Check the workspace folder, then try again." in html(gallery())


def test_a_fault_in_a_click_is_told_and_nothing_is_lost(studio: FakeStudio) -> None:
    """A full disk leaves the frame where it is."""

    def full(project_id: str, label: TakeLabel, *, is_saved: bool = True) -> None:
        raise DiskFullError(f"No space to note that {label} of {project_id} is {'' if is_saved else 'not '}saved.")

    studio.save = full  # type: ignore[method-assign]
    page = press(gallery(), "out-meadow-1-shot-01_take-01")

    assert "No space to note that" in html(page)
    assert "2 saved frames" in html(page)


# --- the lists


def listed(folder: Path) -> AppTest:
    """Only the whole list, on a page of its own."""
    script, other = folder / "Home.py", folder / "pages" / "1_Shots.py"
    other.parent.mkdir(exist_ok=True)
    for file in (script, other):  # a folder `pages` makes it an app of pages, which links need
        file.write_text("from maestro.ui import projects, state\nprojects.show(state.project_id())\n", encoding="utf-8")
    page = AppTest.from_file(str(script), default_timeout=90)
    page.query_params["project"] = "meadow-1"
    return page.run()


def test_a_deleted_project_can_be_had_back(studio: FakeStudio, tmp_path: Path) -> None:
    """No question before; when it was open, the page moves on to a new one."""
    page = press(listed(tmp_path), "delete-meadow-1")
    assert list(studio.removed) == ["meadow-1"]
    assert page.query_params["project"] in ("new", ["new"])
    assert "Rabbit at dawn is in the trash." in html(page)

    press(page, "projects-undo-button")

    assert list(studio.held) == ["meadow-1"]


def test_a_project_is_renamed_and_duplicated_in_place(studio: FakeStudio, tmp_path: Path) -> None:
    """An empty name is no name."""
    page = listed(tmp_path)
    page.text_input(key="name-meadow-1").set_value("  ").run()
    assert studio.open("meadow-1").name == "Rabbit at dawn"

    page.text_input(key="name-meadow-1").set_value("Harbour").run()
    press(page, "duplicate-meadow-1")

    assert [project.name for project in studio.held.values()] == ["Harbour", "Harbour"]


def test_each_frame_says_what_it_cost_and_a_strange_shape_is_marked(studio: FakeStudio) -> None:
    """The clip's shape needs no mark."""
    project = studio.held["meadow-1"]
    first = changed(project.sheets[0].takes[0], engine="openrouter", cost_usd=0.04, width_px=1024, height_px=1024)
    studio.held["meadow-1"] = changed(project, sheets=(changed(project.sheets[0], takes=(first,)), *project.sheets[1:]))
    drawn = html(gallery())

    assert "<b>SHOT 1</b> · take 1 · 1:1 · $0.04</p>" in drawn
    assert "<b>SHOT 3</b> · take 1 · free</p>" in drawn


def test_a_damaged_project_goes_back_to_a_backup_by_hand(studio: FakeStudio, tmp_path: Path) -> None:
    """Only where something is the matter; the popover closes after it."""
    when = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
    studio.saved_states["meadow-1"] = (Backup("project-7.json", when),)
    page = listed(tmp_path)
    assert [one.label for one in page.button if one.label.startswith("As of")] == []

    studio.troubles["meadow-1"] = "Its records are damaged."
    page.session_state["backups-meadow-1"] = True
    page.run()
    press(page, "backup-meadow-1-project-7.json")

    assert studio.restored == [("meadow-1", "project-7.json")]
    assert page.session_state["backups-meadow-1"] is False
