"""Single keys: each stands for something that is on the page, and each is listed."""

from collections import Counter
from pathlib import Path

import pytest

from maestro.types import TakeLabel
from maestro.ui import keys
from tests.ui.home import Stage, staged

STREAMLITS_OWN = {"r", "c"}
CLICKED = {keys.IN_ROW, keys.ON_PAGE, "undo", "redo"}


@pytest.mark.parametrize("page", list(keys.PAGES))
def test_a_key_does_one_thing_on_a_page(page: str) -> None:
    """None is Streamlit's own, and none moves the page by itself as arrows and the space bar do."""
    names = [name for key in (*keys.EVERYWHERE, *keys.PAGES[page]) for name in key.press.split()]

    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert STREAMLITS_OWN.isdisjoint(names)
    assert not any(name.startswith("arrow") or name in {"space", "enter", "tab"} for name in names)


def test_the_list_names_every_key() -> None:
    """Those of the page one is on come first."""
    drawn = keys.sheet_html("Shots")

    assert all(key.words in drawn for key in (*keys.EVERYWHERE, *keys.ON_HOME, *keys.ON_SHOTS, *keys.IN_GALLERY, *keys.LARGE))
    assert drawn.index("Delete the take") < drawn.index("This list") < drawn.index("Save its take")


def _missing(stage: Stage, listed: tuple[keys.Key, ...]) -> list[str]:
    """The keys whose buttons are not among the page's."""
    there = [str(one.key) for kind in (stage.page.button, stage.page.toggle) for one in kind]
    wanted = [key for key in listed if key.deed in CLICKED and key.targets]
    return [key.words for key in wanted if not any(name.startswith(key.targets) for name in there)]


def test_every_key_has_its_button(tmp_path: Path) -> None:
    """But what is there at times: Cancel, a popover, a way back."""
    with staged(tmp_path) as stage:
        stage.studio.generate(stage.project_id, [1])
        stage.until_idle(1)
        stage.page.run()
        at_times = {"Cancel this shot", "Cancel", "Another idea from the director", "Undo, as Ctrl+Z does"}
        assert set(_missing(stage, keys.ON_HOME)) <= at_times

        stage.page.switch_page("pages/1_Shots.py").run()
        assert set(_missing(stage, keys.ON_SHOTS)) <= at_times - {"Undo, as Ctrl+Z does"}


def test_a_deleted_take_after_another_leaves_a_way_back_to_both(tmp_path: Path) -> None:
    """The last one first."""
    with staged(tmp_path) as stage:
        for _ in range(2):
            stage.studio.generate(stage.project_id, [1])
            stage.until_idle(1)
        stage.page.switch_page("pages/1_Shots.py").run()
        stage.click(f"delete-{stage.project_id}")
        stage.click(f"delete-{stage.project_id}")
        assert "Take 1 of shot 1 is in the trash, and 1 before it." in stage.html()

        stage.click(f"restore-{stage.project_id}")
        stage.click(f"restore-{stage.project_id}")

        assert [take.label for take in stage.project.sheet(1).takes] == [TakeLabel(1, 1), TakeLabel(1, 2)]


def test_the_storyboards_choices_outlive_another_page(tmp_path: Path) -> None:
    """Paper and lines for notes."""
    with staged(tmp_path) as stage:
        stage.studio.generate(stage.project_id, [1])
        stage.until_idle(1)
        stage.page.switch_page("pages/2_Gallery.py").run()
        stage.page.toggle(key=f"storyboard-notes-{stage.project_id}").set_value(True).run()
        stage.page.switch_page("pages/1_Shots.py").run()
        stage.page.switch_page("pages/2_Gallery.py").run()

        assert stage.page.toggle(key=f"storyboard-notes-{stage.project_id}").value is True
