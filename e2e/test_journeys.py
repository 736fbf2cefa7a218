"""Journeys of a user, in a real Chromium, on both engines."""

import io
import re
import zipfile
from pathlib import Path
from threading import Event

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from e2e.conftest import KEY, keyed
from e2e.scenes import (
    LONG_MS,
    NUMBERS,
    analyze,
    button,
    choose_sample_as_prices_come,
    follow,
    generate_all,
    has_loaded,
    picture,
    row,
    to_five_shots,
    words,
    write,
)
from e2e.stage import App, photograph, tab
from tests.provider import Answer, Provider, error_body

WIRE = "/images"
NEW = "/?project=new"
UPDATE_IN_CLICK = """addEventListener("click", () => {
    for (const listener of window.__maestro.listeners.values()) listener.fire(listener.number)
}, { capture: true, once: true })"""
"""An update of the page that one leaves, handed to Streamlit in the very click on the link that leaves it."""


def _whole_job(page: Page) -> None:
    choose_sample_as_prices_come(page)
    analyze(page, clicks=2)
    expect(page.locator("video")).to_have_count(0)  # a folded one would keep the browser drawing
    over_spine = '[class*="st-key-spine-"] [data-testid="stElementContainer"]:has([data-testid="stPageLink"])'
    expect(page.locator(over_spine)).to_have_css("opacity", "0")  # the link's own words would lie over the project's name
    generate_all(page)
    for number in NUMBERS:
        button(page, number, "Save").click()
    for number in NUMBERS:
        expect(button(page, number, "Download")).to_be_visible()
        assert has_loaded(picture(page, number))
    follow(page, "Gallery")
    frames = page.get_by_role("img", name=re.compile("Shot . take 1|Shot ., take 1"))
    expect(frames).to_have_count(len(NUMBERS))
    assert all(has_loaded(frame) for frame in frames.all())


def _downloads(page: Page) -> tuple[bytes, list[bytes]]:
    """The first frame's file and those in the ZIP."""
    with page.expect_download() as first:
        page.get_by_role("link", name=re.compile("Download shot 1", re.IGNORECASE)).click()
    with page.expect_download() as archive:
        page.get_by_role("link", name="Frames (ZIP)").click()
    with zipfile.ZipFile(archive.value.path()) as opened:
        members = [opened.read(name) for name in sorted(opened.namelist())]
    return Path(first.value.path()).read_bytes(), members


def test_a_newcomer_gets_from_the_sample_to_five_saved_frames(chromium: Browser, own_folder: Path) -> None:
    """No key, no account: sample, Analyze, Generate all, Save, Gallery, download; and it is there after a reload."""
    with App(own_folder) as app, tab(chromium, app.url) as shown:
        page = shown.open()
        photograph(page, "empty-dark")
        _whole_job(page)
        first, members = _downloads(page)
        page.emulate_media(color_scheme="light")
        photograph(page, "gallery-light")
        page.emulate_media(color_scheme="dark")
        photograph(page, "gallery-dark")
        follow(page, "Home")
        assert has_loaded(picture(page, 5))
        photograph(page, "home-dark")
        page.emulate_media(color_scheme="light")
        photograph(page, "home-light")
        follow(page, "Gallery")
        page.reload()
        frames = page.get_by_role("img", name=re.compile("Shot ., take 1|Shot . take 1"))
        expect(frames).to_have_count(len(NUMBERS))

        assert len(members) == len(NUMBERS)
        assert members[0] == first
        assert len(set(members)) == len(NUMBERS)
        assert all(Image.open(io.BytesIO(member)).size == (1024, 576) for member in members)
        expect(page.get_by_text("made on this computer", exact=False).first).to_be_visible()
        _there_and_back(page)
        assert _downloads(page)[1] == members


def _there_and_back(page: Page) -> None:
    """The project out as a bundle and in again; ends in the Gallery of the copy."""
    follow(page, "Home")
    with page.expect_download() as bundle:
        page.get_by_role("link", name=re.compile("Export ")).click()
    before = page.url
    page.get_by_role("button", name="Bring in a project").click()
    page.locator("[data-testid=stPopoverBody] input[type=file]").set_input_files(
        {"name": "project.zip", "mimeType": "application/zip", "buffer": Path(bundle.value.path()).read_bytes()}
    )
    page.wait_for_url(lambda url: url != before)
    expect(page.get_by_text("2 projects", exact=True)).to_be_visible()
    follow(page, "Gallery")
    expect(page.get_by_role("img", name=re.compile("Shot ., take 1|Shot . take 1"))).to_have_count(len(NUMBERS))


def test_the_provider_does_the_same_job(chromium: Browser, provider: Provider, own_folder: Path) -> None:
    """Through the real SDK: seven calls although Analyze is clicked twice, five pictures at once, the key in the header only."""
    with App(own_folder, keyed(provider)) as app, tab(chromium, app.url) as shown:
        _whole_job(shown.open())
        first, members = _downloads(shown.page)
        asked = [request for request in provider.requests if request.method == "POST"]

        assert len(asked) == 2 + len(NUMBERS)
        assert provider.most_in_flight <= len(NUMBERS)
        assert all(KEY in request.headers["authorization"] and KEY not in str(request.body) for request in asked)
        assert all(len(request.pictures) == 2 for request in asked[2:])
        assert first in members
        assert KEY not in app.log


def test_the_other_wire_brings_the_same_picture(chromium: Browser, provider: Provider, own_folder: Path) -> None:
    """A model that is asked through chat: one call, source frame and style picture with it, and the picture in its row."""
    with App(own_folder, keyed(provider, MAESTRO_IMAGE_WIRE="chat")) as app, tab(chromium, app.url) as shown:
        page = shown.open(NEW)
        to_five_shots(page)
        button(page, 1, "Generate").click()
        expect(picture(page, 1)).to_be_visible(timeout=LONG_MS)
        asked = [request for request in provider.requests if request.method == "POST"]

        assert has_loaded(picture(page, 1))
        assert len(asked) == 3
        assert len(asked[2].pictures) == 2


def test_rows_stand_on_their_own(chromium: Browser, provider: Provider, paid: App) -> None:
    """One fails, one never answers, one has no picture, two are good: two pictures, three sentences, and the words are kept."""
    provider.script("alpha", Answer(status=500, body=error_body(500, "boom")), is_repeated=True)
    provider.script("bravo", Answer(hangs=True))
    provider.script("charlie", Answer(body={"created": 1, "data": []}))
    with tab(chromium, paid.url) as shown:
        page = shown.open(NEW)
        to_five_shots(page)
        for number, name in enumerate(("alpha", "bravo", "charlie", "delta", "echo"), start=1):
            write(page, number, f"A {name} shot")
        page.get_by_role("button", name="Generate all").click()
        for number in (4, 5):
            expect(picture(page, number)).to_be_visible(timeout=LONG_MS)
        for number in (1, 3):
            expect(row(page, number).get_by_role("alert")).to_be_visible(timeout=LONG_MS)
        button(page, 2, "Cancel").click()
        expect(row(page, 2).get_by_role("alert")).to_contain_text("ancelled")
        photograph(page, "troubles-dark")
        provider.start_over()
        for number in (1, 2, 3):
            button(page, number, "Retry").click()
        for number in (1, 2, 3):
            expect(picture(page, number)).to_be_visible(timeout=LONG_MS)

        assert [len(provider.matching(name)) for name in ("alpha", "bravo", "charlie")] == [1, 1, 1]
        for number, name in enumerate(("alpha", "bravo", "charlie", "delta", "echo"), start=1):
            expect(words(page, number)).to_have_value(f"A {name} shot")


@pytest.mark.usefixtures("provider")
def test_what_is_being_typed_survives_a_finish_elsewhere(chromium: Browser, paid: App) -> None:
    """And a reload right after the last key."""
    with tab(chromium, paid.url) as shown:
        page = shown.open(NEW)
        to_five_shots(page)
        field = words(page, 2)
        field.press("Control+End")
        field.press_sequentially(" begun")
        page.get_by_role("button", name="Generate all").click(delay=60)
        field.press("Control+End")
        field.press_sequentially(" and ended", delay=20)
        for number in NUMBERS:
            expect(picture(page, number)).to_be_visible(timeout=LONG_MS)
        expect(field).to_have_value(re.compile(r" begun and ended$"))
        field.press_sequentially(" at last")
        page.reload()

        expect(words(page, 2)).to_have_value(re.compile(r" begun and ended at last$"), timeout=LONG_MS)


def test_a_closed_tab_loses_nothing_and_pays_once(chromium: Browser, provider: Provider, paid: App) -> None:
    """Three clicks, another page, a second tab, the tab closed: one request, one picture."""
    with tab(chromium, paid.url) as shown:
        page = shown.open(NEW)
        project = to_five_shots(page)
        gate = Event()
        provider.script(WIRE, Answer(gate=gate))
        button(page, 1, "Generate").click(click_count=3)
        provider.wait_for(1, WIRE)
        expect(button(page, 1, "Cancel")).to_be_visible()
        follow(page, "Gallery")
    with tab(chromium, paid.url) as later:
        page = later.open(f"/?project={project}")
        expect(button(page, 1, "Cancel")).to_be_visible()
        gate.set()
        expect(picture(page, 1)).to_be_visible(timeout=LONG_MS)

        assert len(provider.matching(WIRE)) == 1


def test_cancel_closes_the_connection(chromium: Browser, provider: Provider, paid: App) -> None:
    """The provider sees it, the row says what it may have cost, and Generate is there again."""
    with tab(chromium, paid.url) as shown:
        page = shown.open(NEW)
        to_five_shots(page)
        provider.script(WIRE, Answer(hangs=True))
        button(page, 3, "Generate").click()
        (request,) = provider.wait_for(1, WIRE)
        button(page, 3, "Cancel").click()

        assert request.disconnected.wait(20)
        expect(row(page, 3).get_by_role("alert")).to_contain_text("charged")
        button(page, 3, "Retry").click()
        expect(picture(page, 3)).to_be_visible(timeout=LONG_MS)


def test_two_tabs_choose_between_two_texts(chromium: Browser, offline: App) -> None:
    """No silent last writer: the second to save sees both."""
    with tab(chromium, offline.url) as first:
        project = to_five_shots(first.open(NEW))
        with tab(chromium, offline.url) as second:
            there = second.open(f"/?project={project}")
            expect(words(there, 1)).not_to_have_value("")
            words(there, 1).press("Control+End")
            words(first.page, 1).fill("A wide shot of the first tab")
            words(there, 1).press("x")  # not saved yet when the other tab's words are
            words(first.page, 1).press("Control+Enter")
            expect(there.locator(".m-fault", has_text="changed elsewhere")).to_be_visible()
            words(there, 1).press_sequentially(" of the second tab")
            expect(there.locator(".m-both")).to_contain_text("x of the second tab")
            there.get_by_role("button", name="Keep the stored words").click()
            expect(words(there, 1)).to_have_value("A wide shot of the first tab")


def test_a_clip_of_ones_own_becomes_a_project(chromium: Browser, offline: App, own_clip: Path, own_style: Path) -> None:
    """Upload, preview, Analyze."""
    with tab(chromium, offline.url) as shown:
        page = shown.open(NEW)
        page.locator(".st-key-clip-upload input[type=file]").set_input_files(own_clip)
        expect(page.get_by_text(own_clip.name).first).to_be_visible()
        page.locator(".st-key-style-upload input[type=file]").set_input_files(own_style)
        expect(page.get_by_role("button", name="ANALYZE")).to_be_enabled()
        analyze(page)

        expect(page.get_by_text("00:00", exact=False).first).to_be_visible()


def test_a_killed_app_goes_on_where_it_was(chromium: Browser, provider: Provider, own_folder: Path) -> None:
    """The picture that was there is there; the call that was under way is told as interrupted and not asked again."""
    with App(own_folder, keyed(provider)) as app, tab(chromium, app.url) as shown:
        project = to_five_shots(shown.open(NEW))
        button(shown.page, 1, "Generate").click()
        expect(picture(shown.page, 1)).to_be_visible(timeout=LONG_MS)
        provider.script(WIRE, Answer(hangs=True))
        button(shown.page, 2, "Generate").click()
        provider.wait_for(2, WIRE)
        shown.errors.clear()
        app.kill()
        shown.page.goto("about:blank")
        shown.errors.clear()
    with App(own_folder, keyed(provider)) as again, tab(chromium, again.url) as later:
        page = later.open(f"/?project={project}")
        expect(picture(page, 1)).to_be_visible(timeout=LONG_MS)
        told = page.get_by_role("status").filter(has_text="charged")
        expect(told).to_be_visible()
        page.get_by_role("button", name="Dismiss").click()
        expect(told).to_have_count(0)

        assert len(provider.matching(WIRE)) == 2


def test_shots_keeps_every_take_and_brings_a_deleted_one_back(chromium: Browser, offline: App) -> None:
    """Two takes, compared with their source frame; delete, undo; words undone and redone."""
    with tab(chromium, offline.url) as shown:
        page = shown.open(NEW)
        to_five_shots(page)
        button(page, 1, "Generate").click()
        expect(picture(page, 1)).to_be_visible(timeout=LONG_MS)
        write(page, 1, "Close-up on the middle of the frame")
        button(page, 1, "Generate").click()
        expect(picture(page, 1, take=2)).to_be_visible(timeout=LONG_MS)
        page.evaluate(UPDATE_IN_CLICK)
        follow(page, "Shots")
        expect(page.get_by_role("heading", name="2 takes")).to_be_visible()
        photograph(page, "shots-dark")
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_role("heading", name="1 take", exact=True)).to_be_visible()
        page.locator(".st-key-taken-away").get_by_role("button", name="Undo").click()
        expect(page.get_by_role("heading", name="2 takes")).to_be_visible()
        page.locator(".st-key-history").get_by_role("button", name="Undo").click()
        expect(words(page, 1)).not_to_have_value("Close-up on the middle of the frame")
        page.locator(".st-key-history").get_by_role("button", name="Redo").click()

        expect(words(page, 1)).to_have_value("Close-up on the middle of the frame")


def test_a_telephone_shows_everything_without_scrolling_sideways(chromium: Browser, offline: App) -> None:
    """At 390 px, in both schemes, on all three pages."""
    with tab(chromium, offline.url, width_px=390, height_px=844) as shown:
        page = shown.open(NEW)
        to_five_shots(page)
        button(page, 1, "Generate").click()
        expect(picture(page, 1)).to_be_visible(timeout=LONG_MS)
        button(page, 1, "Save").click()
        expect(button(page, 1, "Download")).to_be_visible()
        for name in ("Home", "Shots", "Gallery"):
            if name != "Home":
                follow(page, name)
                expect(page.get_by_role("img", name=re.compile("take 1")).first).to_be_visible()
                expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
                photograph(page, f"{name.lower()}-{scheme}-narrow")

            assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
