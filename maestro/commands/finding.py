"""Which project a clip already has, so that running it again goes on instead of paying again."""

import hashlib
import threading
from pathlib import Path

from maestro.errors import FootageError, MaestroError
from maestro.studio import Studio
from maestro.types import Clip, Project, StyleReference

Inputs = tuple[str, str]
"""SHA-256 of the clip and of the style picture as it is kept."""


class Finder:
    """Thread-safe. Looks at every project once, when one is first looked for by its inputs."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._lock = threading.Lock()
        self._known: dict[Inputs, str] | None = None

    def named(self, name: str, clip: Clip, style: StyleReference) -> str | None:
        """The project of that name. Raises FootageError when it was made from something else."""
        same = [card for card in self._studio.projects(name) if card.name.casefold() == name.strip().casefold()]
        projects = [self._studio.open(card.id) for card in same]
        for project in projects:
            if inputs_of(project) == _inputs(clip, style):
                return project.id
        bare = next((project.id for project in projects if project.clip is None and not project.frames), None)
        if projects and bare is None:
            raise FootageError(
                f"The project “{name}” was made from another clip or style picture.",
                next_step="Give another --project, or leave it out.",
            )
        return bare

    def made_from(self, clip: Clip, style: StyleReference) -> str | None:
        """The project that was made from these; the newest if there are several."""
        with self._lock:
            if self._known is None:
                self._known = self._look()
            return self._known.get(_inputs(clip, style))

    def remember(self, project_id: str, clip: Clip, style: StyleReference) -> None:
        """It was begun just now."""
        with self._lock:
            if self._known is not None:
                self._known[_inputs(clip, style)] = project_id

    def _look(self) -> dict[Inputs, str]:
        known: dict[Inputs, str] = {}
        for card in reversed(self._studio.projects()):
            try:
                inputs = inputs_of(self._studio.open(card.id))
            except MaestroError:
                continue  # a damaged project is said where it is opened; it is none to go on with
            if inputs is not None:
                known[inputs] = card.id
        return known


def inputs_of(project: Project) -> Inputs | None:
    """What it was made from; None when it keeps no clip or no style picture that can be read."""
    if project.clip is None or project.style_path is None or project.is_read_only:
        return None
    picture = _read(project.style_path)
    return None if picture is None else (project.clip.sha256, hashlib.sha256(picture).hexdigest())


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _inputs(clip: Clip, style: StyleReference) -> Inputs:
    return clip.sha256, hashlib.sha256(style.picture.encoded).hexdigest()
