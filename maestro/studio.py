"""What a user can do, one method per action: joins services, engine, storage and jobs."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from maestro.analyses import Analyses, Reading, project_name
from maestro.attempts import attempt
from maestro.config import Settings
from maestro.engines import Engine, Wish
from maestro.events import Events
from maestro.frames import Frames
from maestro.jobs import Jobs
from maestro.models import Models
from maestro.money import Money
from maestro.paying import Paying
from maestro.projects import Projects
from maestro.recovery import Recovery
from maestro.run import Inputs
from maestro.services import pictures, video
from maestro.services.storage import Workspace
from maestro.types import AnalysisStatus, ChargeState, Clip, EngineCard, ProjectCard, RowStatus, StyleReference
from maestro.watch import Watch

SAMPLES = Path(__file__).resolve().parent / "samples"
SAMPLE_CLIP = SAMPLES / "bigbuckbunny.mp4"
SAMPLE_STYLE = SAMPLES / "great-wave.jpg"
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Hands:
    """Who does what goes on in the background; None: as many threads as it takes. The first three own what they work on, so that

    they must be threads of this process; `workers` may be anywhere: engine and booth were given them, closing lets go of them.
    """

    shooting: Executor | None = None
    analysing: Executor | None = None
    looking: Executor | None = None
    workers: Executor | None = None


class Studio(Projects):
    """Thread-safe; one for the process."""

    def __init__(
        self,
        settings: Settings,
        workspace: Workspace,
        engine: Engine,
        events: Events,
        booth: video.Booth | None = None,
        hands: Hands | None = None,
    ) -> None:
        self.settings = settings
        self._engine = engine
        self._booth = booth or video.Booth()
        self.models = Models(workspace, engine, events)
        self.money = Money(settings, workspace, engine, self.models, events)
        paying = Paying(engine, self.models, self.money)
        self._hands = hands or Hands()
        self._jobs = Jobs(settings, workspace, engine, events, paying, self._hands.shooting)
        reading = Reading(self._booth.sample, self._remember_clip)
        self._analyses = Analyses(settings, workspace, engine, events, paying, reading, self._hands.analysing)
        self._recovery = Recovery(workspace, engine, self._in_flight, self.money)
        super().__init__(workspace, events, self._recovery.open)
        self.frames = Frames(settings, self._recovery.open, self._analyses.is_running, events, self._booth, self._hands.looking)
        self._watch = Watch(workspace.folder, self._news.heard)
        self._closing = threading.Lock()
        self._is_begun = False
        self._is_closed = False

    @property
    def card(self) -> EngineCard:
        """Who answers."""
        return self._engine.card

    def begin(self, *, is_watching: bool = True) -> None:
        """From now on tells what other programs change in the workspace; asks what the models and the last calls cost.

        Where no page is shown, nobody needs to watch the workspace. Makes ready what the first deed will want: libraries, the
        reader of clips. Asked again, or when it is closed, it does nothing.
        """
        with self._closing:
            if self._is_begun or self._is_closed:
                return
            self._is_begun = True
            if is_watching:
                self._watch.start()
            self._booth.warm()
            self.models.refresh()
        threading.Thread(target=attempt, args=(self._look_back, "earlier calls"), name="maestro-look-back", daemon=True).start()

    def watch(self) -> None:
        """The first part of `begin`, for when the rest has to wait: it takes the time that the first page wants."""
        self._watch.start()

    def projects(self, words: str = "") -> list[ProjectCard]:
        """As in Projects, without those that only stand for a clip that could not be read."""
        stillborn = self._analyses.stillborn()
        return [card for card in super().projects(words) if card.id not in stillborn]

    # --- inputs and analysis

    def check_clip(self, path: Path, name: str, *, is_trimmed: bool = False) -> Clip:
        """What the clip is, or its beginning is if `is_trimmed`. Raises FootageError, TooLongError among them."""
        return self._booth.probe(path, name, self.settings.max_clip_s, is_trimmed=is_trimmed)

    def check_style(self, name: str, encoded: bytes) -> StyleReference:
        """The style picture, made safe: upright, 8-bit RGB. Raises StyleError."""
        return pictures.style_reference(name, encoded)

    def sample_inputs(self) -> tuple[Path, StyleReference]:
        """The bundled clip and style reference."""
        return SAMPLE_CLIP, self.check_style(SAMPLE_STYLE.name, SAMPLE_STYLE.read_bytes())

    def analyze(
        self, clip_path: Path, clip_name: str, style: StyleReference, project_id: str | None = None, *, is_trimmed: bool = False
    ) -> str:
        """Begins in the background: sample, describe, direct. A new project unless `project_id` is given; returns its id at once.

        `is_trimmed`: of a clip that is too long its beginning is used. Asked twice while one runs, it goes on with the one that
        runs. Raises CapError when it would pass a cap on spending.
        """
        inputs = Inputs(clip_path, clip_name, style, is_trimmed)
        if project_id is not None:
            self._analyses.sample(self._recovery.open(project_id), inputs)
            return project_id
        self._discard_stillborn()
        taken = {card.name.casefold() for card in self._workspace.projects()}
        folder = self._workspace.create(project_name(clip_name, taken))
        if refusal := attempt(partial(self._analyses.sample, folder, inputs), "the analysis"):
            self._workspace.discard(folder.id)
            raise refusal
        self._tell_list()
        return folder.id

    def analyze_again(self, project_id: str) -> None:
        """Describe and direct again from the source frames that the project keeps, in the background."""
        self._analyses.describe(self._recovery.open(project_id))

    def direct_again(self, project_id: str) -> None:
        """Five new shots from the context as it is now, in the background; earlier words can be had back by undo."""
        self._analyses.direct(self._recovery.open(project_id))

    def redirect(self, project_id: str, shot_id: int, hint: str = "") -> None:
        """Asks the director for another shot in the place of this one, in the background; the other four stay. Raises CapError."""
        self._analyses.redirect(self._recovery.open(project_id), Wish(shot_id, hint))

    def analysis(self, project_id: str) -> AnalysisStatus:
        """Where it stands; its failure stays until the next one begins."""
        return self._analyses.status(project_id)

    def cancel_analysis(self, project_id: str) -> None:
        """Closes the connection; what was already kept stays."""
        self._analyses.cancel(project_id)

    # --- pictures

    def generate(self, project_id: str, shot_ids: Sequence[int] | None = None) -> list[int]:
        """Begins a take of each shot (all when None) in the background; those in flight are left alone. The ids that it began.

        Raises WorkspaceError before anything is paid when a picture could not be kept, and CapError when all of them together
        would pass a cap on spending: then none is asked for.
        """
        return self._jobs.begin(self._recovery.open(project_id), shot_ids)

    def cancel(self, project_id: str, shot_ids: Sequence[int] | None = None) -> None:
        """Closes the connections of these shots (all when None)."""
        self._jobs.cancel(project_id, shot_ids)

    def row(self, project_id: str, shot_id: int) -> RowStatus:
        """Where the shot's generation stands."""
        return self._jobs.row(project_id, shot_id)

    def keep_waiting_picture(self, project_id: str, shot_id: int) -> None:
        """Tries again to put a picture that waits in memory on disk. Raises WorkspaceError."""
        self._jobs.keep_waiting(project_id, shot_id)

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
            self._discard_stillborn()
            self.frames.close()
            self.models.close()  # lets go of what the money waits for
            self.money.close()
            self._engine.close()
            self._booth.close()
            self._exports.close()
            if self._hands.workers:
                self._hands.workers.shutdown(wait=False)
            self._is_closed = True

    # --- inside

    def _in_flight(self) -> set[str]:
        return self._jobs.in_flight() | self._analyses.in_flight()

    def _remember_clip(self, project_id: str, path: Path) -> None:
        self.frames.remember(project_id, path)

    def _look_back(self) -> None:
        """Projects whose calls an earlier program left open are recovered first: what they cost may be known there."""
        left = {charge.project_id for charge in self._workspace.ledger.charges() if charge.state is ChargeState.OPEN}
        for project_id in left:
            attempt(partial(self._recovery.open, project_id), "a project with open calls")  # it may be gone
        self.money.reconcile()

    def _discard_stillborn(self) -> None:
        """Takes away projects that only stood for a clip that could not be read."""
        for project_id in self._analyses.stillborn():
            attempt(partial(self._workspace.discard, project_id), "an empty project")
            self._analyses.forget(project_id)
