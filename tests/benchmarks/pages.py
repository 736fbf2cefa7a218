"""What a user waits for in the browser, with the real app and Chromium: `python -m tests.benchmarks.pages`.

The limits: a Gallery of 500 opens at most 3 x as slowly as one of 10, an edit among 500 shots and what the page reads after it cost
at most 2 x those among 10, a picture is seen at most 0.5 s after its answer, no character is lost that is typed while five rows
finish, and a page that nobody touches costs less than 2 % of a core.
"""

import os
import statistics
import tempfile
import threading
import time
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, CDPSession, expect

from e2e.conftest import keyed
from e2e.scenes import button, follow, picture, row, to_five_shots, words
from e2e.stage import App, Tab, browser, tab
from maestro.config import Settings
from maestro.services.storage import ProjectFolder, Workspace
from maestro.studio import Studio
from maestro.types import SHOT_COUNT, Picture
from tests.benchmarks.rows import made
from tests.benchmarks.workspace import filled, interleaved_s
from tests.provider import Answer, Provider

VISITS = 2
ANSWERS = 3
IDLE_S = 30.0
TYPED = " and the boat turns into the light" * 5
TYPING_MS = 40
GATE_AFTER_S = 0.5
"""The browser looks already when the answer comes."""
GATE_S = 1.2
"""Five answers come while that is typed."""
SETTLED_MS = 12_000
"""What the analysis drew last, and the libraries that are imported after the first page, are over by then."""
SHOWN = """
count => {
  const pictures = [...document.querySelectorAll(".st-key-sheet img")]
  const inView = pictures.filter(each => each.getBoundingClientRect().top < innerHeight)
  return pictures.length >= count && inView.length > 0 && inView.every(each => each.complete && each.naturalWidth > 0)
}
"""
"""Whether the page's cards are there and every picture in view can be drawn."""
TAKES = 'img[src*="/takes/"]'
SEEN_AT = """
([rows, takes, before]) => rows.every(number => {
  const picture = document.querySelector(`.st-key-row-${number} ${takes}`)
  return picture && picture.complete && picture.naturalWidth > 0 && !before.includes(picture.getAttribute("src"))
}) && Date.now()
"""
"""Once each of those rows has drawn a picture that was not there before: when that was, in ms since 1970."""
UP_TO_DATE = "() => [...window.__maestro.listeners.values()].every(each => !window.__maestro.isBehind(each))"


def storyboard_frames() -> list[Picture]:
    """Five PNGs of the size and about the weight of painted frames."""
    random = np.random.default_rng(5)
    frames = []
    for shade in range(5):
        plain = Image.radial_gradient("L").resize((1024, 576)).convert("RGB")
        grain = random.integers(0, 12, (576, 1024, 3), np.uint8)
        stream = BytesIO()
        Image.fromarray(np.asarray(plain) // 2 + grain + np.uint8(20 * shade)).save(stream, "PNG", compress_level=1)
        frames.append(Picture(stream.getvalue(), "image/png", 1024, 576))
    return frames


def opening_s(opened: Browser, app: App, project: ProjectFolder, count: int) -> float:
    """From asking for the Gallery to its first pictures, in a browser that remembers nothing."""
    with tab(opened, app.url) as shown:
        began_s = time.perf_counter()
        shown.page.goto(f"{app.url}/Gallery?project={project.id}", wait_until="commit")
        shown.page.wait_for_function(SHOWN, arg=min(count, 24), polling="raf")
        return time.perf_counter() - began_s


def galleries(opened: Browser, folder: Path) -> None:
    """Prints the Gallery of 10 and of 500: by an app that has just started, without small copies, and by a warm one."""
    (folder / "workspace").mkdir()
    workspace = Workspace(folder / "workspace", "0.1.0")
    frames = storyboard_frames()
    projects = {count: filled(workspace, count, frames) for count in (10, 500)}
    cold: dict[int, float] = {}
    for count, project in projects.items():
        with App(folder) as app:
            cold[count] = opening_s(opened, app, project, count)
    with App(folder) as app:
        for count, project in projects.items():
            opening_s(opened, app, project, count)
        visits = [{count: opening_s(opened, app, project, count) for count, project in projects.items()} for _ in range(VISITS)]
    warm = {count: statistics.median(visit[count] for visit in visits) for count in projects}
    for name, times in (("cold", cold), ("warm", warm)):
        print(
            f"Gallery opens, {name}: {times[10]:.2f} s with 10, {times[500]:.2f} s with 500, "
            f"ratio {times[500] / times[10]:.2f} (at most 3)"
        )
    _edits(folder / "workspace", projects)


class Desk:
    """Edits a shot as a page does: keeps the words, then reads the project."""

    def __init__(self, studio: Studio, project_id: str) -> None:
        self._studio, self._id = studio, project_id
        self._text = studio.open(project_id).sheet(3).shot.text

    def edit(self) -> None:
        """The callback."""
        text = f"{time.perf_counter_ns()} the boat turns into the light"
        self._studio.edit(self._id, 3, text, self._text)
        self._text = text

    def edit_and_open(self) -> None:
        """The callback and the run that follows it."""
        self.edit()
        self._studio.open(self._id)


def _edits(folder: Path, projects: dict[int, ProjectFolder]) -> None:
    studio = made(Settings(workspace=folder))
    desks = {count: Desk(studio, project.id) for count, project in projects.items()}
    for name, step in (("an edit", Desk.edit), ("an edit and the page's look", Desk.edit_and_open)):
        times = interleaved_s({str(count): lambda desk=desk, step=step: step(desk) for count, desk in desks.items()})  # type: ignore[misc]
        print(
            f"{name}: {times['10'] * 1e3:.1f} ms among 10, {times['500'] * 1e3:.1f} ms among 500, "
            f"ratio {times['500'] / times['10']:.2f} (at most 2)"
        )
    studio.close()


def answers(opened: Browser, folder: Path) -> None:
    """Prints how long after a provider's answer its picture is seen: of one row, and the last of five that are answered at once."""
    with Provider() as provider, App(folder, keyed(provider)) as app, tab(opened, app.url) as shown:
        page = shown.open("/?project=new")
        to_five_shots(page)
        times = [_seen_after_s(shown, provider, take) for take in range(1, ANSWERS + 1)]
        asked = ANSWERS
        together = []
        for _ in range(ANSWERS):
            asked += 5
            together.append(_all_seen_after_s(shown, provider, asked))
    print(f"a picture is seen {statistics.median(times):.2f} s after its answer, at most {max(times):.2f} s (wanted: 0.5 s)")
    print(
        f"five answers at once: the last of their pictures is seen {statistics.median(together):.2f} s after them (wanted: 0.5 s)"
    )


def _seen_after_s(shown: Tab, provider: Provider, take: int) -> float:
    gate = threading.Event()
    provider.script("/images", Answer(gate=gate))
    button(shown.page, 2, "Generate").click()
    provider.wait_for(take, "/images")
    expect(row(shown.page, 2).get_by_role("button", name="Cancel")).to_be_visible()
    return _opened_and_seen_s(shown, gate, [2])


def _all_seen_after_s(shown: Tab, provider: Provider, asked: int) -> float:
    gate = threading.Event()
    for _ in range(5):
        provider.script("/images", Answer(gate=gate))
    shown.page.wait_for_function(UP_TO_DATE)  # a click counts only on a bar that knows of every picture before it
    shown.page.get_by_role("button", name="Generate all").click()
    provider.wait_for(asked, "/images")
    return _opened_and_seen_s(shown, gate, list(range(1, SHOT_COUNT + 1)))


def _opened_and_seen_s(shown: Tab, gate: threading.Event, rows: list[int]) -> float:
    before = shown.page.evaluate("takes => [...document.querySelectorAll(takes)].map(each => each.getAttribute('src'))", TAKES)
    began_s = time.time()
    threading.Timer(GATE_AFTER_S, gate.set).start()
    seen = shown.page.wait_for_function(SEEN_AT, arg=[rows, TAKES, before], polling="raf")
    return float(seen.json_value()) / 1000 - began_s - GATE_AFTER_S


def idle(opened: Browser, folder: Path) -> None:
    """Prints what an open page costs while nobody touches it: the server with its children, and the browser's own part."""
    with App(folder) as app, tab(opened, app.url) as shown:
        page = shown.open("/?project=new")
        to_five_shots(page)
        _idle(shown, app, "Home")
        follow(page, "Gallery")
        _idle(shown, app, "the Gallery")


def _idle(shown: Tab, app: App, name: str) -> None:
    shown.page.wait_for_timeout(SETTLED_MS)
    drawing = shown.page.context.new_cdp_session(shown.page)
    drawing.send("Performance.enable")
    began_s, used, drawn_s = time.perf_counter(), family_s(app.process_id), _drawn_s(drawing)
    shown.page.wait_for_timeout(IDLE_S * 1000)
    took_s = time.perf_counter() - began_s
    server, page = (family_s(app.process_id) - used) / took_s, (_drawn_s(drawing) - drawn_s) / took_s
    print(f"{name}, idle: the server takes {server:.1%} of a core, the page {page:.1%} (at most 2 % together)")


def _drawn_s(drawing: CDPSession) -> float:
    """What the page's main thread has worked so far, by the browser's own account."""
    found = drawing.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in found if each["name"] == "TaskDuration"))


def family_s(process_id: int) -> float:
    """CPU time of a process and of its children that live."""
    threads = Path(f"/proc/{process_id}/task").glob("*/children")
    children = [int(child) for thread in threads for child in thread.read_text("ascii").split()]
    return used_s(process_id) + sum(map(family_s, children))


def used_s(process_id: int) -> float:
    """CPU time of a process alone, user and system; the kernel's own account."""
    facts = Path(f"/proc/{process_id}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")


def typing(opened: Browser, folder: Path) -> None:
    """Prints how much of what is typed into a row while five rows finish is there afterwards."""
    with Provider() as provider, App(folder, keyed(provider)) as app, tab(opened, app.url) as shown:
        page = shown.open("/?project=new")
        to_five_shots(page)
        gates = [threading.Event() for _ in range(SHOT_COUNT)]
        provider.script("/images", *(Answer(gate=gate) for gate in gates))
        page.get_by_role("button", name="Generate all").click()
        provider.wait_for(SHOT_COUNT, "/images")
        field = words(page, 3)
        field.press("Control+End")
        before = field.input_value()
        opening = threading.Thread(target=_open_in_turn, args=(gates,))
        opening.start()
        field.press_sequentially(TYPED, delay=TYPING_MS)
        opening.join()
        for number in range(1, SHOT_COUNT + 1):
            expect(picture(page, number)).to_be_visible()
        wanted, shows = before + TYPED, field.input_value()
        field.press("Control+Enter")
        expect(row(page, 3).get_by_role("status").filter(has_text="text saved")).to_be_visible()
        page.reload()
        expect(words(page, 3)).not_to_have_value("")
        stored = words(page, 3).input_value()
    print(
        f"{len(TYPED)} characters typed while five rows finish, one each {TYPING_MS} ms: "
        f"{_alike(wanted, shows)} of {len(wanted)} are in the field, {_alike(wanted, stored)} on disk (wanted: all)"
    )


def _open_in_turn(gates: list[threading.Event]) -> None:
    for gate in gates:
        gate.wait(GATE_S)  # nobody else opens it: a pause
        gate.set()


def _alike(wanted: str, found: str) -> int:
    return sum(one == other for one, other in zip(wanted, found, strict=False)) if len(wanted) == len(found) else 0


def report() -> None:
    """All of it, in folders that are gone afterwards."""
    with browser() as opened:
        for measure in (galleries, answers, typing, idle):
            with tempfile.TemporaryDirectory() as folder:
                measure(opened, Path(folder))


if __name__ == "__main__":
    report()
