"""Journeys of a user whose pictures cost money: prices, caps, what the model saw."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e.conftest import keyed
from e2e.scenes import LONG_MS, button, follow, picture, row, to_five_shots, words
from e2e.stage import App, photograph, tab
from tests.provider import CONTEXT, PICTURE_COST_USD, TEXT_COST_USD, Provider

WIRE = "/images"
CAP_USD = 2 * TEXT_COST_USD + 1.5 * PICTURE_COST_USD
"""The analysis and one picture, but not two."""


def _money(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Money")


def _close(dialog: Locator) -> None:
    dialog.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_money_is_told_before_the_click_and_adds_up_after_it(chromium: Browser, provider: Provider, own_folder: Path) -> None:
    """Price, a cap that refuses, the way to raise it, and the provider's own sum, to the cent."""
    settings = keyed(provider, MAESTRO_PROJECT_CAP_USD=f"{CAP_USD:.4f}")
    with App(own_folder, settings) as app, tab(chromium, app.url) as shown:
        page = shown.open("/?project=new")
        to_five_shots(page)
        expect(row(page, 1).locator(".m-price")).to_contain_text("about $0.0")
        button(page, 1, "Generate").click()
        expect(picture(page, 1)).to_be_visible(timeout=LONG_MS)
        page.get_by_role("button", name="Generate missing").click()
        refusal = page.locator(".st-key-bar").get_by_role("alert")
        expect(refusal).to_contain_text("cap")
        photograph(page, "cap-dark")
        assert len(provider.matching(WIRE)) == 1

        page.locator(".st-key-bar").get_by_role("button", name="Raise the cap").click()
        field = _money(page).get_by_label("A project may cost, in dollars")
        expect(field).to_be_focused()
        field.fill("5")
        field.press("Enter")
        expect(page.locator(".m-sum")).to_contain_text("of $5.00")
        photograph(page, "money-dark")
        _close(_money(page))
        page.get_by_role("button", name="Generate missing").click()
        for number in range(2, 6):
            expect(picture(page, number)).to_be_visible(timeout=LONG_MS)
        expect(refusal).to_have_count(0)
        page.get_by_role("button", name="Sums and caps").click()
        total = _money(page).locator(".m-sums tfoot")

        expect(total).to_contain_text(f"${provider.billed_usd:.4f}")
        assert provider.billed_usd == pytest.approx(2 * TEXT_COST_USD + 5 * PICTURE_COST_USD)


def test_what_the_model_saw_is_on_one_sheet(chromium: Browser, provider: Provider, paid: App) -> None:
    """Prompt, pictures in their order and raw answer: of the analysis, and of a take."""
    with tab(chromium, paid.url) as shown:
        page = shown.open("/?project=new")
        to_five_shots(page)
        sheet = page.get_by_role("dialog", name="What the model saw")
        page.get_by_role("button", name="What the model saw").click()
        expect(sheet.get_by_role("img", name=re.compile("Picture 5"))).to_be_visible()
        expect(sheet).to_contain_text(CONTEXT["setting"])
        photograph(page, "saw-context-dark")
        sheet.get_by_role("radio", name="Director").click()
        expect(sheet).to_contain_text("View number 5 of the woman")
        _close(sheet)
        button(page, 2, "Generate").click()
        expect(picture(page, 2)).to_be_visible(timeout=LONG_MS)
        follow(page, "Shots")
        page.get_by_role("radio", name="SHOT 2").click()
        page.get_by_role("button", name="What the model saw").click()
        (request,) = provider.matching(WIRE)

        expect(sheet.get_by_role("img", name=re.compile("Picture . "))).to_have_count(0)
        expect(sheet.get_by_role("img")).to_have_count(len(request.pictures))
        expect(sheet).to_contain_text(request.words[:80])
        expect(words(page, 2)).not_to_have_value("")
        photograph(page, "saw-take-dark")
