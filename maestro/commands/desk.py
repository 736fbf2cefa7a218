"""What every command starts with: the settings, a Studio without pages, and how both are given back."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

from maestro import config
from maestro.commands.exits import CODES, USAGE, sentence, state_of
from maestro.commands.stopping import Stop
from maestro.config import Settings
from maestro.errors import MaestroError, SettingError
from maestro.events import Events
from maestro.opening import built_studio
from maestro.studio import PATIENCE_S, Studio
from maestro.types import StyleReference


@dataclass(frozen=True, slots=True)
class Desk:
    """The Studio of a command, and the wish to end."""

    settings: Settings
    studio: Studio
    stop: Stop


class Ended(click.exceptions.Exit):
    """The command is over with this exit code; what there is to say was said."""


def settings_or_exit() -> Settings:
    """Ends the command with exit code 2 when one is not allowed."""
    try:
        return config.load()
    except SettingError as error:
        refuse(error, USAGE)


@contextmanager
def opened(*, is_making: bool = True) -> Iterator[Desk]:
    """Ends the command with exit code 7 when it is to make something and the workspace cannot be used.

    A command that makes nothing asks the provider for nothing either, unless it does so itself, and needs no workers.
    """
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(message)s")
    settings = settings_or_exit()
    stop = Stop()
    with stop.listening():
        try:
            studio = built_studio(settings if is_making else settings.model_copy(update={"executor": "threads"}), Events())
        except SettingError as error:
            refuse(error, USAGE)
        try:
            if is_making:
                if trouble := studio.trouble():
                    refuse(trouble)
                studio.begin(is_watching=False)
            yield Desk(settings, studio, stop)
        finally:
            studio.close(PATIENCE_S)


def refuse(error: MaestroError, code: int | None = None) -> NoReturn:
    """Says it and ends the command, with the exit code of such an error if none is given."""
    click.echo(sentence(error), err=True)
    raise Ended(CODES[state_of(error)] if code is None else code)


def style_or_exit(studio: Studio, path: Path) -> StyleReference:
    """The style picture; ends the command with exit code 3 when it cannot be used."""
    try:
        return studio.check_style(path.name, path.read_bytes())
    except MaestroError as error:
        refuse(error)
