"""From a project to an order for the engine, and from its answer to a picture that can be kept, or to words about the cost."""

import hashlib
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from maestro import png
from maestro.errors import AnswerError, NewerProjectError, PictureError, WorkspaceError
from maestro.services import images, pictures
from maestro.services.storage import AskedRecord, Intent, ProjectFolder, nearest_frame, reduced
from maestro.types import (
    Context,
    EngineCard,
    FrameOnDisk,
    GenerationResult,
    Picture,
    Project,
    SentPicture,
    Shot,
    ShotOrder,
    ShotSheet,
    SourceFrame,
    TakeLabel,
    timecode,
)

Developed = tuple[GenerationResult, Picture]
RATIO_TOLERANCE = 0.03
"""How far a picture's shape may be from the one that was asked for before the take carries a note."""

ANCHOR_SIDE_PX = 1536
"""The longer side of an anchor as it is sent: more shows a model nothing else."""
_one_at_a_time = threading.Lock()  # a picture of 30 MB takes three times that while it is unpacked and looked at
_SAYS_CHARGE = re.compile("nothing was charged|may have been charged|may still charge", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, with the words of that moment; its pictures are read when its turn has come.

    `notes` are sentences for the take about what could not be done as it was asked.
    """

    shot: Shot
    context: Context | None
    frame_index: int
    aspect_ratio: str
    size: str = ""
    anchor: TakeLabel | None = None
    notes: tuple[str, ...] = ()


def requests(project: Project, shot_ids: Sequence[int] | None) -> list[Request]:
    """One for each of these shots (all when None). Raises WorkspaceError when the project cannot be generated for."""
    if project.is_read_only:
        raise NewerProjectError("This project was written by a newer version of Maestro; it cannot be changed here.")
    if not project.frames or project.style_path is None:
        raise WorkspaceError("This project has no source frames and style picture yet.", next_step="Analyze a clip first.")
    return [_request(project, sheet) for sheet in project.sheets if shot_ids is None or sheet.shot.id in shot_ids]


def order(folder: ProjectFolder, request: Request, picture_limit: int | None = None) -> tuple[ShotOrder, tuple[str, ...]]:
    """The whole order, pictures included, and notes for its take; `picture_limit` is how many pictures the model takes.

    Raises WorkspaceError when one of them cannot be read; an anchor that is gone is left out with a note.
    """
    anchor, notes = _anchor(folder, request, picture_limit)
    ordered = ShotOrder(
        shot=request.shot,
        style=folder.style(),
        source_frame=folder.source_frame(request.frame_index),
        context=request.context,
        aspect_ratio=request.aspect_ratio,
        size=request.size,
        anchor=anchor,
    )
    return ordered, (*request.notes, *notes)


def intent(call_id: str, order: ShotOrder, card: EngineCard, anchor: TakeLabel | None = None) -> Intent:
    """What the journal notes before the call. `anchor` is the take that was chosen as one, sent or not."""
    shot, style = order.shot, order.style.sha256
    asked = (_sha256(order.source_frame.png), repr(order.context), order.aspect_ratio, order.size)
    return Intent(
        call_id=call_id,
        shot_id=shot.id,
        revision=_digest(shot.text, style),
        engine=card.name,
        model=card.image_models[0] if card.image_models else "",
        request_sha256=_digest(shot.text, style, *asked, _sha256(order.anchor.encoded) if order.anchor else ""),
        text=shot.text,
        frame_index=order.source_frame.index,
        began_at=datetime.now(UTC),
        prompt=images.prompt(order) if card.is_paid else "",
        asked=AskedRecord(str(anchor) if anchor else "", order.aspect_ratio, order.size),
    )


def sent_pictures(folder: ProjectFolder, order: ShotOrder, anchor: TakeLabel | None) -> tuple[SentPicture, ...]:
    """The pictures of the order, in the order in which they are sent. `anchor` names the take that serves as one."""
    project = folder.read()
    sent = [
        SentPicture("style", order.style.name, _sha256(order.style.picture.encoded), project.style_path),
        sent_frame(folder, order.source_frame),
    ]
    if order.anchor is not None and anchor is not None:
        takes = (take for sheet in project.sheets for take in sheet.takes if take.label == anchor)
        path = next((take.path for take in takes), None)
        sent.append(SentPicture("anchor", str(anchor), _sha256(order.anchor.encoded), path))
    return tuple(sent)


def sent_frame(folder: ProjectFolder, frame: SourceFrame) -> SentPicture:
    """A source frame as it is sent."""
    return SentPicture("frame", f"Source frame at {timecode(frame.time_s)}", _sha256(frame.png), folder.frame_path(frame.index))


def developed(result: GenerationResult, aspect: str = "", notes: Sequence[str] = ()) -> list[Developed]:
    """The answer's pictures, the first with `notes`; a shape other than `aspect`, if given, gets one too.

    Raises AnswerError when the first is no picture; a further one that is none is only noted. Further ones cost nothing. The
    results themselves hold their pictures no more.
    """
    with _one_at_a_time:
        return _developed(result, aspect, notes)


def without_pictures(result: GenerationResult) -> GenerationResult:
    """What an answer says beside its pictures, which may be 40 MB."""
    return replace(result, image_data_url="", more_data_urls=())


def _developed(result: GenerationResult, aspect: str, notes: Sequence[str]) -> list[Developed]:
    first = _picture(result.image_data_url)
    further: list[Developed] = []
    for number, data_url in enumerate(result.more_data_urls, start=2):
        plain = replace(without_pictures(result), cost_usd=0.0, notes=(), answer="")
        try:
            picture = _picture(data_url)
        except AnswerError as error:
            notes = (*notes, f"Picture {number} of the answer could not be kept: {error}")
            continue
        further.append((replace(plain, notes=_shape_notes(picture, aspect)), picture))
    told = replace(without_pictures(result), notes=(*result.notes, *notes, *_shape_notes(first, aspect)))
    return [(told, first), *further]


def with_charge(message: str, *, is_paid: bool, may_be_charged: bool, cost_usd: float | None = None) -> str:
    """The message, followed by whether it costs, or what; an engine that costs nothing needs no such words."""
    if not is_paid:
        return message
    if cost_usd:
        return f"{message} It cost ${cost_usd:.4f}." if cost_usd < 0.01 else f"{message} It cost ${cost_usd:.2f}."
    if _SAYS_CHARGE.search(message):
        return message
    return f"{message} {'It may have been charged.' if may_be_charged and cost_usd is None else 'Nothing was charged.'}"


def frame_index(shot: Shot, frames: Sequence[FrameOnDisk]) -> int:
    """The source frame that a shot is made from: that of its framing, else the shots are spread over the frames in time order."""
    framed_index = shot.framing.frame_index if shot.framing else None
    return nearest_frame(shot.id, framed_index, [frame.index for frame in frames])


def aspect_ratio(project: Project) -> str:
    """The one that the user chose, else the clip's, or that of the first source frame when no more is known of the clip."""
    if project.aspect_ratio:
        return project.aspect_ratio
    shape = project.clip or project.frames[0]
    return reduced(shape.width_px, shape.height_px)


def _request(project: Project, sheet: ShotSheet) -> Request:
    index, notes = _chosen_frame(sheet, project)
    ratio = aspect_ratio(project)
    return Request(sheet.shot, project.context, index, ratio, project.size, sheet.references.anchor, notes)


def _chosen_frame(sheet: ShotSheet, project: Project) -> tuple[int, tuple[str, ...]]:
    chosen, nearest = sheet.references.frame_index, frame_index(sheet.shot, project.frames)
    if chosen is None:
        return nearest, ()
    if chosen == project.director_frame_index or any(frame.index == chosen for frame in project.frames):
        return chosen, ()
    used = next(timecode(frame.time_s) for frame in project.frames if frame.index == nearest)
    return nearest, (f"The source frame that was chosen for this shot was replaced: the one at {used} was used.",)


def _anchor(folder: ProjectFolder, request: Request, picture_limit: int | None) -> tuple[Picture | None, tuple[str, ...]]:
    label = request.anchor
    if label is None:
        return None, ()
    if picture_limit is not None and picture_limit < images.PICTURES_WITH_ANCHOR:
        return None, (f"The model takes no more than {picture_limit} pictures: {label} was not sent as an anchor.",)
    takes = (take for sheet in folder.read().sheets for take in sheet.takes)
    take = next((take for take in takes if take.label == label and not take.is_missing), None)
    path = take and folder.picture_file(f"takes/{take.path.name}")
    try:
        return (pictures.shrunk(path.read_bytes(), ANCHOR_SIDE_PX) if path else None), (() if path else _no_anchor(label))
    except (OSError, PictureError):
        return None, _no_anchor(label)


def _no_anchor(label: TakeLabel) -> tuple[str, ...]:
    return (f"{label}, the anchor that was chosen for this shot, is not there any more: it was made without.",)


def _picture(data_url: str) -> Picture:
    try:
        return pictures.look(png.read_data_url(data_url))
    except PictureError as error:
        raise AnswerError(str(error), next_step="Retry; what came is kept in the project's folder.") from error


def _shape_notes(picture: Picture, aspect: str) -> tuple[str, ...]:
    if not aspect:
        return ()
    width, height = (int(part) for part in aspect.split(":"))
    wanted, got = width / height, picture.width_px / picture.height_px
    if abs(got / wanted - 1) <= RATIO_TOLERANCE:
        return ()
    return (f"The picture came as {picture.width_px} x {picture.height_px} pixels instead of {aspect}; it is kept as it came.",)


def _sha256(encoded: bytes) -> str:
    return hashlib.sha256(encoded).hexdigest()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
