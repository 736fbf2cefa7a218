"""How long a cold start takes to the first words on the page, beside an empty Streamlit app: `python -m tests.benchmarks.start`.

The limit: at most 1.3 x the empty one. Both are started in turns, with the same options, before the same browser. CPU time of the
server is printed too, which other work on the computer does not change much.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser

from e2e.stage import PASSED_ON, ROOT, browser
from tests.benchmarks.pages import used_s

TURNS = 5
WITHIN_S = 120.0
EMPTY = "import streamlit as st\n\nst.write('Hello')\n"
FLAGS = (
    "--server.headless=true",
    "--server.address=127.0.0.1",
    "--server.fileWatcherType=none",
    "--browser.gatherUsageStats=false",
)
PAINTED = """
() => [...document.querySelectorAll('[data-testid="stMain"] [data-testid="stElementContainer"]')]
  .some(each => each.getBoundingClientRect().height > 4 && each.innerText.trim())
"""
"""Whether there are words in the page's main part."""


def _empty(folder: Path, port: int) -> list[str]:
    script = folder / "empty.py"
    script.write_text(EMPTY, "utf-8")
    return [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}", *FLAGS]


def _maestro(_folder: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "maestro", "open", "--no-browser", "--port", str(port)]


KINDS = {"an empty app": _empty, "Maestro": _maestro}


def start_s(opened: Browser, kind: str, folder: Path) -> tuple[float, float]:
    """From the start of its command to the first words that a browser shows, and the server's CPU time until then."""
    port = _free_port()
    own = {"MAESTRO_WORKSPACE": str(folder), "MAESTRO_CACHE": str(folder), "MAESTRO_MIN_FREE_MB": "0", "NO_PROXY": "*"}
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | own
    began_s = time.perf_counter()
    server = subprocess.Popen(
        KINDS[kind](folder, port), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(port, server)
        page = opened.new_page()
        page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
        page.wait_for_function(PAINTED, polling="raf", timeout=WITHIN_S * 1000)
        took_s, cpu_s = time.perf_counter() - began_s, used_s(server.pid)
        page.close()
        return took_s, cpu_s
    finally:
        server.terminate()
        server.wait(WITHIN_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    """Until it listens, as a browser does that tries again."""
    until_s = time.monotonic() + WITHIN_S
    while time.monotonic() < until_s and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("it never listened")


def report() -> None:
    """Medians of both and their ratio."""
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    with browser() as opened:
        for _ in range(TURNS):
            for kind, times in found.items():
                with tempfile.TemporaryDirectory() as folder:
                    times.append(start_s(opened, kind, Path(folder)))
    for place, name in enumerate(("to the first words", "of the server's CPU")):
        empty, ours = (statistics.median(times[place] for times in found[kind]) for kind in KINDS)
        print(f"cold start, {name}: {ours:.2f} s, an empty app {empty:.2f} s, ratio {ours / empty:.2f} (at most 1.3)")


if __name__ == "__main__":
    report()
