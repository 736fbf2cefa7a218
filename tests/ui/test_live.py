"""The listener in the browser: live.js in real Chromium, with a hand-written event source and a clock of the test's own."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from e2e.browser import LAUNCH, executable
from maestro.config import ROOT

SOURCE = (ROOT / "maestro" / "ui" / "browser" / "live.js").read_text(encoding="utf-8")
STAGE = """
  <title>Home</title><section data-testid="stSidebar"><a id="link" href="#gallery">Gallery</a></section><p id="elsewhere">words</p>
  <main data-testid="stMain"><button data-testid="stElementContainer">Save</button></main>
"""
FAKE_SOURCE = """
  window.sources = []
  window.EventSource = class {
    static OPEN = 1
    static CLOSED = 2
    constructor(url) { this.url = url; this.readyState = 1; sources.push(this) }
    close() { this.readyState = 2 }
  }
  window.tell = (epoch, numbers) => sources.at(-1).onmessage({ data: JSON.stringify({ epoch, numbers }) })
  window.fired = []
  window.hosts = {}
"""
DRAW = """
  async ([name, data, source]) => {
    window.draw ??= (await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })))).default
    hosts[name] ??= document.createElement("div")
    const setTriggerValue = (_, number) => fired.push([name, number, Math.round(performance.now())])
    hosts[name].gone = draw({ data, parentElement: hosts[name], setTriggerValue })
  }
"""


class Tab:
    """The page with its listeners; time stands still but for `pass_ms`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.clock.install(time=1_000_000)
        page.set_content(STAGE)
        page.evaluate(FAKE_SOURCE)
        page.clock.pause_at(2_000_000)

    def draw(
        self,
        name: str,
        *topics: str,
        number: int = 0,
        epoch: str = "e",
        is_busy: bool = False,
        is_first: bool = False,
        is_served: bool = True,
    ) -> None:
        """A fragment is drawn at that number."""
        shown = {"project": "p", "topics": topics, "number": number, "epoch": epoch, "busy": is_busy, "first": is_first}
        shown["served"] = is_served
        self.page.evaluate(DRAW, [name, shown, SOURCE])

    def tell(self, epoch: str = "e", **numbers: int) -> None:
        """The server sends numbers of topics of project p."""
        named = {f"p/{part.replace('_', '-')}": number for part, number in numbers.items()}
        self.page.evaluate(f"tell({json.dumps(epoch)}, {json.dumps(named)})")

    def pass_ms(self, duration_ms: int) -> None:
        """Time goes on."""
        self.page.clock.run_for(duration_ms)

    @property
    def fired(self) -> list[tuple[str, int]]:
        """Who was triggered, for which number."""
        return [(name, number) for name, number, _ in self.page.evaluate("fired")]

    @property
    def moments_ms(self) -> list[int]:
        """When."""
        return [at for _, _, at in self.page.evaluate("fired")]


@pytest.fixture(name="browser_page", scope="module")
def _browser_page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(LAUNCH))
        page = browser.new_page()
        page.set_default_timeout(60_000)
        yield page
        browser.close()


@pytest.fixture(name="tab")
def _tab(browser_page: Page) -> Iterator[Tab]:
    context = browser_page.context.browser.new_context() if browser_page.context.browser else browser_page.context
    yield Tab(context.new_page())
    context.close()


def test_a_fragment_behind_its_topic_is_triggered_once(tab: Tab) -> None:
    """While its run is awaited nothing more is sent; what concerns others is not its business."""
    tab.draw("row", "p/shot-1", number=3)
    tab.tell(shot_1=3, shot_2=9)
    tab.pass_ms(1000)
    assert tab.fired == []

    tab.tell(shot_1=10)
    tab.pass_ms(1000)

    assert tab.fired == [("row", 10)]


def test_the_row_comes_before_what_only_sums_up(tab: Tab) -> None:
    """A finished picture is seen first in its row, whatever was drawn before it on the page."""
    tab.draw("shelf", "p/project", "p/batch", "list/projects")
    tab.draw("strip", "p/shot-1", "p/shot-2", "p/project", "p/analysis")
    tab.draw("bar", "p/batch", "p/project")
    tab.draw("row", "p/shot-1")
    tab.tell(shot_1=1, batch=2)
    tab.pass_ms(1000)

    assert [name for name, _ in tab.fired] == ["row", "bar", "shelf", "strip"]


def test_a_row_that_listens_to_much_still_comes_first(tab: Tab) -> None:
    """Its picture is what the user waits for."""
    tab.draw("sidebar", "p/money")
    tab.draw("row", "p/shot-1", "p/analysis", is_first=True)
    tab.tell(money=7, shot_1=7)
    tab.pass_ms(1000)

    assert tab.fired[0] == ("row", 7)


def test_a_trigger_that_came_to_nothing_is_sent_again(tab: Tab) -> None:
    """After three seconds, until the fragment was drawn at that number."""
    tab.draw("row", "p/shot-1")
    tab.tell(shot_1=1)
    tab.pass_ms(3500)
    assert tab.fired == [("row", 1), ("row", 1)]

    tab.draw("row", "p/shot-1", number=1)
    tab.pass_ms(10_000)

    assert len(tab.fired) == 2


def test_a_change_during_the_drawing_is_not_lost(tab: Tab) -> None:
    """The fragment was drawn at an older number than the newest."""
    tab.draw("row", "p/shot-1")
    tab.tell(shot_1=1)
    tab.pass_ms(100)
    tab.tell(shot_1=2)
    tab.draw("row", "p/shot-1", number=1)
    tab.pass_ms(500)

    assert tab.fired == [("row", 1), ("row", 2)]


def test_a_server_that_started_anew_redraws_everything(tab: Tab) -> None:
    """Its numbers begin at zero, so numbers alone would not tell."""
    tab.draw("row", "p/shot-1", number=40)
    tab.tell("another", shot_1=1)
    tab.pass_ms(500)

    assert tab.fired == [("row", 1)]


def test_two_triggers_never_fall_into_one_frame(tab: Tab) -> None:
    """Streamlit would run only the first one's fragment."""
    for name in ("a", "b", "c"):
        tab.draw(name, "p/shot-1")
    tab.tell(shot_1=1)
    tab.pass_ms(1000)

    assert [name for name, _ in tab.fired] == ["a", "b", "c"]
    first, second, third = tab.moments_ms
    assert min(second - first, third - second) >= 50


def test_triggers_wait_while_a_link_is_about_to_be_followed(tab: Tab) -> None:
    """A run under way could swallow the click; leaving the link lets them go."""
    tab.draw("row", "p/shot-1")
    tab.page.hover("#link")
    tab.tell(shot_1=1)
    tab.pass_ms(1000)
    assert tab.fired == []

    tab.page.hover("#elsewhere")
    tab.pass_ms(500)

    assert tab.fired == [("row", 1)]


def test_a_mouse_left_on_a_link_does_not_stop_the_page(tab: Tab) -> None:
    """Four seconds without a movement are enough."""
    tab.draw("row", "p/shot-1")
    tab.page.hover("#link")
    tab.tell(shot_1=1)
    tab.pass_ms(5000)

    assert tab.fired[0] == ("row", 1)


def test_a_click_that_got_lost_is_made_once_more(tab: Tab) -> None:
    """When the page has not changed; and only once."""
    tab.page.evaluate(
        "window.clicks = 0; document.querySelector('#link').addEventListener('click', e => { clicks++; e.preventDefault() })"
    )
    tab.draw("row", "p/shot-1")

    tab.page.click("#link")
    tab.pass_ms(12_000)

    assert tab.page.evaluate("clicks") == 2


def test_a_click_that_arrived_is_left_alone(tab: Tab) -> None:
    """The other page has another title."""
    tab.page.evaluate(
        "window.clicks = 0; document.querySelector('#link').addEventListener('click', e => { clicks++; e.preventDefault() })"
    )
    tab.draw("row", "p/shot-1")

    tab.page.click("#link")
    tab.page.evaluate("document.title = 'Gallery'")
    tab.pass_ms(12_000)

    assert tab.page.evaluate("clicks") == 1


def test_all_fragments_of_a_tab_share_one_stream(tab: Tab) -> None:
    """The browser has only six connections."""
    for name in ("a", "b", "c"):
        tab.draw(name, "p/shot-1")

    assert tab.page.evaluate("sources.map(source => source.url)") == ["/events/p"]


def test_without_our_server_busy_fragments_are_looked_after_each_second(tab: Tab) -> None:
    """Others every four; no stream is tried."""
    tab.draw("busy", "p/shot-1", is_busy=True, is_served=False)
    tab.draw("calm", "p/shot-2", is_served=False)
    tab.pass_ms(8500)

    names = [name for name, _ in tab.fired]
    assert 5 <= names.count("busy") <= 8
    assert names.count("calm") in {1, 2}
    assert tab.page.evaluate("sources.length") == 0


def test_a_fragment_that_left_the_page_is_forgotten(tab: Tab) -> None:
    """And the stream is closed with the last one."""
    tab.draw("row", "p/shot-1")
    tab.page.evaluate("hosts.row.gone()")
    tab.tell(shot_1=1)
    tab.pass_ms(2000)

    assert tab.fired == []
    assert tab.page.evaluate("sources[0].readyState") == 2


def test_what_the_user_did_is_drawn_by_the_run_of_the_click_alone(tab: Tab) -> None:
    """Its word comes back by the events, too, while that run is under way: a second one would only cut it off."""
    tab.draw("row", "p/shot-1")
    tab.page.get_by_role("button", name="Save").click(force=True, no_wait_after=True)
    tab.tell(shot_1=1)
    tab.pass_ms(100)
    tab.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<i data-testid=stApp data-test-script-state=running></i>')")
    tab.pass_ms(1000)
    tab.draw("row", "p/shot-1", number=1)
    tab.page.evaluate("document.querySelector('i').dataset.testScriptState = 'notRunning'")
    tab.pass_ms(2000)

    assert tab.fired == []


def test_a_click_that_leaves_together_with_a_trigger_is_drawn_wherever_it_belongs(tab: Tab) -> None:
    """Streamlit makes one run of one fragment of the two, and that is the trigger's."""
    tab.draw("money", "p/money")
    tab.draw("row", "p/shot-1", is_first=True)
    tab.page.evaluate("""() => {
        const add = fired.push
        fired.push = (...one) => { fired.push = add; fired.push(...one); document.querySelector("button").click() }
    }""")
    tab.tell(shot_1=7, money=0)
    tab.pass_ms(100)
    assert tab.fired == [("row", 7)]

    tab.draw("row", "p/shot-1", number=7)
    tab.pass_ms(10_000)

    assert tab.fired == [("row", 7), ("money", 0)]


def test_a_link_waits_for_a_popover_that_the_click_closes(tab: Tab) -> None:
    """What it tells the server when it has gone would turn the server back to the page that one leaves."""
    tab.draw("row", "p/shot-1")
    tab.page.evaluate("""() => {
        document.body.insertAdjacentHTML("beforeend", "<div data-testid=stPopoverBody></div>")
        const popover = document.querySelector("[data-testid=stPopoverBody]")
        popover.addEventListener("keydown", event => event.key === "Escape" && setTimeout(() => popover.remove(), 200))
        window.left = []
        const note = event => event.isTrusted || left.push(popover.isConnected)
        document.querySelector("#link").addEventListener("click", note)
    }""")
    tab.page.locator("#link").click(force=True, no_wait_after=True)
    tab.pass_ms(100)
    assert tab.page.evaluate("left") == []

    tab.pass_ms(300)

    assert tab.page.evaluate("left") == [False]
