"""`maestro run`: one clip, from the file to its saved frames."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from maestro.commands import reports
from maestro.commands.desk import Ended, opened, style_or_exit
from maestro.commands.exits import CODES, EPILOG
from maestro.commands.finding import Finder
from maestro.commands.options import FILE, making
from maestro.commands.outcomes import Order
from maestro.commands.progress import Progress
from maestro.commands.running import ClipRun


@click.command(epilog=EPILOG)
@click.argument("clip", type=FILE)
@making
@click.option("--project", "name", default="", help="The project's name; without it, the clip names it.")
def run(clip: Path, style_path: Path, name: str, **wishes: Any) -> None:
    """Analyze CLIP, generate its shots in the look of a picture, save them.

    Run again, it goes on where it stopped and pays for nothing twice: the project is found by its name, or by clip and picture.
    """
    with opened() as desk, Progress() as progress:
        wanted = order(clip, style_or_exit(desk.studio, style_path), wishes, name)
        work = ClipRun(desk, wanted, Finder(desk.studio), partial(progress.tell, clip.name))
        work.work()
        if desk.stop.is_wanted:
            progress.say("Stopping: what is in flight is waited for, 10 s at most.")
            desk.studio.close()
        outcome = work.outcome()
    click.echo(reports.as_json(reports.facts(outcome)) if wishes["is_json"] else "\n".join(reports.lines(outcome)))
    raise Ended(CODES[outcome.state])


def order(clip: Path, style: Any, wishes: dict[str, Any], name: str = "") -> Order:
    """What the options of `making` wish of a clip."""
    return Order(
        clip=clip,
        style=style,
        name=name,
        shot_ids=tuple(range(1, wishes["shot_count"] + 1)),
        is_saving=wishes["saving"] == "all",
        is_trimmed=wishes["is_trimmed"],
        asks_again=wishes["asks_again"],
        out=wishes["out"],
    )
