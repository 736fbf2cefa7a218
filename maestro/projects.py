"""What a user can do with a project without asking any engine: the workspace, words and choices, takes, files."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from maestro.attempts import attempt
from maestro.errors import MaestroError, ProjectDamagedError, ProjectMissingError, WorkspaceError
from maestro.events import Events, topic
from maestro.exports import Exports
from maestro.services.storage import ProjectFolder, Workspace
from maestro.types import Backup, CallKind, Context, Exchange, Project, ProjectCard, References, StoryboardLayout, TakeLabel
from maestro.watch import News

TROUBLE_AGE_S = 5.0
"""How old an answer of `trouble` may be."""
ANALYSIS = (CallKind.DESCRIBE, CallKind.DIRECT, CallKind.REDIRECT)


class Projects:
    """Thread-safe. Every change is on disk before the method returns, and is told to `events` after that.

    `open_folder` gives a project's folder, recovered.
    """

    def __init__(self, workspace: Workspace, events: Events, open_folder: Callable[[str], ProjectFolder]) -> None:
        self.events = events
        self._workspace = workspace
        self._open = open_folder
        self._news = News(lambda project_id: workspace.open(project_id).read(), events.publish)
        self._exports = Exports(workspace, self.open)
        self._lock = threading.Lock()
        self._troubles: tuple[float, MaestroError | None] | None = None

    # --- the workspace

    def trouble(self) -> MaestroError | None:
        """Why nobody should work here now (workspace missing, read-only, full), or None; looked at anew at most every 5 s."""
        with self._lock:
            if self._troubles is None or time.monotonic() - self._troubles[0] > TROUBLE_AGE_S:
                self._troubles = (time.monotonic(), attempt(self._workspace.probe, "the workspace"))
            return self._troubles[1]

    def projects(self, words: str = "") -> list[ProjectCard]:
        """Newest change first; only those whose name holds `words`, if given. Damaged ones carry their trouble."""
        wanted = words.strip().casefold()
        return [card for card in self._workspace.projects() if wanted in card.name.casefold()]

    def open(self, project_id: str) -> Project:
        """The project as it is on disk; the first time in this process it is recovered first (finish, adopt, or list).

        Raises ProjectMissingError or ProjectDamagedError.
        """
        project = self._open(project_id).read()
        self._news.shown(project)
        return project

    def last_opened(self) -> str | None:
        """The project that was opened last and still is there."""
        return self._workspace.last_opened()

    def remember(self, project_id: str) -> None:
        """Makes it the one that was opened last."""
        self._workspace.remember(project_id)

    def rename(self, project_id: str, name: str) -> None:
        """Raises WorkspaceError."""
        self._workspace.open(project_id).rename(name)
        self._tell(project_id, "project")
        self._tell_list()

    def duplicate(self, project_id: str) -> str:
        """The id of the copy."""
        copy = self._workspace.duplicate(project_id)
        self._tell_list()
        return copy.id

    def remove(self, project_id: str) -> None:
        """To the trash; cancels nothing that is paid for: what is in flight still ends in it."""
        self._workspace.remove(project_id)
        self._tell(project_id, "project")
        self._tell_list()

    def bring_back(self, project_id: str) -> None:
        """Out of the trash."""
        self._workspace.bring_back(project_id)
        self._tell(project_id, "project")
        self._tell_list()

    def backups(self, project_id: str) -> tuple[Backup, ...]:
        """Earlier states of the project that can be had back, newest first."""
        return self._workspace.open(project_id).backups()

    def restore_backup(self, project_id: str, name: str) -> None:
        """Goes back to that state; the present one is among the backups then. Raises WorkspaceError."""
        self._workspace.open(project_id).restore_backup(name)
        self._tell(project_id, "project")
        self._tell_list()

    # --- words

    def set_context(self, project_id: str, context: Context, base: Context) -> None:
        """Keeps the user's context. Raises EditConflictError when what is stored is not `base`."""
        self._workspace.open(project_id).edit_context(context, base)
        self._tell(project_id, "project")

    def edit(self, project_id: str, shot_id: int, text: str, base: str) -> None:
        """Keeps a shot's text, compare-and-set. Raises EditConflictError when what is stored is neither `base` nor `text`."""
        self._workspace.open(project_id).edit(shot_id, text, base)
        self._tell(project_id, f"shot-{shot_id}")

    def undo(self, project_id: str, shot_id: int) -> str:
        """One step back in the shot's words; returns them."""
        words = self._workspace.open(project_id).undo(shot_id)
        self._tell(project_id, f"shot-{shot_id}")
        return words

    def redo(self, project_id: str, shot_id: int) -> str:
        """One step forward."""
        words = self._workspace.open(project_id).redo(shot_id)
        self._tell(project_id, f"shot-{shot_id}")
        return words

    def directors_words(self, project_id: str, shot_id: int) -> str:
        """Back to what the director wrote, as a new step of the history."""
        words = self._workspace.open(project_id).directors_words(shot_id)
        self._tell(project_id, f"shot-{shot_id}")
        return words

    # --- what pictures are made from

    def set_references(self, project_id: str, shot_id: int, references: References) -> None:
        """Which pictures the shot is made from. Raises WorkspaceError."""
        self._workspace.open(project_id).set_references(shot_id, references)
        self._tell(project_id, f"shot-{shot_id}")

    def set_shape(self, project_id: str, aspect_ratio: str, size: str) -> None:
        """What pictures are asked for: "16:9", "1K"; empty: as the clip, as the provider likes. Raises WorkspaceError."""
        self._workspace.open(project_id).set_shape(aspect_ratio, size)
        self._tell(project_id, "project")

    # --- takes

    def save(self, project_id: str, label: TakeLabel, *, is_saved: bool = True) -> None:
        """Marks or unmarks the take for the Gallery."""
        self._workspace.open(project_id).save(label, is_saved=is_saved)
        self._tell(project_id, f"shot-{label.shot_id}", "batch")

    def delete_take(self, project_id: str, label: TakeLabel) -> None:
        """To the project's trash."""
        self._workspace.open(project_id).delete_take(label)
        self._tell(project_id, f"shot-{label.shot_id}", "batch")

    def restore_take(self, project_id: str, label: TakeLabel) -> None:
        """Out of the trash."""
        self._workspace.open(project_id).restore_take(label)
        self._tell(project_id, f"shot-{label.shot_id}", "batch")

    def dismiss(self, project_id: str, call_id: str) -> None:
        """Takes an interruption off the list; what is known of it stays in the journal."""
        self._workspace.open(project_id).dismiss(call_id)
        self._tell(project_id, "project")

    def exchange(self, project_id: str, call_id: str) -> Exchange | None:
        """What a model was asked and answered, word for word; None when nothing is kept of it."""
        return self._workspace.open(project_id).exchange(call_id)

    def analysis_exchanges(self, project_id: str) -> tuple[Exchange, ...]:
        """Those of the analysis, oldest first: of contexts, directions, and shots that were directed again."""
        return self._workspace.open(project_id).exchanges(kinds=ANALYSIS)

    # --- files

    def thumbnail(self, picture_path: Path, width_px: int) -> Path:
        """A JPEG of at most that width, made once and kept; the picture itself when it is small. Raises WorkspaceError."""
        if not picture_path.is_relative_to(self._workspace.folder):
            raise WorkspaceError("That picture belongs to no project.")
        project_id = picture_path.relative_to(self._workspace.folder).parts[0]
        return self._workspace.open(project_id).thumbnail(picture_path, width_px)

    def picture_file(self, project_id: str, name: str) -> Path | None:
        """The file of that name (as in `path.relative_to(project folder)`) of a picture that the project owns, else None."""
        try:
            return self._workspace.open(project_id).picture_file(name)
        except (ProjectMissingError, ProjectDamagedError):
            return None

    def frames_zip(self, project_id: str) -> Path:
        """The saved frames' original bytes as one ZIP file, names in order; made whole or not at all."""
        return self._exports.frames_zip(project_id)

    def storyboard(self, project_id: str, layout: StoryboardLayout) -> Path:
        """The saved frames to print, as PDF; the last takes while none is saved. Raises WorkspaceError when there is no frame."""
        return self._exports.storyboard(project_id, layout)

    def shot_list(self, project_id: str, *, is_markdown: bool = False) -> Path:
        """The shots as a table: CSV, or Markdown. Raises WorkspaceError when there is no shot."""
        return self._exports.shot_list(project_id, is_markdown=is_markdown)

    def everything(self, project_id: str, layout: StoryboardLayout) -> Path:
        """Frames, shot list and storyboard as one ZIP file. Raises WorkspaceError when there is no frame."""
        return self._exports.everything(project_id, layout)

    def export_bundle(self, project_id: str) -> Path:
        """The whole project as one ZIP file."""
        return self._exports.bundle(project_id)

    def import_bundle(self, bundle: Path) -> str:
        """The id of the project that it became. Raises BundleError."""
        folder = self._workspace.import_bundle(bundle)
        self._tell_list()
        return folder.id

    # --- inside

    def _tell(self, project_id: str, *parts: str) -> None:
        self.events.publish(*(topic(project_id, part) for part in parts))

    def _tell_list(self) -> None:
        self.events.publish(topic("list", "projects"))
