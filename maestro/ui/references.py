"""What a shot is made from, as visible choices: the style, a source frame, and perhaps an earlier take as its anchor."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from maestro.events import topic
from maestro.orders import frame_index
from maestro.types import FrameOnDisk, Project, References, ShotSheet, Take, TakeLabel
from maestro.ui import messages, opening, pictures, places, state
from maestro.ui.markup import escape, timecode
from maestro.ui.studio import studio

NONE = ""
WITH_ANCHOR = 3
"""How many pictures a model must take for an anchor beside style and source frame."""
THUMBNAIL_PX = 400
CELL_PX = 64


def choose(project: Project, sheet: ShotSheet) -> None:
    """The section on the Shots page. Choices hold for takes to come; those that are there keep theirs."""
    with st.container(key="references"):
        st.html('<h3 class="m-label">References</h3>')
        _pictures(project, sheet)
        _frames(project, sheet)
        _anchor(project, sheet)
        messages.at(_place(project.id, sheet.shot.id))


def frame_of(project: Project, sheet: ShotSheet) -> FrameOnDisk | None:
    """The source frame that the shot's next take is made from: the chosen one, else the nearest."""
    if not project.frames:
        return None
    chosen = find_frame(project, sheet.references.frame_index)
    return chosen or find_frame(project, frame_index(sheet.shot, project.frames))


def find_frame(project: Project, index: int | None) -> FrameOnDisk | None:
    """A source frame of the project, also one that was replaced since; None when it is not there."""
    return next((frame for frame in (*project.frames, *project.retired_frames) if frame.index == index), None)


def _pictures(project: Project, sheet: ShotSheet) -> None:
    ratio, cells = opening.ratio(project), []
    if project.style_path is not None:
        source = pictures.url(project.id, project.style_path, THUMBNAIL_PX)
        cells.append(pictures.figure_html(source, "The style picture", ratio=ratio, caption_html="style reference"))
    take = _take(project, sheet.references.anchor) if is_anchor_possible() else None
    if take is not None:
        source = pictures.url(project.id, take.path, THUMBNAIL_PX)
        words = anchor_words(take)
        cells.append(pictures.figure_html(source, f"Anchor: {words}", ratio=ratio, caption_html=f"anchor {escape(words)}"))
    st.html(f'<div class="m-pair m-references">{"".join(cells)}</div>')


# --- the source frame


def _frames(project: Project, sheet: ShotSheet) -> None:
    """The five as pictures to click on, one that was replaced since if it is the chosen one, and the way back to the nearest."""
    used = frame_of(project, sheet)
    if used is None:
        st.empty()
        st.empty()
        return
    frames = project.frames if used in project.frames else (*project.frames, used)
    with st.container(horizontal=True, gap="xsmall", key="frames"):
        for frame in frames:
            with st.container(width=CELL_PX, gap=None, key=f"look-frame-{frame.index}"):
                _cell(project, sheet, frame, is_used=frame == used)
    # A button, not a switch: the browser may still know the switch as it was before a frame was clicked, and would put it back.
    is_nearest = sheet.references.frame_index != used.index
    st.button(
        "The nearest source frame is taken by itself" if is_nearest else "Take the nearest one by itself",
        key=f"nearest-{project.id}-{sheet.shot.id}",
        type="tertiary",
        disabled=is_nearest or project.is_read_only,
        on_click=_set,
        args=(project.id, sheet.shot.id, partial(_with_frame, None)),
    )


def _cell(project: Project, sheet: ShotSheet, frame: FrameOnDisk, *, is_used: bool) -> None:
    at, is_chosen = timecode(frame.time_s), sheet.references.frame_index == frame.index
    pictures.figure(
        pictures.url(project.id, frame.path, THUMBNAIL_PX),
        f"Source frame at {at}{', used' if is_used else ''}",
        ratio=opening.ratio(project),
        caption_html=at[1:],
        class_="m-chosen" if is_used else "",
    )
    st.button(
        f"Use the source frame at {at}",
        key=f"look-at-frame-{frame.index}-{project.id}",
        disabled=is_chosen or project.is_read_only,
        on_click=_set,
        args=(project.id, sheet.shot.id, partial(_with_frame, frame.index)),
    )


def _with_frame(index: int | None, references: References) -> References:
    return replace(references, frame_index=index)


# --- the anchor


def is_anchor_possible() -> bool:
    """Whether the image model takes a third picture, or nobody knows that it does not."""
    limit = studio().models.profile("image").reference_limit
    return studio().card.is_paid and (limit is None or limit >= WITH_ANCHOR)


def anchor_trouble() -> str:
    """Why no anchor can be chosen, or what is not known about it; empty when all is well."""
    if not studio().card.is_paid:
        return "Pictures made on this computer come from the source frame and the style alone; an anchor would not be looked at."
    profile = studio().models.profile("image")
    if profile.reference_limit is None:
        return f"The provider does not say how many pictures {profile.id} takes."
    if profile.reference_limit < WITH_ANCHOR:
        return f"{profile.id} takes {profile.reference_limit} pictures at most: style and source frame, no anchor."
    return ""


def _anchor(project: Project, sheet: ShotSheet) -> None:
    is_possible = is_anchor_possible()
    places.optional(partial(_anchor_choice, project, sheet) if is_possible else None, width="stretch")
    trouble = anchor_trouble()
    st.html(f'<p class="m-line">{escape(trouble)}</p>' if trouble else "<i hidden></i>")


def _anchor_choice(project: Project, sheet: ShotSheet) -> None:
    takes = {str(take.label): take for each in project.sheets for take in each.takes if not take.is_missing}
    chosen = str(sheet.references.anchor) if sheet.references.anchor is not None else NONE
    options = [NONE, *takes, *([chosen] if chosen and chosen not in takes else [])]
    labels = {name: take.label for name, take in takes.items()}
    key = f"anchor-{project.id}-{sheet.shot.id}"
    state.follow_choice(key, chosen)
    st.selectbox(
        "Anchor: an earlier take that shows who and where",
        options,
        index=options.index(chosen),
        format_func=_anchor_name(takes),
        key=key,
        disabled=project.is_read_only,
        on_change=_set,
        args=(project.id, sheet.shot.id, partial(_with_anchor, labels, key)),
    )


def _anchor_name(takes: dict[str, Take]) -> Callable[[str], str]:
    def name(choice: str) -> str:
        if not choice:
            return "None"
        return anchor_words(takes[choice]) if choice in takes else f"{choice}, which is not there any more"

    return name


def anchor_words(take: Take) -> str:
    """Such as "shot 2, take 1"."""
    return f"shot {take.label.shot_id}, take {take.label.number}"


def _with_anchor(labels: dict[str, TakeLabel], key: str, references: References) -> References:
    choice = state.chosen(key)
    if choice not in (NONE, *labels):
        state.undo_choice(key)
        return references
    return replace(references, anchor=labels.get(choice))


def _take(project: Project, label: TakeLabel | None) -> Take | None:
    return next((take for sheet in project.sheets for take in sheet.takes if take.label == label and not take.is_missing), None)


# --- what the user does


def _set(project_id: str, shot_id: int, change: Callable[[References], References]) -> None:
    with messages.guarded(_place(project_id, shot_id)):
        references = studio().open(project_id).sheet(shot_id).references
        studio().set_references(project_id, shot_id, change(references))
    studio().events.publish(topic(project_id, f"shot-{shot_id}"))


def _place(project_id: str, shot_id: int) -> str:
    return f"references-{project_id}-{shot_id}"
