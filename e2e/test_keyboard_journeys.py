"""A journey without a mouse."""

import re

from playwright.sync_api import Browser, Page, expect

from e2e.scenes import LONG_MS, button, picture, words
from e2e.stage import App, photograph, tab

STEPS = 60


def _tab_to(page: Page, name: str) -> None:
    """On with the tabulator until the button of that name has the focus."""
    wanted = page.get_by_role("button", name=name, exact=True)
    expect(wanted).to_be_enabled()
    for _ in range(STEPS):
        if wanted.evaluate("button => button === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not within {STEPS} steps")


def test_the_keyboard_alone_leads_from_the_sample_to_a_saved_frame(chromium: Browser, offline: App) -> None:
    """Both inputs, Analyze, one shot, Save, the Gallery's large picture beside its source frame; all keys are listed under `?`."""
    with tab(chromium, offline.url) as shown:
        page = shown.open("/?project=new")
        press = page.keyboard.press
        for name in ("Try the sample", "ANALYZE"):
            _tab_to(page, name)
            press("Enter")
        expect(words(page, 5)).not_to_have_value("", timeout=LONG_MS)
        expect(page.get_by_role("button", name="Keyboard")).to_be_visible()
        press("?")
        listed = page.get_by_role("dialog", name="Keyboard")
        expect(listed).to_contain_text("Generate this shot")
        photograph(page, "keyboard-dark")
        press("Escape")
        expect(listed).to_have_count(0)

        press("1")
        expect(page.locator('html[data-maestro-row="1"]')).to_have_count(1)
        press("g")
        expect(picture(page, 1)).to_be_visible(timeout=LONG_MS)
        expect(button(page, 1, "Save")).to_be_enabled()
        press("s")
        expect(button(page, 1, "Download")).to_be_visible()
        press("l")
        expect(page).to_have_title(re.compile("Gallery"))
        _tab_to(page, "Look at shot 1, take 1")
        press("Enter")
        large = page.get_by_role("dialog", name="Frame")
        expect(large.get_by_text("1 of 1")).to_be_visible()
        expect(large.get_by_role("switch", name="Compare with its source frame")).to_be_enabled()
        press("b")
        expect(large.get_by_role("slider")).to_be_visible()
        photograph(page, "compare-dark")
        with page.expect_download() as taken:
            press("d")

        assert taken.value.suggested_filename == "shot-01_take-01.png"
