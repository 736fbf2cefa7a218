"""Saved frames -> a ZIP of the original bytes, under our own names."""

import errno
import os
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from maestro.errors import DiskFullError, WorkspaceError
from maestro.types import PICTURE_SUFFIXES, Take

_FIRST_YEAR_OF_ZIP = 1980
_READABLE = 0o644 << 16


def frames_zip(takes: Sequence[Take], destination: Path) -> None:
    """The takes in their order, each as `shot-01_take-02.png`, stored as they are; those whose file is missing are left out.

    `destination` appears whole or not at all. Raises WorkspaceError when there is nothing to put in or no room for it.
    """
    there = [take for take in takes if take.path.is_file() and not take.path.is_symlink()]
    if not there:
        raise WorkspaceError("No frame is saved yet, or their files are missing.", next_step="Save a take, then try again.")
    try:
        _write(there, destination)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError("There is no space for the ZIP.") from error
        raise WorkspaceError(f"The ZIP could not be written: {error.strerror}.") from error


def _write(takes: Sequence[Take], destination: Path) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{destination.name}.", dir=destination.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream, ZipFile(stream, "w", ZIP_STORED) as archive:
            for take in takes:
                _add(archive, take)
        unfinished.replace(destination)
    finally:
        unfinished.unlink(missing_ok=True)


def _add(archive: ZipFile, take: Take) -> None:
    moment = take.created_at.astimezone(UTC)
    member = ZipInfo(
        f"{take.label}{PICTURE_SUFFIXES[take.media_type]}", (max(moment.year, _FIRST_YEAR_OF_ZIP), *moment.timetuple()[1:6])
    )
    member.external_attr = _READABLE
    member.file_size = take.path.stat().st_size
    with take.path.open("rb") as picture, archive.open(member, "w") as sheet:
        shutil.copyfileobj(picture, sheet)
