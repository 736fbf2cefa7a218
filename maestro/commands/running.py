"""One clip from the file to its saved frames: what is there already is kept, what is missing is asked for, once.

The steps are those of the page: find or begin the project, analyze, generate, save, put into a folder. Each is on disk before the
next begins, so that a run which ends anywhere is gone on with by running it again.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maestro.attempts import attempt
from maestro.commands.begun import Begun, begun
from maestro.commands.budget import Budget
from maestro.commands.delivery import deliver
from maestro.commands.desk import Desk
from maestro.commands.doubt import doubtful_shots, require_no_doubt
from maestro.commands.exits import State, sentence, state_of
from maestro.commands.finding import Finder
from maestro.commands.holding import held
from maestro.commands.outcomes import Order, Outcome
from maestro.errors import CapError, EngineError, FootageError, MaestroError, Remedy, WorkspaceError
from maestro.events import topic
from maestro.types import CallKind, Charge, Clip, Project, RowState, ShotSheet, Take

TICK_S = 0.25
"""How long a wish to end may go unseen."""
FLYING = frozenset({RowState.QUEUED, RowState.RUNNING})
STEPS = 3
"""Of an analysis: sample, describe, direct."""
SAYS = {
    "sample": "Reading the clip",
    "describe": "Describing what it shows",
    "direct": "Directing the shots",
}

Tell = Callable[[str, int, int], None]
"""Gets what is going on in words, how many steps are done, and of how many."""


class AnalysisFailedError(EngineError):
    """The analysis came to nothing; the sentences are those of the page."""


class ClipUnreadableError(FootageError):
    """The clip could not be read in the analysis."""


@dataclass(eq=False)
class ClipRun:
    """`work` once, then `outcome`; all in one thread but for the studio's own."""

    desk: Desk
    order: Order
    finder: Finder
    tell: Tell
    budget: Budget | None = None
    project_id: str = ""
    _error: MaestroError | None = None
    _sentences: list[str] = field(default_factory=list)
    _remedies: list[Remedy] = field(default_factory=list)
    _files: tuple[Path, ...] = ()
    _earlier: frozenset[str] = frozenset()
    _is_cut: bool = False
    _began_s: float = field(default_factory=time.monotonic)
    _ended_s: float = 0.0

    def work(self) -> None:
        """Does it; whatever goes wrong is in the outcome."""
        self._began_s = time.monotonic()
        self._error = attempt(self._do, "this clip")
        if self.budget:
            self.budget.leave(self)
        self._ended_s = time.monotonic()

    def outcome(self) -> Outcome:
        """How it stands now; after an interruption: once the studio is closed."""
        project = self._project()
        takes = self._takes(project)
        if project and self.order.is_saving and self._is_cut:
            attempt(lambda: self._save(takes), "saving")
            takes = self._takes(self._project())
        charges = [charge for charge in self._charges() if charge.call_id not in self._earlier]
        state = self._state(len(takes))
        return Outcome(
            clip=self.order.clip.name,
            state=state,
            project_id=self.project_id,
            project=project.name if project else "",
            takes=takes,
            wanted=len(self.order.shot_ids),
            cost_usd=sum(charge.cost_usd or 0.0 for charge in charges),
            unknown_count=sum(charge.cost_usd is None for charge in charges),
            duration_s=max(self._ended_s - self._began_s, 0.0),
            sentences=self._said(state),
            files=self._files,
            remedy=None if state is State.DONE else next(iter([*self._causes(), *self._remedies]), None),
        )

    # --- the steps

    def _do(self) -> None:
        order, studio = self.order, self.desk.studio
        self.tell("Checking the clip", 0, STEPS + len(order.shot_ids))
        clip = studio.check_clip(order.clip, order.clip.name, is_trimmed=order.is_trimmed)
        names = [self._inputs(clip)]
        if order.name:
            names.append(f"name {order.name.strip().casefold()}")
        with held(self.desk.settings.workspace, names):
            self._find(clip)
            self._room(clip)
            self._analyze(clip)
            if self._is_over():
                return
            self._generate()
            if self._is_over():
                return
            self._save(self._takes(self._project()))
            self._deliver()

    def _is_over(self) -> bool:
        self._is_cut = self._is_cut or self.desk.stop.is_wanted
        return self._is_cut

    def _find(self, clip: Clip) -> None:
        find = self.finder.made_from
        found = self.finder.named(self.order.name, clip, self.order.style) if self.order.name else find(clip, self.order.style)
        self.project_id = found or ("" if self.order.name else self._begun(clip).found(self.desk.studio))
        self._earlier = frozenset(charge.call_id for charge in self._charges())

    def _room(self, clip: Clip) -> None:
        """Asks the batch's budget, before anything is paid."""
        if self.budget is None:
            return
        project = self._project()
        missing = len(self.order.shot_ids) - len(self._takes(project))
        analyses, size = 0 if project and project.sheets else 1, project.size if project else ""
        price = self.desk.studio.money.price(pictures=missing, analyses=analyses, size=size)
        self.budget.enter(self, clip.name, price.usd)

    def _analyze(self, clip: Clip) -> None:
        project, studio = self._project(), self.desk.studio
        if project and project.sheets:
            return
        if project and not self.order.asks_again:
            kinds = [CallKind.DIRECT] if project.context else [CallKind.DESCRIBE]
            require_no_doubt(studio, project.id, kinds)
        if project and project.context:
            studio.direct_again(project.id)
        elif project and project.frames:
            studio.analyze_again(project.id)
        else:
            self._begin(clip)
        self._wait(self._is_analysed)
        if self._is_over():
            return
        self._begun(clip).forget()
        self._require_analysed()

    def _inputs(self, clip: Clip) -> str:
        return f"inputs {clip.sha256} {self.order.style.sha256}"

    def _begun(self, clip: Clip) -> Begun:
        return begun(self.desk.settings.workspace, self._inputs(clip))

    def _begin(self, clip: Clip) -> None:
        order, studio = self.order, self.desk.studio
        project_id = self.project_id or None
        self.project_id = studio.analyze(order.clip, order.clip.name, order.style, project_id, is_trimmed=order.is_trimmed)
        if order.name and project_id is None:
            studio.rename(self.project_id, order.name.strip())
        self._begun(clip).remember(self.project_id)
        self.finder.remember(self.project_id, clip, order.style)

    def _is_analysed(self) -> bool:
        status = self.desk.studio.analysis(self.project_id)
        if not status.step:
            return True
        says = SAYS.get(status.step, "Analyzing")
        if status.hold_s is not None:
            says = f"{says}: {status.message}"
        self.tell(says, list(SAYS).index(status.step) if status.step in SAYS else 0, STEPS + len(self.order.shot_ids))
        return False

    def _require_analysed(self) -> None:
        status = self.desk.studio.analysis(self.project_id)
        if not status.message:
            return
        self._remedies.append(status.remedy)
        if status.remedy is Remedy.CAP:
            raise CapError(status.message, scope="day", cap_usd=0.0)
        if status.failed_step == "sample":
            raise ClipUnreadableError(status.message, next_step=status.next_step)
        # What it may have cost is in the sentence already.
        raise AnalysisFailedError(status.message, next_step=status.next_step, may_be_charged=False)

    def _generate(self) -> None:
        studio, project = self.desk.studio, self._must()
        missing = [sheet.shot.id for sheet in self._sheets(project) if sheet.last_take is None]
        doubtful = {} if self.order.asks_again else doubtful_shots(studio, project)
        blocked = [shot_id for shot_id in missing if shot_id in doubtful]
        asked = [shot_id for shot_id in missing if shot_id not in doubtful]
        self._sentences += [doubtful[shot_id] for shot_id in blocked]
        if blocked:
            self._sentences.append("Run it again with --yes-interrupted to ask anew; that may be charged a second time.")
        if asked:
            studio.generate(self.project_id, asked)
            self._wait(lambda: self._is_shot(asked))
        for shot_id in asked:
            row = studio.row(self.project_id, shot_id)
            if row.message and row.state not in FLYING:
                self._sentences.append(f"Shot {shot_id}: {row.message} {row.next_step}".strip())
                self._remedies.append(row.remedy)

    def _is_shot(self, asked: Sequence[int]) -> bool:
        rows = [self.desk.studio.row(self.project_id, shot_id) for shot_id in asked]
        flying = [row for row in rows if row.state in FLYING]
        held_rows = [row for row in flying if row.hold_s is not None]
        says = f"Generating: {held_rows[0].message}" if held_rows else "Generating"
        wanted = len(self.order.shot_ids)
        self.tell(says if flying else "Saving", STEPS + wanted - len(flying), STEPS + wanted)
        return not flying

    def _save(self, takes: Sequence[Take]) -> None:
        if not self.order.is_saving:
            return
        project = self._must()
        has_saved = {take.label.shot_id for take in project.saved_takes}
        for take in takes:
            if take.label.shot_id not in has_saved:
                self.desk.studio.save(self.project_id, take.label)

    def _deliver(self) -> None:
        if self.order.out is None:
            return
        project = self._must()
        saved = [take for take in project.saved_takes if take.label.shot_id in self.order.shot_ids]
        self._files = deliver(self.desk.studio, self.project_id, saved or self._takes(project), self.order.out)

    def _wait(self, is_over: Callable[[], bool]) -> None:
        seen = 0
        while not is_over() and not self._is_over():
            seen, _ = self.desk.studio.events.wait(seen, [topic(self.project_id, "")], TICK_S)

    # --- how it stands

    def _charges(self) -> tuple[Charge, ...]:
        return self.desk.studio.money.charges(self.project_id) if self.project_id else ()

    def _project(self) -> Project | None:
        """None while there is none, and when it cannot be read: then that is said by what wanted it."""
        found: list[Project] = []
        if self.project_id:
            attempt(lambda: found.append(self.desk.studio.open(self.project_id)), "the project")
        return found[0] if found else None

    def _must(self) -> Project:
        return self.desk.studio.open(self.project_id)

    def _sheets(self, project: Project | None) -> list[ShotSheet]:
        return [sheet for sheet in project.sheets if sheet.shot.id in self.order.shot_ids] if project else []

    def _takes(self, project: Project | None) -> tuple[Take, ...]:
        """One for each shot that is wanted and has any: the newest."""
        return tuple(sheet.last_take for sheet in self._sheets(project) if sheet.last_take)

    def _state(self, take_count: int) -> State:
        is_whole = take_count == len(self.order.shot_ids)
        if self._is_cut:
            return State.STOPPED
        if self._error is not None and (is_whole or isinstance(self._error, CapError) or not take_count):
            return state_of(self._error)
        if is_whole:
            return State.DONE
        if Remedy.CAP in self._remedies:
            return State.CAPPED
        return State.PARTIAL if take_count else State.FAILED

    def _causes(self) -> list[Remedy]:
        return [] if self._error is None or isinstance(self._error, AnalysisFailedError) else [self._error.remedy]

    def _said(self, state: State) -> tuple[str, ...]:
        said = [*self._sentences, *([sentence(self._error)] if self._error else [])]
        if isinstance(self._error, WorkspaceError) and self._is_cut:
            said = said[:-1]  # it was asked for after the end had begun
        if state is State.STOPPED:
            said.append("It was interrupted; what was done is kept. Run it again for the rest.")
        return tuple(dict.fromkeys(said))
