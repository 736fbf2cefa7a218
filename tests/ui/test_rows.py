"""Rows: generate, fail, cancel and save, each on its own."""

from pathlib import Path

from maestro.errors import NoPictureError, ProviderError
from tests.ui.home import staged


def test_generate_asks_for_the_words_that_stand_in_the_field(tmp_path: Path) -> None:
    """Typing and clicking arrive together: the words are kept first."""
    with staged(tmp_path) as stage:
        stage.page.text_area(key=f"words-home-{stage.project_id}-2").set_value("A new view")
        stage.click(f"generate-{stage.project_id}-2")
        stage.until_idle(2)

        assert stage.project.sheet(2).shot.text == "A new view"
        assert [order.shot.text for order in stage.engine.orders] == ["A new view"]


def test_a_failed_row_says_why_and_offers_retry(tmp_path: Path) -> None:
    """The reason stands in the row, and the other row has its picture."""
    with staged(tmp_path) as stage:
        stage.engine.will(1, ProviderError("The provider broke.", may_be_charged=False))
        stage.click(f"generate-missing-{stage.project_id}")
        for shot_id in range(1, 6):
            stage.until_idle(shot_id)
        stage.page.run()

        assert "The provider broke." in stage.html()
        assert stage.page.button(key=f"generate-{stage.project_id}-1").label == "Retry"
        assert all(f"shot-0{shot_id}_take-01" in stage.html() for shot_id in range(2, 6))


def test_a_saved_take_offers_its_file(tmp_path: Path) -> None:
    """Save turns into Download."""
    with staged(tmp_path) as stage:
        stage.click(f"generate-{stage.project_id}-3")
        stage.until_idle(3)
        stage.page.run()
        stage.click(f"save-row-3-{stage.project_id}")

        assert [str(take.label) for take in stage.project.saved_takes] == ["shot-03_take-01"]
        assert "Download" in [button.proto.label for button in stage.page.get("download_button")]


def test_a_running_row_keeps_its_buttons_in_place(tmp_path: Path) -> None:
    """A second click on Generate hits a disabled button, not Cancel."""
    with staged(tmp_path) as stage, stage.engine.held(4):
        stage.click(f"generate-{stage.project_id}-4")
        stage.engine.wait_for_orders(1)
        stage.page.run()
        names = [f"{deed}-{stage.project_id}-4" for deed in ("generate", "preview", "cancel")]
        labels = [button.label for button in stage.page.button if button.key in names]

        assert labels == ["Generate", "Preview", "Cancel"]
        assert stage.page.button(key=f"generate-{stage.project_id}-4").disabled
        stage.click(f"cancel-{stage.project_id}-4")
        stage.until_idle(4)


def test_a_preview_shows_the_take_at_its_full_size(tmp_path: Path) -> None:
    """The dialog names the take."""
    with staged(tmp_path) as stage:
        stage.click(f"generate-{stage.project_id}-1")
        stage.until_idle(1)
        stage.page.run()
        stage.click(f"preview-{stage.project_id}-1")

        assert "SHOT 1 · take 1" in stage.html()


def test_a_click_on_a_page_that_lacks_the_newest_take_pays_nothing(tmp_path: Path) -> None:
    """The second click of a double click may come after a quick answer, but before the page shows it."""
    with staged(tmp_path) as stage:
        stage.studio.generate(stage.project_id, [1])
        stage.until_idle(1)
        stage.click(f"generate-{stage.project_id}-1")
        stage.until_idle(1)

        assert len(stage.engine.orders) == 1


def test_a_click_on_a_page_that_lacks_the_last_failure_pays_nothing(tmp_path: Path) -> None:
    """An answer without a picture is billed too: a double click gets one of them."""
    with staged(tmp_path) as stage:
        stage.engine.will(1, NoPictureError("No picture came."))
        stage.studio.generate(stage.project_id, [1])
        stage.until_idle(1)
        stage.click(f"generate-{stage.project_id}-1")
        stage.until_idle(1)
        assert len(stage.engine.orders) == 1

        stage.click(f"generate-{stage.project_id}-1")  # the page says by now why there is none
        stage.until_idle(1)
        assert len(stage.engine.orders) == 2


def test_missing_are_those_that_are_missing_when_it_is_clicked(tmp_path: Path) -> None:
    """A take that came since the page was drawn is not asked for again."""
    with staged(tmp_path) as stage:
        stage.studio.generate(stage.project_id, [1])
        stage.until_idle(1)
        stage.click(f"generate-missing-{stage.project_id}")
        for shot_id in range(1, 6):
            stage.until_idle(shot_id)

        assert sorted(order.shot.id for order in stage.engine.orders) == [1, 2, 3, 4, 5]


def test_a_click_on_a_bar_that_lacks_the_newest_takes_pays_nothing_and_says_so(tmp_path: Path) -> None:
    """Nobody else tells why nothing happens."""
    with staged(tmp_path) as stage:
        for shot_id in range(1, 6):
            stage.studio.generate(stage.project_id, [shot_id])
            stage.until_idle(shot_id)
        stage.click(f"generate-all-{stage.project_id}")

        assert [len(sheet.takes) for sheet in stage.project.sheets] == [1] * 5
        assert "nothing was asked for" in stage.html()

        stage.click(f"generate-all-{stage.project_id}")
        for shot_id in range(1, 6):
            stage.until_idle(shot_id)

        assert [len(sheet.takes) for sheet in stage.project.sheets] == [2] * 5
        assert "nothing was asked for" not in stage.html()
