"""Dialogs that close when they should: dialogs.js in real Chromium, with hand-written ones that close as Streamlit's do."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.ui.still import still

DIALOG = """() => {
    window.escapes = 0
    document.body.insertAdjacentHTML("beforeend", "<div class=stDialog><section role=dialog tabindex=-1>Money</section></div>")
    const shown = document.querySelector(".stDialog")
    const heard = event => { if (event.key === "Escape") { escapes += 1; shown.remove() } }
    shown.addEventListener("keydown", heard)
    shown.firstChild.focus()
}"""


@pytest.fixture(name="page")
def _page() -> Iterator[Page]:
    with still("<main><button>Save</button></main>", "dialogs.js") as page:
        yield page


def test_a_dialog_that_a_run_under_way_opens_again_is_closed_again(page: Page) -> None:
    """The user has closed it, and has touched nothing since."""
    page.evaluate(DIALOG)
    page.keyboard.press("Escape")
    page.evaluate(DIALOG)

    expect(page.locator(".stDialog")).to_have_count(0)
    assert page.evaluate("escapes") == 1


def test_a_dialog_that_was_closed_by_a_click_beside_it_is_closed_again_too(page: Page) -> None:
    """Press and click are one deed."""
    page.evaluate(DIALOG)
    page.locator(".stDialog").evaluate("dialog => { dialog.style.padding = '40px' }")
    page.locator(".stDialog").click(position={"x": 5, "y": 5}, force=True, no_wait_after=True)
    page.locator(".stDialog").evaluate("dialog => dialog.remove()")
    page.evaluate(DIALOG)

    expect(page.locator(".stDialog")).to_have_count(0)


def test_a_dialog_that_the_user_opens_again_stays(page: Page) -> None:
    """Whatever is touched after it was closed may be what opens it."""
    page.evaluate(DIALOG)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save").click(force=True, no_wait_after=True)
    page.evaluate(DIALOG)
    page.clock.run_for(1000)

    expect(page.locator(".stDialog")).to_have_count(1)
    assert page.evaluate("escapes") == 0


def test_escape_closes_a_dialog_whose_button_was_disabled_by_its_own_click(page: Page) -> None:
    """The keyboard has no place then, and the key goes to the page."""
    page.evaluate(DIALOG)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Escape")

    expect(page.locator(".stDialog")).to_have_count(0)


def test_escape_that_closes_a_list_leaves_the_dialog_open(page: Page) -> None:
    """One thing at a time."""
    page.evaluate(DIALOG)
    page.evaluate("document.activeElement.blur(); document.body.insertAdjacentHTML('beforeend', '<ul data-baseweb=popover></ul>')")
    page.keyboard.press("Escape")

    expect(page.locator(".stDialog")).to_have_count(1)
