"""A clip on its way to another computer: by its name where that sees the same file, else with its bytes."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from maestro.errors import FootageError

MARK_BYTES = 65_536
"""So much of its beginning and of its end tells whether it is the same file."""


class UnseenError(FootageError):
    """There is no such file on this computer: its bytes must come along."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A clip by path, size and a mark; `content` is empty as long as nobody missed the file."""

    path: Path
    size_bytes: int
    mark: str
    content: bytes = field(default=b"", repr=False)

    def filled(self) -> "Parcel":
        """With its bytes. Raises FootageError."""
        try:
            return replace(self, content=self.path.read_bytes())
        except OSError as error:
            raise FootageError(f'"{self.path.name}" cannot be read: {error.strerror or error}.') from error

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """On the other computer: where it lies, as long as it is needed. Raises UnseenError."""
        if not self.content:
            if _facts(self.path) != (self.size_bytes, self.mark):
                raise UnseenError(f'"{self.path.name}" is not on this computer.')
            yield self.path
            return
        with tempfile.TemporaryDirectory(prefix="maestro-") as folder:
            path = Path(folder) / "clip.mp4"
            path.write_bytes(self.content)
            yield path


def parcel(path: Path) -> Parcel:
    """Of a clip on this computer; of one that is not there, too: who opens it says so."""
    absolute = path.absolute()
    return Parcel(absolute, *_facts(absolute))


def _facts(path: Path) -> tuple[int, str]:
    """Size in bytes and mark; (-1, "") of a file that cannot be read."""
    try:
        with path.open("rb") as file:
            size_bytes = file.seek(0, 2)
            file.seek(0)
            digest = hashlib.sha256(file.read(MARK_BYTES))
            file.seek(max(0, size_bytes - MARK_BYTES))
            digest.update(file.read(MARK_BYTES))
    except OSError:
        return -1, ""
    return size_bytes, digest.hexdigest()
