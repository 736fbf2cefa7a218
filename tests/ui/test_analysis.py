"""Analysis on the page: its steps, its failures, the context that can be edited."""

from pathlib import Path

from maestro.errors import ProviderError
from tests.ui.home import staged


def test_a_second_click_on_ask_again_pays_nothing(tmp_path: Path) -> None:
    """It may come after a quick answer, but before the page shows it."""
    with staged(tmp_path) as stage:
        stage.studio.direct_again(stage.project_id)
        stage.until_analysed(stage.project_id)
        stage.click(f"direct-again-{stage.project_id}")
        stage.until_analysed(stage.project_id)

        assert stage.engine.asked.count("direct") == 1


def test_an_edited_context_is_what_the_director_gets(tmp_path: Path) -> None:
    """One field changed, the others are left as they were."""
    with staged(tmp_path) as stage:
        stage.type("setting", "A harbour")
        stage.click(f"direct-again-{stage.project_id}")
        stage.until_analysed(stage.project_id)

        (context,) = stage.engine.directed_from
        assert (context.setting, context.main_action) == ("A harbour", "A rabbit wakes")


def test_a_failed_step_says_why_and_can_be_repeated(tmp_path: Path) -> None:
    """From the frames that the project keeps."""
    with staged(tmp_path) as stage:
        stage.engine.will("direct", ProviderError("The director is out.", may_be_charged=False))
        stage.click(f"direct-again-{stage.project_id}")
        stage.until_analysed(stage.project_id)
        stage.page.run()

        assert "The director is out." in stage.html()
        stage.click(f"retry-analysis-{stage.project_id}")
        stage.until_analysed(stage.project_id)
        stage.page.run()
        assert "The director is out." not in stage.html()


def test_the_page_names_the_step_that_runs(tmp_path: Path) -> None:
    """And offers to cancel it."""
    with staged(tmp_path) as stage, stage.engine.held("direct"):
        stage.click(f"direct-again-{stage.project_id}")
        stage.engine.wait_for_step("direct")
        stage.page.run()

        assert '<li class="m-now" aria-current="step">Director</li>' in stage.html()
        stage.click(f"cancel-analysis-{stage.project_id}")
        stage.until_analysed(stage.project_id)
