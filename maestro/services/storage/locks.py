"""Who may write, and who is alive: one lock a project over threads and processes, one presence a process."""

import fcntl
import os
import re
import secrets
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from maestro.errors import WorkspaceError
from maestro.services.storage.durable import Disk, is_folder, make_folder

WAIT_S = 60.0
POLL_S = 0.002
PRESENCE = re.compile(r"\d{1,10}-[0-9a-f]{12}", re.ASCII)


class ProjectLock:
    """Held over a whole read-change-write. Re-entrant; its side-car file is never deleted, and free after a crash."""

    def __init__(self, disk: Disk, workspace: Path, project_id: str) -> None:
        self._disk = disk
        self._workspace = workspace
        self._threads = threading.RLock()
        self._file = FileLock(
            workspace / ".locks" / f"{project_id}.lock", timeout=WAIT_S, poll_interval=POLL_S, mode=0o600, thread_local=False
        )
        self._depth = 0

    def __enter__(self) -> Self:
        if not self._threads.acquire(timeout=WAIT_S):
            raise _busy()
        try:
            if self._depth == 0:
                self._lock_file()
            self._depth += 1
        except BaseException:
            self._threads.release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                self._file.release()
        finally:
            self._threads.release()

    def _lock_file(self) -> None:
        # The lock would make the folders above it: a workspace that vanished must not come back empty.
        require_workspace(self._workspace)
        make_folder(self._disk, self._workspace / ".locks")
        try:
            self._file.acquire()
        except Timeout as error:
            raise _busy() from error


class Presence:
    """A file whose flock this process holds until it ends: while it is held, nobody else touches the calls that carry its name."""

    def __init__(self, disk: Disk, workspace: Path) -> None:
        self._folder = workspace / ".presence"
        require_workspace(workspace)
        make_folder(disk, self._folder)
        self.name, self._descriptor = self._hold()

    def _hold(self) -> tuple[str, int]:
        while True:
            name = f"{os.getpid()}-{secrets.token_hex(6)}"
            path = self._folder / name
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Somebody who sweeps may have taken it for a dead one between the two calls.
            if path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino:
                return name, descriptor
            os.close(descriptor)


_own: dict[tuple[int, Path], Presence] = {}
_own_lock = threading.Lock()


def presence_of(disk: Disk, workspace: Path) -> str:
    """The name of this process in that workspace; its file is made the first time."""
    key = (os.getpid(), workspace)
    with _own_lock:
        if key not in _own or not (workspace / ".presence" / _own[key].name).exists():
            _own[key] = Presence(disk, workspace)
        return _own[key].name


def is_own(workspace: Path, name: str) -> bool:
    """Whether it is the name of this process."""
    own = _own.get((os.getpid(), workspace))
    return own is not None and own.name == name


def is_alive(workspace: Path, name: str) -> bool:
    """Whether the process of that name still runs (on this machine)."""
    if PRESENCE.fullmatch(name) is None:
        return False
    if is_own(workspace, name):
        return True
    try:
        descriptor = os.open(workspace / ".presence" / name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def sweep_presences(workspace: Path) -> None:
    """Removes the files of processes that ended."""
    folder = workspace / ".presence"
    if not is_folder(folder):
        return
    for path in folder.iterdir():
        if PRESENCE.fullmatch(path.name) and not is_alive(workspace, path.name):
            with suppress(OSError):
                path.unlink()


def require_workspace(workspace: Path) -> None:
    """Raises WorkspaceError when the folder is gone: it is never made anew where projects were."""
    if not workspace.is_dir():
        raise WorkspaceError("The workspace folder is gone.", next_step="Put the folder back where it was, then try again.")


def _busy() -> WorkspaceError:
    return WorkspaceError("Another program is holding this project.", next_step="Close other copies of Maestro, then try again.")
