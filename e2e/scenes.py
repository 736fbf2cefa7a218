"""What a user does, in words of the page; every step waits for what the user would see."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

NUMBERS = range(1, 6)
LONG_MS = 120_000
"""What an analysis or five pictures may take on a loaded machine."""
ASK = """parts => {
    const isThat = ({ topics }) => topics.map(topic => topic.split("/")[1]).join() === parts
    const listener = [...window.__maestro.listeners.values()].find(isThat)
    window.__maestro.ask(listener, listener.number)
}"""
"""Has that part of the page drawn, as if something had changed there. Parts are named by what they listen to."""
MARK_ENDED = """() => {
    const app = document.querySelector("[data-testid=stApp]")
    const ended = () => app.dataset.testScriptState === "notRunning" && app.setAttribute("data-ended", "1")
    new MutationObserver(ended).observe(app, { attributeFilter: ["data-test-script-state"] })
}"""
SIDEBAR, BODY = "models", "project,analysis"


def choose_sample(page: Page) -> None:
    """Both inputs in one click."""
    page.get_by_role("button", name="Try the sample").click()
    expect(page.get_by_role("button", name="ANALYZE")).to_be_enabled()


def choose_sample_as_prices_come(page: Page) -> None:
    """The same, with a click that leaves the browser in one message with the sidebar's wish to be drawn."""
    sample = page.get_by_role("button", name="Try the sample")
    sample.evaluate(f"button => {{ ({ASK})('{SIDEBAR}'); button.click() }}")
    expect(page.get_by_role("button", name="ANALYZE")).to_be_enabled()


def escape_while_drawn(page: Page) -> None:
    """Escape in a dialog of Home that a run under way is drawing once more; it closes and stays closed."""
    page.evaluate(MARK_ENDED)
    page.evaluate(ASK, BODY)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator("[data-testid=stApp][data-ended][data-test-script-state=notRunning]").wait_for()
    expect(page.get_by_role("dialog")).to_have_count(0)


def analyze(page: Page, clicks: int = 1) -> str:
    """From the chosen inputs to five shots; the project's id."""
    page.get_by_role("button", name="ANALYZE").click(click_count=clicks)
    for number in NUMBERS:
        expect(words(page, number)).not_to_have_value("", timeout=LONG_MS)
    return parse_qs(urlsplit(page.url).query)["project"][0]


def to_five_shots(page: Page) -> str:
    """The sample, analysed; the project's id."""
    choose_sample(page)
    return analyze(page)


def row(page: Page, number: int) -> Locator:
    """A shot's row on Home."""
    return page.locator(f".st-key-row-{number}")


def words(page: Page, number: int) -> Locator:
    """A shot's text field, on Home or Shots."""
    return page.get_by_label(f"Words of shot {number}", exact=True)


def button(page: Page, number: int, name: str) -> Locator:
    """A button of a row."""
    return row(page, number).get_by_role("button", name=name, exact=True)


def picture(page: Page, number: int, take: int = 1) -> Locator:
    """The picture of that take in its row."""
    return row(page, number).get_by_role("img", name=re.compile(rf"Shot {number}, take {take}:"))


def write(page: Page, number: int, text: str) -> None:
    """Types it in the place of what stood there, and leaves the field."""
    field = words(page, number)
    field.fill(text)
    field.press("Control+Enter")
    expect(row(page, number).get_by_role("status").last).not_to_have_text("text not saved")


def generate_all(page: Page) -> None:
    """Five takes, seen."""
    page.get_by_role("button", name="Generate all").click()
    for number in NUMBERS:
        expect(picture(page, number)).to_be_visible(timeout=LONG_MS)


def has_loaded(picture: Locator) -> bool:
    """Whether the browser could draw it."""
    return bool(picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)"))


def choose(page: Page, label: re.Pattern[str], option: str) -> None:
    """From a list that opens; brought into view first, for it closes when the page scrolls under it."""
    field = page.get_by_label(label)
    field.scroll_into_view_if_needed()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    field.click()
    page.get_by_role("option", name=option).click()


def follow(page: Page, name: str) -> None:
    """A link of the sidebar; on a narrow page that is opened first."""
    opener = page.get_by_test_id("stExpandSidebarButton")
    if opener.is_visible():
        opener.click()
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True)
    expect(link).to_be_in_viewport()
    link.click()
    expect(page).to_have_title(re.compile(name))
