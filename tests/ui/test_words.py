"""Words on the page: kept as they are typed, never overwritten in silence."""

from pathlib import Path

from tests.ui.home import Stage, staged


def _edited_elsewhere(stage: Stage, text: str) -> None:
    stage.studio.edit(stage.project_id, 1, text, stage.project.sheet(1).shot.text)


def test_words_are_on_disk_when_the_field_is_left(tmp_path: Path) -> None:
    """No button is needed."""
    with staged(tmp_path) as stage:
        stage.type("1", "Low angle")

        assert stage.project.sheet(1).shot.text == "Low angle"


def test_a_field_that_comes_up_empty_does_not_empty_the_shot(tmp_path: Path) -> None:
    """The last words are put back."""
    with staged(tmp_path) as stage:
        stage.type("1", "  ")

        assert stage.project.sheet(1).shot.text == "shot 1"
        assert stage.page.text_area(key=f"words-home-{stage.project_id}-1").value == "shot 1"


def test_words_of_another_tab_appear_in_a_field_that_nobody_touched(tmp_path: Path) -> None:
    """As soon as the row is drawn again."""
    with staged(tmp_path) as stage:
        _edited_elsewhere(stage, "Theirs")
        stage.page.run()

        assert stage.page.text_area(key=f"words-home-{stage.project_id}-1").value == "Theirs"


def test_words_changed_in_two_places_are_both_shown(tmp_path: Path) -> None:
    """Nothing is generated, nothing overwritten, until the user has chosen."""
    with staged(tmp_path) as stage:
        _edited_elsewhere(stage, "Theirs")
        stage.page.text_area(key=f"words-home-{stage.project_id}-1").set_value("Mine")
        stage.click(f"generate-{stage.project_id}-1")

        assert stage.project.sheet(1).shot.text == "Theirs"
        assert not stage.engine.orders
        assert "Mine" in stage.html()
        stage.click(f"mine-words-home-{stage.project_id}-1")
        assert stage.project.sheet(1).shot.text == "Mine"


def test_what_is_typed_on_goes_to_ones_own_words_until_one_has_chosen(tmp_path: Path) -> None:
    """The field keeps them: nothing that was typed gives way to what was stored elsewhere."""
    with staged(tmp_path) as stage:
        _edited_elsewhere(stage, "Theirs")
        field = f"words-home-{stage.project_id}-1"
        stage.page.text_area(key=field).set_value("Mine").run()
        assert stage.page.text_area(key=field).value == "Mine"
        stage.page.text_area(key=field).set_value("Mine, and more").run()

        assert "Mine, and more" in stage.html()
        assert stage.page.text_area(key=field).value == "Mine, and more"
        assert stage.project.sheet(1).shot.text == "Theirs"
        stage.click(f"mine-words-home-{stage.project_id}-1")
        assert stage.project.sheet(1).shot.text == "Mine, and more"


def test_the_stored_words_come_into_the_field_when_they_are_chosen(tmp_path: Path) -> None:
    """And ones own are given up."""
    with staged(tmp_path) as stage:
        _edited_elsewhere(stage, "Theirs")
        field = f"words-home-{stage.project_id}-1"
        stage.page.text_area(key=field).set_value("Mine").run()
        stage.click(f"theirs-words-home-{stage.project_id}-1")

        assert stage.page.text_area(key=field).value == "Theirs"
        assert "changed elsewhere" not in stage.html()
