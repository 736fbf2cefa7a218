"""The Shots page: history of the words, takes that can be deleted and brought back."""

from pathlib import Path

from tests.ui.home import Stage, staged


def _shots(stage: Stage, *, takes: int) -> None:
    for _ in range(takes):
        stage.studio.generate(stage.project_id, [1])
        stage.until_idle(1)
    stage.page.switch_page("pages/1_Shots.py").run()
    assert not stage.page.exception


def test_words_can_be_undone_and_redone(tmp_path: Path) -> None:
    """What was typed is a step of its own."""
    with staged(tmp_path) as stage:
        _shots(stage, takes=0)
        stage.page.text_area(key=f"words-shots-{stage.project_id}-1").set_value("Mine").run()
        stage.click(f"Undo-{stage.project_id}-1")
        assert stage.project.sheet(1).shot.text == "shot 1"
        stage.click(f"Redo-{stage.project_id}-1")
        assert stage.project.sheet(1).shot.text == "Mine"


def test_a_deleted_take_can_be_brought_back(tmp_path: Path) -> None:
    """It waits in the project's trash."""
    with staged(tmp_path) as stage:
        _shots(stage, takes=2)
        stage.click(f"delete-{stage.project_id}")
        assert [take.label.number for take in stage.project.sheet(1).takes] == [1]
        stage.click(f"restore-{stage.project_id}")
        assert [take.label.number for take in stage.project.sheet(1).takes] == [1, 2]


def test_the_next_shot_is_one_click_away(tmp_path: Path) -> None:
    """Its own words stand in the field."""
    with staged(tmp_path) as stage:
        _shots(stage, takes=0)
        stage.click("next-shot")

        assert stage.page.text_area(key=f"words-shots-{stage.project_id}-2").value == "shot 2"
