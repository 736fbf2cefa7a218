"""Where the clips are that projects were made from, and who reads them: a project keeps frames, not the clip itself.

A clip is found as long as it lies where the project was made from it, in the folder of uploaded clips under the name that
`kept_name` gives it, or among the samples.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from maestro.errors import FootageError
from maestro.types import Clip, SourceFrame, StripFrame

SAMPLES = Path(__file__).resolve().parent / "samples"
UPLOAD_AGAIN = "Upload it again to choose other frames."


def kept_name(sha256: str) -> str:
    """What an uploaded clip is called in the folder of uploaded clips once a project was made from it."""
    return f"{sha256}.mp4"


class Reader(Protocol):
    """Reads clips: the booth, which does it in a process of its own. All raise FootageError."""

    def probe(self, path: Path, name: str, max_s: float, *, is_trimmed: bool = False) -> Clip:
        """As `video.probe`."""

    def strip(self, path: Path, name: str, end_s: float) -> tuple[StripFrame, ...]:
        """As `choosing.strip`."""

    def around(self, path: Path, name: str, end_s: float, index: int) -> tuple[StripFrame, ...]:
        """As `choosing.around`."""

    def pick(self, path: Path, name: str, end_s: float, indices: Sequence[int]) -> tuple[SourceFrame, ...]:
        """As `choosing.pick`."""

    def sharpest_near(self, path: Path, name: str, end_s: float, indices: Sequence[int]) -> tuple[int, ...]:
        """As `choosing.sharpest_near`."""


class Clips:
    """Thread-safe. `cache` is the folder of uploaded clips, if it is known; `digest` reads a clip's SHA-256 (FootageError)."""

    def __init__(self, cache: Path | None, digest: Callable[[Path, Clip], str]) -> None:
        self._cache = cache
        self._digest = digest
        self._lock = threading.Lock()
        self._paths: dict[str, Path] = {}
        self._digests: dict[tuple[Path, int, int], str] = {}

    def remember(self, project_id: str, path: Path, clip: Clip | None) -> None:
        """The project's clip lies there. Raises FootageError when that is another clip than `clip`."""
        if clip is not None and not self._is(path, clip):
            raise FootageError(
                "That is another clip than this project was made from.",
                next_step=f'Choose "{clip.name}" again, or begin a new project.',
            )
        with self._lock:
            self._paths[project_id] = path

    def find(self, project_id: str, clip: Clip) -> Path | None:
        """Where a file lies that seems to be it; looks at names and sizes only."""
        with self._lock:
            remembered = self._paths.get(project_id)
            folders = {path.parent for path in self._paths.values()}
        if self._cache is not None:
            folders.add(self._cache)
        candidates = [] if remembered is None else [remembered]
        candidates += [folder / kept_name(clip.sha256) for folder in sorted(folders)]
        candidates += [SAMPLES / clip.name] if clip.name == Path(clip.name).name else []
        return next((path for path in candidates if _has_size(path, clip.size_bytes)), None)

    def get(self, project_id: str, clip: Clip | None) -> tuple[Clip, Path]:
        """The clip and where it lies, proved by its contents. Raises FootageError."""
        path = None if clip is None else self.find(project_id, clip)
        if clip is None or path is None or not self._is(path, clip):
            raise FootageError("The clip itself is not kept.", next_step=UPLOAD_AGAIN)
        return clip, path

    def _is(self, path: Path, clip: Clip) -> bool:
        """A file is read for this once, and again when it has changed."""
        try:
            facts = path.stat()
        except OSError:
            return False
        key = (path, facts.st_size, facts.st_mtime_ns)
        if key not in self._digests:
            self._digests[key] = self._digest(path, clip)
        return self._digests[key] == clip.sha256


def _has_size(path: Path, size_bytes: int) -> bool:
    try:
        return path.stat().st_size == size_bytes
    except OSError:
        return False
