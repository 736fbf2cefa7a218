"""From a project to an order for the engine, and from its answer to a picture that can be kept, or to words about the cost."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import gcd

from maestro import png
from maestro.errors import AnswerError, NewerProjectError, PictureError, WorkspaceError
from maestro.services import pictures
from maestro.services.storage import Intent, ProjectFolder
from maestro.types import SHOT_COUNT, Context, EngineCard, FrameOnDisk, GenerationResult, Picture, Project, Shot, ShotOrder

RATIO_TOLERANCE = 0.03
"""How far a picture's shape may be from the one that was asked for before the take carries a note."""

_SAYS_CHARGE = re.compile("nothing was charged|may have been charged|may still charge", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, with the words of that moment; its pictures are read when its turn has come."""

    shot: Shot
    context: Context | None
    frame_index: int
    aspect_ratio: str


def requests(project: Project, shot_ids: Sequence[int] | None) -> list[Request]:
    """One for each of these shots (all when None). Raises WorkspaceError when the project cannot be generated for."""
    if project.is_read_only:
        raise NewerProjectError("This project was written by a newer version of Maestro; it cannot be changed here.")
    if not project.frames or project.style_path is None:
        raise WorkspaceError("This project has no source frames and style picture yet.", next_step="Analyze a clip first.")
    return [
        Request(sheet.shot, project.context, frame_index(sheet.shot, project.frames), aspect_ratio(project))
        for sheet in project.sheets
        if shot_ids is None or sheet.shot.id in shot_ids
    ]


def order(folder: ProjectFolder, request: Request) -> ShotOrder:
    """The whole order, pictures included. Raises WorkspaceError when one cannot be read."""
    return ShotOrder(
        shot=request.shot,
        style=folder.style(),
        source_frame=folder.source_frame(request.frame_index),
        context=request.context,
        aspect_ratio=request.aspect_ratio,
    )


def intent(call_id: str, order: ShotOrder, card: EngineCard) -> Intent:
    """What the journal notes before the call."""
    shot, style = order.shot, order.style.sha256
    return Intent(
        call_id=call_id,
        shot_id=shot.id,
        revision=_digest(shot.text, style),
        engine=card.name,
        model=card.image_models[0] if card.image_models else "",
        request_sha256=_digest(
            shot.text, style, hashlib.sha256(order.source_frame.png).hexdigest(), repr(order.context), order.aspect_ratio
        ),
        text=shot.text,
        frame_index=order.source_frame.index,
        began_at=datetime.now(UTC),
    )


def developed(result: GenerationResult, aspect: str = "") -> tuple[GenerationResult, Picture]:
    """The answer and its picture; a shape other than `aspect`, if given, gets a note. Raises AnswerError when it is no picture."""
    try:
        picture = pictures.look(png.read_data_url(result.image_data_url))
    except PictureError as error:
        raise AnswerError(str(error), next_step="Retry; what came is kept in the project's folder.") from error
    note = _shape_note(picture, aspect) if aspect else ""
    return (replace(result, notes=(*result.notes, note)) if note else result), picture


def with_charge(message: str, *, is_paid: bool, may_be_charged: bool) -> str:
    """The message, followed by whether it costs; an engine that costs nothing needs no such words."""
    if not is_paid or _SAYS_CHARGE.search(message):
        return message
    return f"{message} {'It may have been charged.' if may_be_charged else 'Nothing was charged.'}"


def frame_index(shot: Shot, frames: Sequence[FrameOnDisk]) -> int:
    """The source frame that a shot is made from: that of its framing, else the shots are spread over the frames in time order."""
    if shot.framing and any(frame.index == shot.framing.frame_index for frame in frames):
        return shot.framing.frame_index
    place = min(shot.id, SHOT_COUNT) - 1  # a file edited by hand may hold other numbers
    return frames[round(place / (SHOT_COUNT - 1) * (len(frames) - 1))].index


def aspect_ratio(project: Project) -> str:
    """The clip's, or that of the first source frame when no more is known of the clip."""
    shape = project.clip or project.frames[0]
    divisor = gcd(shape.width_px, shape.height_px)
    return f"{shape.width_px // divisor}:{shape.height_px // divisor}"


def _shape_note(picture: Picture, aspect: str) -> str:
    width, height = (int(part) for part in aspect.split(":"))
    wanted, got = width / height, picture.width_px / picture.height_px
    if abs(got / wanted - 1) <= RATIO_TOLERANCE:
        return ""
    return f"The picture came as {picture.width_px} x {picture.height_px} pixels instead of {aspect}; it is kept as it came."


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
