"""`maestro projects`: what the workspace holds."""

import click

from maestro.commands import reports
from maestro.commands.desk import opened, refuse
from maestro.errors import MaestroError


@click.command()
@click.option("--json", "is_json", is_flag=True, help="Print one JSON document on standard output.")
@click.argument("words", default="")
def projects(words: str, *, is_json: bool) -> None:
    """List the projects, newest change first; only those with WORDS in their name, if given."""
    with opened(is_making=False) as desk:
        try:
            cards = desk.studio.projects(words)
        except MaestroError as error:
            refuse(error)
    if is_json:
        listed = [
            {
                "id": card.id,
                "name": card.name,
                "changed_at": card.changed_at.isoformat(),
                "shots": card.shot_count,
                "takes": card.take_count,
                "saved": card.saved_count,
                "size_bytes": card.size_bytes,
                "trouble": card.trouble,
            }
            for card in cards
        ]
        click.echo(reports.as_json({"projects": listed}))
        return
    rows = [("project", "name", "changed", "shots", "takes", "saved", "")]
    for card in cards:
        changed = card.changed_at.astimezone().strftime("%Y-%m-%d %H:%M")
        rows.append((card.id, card.name, changed, str(card.shot_count), str(card.take_count), str(card.saved_count), card.trouble))
    click.echo(reports.columns(rows) if cards else "There is no project yet. Make one: maestro run CLIP --style PICTURE")
