"""Finds the Chromium that the journeys drive, or installs it: `python -m e2e.browser`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_WITHIN_S = 900
LAUNCH = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
"""With these it asks nobody for anything by itself, finds no other computer, and runs as root."""


class BrowserMissingError(Exception):
    """No Chromium is there; says how to get one."""


def executable() -> str:
    """Its path: CHROMIUM when set, else what is on the path, else Playwright's own. Raises BrowserMissingError."""
    named = os.environ.get("CHROMIUM", "")
    if named:
        found = shutil.which(named)
        if found is None:
            raise BrowserMissingError(f"CHROMIUM names {named}, which is no program on this computer.")
        return found
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    own = _playwrights()
    if own is None:
        raise BrowserMissingError("No Chromium is installed: run `python -m e2e.browser`, or set CHROMIUM to its path.")
    return own


def install() -> None:
    """By the system's packages where we may, else by Playwright. Raises BrowserMissingError."""
    attempts: list[Sequence[Sequence[str]]] = []
    if shutil.which("apt-get") and os.geteuid() == 0:
        attempts.append((("apt-get", "update"), ("apt-get", "install", "--yes", "--no-install-recommends", "chromium")))
    attempts.append(((sys.executable, "-m", "playwright", "install", "chromium"),))
    for commands in attempts:
        if all(_succeeds(command) for command in commands):
            return
    raise BrowserMissingError("Chromium could not be installed here: install it by hand, or set CHROMIUM to its path.")


def _playwrights() -> str | None:
    try:
        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
    except Error:
        return None
    return path if Path(path).exists() else None


def _succeeds(command: Sequence[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return (
            subprocess.run(command, env=environment, timeout=INSTALL_WITHIN_S, check=False, stdin=subprocess.DEVNULL).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def _is_there() -> bool:
    try:
        executable()
    except BrowserMissingError:
        if os.environ.get("CHROMIUM"):
            raise  # what was named is wanted, and nothing else
        return False
    return True


def main() -> int:
    """Finds or installs it; the exit code."""
    try:
        if not _is_there():
            install()
        print(executable())
    except BrowserMissingError as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
