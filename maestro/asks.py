"""The three questions of an analysis: who is asked, with which words and pictures, and how the answer is kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from maestro import orders
from maestro.calls import Call
from maestro.engines import Engine, Wish
from maestro.errors import EngineError, MaestroError, NewerProjectError, WorkspaceError
from maestro.paying import Said
from maestro.questions import Question
from maestro.services import context as describing
from maestro.services import director
from maestro.services.storage import ProjectFolder
from maestro.types import CallKind, Context, Described, Directed, Footage, Redirected, SentPicture, SourceFrame


class Answered(Protocol):
    """What Described, Directed and Redirected have in common."""

    @property
    def model(self) -> str:
        """Who answered."""

    @property
    def cost_usd(self) -> float | None:
        """None when nobody said."""

    @property
    def generation_id(self) -> str:
        """The provider's name of the call."""

    @property
    def prompt(self) -> str:
        """Word for word."""

    @property
    def answer(self) -> str:
        """Word for word."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. `keep` puts on disk what `send` answered; `question` is as the services write it, for a call that failed."""

    kind: CallKind
    send: Callable[[Call], Answered]
    keep: Callable[[Any], None]
    question: Callable[[], Question]
    pictures: tuple[SentPicture, ...]

    def said(self, answered: Answered | None, error: MaestroError | None, duration_s: float) -> Said:
        """For the record."""
        if answered is not None:
            return Said(answered.model, answered.prompt, self.pictures, answered.answer, duration_s)
        raw = error.raw if isinstance(error, EngineError) else ""
        return Said("", _words(self.question()) if raw else "", self.pictures, raw, duration_s)


def describe(engine: Engine, folder: ProjectFolder, footage: Footage) -> Ask:
    """What the clip shows."""

    def keep(described: Described) -> None:
        folder.keep_context(described.context, described.model)

    return Ask(
        CallKind.DESCRIBE,
        lambda call: engine.describe(footage, call),
        keep,
        lambda: describing.question(footage.frames),
        _sent(folder, footage.frames),
    )


def direct(engine: Engine, folder: ProjectFolder, footage: Footage, context: Context) -> Ask:
    """Five shots of it."""

    def keep(directed: Directed) -> None:
        folder.keep_shots(directed)

    frame = footage.director_frame
    return Ask(
        CallKind.DIRECT,
        lambda call: engine.direct(footage, context, call),
        keep,
        lambda: director.question(frame, context),
        _sent(folder, [frame]),
    )


def redirect(engine: Engine, folder: ProjectFolder, scene: tuple[Footage, Context], wish: Wish) -> Ask:
    """One of them anew, beside the others as they are now."""
    footage, context = scene
    shots = tuple(sheet.shot for sheet in folder.read().sheets)

    def keep(redirected: Redirected) -> None:
        folder.keep_shot(redirected.shot, redirected.model)

    frame = footage.director_frame
    return Ask(
        CallKind.REDIRECT,
        lambda call: engine.redirect(footage, context, shots, wish, call),
        keep,
        lambda: director.question_again(frame, context, shots, wish.shot_id, wish.hint),
        _sent(folder, [frame]),
    )


def footage_of(folder: ProjectFolder) -> Footage:
    """What the project keeps of its clip. Raises WorkspaceError when it keeps nothing."""
    project = folder.read()
    if project.is_read_only:
        raise NewerProjectError("This project was written by a newer version of Maestro; it cannot be changed here.")
    if project.clip is None or not project.frames:
        raise WorkspaceError("This project has no source frames yet.", next_step="Upload its clip, then analyze.")
    frames = folder.footage_frames()
    middle = project.director_frame_index
    director_frame = frames[len(frames) // 2] if middle is None else folder.source_frame(middle)
    return Footage(clip=project.clip, frames=frames, director_frame=director_frame)


def context_of(folder: ProjectFolder) -> Context:
    """What the clip shows, as the project keeps it. Raises WorkspaceError when it keeps nothing."""
    context = folder.read().context
    if context is None:
        raise WorkspaceError("This project has no context to direct from yet.", next_step="Analyze the clip first.")
    return context


def _sent(folder: ProjectFolder, frames: Sequence[SourceFrame]) -> tuple[SentPicture, ...]:
    return tuple(orders.sent_frame(folder, frame) for frame in frames)


def _words(question: Question) -> str:
    return "\n\n".join([question.system, *(part for part in question.parts if isinstance(part, str))])
