"""The shot list: one row for each saved take, or for the shot where none is saved; as a table for spreadsheets and for reading."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from maestro.errors import WorkspaceError
from maestro.services.export.scripts import printable
from maestro.services.export.selection import chosen_takes, every_shot, file_name, has_file, timecode
from maestro.services.export.whole import whole
from maestro.types import Project, ShotSheet, Take

COLUMNS = ("Shot", "Take", "File", "Words", "Source timecode", "Model", "Size", "Cost (USD)", "Saved", "Notes")
_BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes UTF-8 for the computer's old code page."""
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""How a cell begins that a spreadsheet would calculate, its full-width forms included."""


@dataclass(frozen=True, slots=True)
class _Row:
    shot: str
    take: str
    file: str
    words: str
    timecode: str
    model: str
    size: str
    cost: str
    saved: str
    notes: str

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.shot,
            self.take,
            self.file,
            self.words,
            self.timecode,
            self.model,
            self.size,
            self.cost,
            self.saved,
            self.notes,
        )


def shot_list_csv(project: Project, destination: Path) -> None:
    """For spreadsheets: UTF-8 with a byte order mark, lines end in CR LF, no cell is a formula. Raises WorkspaceError."""
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(cell) for cell in row.cells] for row in _rows(project))
    _keep(_BYTE_ORDER_MARK + page.getvalue(), destination)


def shot_list_markdown(project: Project, destination: Path) -> None:
    """For reading: a table whose files are links to pictures beside it. Raises WorkspaceError."""
    rows = _rows(project)
    lines = [f"# {_told(project.name)}", "", _line(COLUMNS), _line(("---",) * len(COLUMNS))]
    for row in rows:
        cells = [_told(cell) for cell in row.cells]
        cells[2] = f"[{row.file}]({row.file})" if row.file else ""
        lines.append(_line(cells))
    _keep("\n".join([*lines, ""]), destination)


def _rows(project: Project) -> list[_Row]:
    if not project.sheets:
        raise WorkspaceError("There is no shot yet.", next_step="Analyze a clip, then try again.")
    in_archive = {take.label for take in chosen_takes(project) if has_file(take)}
    return [_row(sheet, take, take is not None and take.label in in_archive) for sheet, take in every_shot(project)]


def _row(sheet: ShotSheet, take: Take | None, is_in_archive: bool) -> _Row:
    if take is None:
        return _Row(str(sheet.shot.id), "", "", printable(sheet.shot.text), "", "", "", "", "no", "not shot yet")
    notes = list(take.notes)
    if take.is_stale:
        notes.append("The shot's words or its style have changed since.")
    if take.is_missing:
        notes.append("The picture's file is missing.")
    return _Row(
        shot=str(take.label.shot_id),
        take=str(take.label.number),
        file=file_name(take) if is_in_archive else "",
        words=printable(take.text or sheet.shot.text),
        timecode=timecode(take),
        model=printable(take.model or take.engine),
        size=f"{take.width_px}x{take.height_px}",
        cost="" if take.cost_usd is None else f"{take.cost_usd:.6f}".rstrip("0").rstrip("."),
        saved="yes" if take.is_saved else "no",
        notes=printable(" ".join(notes)),
    )


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _told(cell: str) -> str:
    """Word for word in a Markdown table: what has a meaning there is escaped, a new line is one of the cell."""
    escaped = re.sub(r"([\\|`*_\[\]~#])", r"\\\1", cell.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return re.sub(r"\s*\n\s*", "<br>", escaped.strip())


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _keep(text: str, destination: Path) -> None:
    with whole(destination, "shot list") as stream:
        stream.write(text.encode())
