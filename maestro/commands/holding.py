"""One command at a time works on a project: threads of this process take turns, another process is told that it is too late."""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from maestro.errors import WorkspaceError

FOLDER = ".runs"

_turns: WeakValueDictionary[Path, threading.Lock] = WeakValueDictionary()
_taking = threading.Lock()


@contextmanager
def held(workspace: Path, names: Sequence[str]) -> Iterator[None]:
    """Holds all of `names` in that workspace. Raises WorkspaceError when another process holds one of them.

    A process that dies lets go of them.
    """
    (workspace / FOLDER).mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as stack:
        for name in sorted(set(names)):  # always in the same order, so that nobody waits in a circle
            path = path_of(workspace, name, "lock")
            with _taking:
                turn = _turns.setdefault(path, threading.Lock())
            stack.enter_context(turn)
            stack.enter_context(_file(path))
        yield


def path_of(workspace: Path, name: str, kind: str) -> Path:
    """The file of that kind that stands for `name`."""
    return workspace / FOLDER / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.{kind}"


@contextmanager
def _file(path: Path) -> Iterator[None]:
    descriptor = _taken(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held: whoever has it open already sees that it is not the one any more
        os.close(descriptor)


def _taken(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise WorkspaceError(
                "Another command is working on this project right now; nothing was asked.",
                next_step="Wait for it, then run this again.",
            ) from None
        os.close(descriptor)
