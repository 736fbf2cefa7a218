"""ZIP files: the frames' original bytes under our own names, alone or with everything about them."""

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from maestro.errors import WorkspaceError
from maestro.services.export.selection import chosen_takes, file_name, has_file
from maestro.services.export.shot_list import shot_list_csv, shot_list_markdown
from maestro.services.export.storyboard import newest, storyboard_pdf
from maestro.services.export.whole import disk_fault, whole
from maestro.types import Project, StoryboardLayout, Take

_FIRST_YEAR_OF_ZIP = 1980
_READABLE = 0o644 << 16
_Member = tuple[str, Path, datetime]


def frames_zip(takes: Sequence[Take], destination: Path) -> None:
    """The takes in their order, each as `shot-01_take-02.png`, stored as they are; those whose file is missing are left out.

    `destination` appears whole or not at all. Raises WorkspaceError when there is nothing to put in or no room for it.
    """
    members = _pictures(takes)
    if not members:
        raise WorkspaceError("No frame is saved yet, or their files are missing.", next_step="Save a take, then try again.")
    _write(members, destination)


def everything_zip(project: Project, layout: StoryboardLayout, destination: Path) -> None:
    """The frames that the storyboard shows, the shot list as CSV and Markdown, and the storyboard itself.

    Without a saved take the frames are the last ones. Raises WorkspaceError when there is no frame or no room.
    """
    frames = _pictures(chosen_takes(project))
    if not frames:
        raise WorkspaceError("There is no frame yet, or their files are missing.", next_step="Generate a frame, then try again.")
    moment = newest(project)
    try:
        with tempfile.TemporaryDirectory(prefix=".everything-", dir=destination.parent) as name:
            made = Path(name)
            shot_list_csv(project, made / "shot-list.csv")
            shot_list_markdown(project, made / "shot-list.md")
            storyboard_pdf(project, layout, made / "storyboard.pdf")
            sheets = [(file.name, file, moment) for file in sorted(made.iterdir())]
            _write([*frames, *sheets], destination)
    except OSError as error:
        raise disk_fault(error, "ZIP") from error


def _pictures(takes: Sequence[Take]) -> list[_Member]:
    return [(file_name(take), take.path, take.created_at) for take in takes if has_file(take)]


def _write(members: Iterable[_Member], destination: Path) -> None:
    with whole(destination, "ZIP") as stream, ZipFile(stream, "w", ZIP_STORED) as archive:
        for name, path, moment in members:
            _add(archive, name, path, moment.astimezone(UTC))


def _add(archive: ZipFile, name: str, path: Path, moment: datetime) -> None:
    member = ZipInfo(name, (max(moment.year, _FIRST_YEAR_OF_ZIP), *moment.timetuple()[1:6]))
    member.external_attr = _READABLE
    member.file_size = path.stat().st_size
    with path.open("rb") as file, archive.open(member, "w") as sheet:
        shutil.copyfileobj(file, sheet)
