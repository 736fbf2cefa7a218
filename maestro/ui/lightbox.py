"""A saved frame large: what is known of it, its neighbours, its source frame beside it, and out of the gallery and back."""

from functools import partial

import streamlit as st

from maestro.types import Project, Take, TakeLabel
from maestro.ui import compare, exchange, live, messages, opening, pictures, places, references, state, takes
from maestro.ui.markup import day, escape, is_same_shape, seconds, shape, shorten
from maestro.ui.studio import studio

LARGE_PX = 1920


@st.dialog("Frame", width="large", on_dismiss=state.close_preview)
def show(project_id: str) -> None:
    """The one that is opened; one that was just taken out stays until the next is looked at, with the way back."""
    project, opened = opening.opened(project_id), state.preview()
    take = None if project is None or opened is None else takes.find(project, opened[1])
    if project is None or take is None:
        st.html('<p class="m-quiet">This frame is not there any more.</p>')
        return
    labels = sorted({*(one.label for one in project.saved_takes), take.label}, key=lambda one: (one.shot_id, one.number))
    place = labels.index(take.label)
    _picture(project, take)
    st.html(
        f'<div class="m-slate"><b>SHOT {take.label.shot_id}</b> · take {take.label.number} · {place + 1} of {len(labels)}</div>'
        f'<p class="m-words">{escape(take.text)}</p><p class="m-quiet">{escape(facts(take))}</p>{_notes_html(project, take)}'
    )
    messages.at(place_of(project_id))
    with st.container(horizontal=True, vertical_alignment="center", key="lightbox-bar"):
        _step("Previous", project_id, labels[place - 1] if place else None)
        _step("Next", project_id, labels[place + 1] if place + 1 < len(labels) else None)
        _compare_toggle(project, take)
        with st.container(key="lightbox-file", width="content"):
            download(project_id, take, "large")
        _out_or_back(project, take)
    exchange.unfold(project_id, take, "gallery")


def _picture(project: Project, take: Take) -> None:
    frame = references.find_frame(project, take.frame_index)
    if frame is not None and not take.is_missing and state.chosen(_compare_key(project)):
        compare.slider(compare.of_frame(frame), take, alt=alt(take), key="lightbox")
        return
    source = pictures.url(project.id, take.path, LARGE_PX)
    pictures.figure(source, alt(take), ratio=f"{take.width_px} / {take.height_px}", class_="m-large")


def _compare_key(project: Project) -> str:
    return f"lightbox-compare-{project.id}"


def _compare_toggle(project: Project, take: Take) -> None:
    is_possible = references.find_frame(project, take.frame_index) is not None and not take.is_missing
    st.toggle("Compare with its source frame", key=_compare_key(project), disabled=not is_possible, persist_state="session")


def _step(name: str, project_id: str, to: TakeLabel | None) -> None:
    st.button(name, key=f"lightbox-{name}", disabled=to is None, on_click=_turn_to, args=(project_id, to))


def _turn_to(project_id: str, to: TakeLabel | None) -> None:
    if to is not None:
        state.open_preview(project_id, to)


def _out_or_back(project: Project, take: Take) -> None:
    """Each in a place of its own, so that a second click takes nothing back."""
    args = (project.id, take.label)
    out = partial(st.button, "Take out", key=f"lightbox-out-{project.id}", type="tertiary", on_click=take_out, args=args)
    back = partial(st.button, "Undo", key=f"lightbox-undo-{project.id}", type="tertiary", on_click=put_back, args=args)
    is_possible = not project.is_read_only
    places.optional(out if take.is_saved and is_possible else None)
    places.optional(back if not take.is_saved and is_possible else None)
    said = "" if take.is_saved else "It was taken out. The take itself is kept."
    st.html(f'<p class="m-quiet" role="status">{said}</p>', width="content")


# --- out of the gallery and back


def place_of(project_id: str) -> str:
    """Where the gallery keeps its messages, and what can be taken back."""
    return f"gallery-{project_id}"


def taken_out(project_id: str) -> tuple[TakeLabel, ...]:
    """What this tab took out and did not put back, in this order."""
    return state.last_done(place_of(project_id)) or ()


def take_out(project_id: str, take: TakeLabel) -> None:
    """In callbacks: out of the gallery; the take itself stays."""
    with messages.guarded(place_of(project_id)):
        studio().save(project_id, take, is_saved=False)
        state.set_last_done(place_of(project_id), (*(one for one in taken_out(project_id) if one != take), take))


def put_back(project_id: str, take: TakeLabel) -> None:
    """In callbacks: into the gallery again."""
    with messages.guarded(place_of(project_id)):
        studio().save(project_id, take, is_saved=True)
        state.set_last_done(place_of(project_id), tuple(one for one in taken_out(project_id) if one != take) or None)


# --- what is known of a frame


def facts(take: Take) -> str:
    """Its name in files, who made it, how long it took, what it cost, how large it is."""
    return " · ".join(
        (
            str(take.label),
            take.model or take.engine,
            f"{take.width_px}\N{MULTIPLICATION SIGN}{take.height_px}",
            seconds(take.duration_s),
            takes.cost(take),
            day(take.created_at),
        )
    )


def shape_mark(project: Project | None, take: Take) -> list[str]:
    """The picture's shape where it is not the one that the project's pictures have: a list of one, or of none."""
    wide, high = _shape(project)
    return [] if is_same_shape(take.width_px, take.height_px, wide, high) else [shape(take.width_px, take.height_px)]


def _shape(project: Project | None) -> tuple[float, float]:
    if project is None or (not project.aspect_ratio and project.clip is None):
        return 16, 9
    if project.aspect_ratio:
        wide, _, high = project.aspect_ratio.partition(":")
        return float(wide), float(high)
    return (project.clip.width_px, project.clip.height_px) if project.clip is not None else (16, 9)


def _notes_html(project: Project | None, take: Take) -> str:
    notes = list(take.notes)
    wide, high = _shape(project)
    if not notes and shape_mark(project, take):
        wanted = shape(round(wide * 1000), round(high * 1000))
        notes.append(f"Its shape is {shape(take.width_px, take.height_px)}, that of this project's pictures is {wanted}.")
    return "".join(f'<p class="m-quiet">{escape(note)}</p>' for note in notes)


def alt(take: Take) -> str:
    """What the picture shows, for those who do not see it."""
    return f"{spoken(take.label).capitalize()}: {shorten(take.text, 200)}"


def spoken(take: TakeLabel) -> str:
    """Such as "shot 1, take 2"."""
    return f"shot {take.shot_id}, take {take.number}"


def download(project_id: str, take: Take, where: str) -> None:
    """The original bytes; nothing where they are gone."""
    if take.is_missing:
        return
    if live.is_served():
        address = escape(pictures.download_url(project_id, take.path))
        st.html(
            f'<a class="m-link" href="{address}" download aria-label="Download {spoken(take.label)}">Download</a>', width="content"
        )
        return
    st.download_button(
        "Download",
        data=take.path.read_bytes,
        file_name=take.path.name,
        mime=take.media_type,
        key=f"download-{where}-{project_id}-{take.label}",
        on_click="ignore",
        type="tertiary",
    )
