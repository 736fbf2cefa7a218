"""One command at a time works on a project: threads of this process take turns, another process is told that it is too late."""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from maestro.errors import WorkspaceError

FOLDER = ".runs"

_turns: dict[Path, threading.Lock] = {}
_taking = threading.Lock()


@contextmanager
def held(workspace: Path, names: Sequence[str]) -> Iterator[None]:
    """Holds all of `names` in that workspace. Raises WorkspaceError when another process holds one of them.

    A process that dies lets go of them.
    """
    folder = workspace / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as stack:
        for name in sorted(set(names)):  # always in the same order, so that nobody waits in a circle
            path = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.lock"
            with _taking:
                turn = _turns.setdefault(path, threading.Lock())
            stack.enter_context(turn)
            stack.enter_context(_file(path))
        yield


@contextmanager
def _file(path: Path) -> Iterator[None]:
    lock = FileLock(path, timeout=0, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise WorkspaceError(
            "Another command is working on this project right now; nothing was asked.",
            next_step="Wait for it, then run this again.",
        ) from None
    try:
        yield
    finally:
        lock.release()
