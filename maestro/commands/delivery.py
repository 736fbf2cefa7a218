"""A project's frames in a folder of the user's: the original bytes under our own names, and the same as one ZIP."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from maestro.errors import WorkspaceError
from maestro.studio import Studio
from maestro.types import PICTURE_SUFFIXES, Take


def deliver(studio: Studio, project_id: str, takes: Sequence[Take], out: Path) -> tuple[Path, ...]:
    """The files in `out`: `<project>/shot-01_take-02.png` ..., and `<project>-frames.zip` when frames are saved.

    Each appears whole or not at all; what is there already and equal is left alone. Raises WorkspaceError.
    """
    try:
        there = [take for take in takes if take.path.is_file()]
        made = [_place(take.path, out / project_id / f"{take.label}{PICTURE_SUFFIXES[take.media_type]}") for take in there]
        if any(take.is_saved for take in there):
            made.append(_place(studio.frames_zip(project_id), out / f"{project_id}-frames.zip"))
    except OSError as error:
        raise WorkspaceError(
            f"The frames could not be put into {out}: {error.strerror or error}.", next_step="Choose another --out folder."
        ) from error
    return tuple(made)


def place(made: Path, destination: Path) -> Path:
    """A copy of a file that was made. Raises WorkspaceError."""
    try:
        return _place(made, destination)
    except OSError as error:
        raise WorkspaceError(
            f"{destination} could not be written: {error.strerror or error}.", next_step="Choose another --out folder."
        ) from error


def write_whole(path: Path, written: str) -> None:
    """A text file that appears whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(written)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _place(source: Path, destination: Path) -> Path:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if destination.is_file() and _is_same(source, destination):
        return destination
    descriptor, name = tempfile.mkstemp(prefix=f".{destination.name}.", dir=destination.parent)
    os.close(descriptor)
    part = Path(name)
    try:
        shutil.copyfile(source, part)
        part.chmod(0o644)
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)
    return destination


def _is_same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()
