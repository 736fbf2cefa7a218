"""A page in real Chromium on which one of our scripts runs and time stands still: what happens to it is the test's."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from e2e.browser import LAUNCH, executable
from maestro.config import ROOT

RUN = """async source => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
    ;(await import(url)).default()
}"""


@contextmanager
def still(html: str, script: str) -> Iterator[Page]:
    """`script` is the name of a file in `ui/browser` that needs nothing from Streamlit; `page.clock.run_for` lets time go on."""
    source = (ROOT / "maestro" / "ui" / "browser" / script).read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(LAUNCH))
        page = browser.new_page()
        page.clock.install(time=1_000_000)
        page.set_content(html)
        page.clock.pause_at(2_000_000)
        page.evaluate(RUN, source)
        yield page
        browser.close()
