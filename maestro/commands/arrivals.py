"""Whether a clip has finished arriving in a folder: told by its size, its moment, its boxes, and who still has it open."""

import errno
import fcntl
import os
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CLIP_SUFFIX = ".mp4"
UNFINISHED = (".part", ".crdownload", ".download", ".tmp", ".partial", ".filepart", "~")
BROKEN_S = 30.0
"""How long a file whose boxes are not whole must have been left alone before it is taken for a broken clip."""


@dataclass(slots=True)
class _Sight:
    """How a file looked, since when. `is_placed`: it was renamed into its place, and so was whole from the first moment."""

    look: tuple[int, int, int]
    since_s: float
    is_placed: bool = False


class Arrivals:
    """For one thread. A clip is ripe when it did not change for `settle_s` and is whole; at once when it was renamed into place.

    One whose boxes do not end where the file ends is ripe after `broken_s`: then it is a bad one. Nothing is ripe that
    anybody still has open for writing, as far as the system tells.
    """

    def __init__(
        self,
        folder: Path,
        settle_s: float,
        broken_s: float = BROKEN_S,
        *,
        clock: Callable[[], float] = time.monotonic,
        is_being_written: Callable[[Path], bool] | None = None,
    ) -> None:
        self._folder = folder
        self._settle_s = settle_s
        self._broken_s = max(broken_s, settle_s)
        self._clock = clock
        self._is_being_written = is_being_written or has_writer
        self._seen: dict[str, _Sight] = {}

    def ripe(self, placed: frozenset[str] = frozenset()) -> list[Path]:
        """The clips that can be taken, in order of their names; `placed` are names that were renamed into the folder since."""
        looks = dict(self._looks())
        self._seen = {name: sight for name, sight in self._seen.items() if name in looks}
        ripe = [name for name in sorted(looks) if self._is_ripe(name, looks[name], is_placed=name in placed)]
        return [self._folder / name for name in ripe]

    def _is_ripe(self, name: str, look: tuple[int, int, int], *, is_placed: bool) -> bool:
        now_s, sight = self._clock(), self._seen.get(name)
        if sight is None or sight.look != look:
            sight = self._seen[name] = _Sight(look, now_s, is_placed)
        sight.is_placed = sight.is_placed or is_placed
        path, age_s = self._folder / name, now_s - sight.since_s
        if age_s < self._settle_s and not sight.is_placed:
            return False
        is_whole = has_whole_boxes(path)
        if not is_whole and age_s < self._broken_s:
            return False
        if self._is_being_written(path):
            sight.since_s, sight.is_placed = now_s, False
            return False
        return True

    def _looks(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if is_clip_name(entry.name) and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    yield entry.name, (status.st_ino, status.st_size, status.st_mtime_ns)


def is_clip_name(name: str) -> bool:
    """Hidden names and those of unfinished downloads are none."""
    lower = name.lower()
    return lower.endswith(CLIP_SUFFIX) and not lower.startswith((".", "~")) and not lower.endswith(UNFINISHED)


def has_whole_boxes(path: Path) -> bool:
    """Whether the file's top boxes end exactly where it ends, an index among them."""
    try:
        with path.open("rb") as stream:
            size, at, kinds = os.fstat(stream.fileno()).st_size, 0, set()
            while at < size:
                stream.seek(at)
                head = stream.read(16)
                if len(head) < 8:
                    return False
                length, kind = struct.unpack(">I4s", head[:8])
                if length == 1 and len(head) == 16:
                    length = struct.unpack(">Q", head[8:])[0]
                elif length == 0:
                    length = size - at  # to the end of the file, whatever that is
                if length < 8:
                    return False
                kinds.add(kind)
                at += length
            return at == size and b"moov" in kinds
    except OSError:
        return False


def has_writer(path: Path) -> bool:
    """Whether any process has the file open for writing; False where the system does not tell."""
    lease = getattr(fcntl, "F_SETLEASE", None)
    if lease is None:
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # A lease for reading is refused while there is a writer; it is given back at once.
        fcntl.fcntl(descriptor, lease, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, lease, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False
