"""What Streamlit lacks for those who hear the page or use its keyboard: access.js in real Chromium, on a page changed by hand."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.ui.still import still

STAGE = """
  <title>Home</title>
  <div data-testid="stApp" data-test-script-state="notRunning">
    <div class="st-key-row-1"><div data-testid="stHtml"><p role="status">text saved</p></div>
      <div class="st-key-actions-1"><button>Generate</button><button>Preview</button></div></div>
    <div data-testid="stCode"><pre style="height: 40px; overflow: auto">short</pre></div>
  </div>
"""
STATUS = "words => { document.querySelector('[role=status]').outerHTML = `<p role=status>${words}</p>` }"
LONG_MS = 5000


@pytest.fixture(name="page")
def _page() -> Iterator[Page]:
    """A page that has been open for a while; time stands still but for `run_for`."""
    with still(STAGE, "access.js") as page:
        page.clock.run_for(LONG_MS)
        yield page


def test_a_status_is_said_once_when_its_words_change(page: Page) -> None:
    """What is drawn anew with the same words says nothing; what was said goes from the page again."""
    voice = page.locator("[data-live-announcer]")
    page.evaluate(STATUS, "text saved")
    page.clock.run_for(200)
    expect(voice).to_have_text("")

    page.evaluate(STATUS, "running")
    page.clock.run_for(200)
    expect(voice).to_have_text("running")
    page.clock.run_for(LONG_MS)

    expect(voice).to_have_text("")


def test_a_button_that_was_disabled_by_its_own_press_has_the_keyboard_again(page: Page) -> None:
    """As soon as it can be pressed again."""
    generate = page.get_by_role("button", name="Generate")
    generate.focus()
    page.keyboard.press("Enter")
    generate.evaluate("button => { button.disabled = true; button.blur() }")
    page.clock.run_for(500)
    generate.evaluate("button => { button.disabled = false }")
    page.clock.run_for(500)

    expect(generate).to_be_focused()


def test_where_a_button_went_away_the_nearest_one_has_the_keyboard(page: Page) -> None:
    """Of its own container first."""
    page.get_by_role("button", name="Generate").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Generate").evaluate("button => button.remove()")
    page.clock.run_for(2000)

    expect(page.get_by_role("button", name="Preview")).to_be_focused()


def test_who_uses_the_mouse_is_given_no_place(page: Page) -> None:
    """A key that is pressed later should not land on a button."""
    page.get_by_role("button", name="Generate").click(force=True, no_wait_after=True)
    page.get_by_role("button", name="Generate").evaluate("button => button.remove()")
    page.clock.run_for(2000)

    expect(page.get_by_role("button", name="Preview")).not_to_be_focused()


def test_what_is_longer_than_its_box_can_be_scrolled_by_keyboard(page: Page) -> None:
    """And what is not stands in nobody's way."""
    text = page.locator("pre")
    assert text.get_attribute("tabindex") is None

    text.evaluate("pre => { pre.innerHTML = Array(30).fill('<i>words</i>').join('\\n') }")
    page.clock.run_for(200)

    expect(text).to_have_attribute("tabindex", "0")


def test_what_becomes_longer_than_its_box_as_the_window_shrinks_can_be_scrolled_too(page: Page) -> None:
    """Nothing of the page itself changes then."""
    text = page.locator("pre")
    text.evaluate("pre => { pre.innerHTML = '<i>words</i>'; pre.style.height = '20vh' }")
    page.clock.run_for(200)
    assert text.get_attribute("tabindex") is None

    page.set_viewport_size({"width": 400, "height": 40})

    expect(text).to_have_attribute("tabindex", "0")
