"""The `maestro` command: `python -m maestro [open] [--port N] [--no-browser]` opens the app and serves it until it is stopped."""

import argparse
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from types import FrameType

from maestro import config, server
from maestro.config import Settings
from maestro.errors import SettingError

PORTS_TRIED = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        settings = config.load()
        check_exposure(settings)
    except SettingError as error:
        print(f"{error} {error.next_step}", file=sys.stderr)  # noqa: T201 - a command speaks to its terminal
        return 2
    port = settings.port if asked.port is None else asked.port
    return _open(settings, port, has_browser=settings.open_browser and not asked.no_browser)


def check_exposure(settings: Settings) -> None:
    """Raises SettingError when other computers could spend on the user's key without the user's word."""
    has_key = bool(settings.openrouter_api_key.get_secret_value().strip())
    if has_key and not config.is_loopback(settings.host) and not settings.allow_others:
        raise SettingError(
            f"MAESTRO_HOST is {settings.host}, so other computers could use your key.",
            next_step="Set MAESTRO_ALLOW_OTHERS=true if you want that, or leave MAESTRO_HOST out.",
        )


def free_port(host: str, wanted: int) -> int:
    """`wanted` or the next one that is free; 0 asks for any. Raises SettingError when none of PORTS_TRIED is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SettingError(f"MAESTRO_HOST and MAESTRO_PORT name no free place to listen: {host}, {wanted} and up.")


def streamlit_options(settings: Settings, port: int) -> dict[str, object]:
    """What must hold from whatever folder the command is started; .streamlit/config.toml has the rest, the theme."""
    return {
        "server.address": settings.host,
        "server.port": port,
        "server.headless": True,
        "server.allowedHosts": [name.strip("[]") for name in server.hosts(settings)],  # it compares without brackets
        "server.enableStaticServing": False,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.maxUploadSize": settings.max_upload_mb,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.showSidebarNavigation": False,
        "global.developmentMode": False,
        "global.disableWidgetStateDuplicationWarning": True,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="maestro", description="From a clip and one loved picture to five storyboard frames.")
    parser.set_defaults(port=None, no_browser=False)
    commands = parser.add_subparsers(metavar="command")
    for target in (parser, commands.add_parser("open", help="open the app (what happens without a command, too)")):
        target.add_argument("--port", type=int, default=argparse.SUPPRESS, help="the port to listen at; 0: any free one")
        target.add_argument("--no-browser", action="store_true", default=argparse.SUPPRESS, help="do not open the browser")
    return parser


def _open(settings: Settings, wanted: int, *, has_browser: bool) -> int:
    try:
        port = free_port(settings.host, wanted)
    except SettingError as error:
        print(f"{error} {error.next_step}", file=sys.stderr)  # noqa: T201
        return 2
    shown = "127.0.0.1" if settings.host in server.ANY_ADDRESS else settings.host
    url = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    if wanted not in {0, port}:
        print(f"Port {wanted} is taken; using {port}.", flush=True)  # noqa: T201
    return _serve(settings, port, lambda: _announce(url, has_browser=has_browser))


def _serve(settings: Settings, port: int, on_ready: Callable[[], None]) -> int:
    os.chdir(config.ROOT)  # the theme is read from the working folder
    sys.argv = [str(config.ROOT / "Home.py")]  # what Streamlit puts beside its own modules on the path
    signal.signal(signal.SIGTERM, _leave)
    try:
        server.build(settings, on_ready).run(config=streamlit_options(settings, port))
    except KeyboardInterrupt:
        return 0
    return 0


def _leave(_number: int, _frame: FrameType | None) -> None:
    """After the server closed itself on SIGTERM it raises it anew: that is no failure."""
    raise SystemExit(0)


def _announce(url: str, *, has_browser: bool) -> None:
    print(f"Maestro is at {url}", flush=True)  # noqa: T201
    if has_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
