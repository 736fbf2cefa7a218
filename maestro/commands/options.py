"""The options that the commands which make frames have in common."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from maestro.types import SHOT_COUNT

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--style", "style_path", type=FILE, required=True, help="The picture whose look is wanted (PNG or JPEG)."),
    click.option(
        "--shots",
        "shot_count",
        type=click.IntRange(1, SHOT_COUNT),
        default=SHOT_COUNT,
        show_default=True,
        help="How many of the five shots are generated.",
    ),
    click.option(
        "--save",
        "saving",
        type=click.Choice(["all", "none"]),
        default="all",
        show_default=True,
        help="Whether the newest take of each shot becomes a saved frame, where none is saved yet.",
    ),
    click.option("--out", type=FOLDER, help="A folder that gets the frames of each project, and its ZIP."),
    click.option("--trim", "is_trimmed", is_flag=True, help="Of a clip that is too long, use the beginning."),
    click.option(
        "--yes-interrupted",
        "asks_again",
        is_flag=True,
        help="Ask anew what was asked before and never answered; it may be charged a second time.",
    ),
    click.option("--json", "is_json", is_flag=True, help="Print one JSON document on standard output."),
)


def making(command: Command) -> Command:
    """Adds them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
