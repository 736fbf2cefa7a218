"""What is being typed, in the browser: drafts.js in real Chromium, on a page with one field."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from e2e.browser import LAUNCH, executable
from maestro.config import ROOT

SOURCE = (ROOT / "maestro" / "ui" / "browser" / "drafts.js").read_text(encoding="utf-8")
STAGE = '<title>Home</title><div class="st-key-words"><textarea aria-label="Words">old</textarea></div>'
DRAW = """
  async ([saved, source]) => {
    window.draw ??= (await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })))).default
    window.host ??= {}
    window.told ??= []
    draw({
      data: { field: "words", draft: "p/1", saved, dropped: "" },
      parentElement: host,
      setTriggerValue: (_, draft) => told.push(draft),
    })
  }
"""


@pytest.fixture(name="page")
def _page(tmp_path: Path) -> Iterator[Page]:
    """Of a file: only a page with an address of its own may remember anything."""
    stage = tmp_path / "stage.html"
    stage.write_text(STAGE, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(LAUNCH))
        page = browser.new_page()
        page.goto(stage.as_uri())
        page.evaluate(DRAW, ["old", SOURCE])
        yield page
        browser.close()


def test_words_that_are_being_typed_come_back_when_stored_ones_took_their_place(page: Page) -> None:
    """Before the next key, which would else go to the stored ones; the server hears of both."""
    field = page.get_by_label("Words")
    field.press("Control+End")
    field.press("x")
    field.evaluate("field => { field.value = 'of another tab' }")
    page.evaluate(DRAW, ["of another tab", SOURCE])
    field.press_sequentially(" and on")

    expect(field).to_have_value("oldx and on")
    assert page.evaluate("told") == [{"text": "oldx", "base": "old", "shown": True}]


def test_a_key_follows_the_one_before_it_also_when_the_field_was_drawn_late(page: Page) -> None:
    """The component heard of the stored words before the field showed them; the caret stays where it was."""
    field = page.get_by_label("Words")
    field.press("Home")
    field.press("x")
    page.evaluate(DRAW, ["of another tab", SOURCE])
    field.evaluate("field => { field.value = 'of another tab' }")
    field.press_sequentially("yz")

    expect(field).to_have_value("xyzold")


def test_who_comes_back_to_a_field_types_on_in_the_words_that_it_shows(page: Page) -> None:
    """A click on Undo may have put others there."""
    field = page.get_by_label("Words")
    field.press("End")
    field.press("x")
    field.blur()
    field.evaluate("field => { field.value = 'older' }")
    field.press("End")
    field.press("y")

    expect(field).to_have_value("oldery")


def test_words_that_nobody_was_typing_make_way_for_stored_ones(page: Page) -> None:
    """Nothing is told, nothing is put back."""
    field = page.get_by_label("Words")
    field.evaluate("field => { field.value = 'of another tab' }")
    page.evaluate(DRAW, ["of another tab", SOURCE])

    expect(field).to_have_value("of another tab")
    assert page.evaluate("told") == []
