"""Journeys of a user whose provider has a bad day, and who wants another shot or another look."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from e2e.conftest import keyed
from e2e.scenes import LONG_MS, button, choose, follow, picture, row, to_five_shots, words, write
from e2e.stage import App, photograph, tab
from tests.provider import IMAGE_MODELS, SHOT_AGAIN, Answer, Provider, error_body, images_body

WIRE = "/images"
WAIT_S = 6
LATER = Answer(status=429, headers={"Retry-After": str(WAIT_S)}, body=error_body(429, "Rate limited"))
GONE = Answer(status=404, body=error_body(404, "No endpoints found"))
BROKE = Answer(status=402, body=error_body(402, "Insufficient credits"))


def test_every_fault_has_the_button_that_mends_it(chromium: Browser, provider: Provider, own_folder: Path) -> None:
    """A wait counts down and goes on by itself; a model that is gone names another; no credit ends the batch; a cost is told."""
    provider.script("alpha", LATER)
    provider.script("bravo", GONE)
    provider.script("charlie", Answer(body=images_body()))
    provider.script("delta", BROKE)
    with App(own_folder, keyed(provider, MAX_CONCURRENT_REQUESTS="1")) as app, tab(chromium, app.url) as shown:
        page = shown.open("/?project=new")
        to_five_shots(page)
        for number, name in enumerate(("alpha", "bravo", "charlie", "delta", "echo"), start=1):
            write(page, number, f"A {name} shot")

        button(page, 1, "Generate").click()
        expect(row(page, 1).locator(".m-clock")).to_contain_text(re.compile(r"trying again in [1-4] s"))
        expect(picture(page, 1)).to_be_visible(timeout=LONG_MS)
        page.get_by_role("button", name="Generate missing").click()
        for number in (2, 3, 4, 5):
            expect(row(page, number).get_by_role("alert")).to_be_visible(timeout=LONG_MS)
        expect(row(page, 3).get_by_role("alert")).to_contain_text("It cost $0.04.")
        expect(row(page, 4).get_by_role("alert")).to_contain_text("credit")
        assert not provider.matching("echo")
        photograph(page, "faults-dark")

        button(page, 2, f"Use {IMAGE_MODELS[1]}").click()
        expect(picture(page, 2)).to_be_visible(timeout=LONG_MS)
        for number in (4, 5):
            button(page, number, "Retry").click()
            expect(picture(page, number)).to_be_visible(timeout=LONG_MS)

        assert [request.body["model"] for request in provider.matching("bravo")] == list(IMAGE_MODELS)
        assert provider.matching("echo")[0].body["model"] == IMAGE_MODELS[1]


def test_one_shot_is_thought_anew_and_looks_like_an_earlier_take(chromium: Browser, provider: Provider, paid: App) -> None:
    """A hint for one shot, and the old words back; then another source frame and an anchor, which the provider gets."""
    with tab(chromium, paid.url) as shown:
        page = shown.open("/?project=new")
        to_five_shots(page)
        before = [words(page, number).input_value() for number in (1, 2)]
        button(page, 2, "New idea").click()
        page.get_by_role("textbox", name="A hint for the director, if you like").fill("from below")
        page.get_by_role("button", name="Ask the director for this shot").click()
        expect(words(page, 2)).to_have_value(re.compile(re.escape(SHOT_AGAIN["action"])), timeout=LONG_MS)
        assert "from below" in provider.matching("schema:shot")[0].words
        expect(words(page, 1)).to_have_value(before[0])
        button(page, 2, "Undo").click()
        expect(words(page, 2)).to_have_value(before[1])

        button(page, 1, "Generate").click()
        expect(picture(page, 1)).to_be_visible(timeout=LONG_MS)
        (usual,) = provider.matching(WIRE)
        follow(page, "Shots")
        expect(page.get_by_role("heading", name="1 take", exact=True)).to_be_visible()
        frames = page.locator(".st-key-frames")
        frames.get_by_role("button").last.click()
        expect(frames.get_by_role("img").last).to_have_attribute("alt", re.compile("used"))
        choose(page, re.compile("^Anchor"), "shot 1, take 1")
        expect(page.get_by_role("img", name=re.compile("^Anchor"))).to_be_visible()
        photograph(page, "references-dark")
        page.locator(".st-key-shoot").get_by_role("button", name="Generate").click()
        _, other = provider.wait_for(2, WIRE)

        expect(page.get_by_role("heading", name="2 takes")).to_be_visible(timeout=LONG_MS)
        assert [len(usual.pictures), len(other.pictures)] == [2, 3]
        assert len(set(usual.pictures) & set(other.pictures)) == 1, "the style stays, the source frame is another"
