"""Takes on the page: save and download, the large picture, and what is known of each."""

import re
from collections.abc import Callable
from functools import partial

import streamlit as st

from maestro.events import topic
from maestro.types import PICTURE_SUFFIXES, Project, ShotSheet, Take, TakeLabel
from maestro.ui import messages, opening, pictures, places, state
from maestro.ui.markup import escape, money, seconds, shorten
from maestro.ui.studio import studio

OTHER_SHAPE = "other shape"
SHAPE_NOTE = re.compile(r"pixels instead of \d+:\d+")


def alt(sheet: ShotSheet, take: Take) -> str:
    """What the picture shows, for who cannot see it."""
    return f"Shot {sheet.shot.id}, take {take.label.number}: {shorten(take.text, 120)}"


def cost(take: Take) -> str:
    """Such as "$0.04"; what was made on this computer is free."""
    return "free" if take.engine == "offline" else money(take.cost_usd)


def is_other_shape(take: Take) -> bool:
    """Whether the picture came in another shape than was asked for: its notes say so."""
    return any(SHAPE_NOTE.search(note) for note in take.notes)


def suffix(media_type: str) -> str:
    """The file's ending for what it is."""
    return PICTURE_SUFFIXES.get(media_type, ".png")


def save_or_download(place: str, project: Project, take: Take | None) -> None:
    """Save; once it is saved, the file itself in the same spot: a second click on Save takes nothing back."""
    saved = take if take is not None and take.is_saved else None
    is_possible = take is not None and not project.is_read_only
    name = f"save-{place}-{project.id}"
    button = partial(st.button, "Save", key=name, disabled=not is_possible, on_click=_save, args=(project.id, take))
    places.optional(button if saved is None else None)
    places.optional(partial(download, place, project, saved) if saved is not None else None)


def download(place: str, project: Project, take: Take) -> None:
    """The take's file, byte for byte."""
    st.download_button(
        "Download",
        data=take.path.read_bytes,
        file_name=f"{take.label}{suffix(take.media_type)}",
        mime=take.media_type,
        on_click="ignore",
        disabled=take.is_missing,
        key=f"download-{place}-{project.id}-{take.label.number}",
    )


def preview(project: Project, shot_id: int) -> None:
    """The large picture of that shot's take, if the user opened it."""
    opened = state.preview()
    if opened is None or opened[0] != project.id or opened[1].shot_id != shot_id:
        return
    _dialog(project.id, opened[1])


@st.dialog("Preview", width="large", on_dismiss=state.close_preview)
def _dialog(project_id: str, label: TakeLabel) -> None:
    project = opening.opened(project_id)
    take = None if project is None else find(project, label)
    if project is None or take is None:
        st.html('<p class="m-line">This take is not there any more.</p>')
        return
    sheet = project.sheet(label.shot_id)
    pictures.figure(
        pictures.url(project_id, take.path), alt(sheet, take), ratio=f"{take.width_px} / {take.height_px}", class_="m-large"
    )
    st.html(f'<p class="m-slate">SHOT {label.shot_id} · take {label.number}</p>')
    st.html(f'<p>{escape(take.text)}</p><p class="m-line">{facts(take)}</p>')
    with st.container(horizontal=True):
        save_or_download("preview", project, take)
        messages.at(f"row-{project_id}-{label.shot_id}")


def facts(take: Take) -> str:
    """Size, time, cost and origin of a take, escaped."""
    parts = [str(take.label), f"{take.width_px}\u00d7{take.height_px}", seconds(take.duration_s), cost(take), take.model]
    parts += ["stale"] if take.is_stale else []
    parts += [OTHER_SHAPE] if is_other_shape(take) else []
    return " · ".join(escape(part) for part in parts)


def find(project: Project, label: TakeLabel) -> Take | None:
    """The take of that label, if it is still there."""
    sheet = next((sheet for sheet in project.sheets if sheet.shot.id == label.shot_id), None)
    return None if sheet is None else next((take for take in sheet.takes if take.label == label), None)


def _save(project_id: str, take: Take | None) -> None:
    if take is not None:
        act(project_id, take.label.shot_id, partial(studio().save, project_id, take.label))


def act(project_id: str, shot_id: int, deed: Callable[[], object]) -> None:
    """In callbacks: does it, and lets the shot's own fragment hear of it, whichever fragment the click came through."""
    with messages.guarded(f"row-{project_id}-{shot_id}"):
        deed()
    studio().events.publish(topic(project_id, f"shot-{shot_id}"))
