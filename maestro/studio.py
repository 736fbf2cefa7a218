"""What a user can do, one method per action: joins services, engine, storage and jobs."""

import atexit
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from maestro import __version__
from maestro.analyses import Analyses, Inputs, project_name
from maestro.config import Settings
from maestro.engines import Engine, building
from maestro.errors import MaestroError, ProjectDamagedError, ProjectMissingError, WorkspaceError
from maestro.events import Events, topic
from maestro.jobs import Jobs, attempt
from maestro.recovery import Recovery
from maestro.services import export, pictures, video
from maestro.services.storage import Workspace
from maestro.types import AnalysisStatus, Clip, Context, EngineCard, Project, ProjectCard, RowStatus, StyleReference, TakeLabel
from maestro.watch import News, Watch

SAMPLES = Path(__file__).resolve().parent / "samples"
SAMPLE_CLIP = SAMPLES / "bigbuckbunny.mp4"
SAMPLE_STYLE = SAMPLES / "great-wave.jpg"
TROUBLE_AGE_S = 5.0
"""How old an answer of `Studio.trouble` may be."""
PATIENCE_S = 10.0


class Studio:
    """Thread-safe; one for the process. Every change is on disk before the method returns, and is told to `events` after that."""

    def __init__(self, settings: Settings, workspace: Workspace, engine: Engine, events: Events) -> None:
        self.settings = settings
        self.events = events
        self.card: EngineCard = engine.card
        self._workspace = workspace
        self._engine = engine
        self._jobs = Jobs(settings, workspace, engine, events)
        self._analyses = Analyses(settings, workspace, engine, events)
        self._recovery = Recovery(workspace, engine, self._jobs.in_flight)
        self._news = News(lambda project_id: workspace.open(project_id).read(), events.publish)
        self._watch = Watch(workspace.folder, self._news.heard)
        self._lock = threading.Lock()
        self._closing = threading.Lock()
        self._is_closed = False
        self._troubles: tuple[float, MaestroError | None] | None = None
        self._exports: Path | None = None

    # --- the workspace

    def trouble(self) -> MaestroError | None:
        """Why nobody should work here now (workspace missing, read-only, full), or None; looked at anew at most every 5 s."""
        with self._lock:
            if self._troubles is None or time.monotonic() - self._troubles[0] > TROUBLE_AGE_S:
                self._troubles = (time.monotonic(), attempt(self._workspace.probe, "the workspace"))
            return self._troubles[1]

    def projects(self, words: str = "") -> list[ProjectCard]:
        """Newest change first; only those whose name holds `words`, if given. Damaged ones carry their trouble."""
        return [card for card in self._workspace.projects() if words.strip().casefold() in card.name.casefold()]

    def open(self, project_id: str) -> Project:
        """The project as it is on disk; the first time in this process it is recovered first (finish, adopt, or list).

        Raises ProjectMissingError or ProjectDamagedError.
        """
        project = self._recovery.open(project_id).read()
        self._news.shown(project)
        return project

    def watch(self) -> None:
        """From now on tells what other programs change in the workspace."""
        self._watch.start()

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

    # --- inputs and analysis

    def check_clip(self, path: Path, name: str) -> Clip:
        """What the clip is. Raises FootageError."""
        return video.probe(path, name, self.settings.max_clip_s)

    def check_style(self, name: str, encoded: bytes) -> StyleReference:
        """The style picture, made safe: upright, 8-bit RGB. Raises StyleError."""
        return pictures.style_reference(name, encoded)

    def sample_inputs(self) -> tuple[Path, StyleReference]:
        """The bundled clip and style reference."""
        return SAMPLE_CLIP, self.check_style(SAMPLE_STYLE.name, SAMPLE_STYLE.read_bytes())

    def analyze(self, clip_path: Path, clip_name: str, style: StyleReference, project_id: str | None = None) -> str:
        """Begins in the background: sample, describe, direct. A new project unless `project_id` is given; returns its id at once.

        Asked twice while one runs, it goes on with the one that runs.
        """
        if project_id is None:
            taken = {card.name.casefold() for card in self._workspace.projects()}
            folder = self._workspace.create(project_name(clip_name, taken))
            self._tell_list()
        else:
            folder = self._recovery.open(project_id)
        self._analyses.sample(folder, Inputs(clip_path, clip_name, style))
        return folder.id

    def analyze_again(self, project_id: str) -> None:
        """Describe and direct again from the source frames that the project keeps, in the background."""
        self._analyses.describe(self._recovery.open(project_id))

    def direct_again(self, project_id: str) -> None:
        """Five new shots from the context as it is now, in the background; earlier words can be had back by undo."""
        self._analyses.direct(self._recovery.open(project_id))

    def analysis(self, project_id: str) -> AnalysisStatus:
        """Where it stands; its failure stays until the next one begins."""
        return self._analyses.status(project_id)

    def cancel_analysis(self, project_id: str) -> None:
        """Closes the connection; what was already kept stays."""
        self._analyses.cancel(project_id)

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

    # --- takes

    def generate(self, project_id: str, shot_ids: Sequence[int] | None = None) -> list[int]:
        """Begins a take of each shot (all when None) in the background; those in flight are left alone. The ids that it began.

        Raises WorkspaceError before anything is paid when a picture could not be kept.
        """
        return self._jobs.begin(self._recovery.open(project_id), shot_ids)

    def cancel(self, project_id: str, shot_ids: Sequence[int] | None = None) -> None:
        """Closes the connections of these shots (all when None)."""
        self._jobs.cancel(project_id, shot_ids)

    def row(self, project_id: str, shot_id: int) -> RowStatus:
        """Where the shot's generation stands."""
        return self._jobs.row(project_id, shot_id)

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

    def keep_waiting_picture(self, project_id: str, shot_id: int) -> None:
        """Tries again to put a picture that waits in memory on disk. Raises WorkspaceError."""
        self._jobs.keep_waiting(project_id, shot_id)

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
        destination = self._exports_folder() / f"{project_id}-frames.zip"
        export.frames_zip(self.open(project_id).saved_takes, destination)
        return destination

    def export_bundle(self, project_id: str) -> Path:
        """The whole project as one ZIP file."""
        destination = self._exports_folder() / f"{project_id}.zip"
        self._workspace.export_bundle(project_id, destination)
        return destination

    def import_bundle(self, bundle: Path) -> str:
        """The id of the project that it became. Raises BundleError."""
        folder = self._workspace.import_bundle(bundle)
        self._tell_list()
        return folder.id

    def close(self, patience_s: float = PATIENCE_S) -> None:
        """Takes no more work, waits up to `patience_s` for what is in flight and saves it."""
        deadline_s = time.monotonic() + patience_s
        with self._closing:
            if self._is_closed:
                return
            self._watch.stop()
            self._jobs.stop()
            self._analyses.stop()
            self._jobs.finish(deadline_s)
            self._analyses.finish(deadline_s)
            self._engine.close()
            if self._exports:
                shutil.rmtree(self._exports, ignore_errors=True)
            self._is_closed = True

    # --- inside

    def _exports_folder(self) -> Path:
        with self._lock:
            if self._exports is None:
                self._exports = Path(tempfile.mkdtemp(prefix="maestro-exports-"))
            return self._exports

    def _tell(self, project_id: str, *parts: str) -> None:
        self.events.publish(*(topic(project_id, part) for part in parts))

    def _tell_list(self) -> None:
        self.events.publish(topic("list", "projects"))


def open_studio(settings: Settings, events: Events) -> Studio:
    """The real one. It is closed when the interpreter ends, if nobody did that before.

    A workspace that was named and never made is made now if the folder around it is there; one that vanishes later is not.
    """
    with suppress(OSError):  # the page says what is the matter with it
        settings.workspace.mkdir(mode=0o700, exist_ok=True)
    workspace = Workspace(settings.workspace, __version__, settings.min_free_mb * 1_000_000)
    studio = Studio(settings, workspace, building.build(settings), events)
    close_at_exit(studio)
    studio.watch()
    return studio


def close_at_exit(studio: Studio, patience_s: float = PATIENCE_S) -> None:
    """Closes it before the interpreter waits for its threads, which would be for as long as the slowest call takes."""
    # atexit comes too late: pools are joined before it. The hook that concurrent.futures itself uses comes in time.
    register = getattr(threading, "_register_atexit", atexit.register)
    register(studio.close, patience_s)
