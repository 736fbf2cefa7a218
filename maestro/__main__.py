"""The `maestro` command: without a command it opens the app and serves it until it is stopped; the others need no browser."""

import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from importlib import import_module
from types import FrameType
from typing import Any

import click

from maestro import __version__, cluster, config
from maestro.config import Settings
from maestro.errors import SettingError

PORTS_TRIED = 50
COMMANDS = {
    "run": "From one clip to its saved frames.",
    "batch": "Many clips, one report.",
    "watch": "Every clip that arrives in a folder.",
    "export": "A project's frames as files.",
    "projects": "What the workspace holds.",
    "doctor": "Is all there that Maestro needs?",
}
"""Those of `maestro.commands`; each is imported when it is used."""


class Commands(click.Group):
    """Knows its commands by name, so that the start stays quick."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """All of them, in the order in which they are told."""
        return ["open", *COMMANDS]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """None when there is no such command."""
        if name not in COMMANDS:
            return super().get_command(context, name)
        command: click.Command = getattr(import_module(f"maestro.commands.{name}"), name)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([("open", "Open the app (what happens without a command, too)."), *COMMANDS.items()])


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit code."""
    try:
        code = cli.main(None if arguments is None else list(arguments), prog_name="maestro", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    return code if isinstance(code, int) else 0


def _listening(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--no-browser", is_flag=True, default=None, help="Do not open the browser."),
        click.option("--port", type=int, default=None, help="The port to listen at; 0: any free one."),
    ):
        command = option(command)
    return command


@click.group(cls=Commands, invoke_without_command=True)
@click.version_option(__version__, message="Maestro %(version)s")
@_listening
@click.pass_context
def cli(context: click.Context, port: int | None, no_browser: bool | None) -> None:
    """From a clip and one loved picture to five storyboard frames.

    Without a command the app is opened. Every command tells more with --help.
    """
    context.obj = (port, no_browser)
    if context.invoked_subcommand is None:
        context.exit(_start(port, is_quiet=bool(no_browser)))


@cli.command("open")
@_listening
@click.pass_context
def open_app(context: click.Context, port: int | None, no_browser: bool | None) -> None:
    """Open the app and serve it until it is stopped."""
    earlier_port, earlier_quiet = context.obj
    context.exit(_start(earlier_port if port is None else port, is_quiet=bool(no_browser or earlier_quiet)))


def _start(port: int | None, *, is_quiet: bool) -> int:
    try:
        settings = config.load()
        check_exposure(settings)
        cluster.check(settings)
    except SettingError as error:
        click.echo(f"{error} {error.next_step}", err=True)
        return 2
    return _open(settings, settings.port if port is None else port, has_browser=settings.open_browser and not is_quiet)


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
    from maestro import server  # noqa: PLC0415 - Streamlit takes a second to import, which no other command needs

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
        "global.minCachedMessageSize": 1e9,  # what is sent once and then only named was missing at times when runs met
        "runner.postScriptGC": False,  # a full collection after each run took three quarters of the pages' time
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.showSidebarNavigation": False,
        "global.developmentMode": False,
        "global.disableWidgetStateDuplicationWarning": True,
    }


def _open(settings: Settings, wanted: int, *, has_browser: bool) -> int:
    from maestro import server  # noqa: PLC0415

    try:
        port = free_port(settings.host, wanted)
    except SettingError as error:
        click.echo(f"{error} {error.next_step}", err=True)
        return 2
    shown = "127.0.0.1" if settings.host in server.ANY_ADDRESS else settings.host
    url = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    if wanted not in {0, port}:
        click.echo(f"Port {wanted} is taken; using {port}.")
    return _serve(settings, port, lambda: _announce(url, has_browser=has_browser))


def _serve(settings: Settings, port: int, on_ready: Callable[[], None]) -> int:
    from maestro import server  # noqa: PLC0415

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
    click.echo(f"Maestro is at {url}")
    if has_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
