"""`maestro export`: what a project holds, as files."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from maestro.commands import reports
from maestro.commands.delivery import deliver, place
from maestro.commands.desk import opened, refuse
from maestro.commands.exits import EPILOG, NothingToGiveError
from maestro.commands.options import FOLDER
from maestro.errors import MaestroError, ProjectMissingError
from maestro.studio import Studio
from maestro.types import StoryboardLayout

LAYOUT = StoryboardLayout()
KINDS: dict[str, Callable[[Studio, str], Path]] = {
    "storyboard": lambda studio, project_id: studio.storyboard(project_id, LAYOUT),
    "shot-list": lambda studio, project_id: studio.shot_list(project_id),
    "everything": lambda studio, project_id: studio.everything(project_id, LAYOUT),
    "bundle": lambda studio, project_id: studio.export_bundle(project_id),
}
"""What can be had beside the frames."""
OF_FRAMES = frozenset({"storyboard", "everything"})


@click.command(epilog=EPILOG)
@click.argument("project")
@click.option("--out", type=FOLDER, default=Path(), show_default=True, help="The folder that gets the files.")
@click.option("--storyboard", "kinds", flag_value="storyboard", multiple=True, help="The storyboard to print, as PDF.")
@click.option("--shot-list", "kinds", flag_value="shot-list", multiple=True, help="The shots as a table, as CSV.")
@click.option("--everything", "kinds", flag_value="everything", multiple=True, help="Frames, shot list, storyboard as one ZIP.")
@click.option("--bundle", "kinds", flag_value="bundle", multiple=True, help="The whole project as a file that Maestro can import.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON document on standard output.")
def export(project: str, out: Path, kinds: Sequence[str], *, is_json: bool) -> None:
    """Put the saved frames of PROJECT (its id, or its name) into a folder, and as one ZIP beside it; or what the options name."""
    with opened(is_making=False) as desk:
        try:
            project_id = found(desk.studio, project)
            files = tuple(_made(desk.studio, project_id, kinds, out))
        except MaestroError as error:
            refuse(error)
    if is_json:
        click.echo(reports.as_json({"project_id": project_id, "files": [str(path) for path in files]}))
    else:
        click.echo("\n".join(str(path) for path in files))


def found(studio: Studio, wanted: str) -> str:
    """The id of a project that is named by its id or its name. Raises ProjectMissingError when it is none, or several."""
    cards = studio.projects()
    named = [card.id for card in cards if card.name.casefold() == wanted.strip().casefold()]
    if wanted in {card.id for card in cards}:
        return wanted
    if len(named) == 1:
        return named[0]
    if named:
        raise ProjectMissingError(
            f"{len(named)} projects are called “{wanted}”.", next_step=f"Name one by its id: {', '.join(named)}."
        )
    raise ProjectMissingError(f"There is no project “{wanted}”.", next_step="See what there is: maestro projects")


def _made(studio: Studio, project_id: str, kinds: Sequence[str], out: Path) -> Iterator[Path]:
    project = studio.open(project_id)
    has_takes = any(sheet.last_take for sheet in project.sheets)
    if not kinds and not project.saved_takes:
        raise NothingToGiveError("No frame of this project is saved yet.", next_step="Save a take in the app, or run its clip.")
    if not has_takes and set(kinds) & OF_FRAMES:
        raise NothingToGiveError("This project has no frame yet.", next_step="Generate one in the app, or run its clip.")
    if not kinds:
        yield from deliver(studio, project_id, project.saved_takes, out)
    for kind in dict.fromkeys(kinds):
        made = KINDS[kind](studio, project_id)
        yield place(made, out / made.name)
