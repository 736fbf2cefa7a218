"""The source frames as a strip of film: each can be replaced, and what follows from that is said."""

from functools import partial

import streamlit as st

from maestro.types import SHOT_COUNT, FrameOnDisk, Project
from maestro.ui import asked, choice, messages, opening, pictures, places, prices, remedies
from maestro.ui.markup import escape, timecode
from maestro.ui.studio import studio


def show(project: Project, *, is_coming: bool) -> None:
    """The five and the director's, each a button that opens the choice; then what follows from a change. Three places."""
    with st.container(key="film"):
        if not project.frames:
            empty = f'<div class="m-film m-film-empty" aria-hidden="true">{"<i></i>" * SHOT_COUNT}</div>'
            st.html(empty if is_coming else "<i hidden></i>")
            st.empty()
        else:
            st.html(_film_html(project))
            _buttons(project, is_enabled=not (is_coming or project.is_read_only))
    hint = '<p class="m-line m-film-hint">Choose a frame to put another in its place.</p>'
    st.html(hint if project.frames else "<i hidden></i>")
    _changed(project, is_running=is_coming)
    choice.show(project.id)


def _film_html(project: Project) -> str:
    cells = []
    for frame in project.frames:
        is_directors = frame.index == project.director_frame_index
        at = timecode(frame.time_s)
        class_, words = (' class="m-directors"', f"{at} · director") if is_directors else ("", at)
        cells.append(
            f'<div{class_} style="aspect-ratio:{opening.ratio(project)}">{_picture_html(project, frame)}<span>{words}</span></div>'
        )
    is_tall = any(frame.height_px > frame.width_px for frame in project.frames)
    return f'<div class="m-film{" m-tall" if is_tall else ""}" style="--cells:{len(cells)}">{"".join(cells)}</div>'


def _picture_html(project: Project, frame: FrameOnDisk) -> str:
    source = pictures.url(project.id, frame.path, 400)
    if not source:
        return '<span class="m-missing">file missing</span>'
    return f'<img src="{escape(source)}" alt="Source frame at {timecode(frame.time_s)}">'


def _buttons(project: Project, *, is_enabled: bool) -> None:
    """One over each picture, which is what is seen of it."""
    with st.container(horizontal=True, key="film-buttons"):
        for place, frame in enumerate(project.frames):
            st.button(
                f"Choose another frame in place of source frame {place + 1}",
                key=f"frame-{project.id}-{place}",
                disabled=not is_enabled,
                on_click=choice.open_at,
                args=(project.id, place, frame.index),
            )


def _changed(project: Project, *, is_running: bool) -> None:
    """The words describe frames that are not these any more: that can be mended, or be left."""
    with st.container(horizontal=True, vertical_alignment="center", key="frames-changed"):
        if not project.is_frames_changed or project.context is None or is_running:
            st.empty()
            st.empty()
        else:
            price = prices.about(studio().money.price(analyses=1))
            messages.notice(f"The frames changed since the context was written. Analyze again: {price}.")
            again = partial(st.button, "Analyze again", key=f"frames-again-{project.id}")
            places.optional(partial(again, on_click=_analyze_again, args=(project.id, asked.words(project.id))))
    remedies.at(f"film-{project.id}", project.id)


def _analyze_again(project_id: str, known: int) -> None:
    """Once for the calls that the page knows of."""
    with messages.guarded(f"film-{project_id}"):
        if asked.words(project_id) == known:
            studio().analyze_again(project_id)
