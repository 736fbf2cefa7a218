"""Another idea for one shot: a hint for the director, the new words, and the way back."""

from pathlib import Path

from maestro.errors import ProviderError
from tests.ui.home import Stage, staged


def _hint(stage: Stage, shot_id: int, text: str) -> None:
    field = next(
        field for field in stage.page.text_input if (field.key or "").startswith(f"hint-idea-home-{stage.project_id}-{shot_id}-")
    )
    field.set_value(text)


def _ask(stage: Stage, shot_id: int) -> None:
    stage.click(f"ask-home-{stage.project_id}-{shot_id}")
    stage.until_analysed(stage.project_id)
    stage.page.run()


def test_the_field_shows_the_new_words_and_undo_brings_the_old_ones_back(tmp_path: Path) -> None:
    """The other four keep theirs."""
    with staged(tmp_path) as stage:
        _hint(stage, 2, "closer")
        _ask(stage, 2)

        field = f"words-home-{stage.project_id}-2"
        assert [wish.hint for wish in stage.engine.wishes] == ["closer"]
        assert stage.page.text_area(key=field).value == "anew 1: closer"
        assert [sheet.shot.text for sheet in stage.project.sheets] == ["shot 1", "anew 1: closer", "shot 3", "shot 4", "shot 5"]
        stage.click(f"undo-idea-home-{stage.project_id}-2")
        assert stage.page.text_area(key=field).value == stage.project.sheet(2).shot.text == "shot 2"


def test_while_the_director_thinks_the_row_says_so_and_can_be_cancelled(tmp_path: Path) -> None:
    """Nobody else can ask meanwhile: the question would be lost."""
    with staged(tmp_path) as stage, stage.engine.held("redirect"):
        stage.click(f"ask-home-{stage.project_id}-2")
        stage.engine.wait_for_step("redirect")
        stage.page.run()

        assert "asking the director" in stage.html()
        assert stage.page.button(key=f"ask-home-{stage.project_id}-3").disabled
        stage.click(f"cancel-{stage.project_id}-2")
        stage.until_analysed(stage.project_id)
        assert stage.project.sheet(2).shot.text == "shot 2"


def test_what_came_to_nothing_can_be_asked_again_with_the_same_hint(tmp_path: Path) -> None:
    """The reason stands in that shot's row."""
    with staged(tmp_path) as stage:
        stage.engine.will("redirect", ProviderError("The provider broke.", may_be_charged=False))
        _hint(stage, 4, "at night")
        _ask(stage, 4)

        assert "The provider broke." in stage.html()
        stage.click(f"retry-idea-home-{stage.project_id}-4")
        stage.until_analysed(stage.project_id)
        assert [wish.hint for wish in stage.engine.wishes] == ["at night", "at night"]
        assert stage.project.sheet(4).shot.text == "anew 2: at night"


def test_a_click_on_words_that_are_not_there_any_more_asks_nobody(tmp_path: Path) -> None:
    """The second click of a double click may come after a quick answer."""
    with staged(tmp_path) as stage:
        stage.studio.redirect(stage.project_id, 1, "first")
        stage.until_analysed(stage.project_id)
        stage.click(f"ask-home-{stage.project_id}-1")
        stage.until_analysed(stage.project_id)

        assert [wish.hint for wish in stage.engine.wishes] == ["first"]


def test_words_typed_meanwhile_are_kept_beside_the_new_ones(tmp_path: Path) -> None:
    """The user chooses."""
    with staged(tmp_path) as stage:
        field = stage.page.text_area(key=f"words-home-{stage.project_id}-3").set_value("Mine")
        stage.studio.redirect(stage.project_id, 3, "wider")
        stage.until_analysed(stage.project_id)
        stage.page.run()

        assert field.key is not None
        assert "Mine" in stage.html()
        assert stage.page.button(key=f"mine-words-home-{stage.project_id}-3").label == "Keep mine"
