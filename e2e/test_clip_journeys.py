"""Journeys of a user with a clip that is too long, or that a telephone took."""

import re
from pathlib import Path

import httpx2
from playwright.sync_api import Browser, Page, expect

from e2e.scenes import LONG_MS, analyze, escape_while_drawn
from e2e.stage import App, photograph, tab
from tests import clips

NEW = "/?project=new"
UPLOAD = ".st-key-clip-upload input[type=file]"
STYLE = ".st-key-style-upload input[type=file]"


def test_a_clip_that_is_too_long_is_used_only_with_a_word(chromium: Browser, offline: App, too_long: Path, own_style: Path) -> None:
    """It is said on the page and no byte is sent, until the user says that its beginning will do."""
    sent: list[str] = []
    with tab(chromium, offline.url) as shown:
        page = shown.open(NEW)
        page.on("request", lambda request: sent.append(request.url) if "upload_file" in request.url else None)
        page.locator(UPLOAD).set_input_files(too_long)
        refusal = page.get_by_role("alert").filter(has_text="lasts 40.0 s")
        expect(refusal).to_be_visible()
        assert not sent
        photograph(page, "too-long-dark")

        refusal.get_by_role("button", name="Use its first 30 s").click()
        expect(page.get_by_text("only its first 30 s", exact=False)).to_be_visible(timeout=LONG_MS)
        expect(refusal).to_be_hidden()
        page.locator(STYLE).set_input_files(own_style)
        analyze(page)
        times = page.locator(".m-film span").all_inner_texts()

        assert max(times) < "00:30", times
        assert sent


def test_a_telephones_clip_is_upright_and_its_frames_can_be_chosen(
    chromium: Browser, offline: App, phone_clip: Path, own_style: Path
) -> None:
    """Portrait by a flag only; another source frame, another one for the director, and evenly again."""
    with tab(chromium, offline.url) as shown:
        page = shown.open(NEW)
        page.locator(UPLOAD).set_input_files(phone_clip)
        video = page.locator("video")
        expect(video).to_be_visible()
        page.wait_for_function("document.querySelector('video')?.videoWidth > 0")
        assert video.evaluate("video => video.videoHeight > video.videoWidth")
        page.locator(STYLE).set_input_files(own_style)
        analyze(page)
        even = _numbers(page)
        assert len(set(even)) == 5

        page.get_by_role("button", name="Choose another frame in place of source frame 2").click()
        dialog = page.get_by_role("dialog", name="Choose frames")
        expect(dialog.get_by_role("option").first).to_be_visible(timeout=LONG_MS)
        dialog.get_by_role("button", name="Frame on").click()
        expect(dialog.get_by_text(f"frame {even[1] + 2}", exact=False)).to_be_visible()
        expect(dialog.get_by_role("radio", name="2")).to_be_checked()
        photograph(page, "choose-frames-dark")
        dialog.get_by_role("button", name="Use this frame as number 2").click()
        expect(dialog.get_by_text("source frame 2", exact=False)).to_be_visible()
        dialog.get_by_role("radio", name="Director").click()
        dialog.get_by_role("option").first.click()
        dialog.get_by_role("button", name="Let the director see this one").click()
        expect(dialog.get_by_text("seen by the director", exact=False)).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(page.locator(".m-notice", has_text="The frames changed since the context was written")).to_be_visible()
        assert _numbers(page) == [even[0], even[1] + 1, *even[2:]]
        photograph(page, "frames-changed-dark")

        page.get_by_role("button", name="Choose another frame in place of source frame 2").click()
        dialog.get_by_role("button", name="Even").click()
        expect(dialog.get_by_text("Choosing", exact=False)).to_have_count(0)
        escape_while_drawn(page)
        expect(page.locator(".m-film .m-directors")).to_have_count(1)

        assert _numbers(page) == even


def _numbers(page: Page) -> list[int]:
    """What each picture of the filmstrip shows: it is read from its pixels, and only when it is upright."""
    sources = [str(image.evaluate("image => image.src")) for image in page.locator(".m-film img").all()]
    return [clips.number_on(httpx2.get(re.sub(r"\?.*", "", source)).content) for source in sources]
