"""Files that are whole or not there: every byte that the store writes goes through here.

A placed file is written beside its place (O_EXCL, 0600), synced, moved over it in one step, and its folder is synced.
Reads follow no symlink in the last step and open nothing but regular files, so that a FIFO or a device never hangs the app.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from maestro.errors import DiskFullError, WorkspaceError

PART_PREFIX = ".part-"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS, errno.EXDEV}

StatKey = tuple[int, int, int]
"""(inode, size, mtime_ns): the same as long as a file was neither replaced nor written."""


class Disk(Protocol):
    """The calls that change a disk, as `os` has them; a test may put one between that fails."""

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int: ...
    def write(self, descriptor: int, encoded: bytes | memoryview) -> int: ...
    def fsync(self, descriptor: int) -> None: ...
    def close(self, descriptor: int) -> None: ...
    def replace(self, source: Path, target: Path) -> None: ...
    def link(self, source: Path, target: Path) -> None: ...
    def unlink(self, path: Path) -> None: ...
    def mkdir(self, path: Path, mode: int = 0o700) -> None: ...
    def truncate(self, descriptor: int, size_bytes: int) -> None: ...
    def free_bytes(self, path: Path) -> int: ...


class SystemDisk:
    """The real one."""

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        return os.open(path, flags, mode)

    def write(self, descriptor: int, encoded: bytes | memoryview) -> int:
        return os.write(descriptor, encoded)

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)  # noqa: PTH105 - pathlib hides which call it makes

    def link(self, source: Path, target: Path) -> None:
        os.link(source, target, follow_symlinks=False)

    def unlink(self, path: Path) -> None:
        os.unlink(path)  # noqa: PTH108

    def mkdir(self, path: Path, mode: int = 0o700) -> None:
        os.mkdir(path, mode)  # noqa: PTH102

    def truncate(self, descriptor: int, size_bytes: int) -> None:
        os.ftruncate(descriptor, size_bytes)

    def free_bytes(self, path: Path) -> int:
        room = os.statvfs(path)
        return room.f_bavail * room.f_frsize


def place(disk: Disk, path: Path, encoded: bytes) -> None:
    """`path` holds `encoded`, durably; after an OSError it holds what it held before, or (a failed folder sync) the new bytes."""
    with placing(disk, path) as descriptor:
        write_all(disk, descriptor, encoded)


@contextmanager
def placing(disk: Disk, path: Path) -> Iterator[int]:
    """A descriptor whose bytes become the file at `path`, whole and durable, when the block ends without an exception."""
    part = path.with_name(f"{PART_PREFIX}{secrets.token_hex(6)}")
    try:
        descriptor = disk.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
            yield descriptor
            disk.fsync(descriptor)
        finally:
            disk.close(descriptor)
        disk.replace(part, path)
    except BaseException:
        with suppress(OSError):
            disk.unlink(part)
        raise
    sync_folder(disk, path.parent)


def write_all(disk: Disk, descriptor: int, encoded: bytes) -> None:
    """Every byte, however short the single writes are."""
    left = memoryview(encoded)
    while left:
        left = left[disk.write(descriptor, left) :]


def append_line(disk: Disk, path: Path, line: bytes) -> None:
    """Adds one line, durably; a torn line before it is ended first. Only under the project's lock."""
    is_new = not path.exists()
    descriptor = disk.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        _require_regular(descriptor, path)
        os.fchmod(descriptor, 0o600)
        size_bytes = os.fstat(descriptor).st_size
        is_torn = size_bytes > 0 and os.pread(descriptor, 1, size_bytes - 1) != b"\n"
        try:
            write_all(disk, descriptor, (b"\n" if is_torn else b"") + line + b"\n")
            disk.fsync(descriptor)
        except OSError:
            with suppress(OSError):
                disk.truncate(descriptor, size_bytes)
            raise
    finally:
        disk.close(descriptor)
    if is_new:
        sync_folder(disk, path.parent)


def sync_folder(disk: Disk, folder: Path) -> None:
    """Makes what was renamed or created in `folder` durable."""
    descriptor = disk.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        disk.fsync(descriptor)
    finally:
        disk.close(descriptor)


def make_folder(disk: Disk, folder: Path) -> None:
    """A folder of mode 0700, whatever the umask; its parent must be there. Raises OSError when a file or symlink has its name."""
    with suppress(FileExistsError):
        disk.mkdir(folder, 0o700)
        folder.chmod(0o700)
        sync_folder(disk, folder.parent)
    if not is_folder(folder):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def open_regular(path: Path) -> int:
    """A descriptor for reading; raises OSError unless it is a regular file and no symlink."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        _require_regular(descriptor, path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def read_bytes(path: Path, limit_bytes: int = 1 << 30) -> tuple[bytes, StatKey]:
    """A regular file's bytes and what they were read from. Raises OSError; EFBIG when it is larger than `limit_bytes`."""
    descriptor = open_regular(path)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if status.st_size > limit_bytes:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        return stream.read(limit_bytes), key_of(status)


def key_of(status: os.stat_result) -> StatKey:
    """What a cache compares."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def stat_key(path: Path) -> StatKey | None:
    """The key of whatever has that name (a symlink counts as itself); None when nothing has."""
    try:
        return key_of(path.lstat())
    except OSError:
        return None


def is_folder(path: Path) -> bool:
    """Whether it is a real folder, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def is_regular(path: Path) -> bool:
    """Whether it is a regular file, not a link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def regular_files(folder: Path) -> dict[str, StatKey]:
    """The regular files directly in a real folder, with their keys; our own parts left out. Empty when there is no such folder."""
    if not is_folder(folder):
        return {}
    with os.scandir(folder) as entries:
        return {
            entry.name: key_of(entry.stat(follow_symlinks=False))
            for entry in entries
            if entry.is_file(follow_symlinks=False) and not entry.name.startswith(PART_PREFIX)
        }


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turns an OSError into the sentence for the user; `what` is a noun phrase such as "Your change"."""
    try:
        yield
    except OSError as error:
        raise _error_of(error, what) from error


def _error_of(error: OSError, what: str) -> WorkspaceError:
    if error.errno in FULL:
        return DiskFullError(f"The disk is full: {what[0].lower()}{what[1:]} was not saved.")
    if error.errno in READ_ONLY:
        return WorkspaceError(
            f"{what} was not saved: the workspace can only be read.",
            next_step="Allow Maestro to write to the workspace folder, then try again.",
        )
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ESTALE}:
        return WorkspaceError(
            f"{what} was not saved: its folder is gone.", next_step="Put the folder back where it was, then try again."
        )
    return WorkspaceError(f"{what} was not saved: the disk says “{error.strerror or error}”.")


def _require_regular(descriptor: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
