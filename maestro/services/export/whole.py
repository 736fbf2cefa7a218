"""Files that appear whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from maestro.errors import DiskFullError, WorkspaceError


@contextmanager
def whole(destination: Path, what: str) -> Iterator[BinaryIO]:
    """A stream into a file that takes its name when the block ends well; `what` names it in the sentence of a failure.

    Raises WorkspaceError for every fault of the disk, DiskFullError when there is no room.
    """
    try:
        with _unfinished(destination) as stream:
            yield stream
    except OSError as error:
        raise disk_fault(error, what) from error


def disk_fault(error: OSError, what: str) -> WorkspaceError:
    """The fault in words."""
    if error.errno == errno.ENOSPC:
        return DiskFullError(f"There is no space for the {what}.")
    return WorkspaceError(f"The {what} could not be written: {error.strerror}.")


@contextmanager
def _unfinished(destination: Path) -> Iterator[BinaryIO]:
    descriptor, name = tempfile.mkstemp(prefix=f".{destination.name}.", dir=destination.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        unfinished.replace(destination)
    finally:
        unfinished.unlink(missing_ok=True)
