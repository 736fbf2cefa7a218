"""What leaves a project as one file: made in a folder of this process, whole or not at all, and gone when Maestro ends."""

import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from maestro.services import export
from maestro.services.storage import Workspace
from maestro.types import Project, StoryboardLayout


class Exports:
    """Thread-safe; one for the process. `open_project` reads a project."""

    def __init__(self, workspace: Workspace, open_project: Callable[[str], Project]) -> None:
        self._workspace = workspace
        self._open = open_project
        self._lock = threading.Lock()
        self._made: Path | None = None

    def frames_zip(self, project_id: str) -> Path:
        """The saved frames' original bytes, names in order."""
        destination = self._folder() / f"{project_id}-frames.zip"
        export.frames_zip(self._open(project_id).saved_takes, destination)
        return destination

    def storyboard(self, project_id: str, layout: StoryboardLayout) -> Path:
        """The pages to print, as PDF."""
        destination = self._folder() / f"{project_id}-storyboard-{_mark(layout)}.pdf"
        export.storyboard_pdf(self._open(project_id), layout, destination)
        return destination

    def shot_list(self, project_id: str, *, is_markdown: bool) -> Path:
        """One row a shot: as CSV for spreadsheets, or as Markdown for reading."""
        destination = self._folder() / f"{project_id}-shots.{'md' if is_markdown else 'csv'}"
        make = export.shot_list_markdown if is_markdown else export.shot_list_csv
        make(self._open(project_id), destination)
        return destination

    def everything(self, project_id: str, layout: StoryboardLayout) -> Path:
        """Frames, shot list and storyboard as one ZIP."""
        destination = self._folder() / f"{project_id}-everything-{_mark(layout)}.zip"
        export.everything_zip(self._open(project_id), layout, destination)
        return destination

    def bundle(self, project_id: str) -> Path:
        """The whole project."""
        destination = self._folder() / f"{project_id}.zip"
        self._workspace.export_bundle(project_id, destination)
        return destination

    def close(self) -> None:
        """Throws the files away."""
        with self._lock:
            if self._made:
                shutil.rmtree(self._made, ignore_errors=True)

    def _folder(self) -> Path:
        with self._lock:
            if self._made is None:
                self._made = Path(tempfile.mkdtemp(prefix="maestro-exports-"))
            return self._made


def _mark(layout: StoryboardLayout) -> str:
    return f"{layout.per_page}-{layout.paper}-{layout.has_notes:d}{layout.has_every_shot:d}"
