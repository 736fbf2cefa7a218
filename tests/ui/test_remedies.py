"""What mends a failure: each remedy has its button, on a page of its own over a fake studio."""

from collections.abc import Iterator
from dataclasses import replace as changed
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from maestro.config import Settings
from maestro.errors import CapError, Remedy
from maestro.types import RowState, RowStatus, Survey
from maestro.ui import engine
from maestro.ui.studio import replace
from tests.fakes import until
from tests.ui import NOW, FakeStudio

FAILED = RowStatus(RowState.FAILED, "It broke *here*.", "Do this.")


@pytest.fixture(name="studio")
def _studio(tmp_path: Path) -> Iterator[FakeStudio]:
    studio = FakeStudio(tmp_path)
    replace(studio)
    yield studio
    replace(None)


def page(failure: RowStatus, retries: list[str], retry_label: str | None = "Retry") -> AppTest:
    """Nothing but the failure."""

    def draw(failure: "RowStatus", retries: list[str], retry_label: str | None) -> None:
        from maestro.ui import remedies  # noqa: PLC0415 - AppTest runs this function's text alone

        remedies.show(
            "here",
            failure,
            project_id="meadow-1",
            step="image",
            retry=lambda: retries.append("asked"),
            retry_label=retry_label,
        )
        remedies.at("there", "meadow-1")

    return AppTest.from_function(draw, default_timeout=60, args=(failure, retries, retry_label)).run()


def labels(shown: AppTest) -> list[str]:
    """What can be pressed."""
    assert not shown.exception
    return [button.label for button in shown.button] + [link.proto.label for link in shown.get("link_button")]


def html(shown: AppTest) -> str:
    """Everything that the page draws by itself."""
    return "\n".join(element.proto.body for element in shown.get("html"))


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("remedy", "wanted"),
    [
        (Remedy.RETRY, ["Retry"]),
        (Remedy.WORDS, ["Retry"]),
        (Remedy.WAIT, ["Retry"]),
        (Remedy.KEY, ["Check connection"]),
        (Remedy.CREDIT, ["Retry", "Add credit"]),
        (Remedy.CAP, ["Raise the cap"]),
        (Remedy.SETTING, []),
    ],
)
def test_each_remedy_has_its_button(remedy: Remedy, wanted: list[str]) -> None:
    """And no other one."""
    assert labels(page(changed(FAILED, remedy=remedy), [])) == wanted


@pytest.mark.usefixtures("studio")
def test_a_retry_that_stands_elsewhere_is_not_offered_twice() -> None:
    """As in a row, whose Generate becomes Retry."""
    assert labels(page(FAILED, [], retry_label=None)) == []


def test_no_credit_page_is_offered_for_another_provider(studio: FakeStudio) -> None:
    """It would be the wrong one."""
    studio.settings = Settings.model_validate({"workspace": studio.folder, "base_url": "http://127.0.0.1:9/api/v1"})

    assert labels(page(changed(FAILED, remedy=Remedy.CREDIT), [])) == ["Retry"]


def test_a_successor_is_asked_only_with_the_users_word(studio: FakeStudio) -> None:
    """Its name stands on the button as it is, markdown and all; the click chooses it and asks again."""
    retries: list[str] = []
    gone = changed(FAILED, remedy=Remedy.MODEL, fallback_models=("vendor/paint_2:free", "vendor/paint-3"))
    shown = page(gone, retries)

    assert labels(shown) == ["Use vendor/paint\\_2\\:free", "Use vendor/paint-3"]
    assert (studio.models.profile("image").id, retries) == ("vendor/paint-1", [])
    shown.button(key="use-0-here").click().run()
    assert (studio.models.profile("image").id, retries) == ("vendor/paint_2:free", ["asked"])


@pytest.mark.usefixtures("studio")
def test_what_came_back_and_what_it_cost_can_be_read() -> None:
    """Word for word, never as markup."""
    shown = page(changed(FAILED, raw="<b>no</b> https://example.org/x.png", cost_usd=0.04), [])

    assert "<b>It broke *here*.</b> Do this." in html(shown)
    assert "It cost $0.04." in html(shown)
    assert [code.value for code in shown.code] == ["<b>no</b> https://example.org/x.png"]


def test_what_a_check_finds_stands_where_it_was_asked_for(studio: FakeStudio) -> None:
    """The sidebar, which says so too, is out of sight on a narrow page; what was found earlier is not shown as news."""
    studio.paper.found = Survey(NOW, None, (), ("The key was not accepted.",))
    shown = page(changed(FAILED, remedy=Remedy.KEY), [])
    assert "The key was not accepted." not in html(shown)
    studio.paper.next_found = Survey(datetime.now(UTC) + timedelta(hours=1), None, (), ("The key is not accepted.",))
    shown.button(key="check-here").click().run()
    until(studio.events, lambda: not engine.is_checking())

    assert "The key is not accepted." in html(shown.run())


@pytest.mark.usefixtures("studio")
def test_a_click_that_a_cap_refused_can_raise_it() -> None:
    """The sheet with the caps opens at the cap that refused."""
    shown = page(FAILED, [])
    shown.session_state["maestro-message-there"] = CapError("It would cost $1.", scope="day", cap_usd=0.5)
    shown.run()

    assert "It would cost $1." in html(shown)
    shown.button(key="cap-there").click().run()
    assert shown.session_state["maestro-sheet"].subject == "day"
