"""What a user can do, one method per action: joins services, engine, storage and jobs."""

from collections.abc import Sequence
from pathlib import Path

from maestro.config import Settings
from maestro.errors import MaestroError
from maestro.events import Events
from maestro.types import AnalysisStatus, Clip, Context, EngineCard, Project, ProjectCard, RowStatus, StyleReference, TakeLabel


class Studio:
    """Thread-safe; one for the process. Every change is on disk before the method returns, and is told to `events` after that."""

    settings: Settings
    events: Events
    card: EngineCard

    # --- the workspace

    def trouble(self) -> MaestroError | None:
        """Why nobody should work here now (workspace missing, read-only, full), or None; looked at anew at most every 5 s."""
        raise NotImplementedError

    def projects(self, words: str = "") -> list[ProjectCard]:
        """Newest change first; only those whose name holds `words`, if given. Damaged ones carry their trouble."""
        raise NotImplementedError

    def open(self, project_id: str) -> Project:
        """The project as it is on disk; the first time in this process it is recovered first (finish, adopt, or list).

        Raises ProjectMissingError or ProjectDamagedError.
        """
        raise NotImplementedError

    def last_opened(self) -> str | None:
        """The project that was opened last and still is there."""
        raise NotImplementedError

    def remember(self, project_id: str) -> None:
        """Makes it the one that was opened last."""
        raise NotImplementedError

    def rename(self, project_id: str, name: str) -> None:
        """Raises WorkspaceError."""
        raise NotImplementedError

    def duplicate(self, project_id: str) -> str:
        """The id of the copy."""
        raise NotImplementedError

    def remove(self, project_id: str) -> None:
        """To the trash; cancels nothing that is paid for: what is in flight still ends in it."""
        raise NotImplementedError

    def bring_back(self, project_id: str) -> None:
        """Out of the trash."""
        raise NotImplementedError

    # --- inputs and analysis

    def check_clip(self, path: Path, name: str) -> Clip:
        """What the clip is. Raises FootageError."""
        raise NotImplementedError

    def check_style(self, name: str, encoded: bytes) -> StyleReference:
        """The style picture, made safe: upright, 8-bit RGB. Raises StyleError."""
        raise NotImplementedError

    def sample_inputs(self) -> tuple[Path, StyleReference]:
        """The bundled clip and style reference."""
        raise NotImplementedError

    def analyze(self, clip_path: Path, clip_name: str, style: StyleReference, project_id: str | None = None) -> str:
        """Begins in the background: sample, describe, direct. A new project unless `project_id` is given; returns its id at once.

        Asked twice while one runs, it goes on with the one that runs.
        """
        raise NotImplementedError

    def analyze_again(self, project_id: str) -> None:
        """Describe and direct again from the source frames that the project keeps, in the background."""
        raise NotImplementedError

    def direct_again(self, project_id: str) -> None:
        """Five new shots from the context as it is now, in the background; earlier words can be had back by undo."""
        raise NotImplementedError

    def analysis(self, project_id: str) -> AnalysisStatus:
        """Where it stands; its failure stays until the next one begins."""
        raise NotImplementedError

    def cancel_analysis(self, project_id: str) -> None:
        """Closes the connection; what was already kept stays."""
        raise NotImplementedError

    # --- words

    def set_context(self, project_id: str, context: Context, base: Context) -> None:
        """Keeps the user's context. Raises EditConflictError when what is stored is not `base`."""
        raise NotImplementedError

    def edit(self, project_id: str, shot_id: int, text: str, base: str) -> None:
        """Keeps a shot's text, compare-and-set. Raises EditConflictError when what is stored is neither `base` nor `text`."""
        raise NotImplementedError

    def undo(self, project_id: str, shot_id: int) -> str:
        """One step back in the shot's words; returns them."""
        raise NotImplementedError

    def redo(self, project_id: str, shot_id: int) -> str:
        """One step forward."""
        raise NotImplementedError

    def directors_words(self, project_id: str, shot_id: int) -> str:
        """Back to what the director wrote, as a new step of the history."""
        raise NotImplementedError

    # --- takes

    def generate(self, project_id: str, shot_ids: Sequence[int] | None = None) -> list[int]:
        """Begins a take of each shot (all when None) in the background; those in flight are left alone. The ids that it began.

        Raises WorkspaceError before anything is paid when a picture could not be kept.
        """
        raise NotImplementedError

    def cancel(self, project_id: str, shot_ids: Sequence[int] | None = None) -> None:
        """Closes the connections of these shots (all when None)."""
        raise NotImplementedError

    def row(self, project_id: str, shot_id: int) -> RowStatus:
        """Where the shot's generation stands."""
        raise NotImplementedError

    def save(self, project_id: str, label: TakeLabel, *, is_saved: bool = True) -> None:
        """Marks or unmarks the take for the Gallery."""
        raise NotImplementedError

    def delete_take(self, project_id: str, label: TakeLabel) -> None:
        """To the project's trash."""
        raise NotImplementedError

    def restore_take(self, project_id: str, label: TakeLabel) -> None:
        """Out of the trash."""
        raise NotImplementedError

    def dismiss(self, project_id: str, call_id: str) -> None:
        """Takes an interruption off the list; what is known of it stays in the journal."""
        raise NotImplementedError

    def keep_waiting_picture(self, project_id: str, shot_id: int) -> None:
        """Tries again to put a picture that waits in memory on disk. Raises WorkspaceError."""
        raise NotImplementedError

    # --- files

    def thumbnail(self, picture_path: Path, width_px: int) -> Path:
        """A JPEG of at most that width, made once and kept; the picture itself when it is small. Raises WorkspaceError."""
        raise NotImplementedError

    def picture_file(self, project_id: str, name: str) -> Path | None:
        """The file of that name (as in `path.relative_to(project folder)`) of a picture that the project owns, else None."""
        raise NotImplementedError

    def frames_zip(self, project_id: str) -> Path:
        """The saved frames' original bytes as one ZIP file, names in order; made whole or not at all."""
        raise NotImplementedError

    def export_bundle(self, project_id: str) -> Path:
        """The whole project as one ZIP file."""
        raise NotImplementedError

    def import_bundle(self, bundle: Path) -> str:
        """The id of the project that it became. Raises BundleError."""
        raise NotImplementedError

    def close(self, patience_s: float = 10.0) -> None:
        """Takes no more work, waits up to `patience_s` for what is in flight and saves it."""
        raise NotImplementedError
