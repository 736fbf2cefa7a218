"""The Shots page: one shot at a time, its words with their history beside its takes."""

from functools import partial

import streamlit as st

from maestro.events import topic
from maestro.types import Project, ShotSheet
from maestro.ui import clock, engine, ideas, live, opening, reel, references, rows, shape, state, takes, words
from maestro.ui.markup import escape
from maestro.ui.studio import studio
from maestro.ui.words import Words

EMPTY = '<header class="m-header"><h1>Shots</h1></header><p class="m-lead">{}</p>'


def show(project_id: str | None) -> None:
    """The whole page below the shell."""
    if project_id is None:
        st.html(EMPTY.format("Analyse a clip on Home first, or open a project."))
        return
    _desk(project_id)


@st.fragment
def _desk(project_id: str) -> None:
    shot_id = state.shot_number(project_id)
    status = studio().row(project_id, shot_id)
    live.listen(
        topic(project_id, "project"),
        topic(project_id, f"shot-{shot_id}"),
        topic(project_id, "analysis"),
        engine.MODELS,
        is_first=True,
        is_busy=status.state in rows.IN_FLIGHT or ideas.is_asked(studio().analysis(project_id), shot_id),
        key=f"desk-{project_id}-{shot_id}",
    )
    project = opening.opened(project_id)
    if project is None:
        return
    if not project.sheets:
        st.html(EMPTY.format("There are no shots yet: Analyze on Home directs them."))
        return
    clock.start("shots")
    sheet = next((sheet for sheet in project.sheets if sheet.shot.id == shot_id), project.sheets[0])
    st.html(f'<header class="m-header"><h1>Shots</h1><span>{escape(project.name)}</span></header>')
    _chooser(project, sheet)
    text, picture = st.columns([4, 6], gap="large")
    with text:
        _words(project, sheet, rows.Standing(studio().row(project_id, sheet.shot.id), studio().analysis(project_id)))
    with picture:
        reel.show(project, sheet, studio().row(project_id, sheet.shot.id))


# --- which shot


def _chooser(project: Project, sheet: ShotSheet) -> None:
    numbers = [sheet.shot.id for sheet in project.sheets]
    index = numbers.index(sheet.shot.id)
    # Who steps on gets a new chooser: what the browser still says of the old one turns nothing back.
    key = f"shot-choice-{project.id}-{state.turn('shot')}"
    state.follow_choice(key, sheet.shot.id)
    with st.container(horizontal=True, vertical_alignment="center", key="chooser"):
        st.segmented_control(
            "Shot",
            numbers,
            default=sheet.shot.id,
            format_func=lambda number: f"SHOT {number}",
            key=key,
            on_change=_chosen,
            args=(project.id, key),
            label_visibility="collapsed",
        )
        st.button(
            "Previous", key="previous-shot", disabled=index == 0, on_click=_step_to, args=(project.id, numbers[max(index - 1, 0)])
        )
        following = numbers[min(index + 1, len(numbers) - 1)]
        st.button("Next", key="next-shot", disabled=sheet.shot.id == numbers[-1], on_click=_step_to, args=(project.id, following))


def _chosen(project_id: str, key: str) -> None:
    number = state.chosen(key)
    if number is not None:
        state.show_shot(project_id, number)


def _step_to(project_id: str, shot_id: int) -> None:
    state.show_shot(project_id, shot_id)
    state.next_turn("shot")


# --- its words


def _words(project: Project, sheet: ShotSheet, standing: rows.Standing) -> None:
    shot_id = sheet.shot.id
    field = rows.field_of("shots", project, sheet)
    st.html(f'<h2 class="m-slate">SHOT {shot_id}</h2>')
    words.area(field, height=200, is_disabled=project.is_read_only)
    with st.container(horizontal=True, vertical_alignment="center", key="history"):
        for label, can, deed in (
            ("Undo", sheet.can_undo, studio().undo),
            ("Redo", sheet.can_redo, studio().redo),
            ("Director's words", sheet.shot.text != sheet.director_text, studio().directors_words),
        ):
            st.button(
                label,
                key=f"{label}-{project.id}-{shot_id}",
                disabled=not can or project.is_read_only,
                on_click=_step,
                args=(field, shot_id, partial(deed, project.id, shot_id)),
            )
    with st.container(horizontal=True, vertical_alignment="center", key="shoot"):
        rows.generate_button(project, sheet, standing.row, field, "primary")
        ideas.popover(field, project, sheet, standing.analysis)
        shape.choose("desk", project)
        rows.cancel_button(project.id, shot_id, standing)
    rows.state_line(field, sheet, standing, shape.words(project) if studio().card.is_paid else "", project.size)
    rows.trouble(project, sheet, standing, field)
    references.choose(project, sheet)


def _step(field: Words, shot_id: int, deed: "partial[str]") -> None:
    """What was typed is kept as a step of its own before one step is taken."""
    if words.keep(field):
        takes.act(field.project_id, shot_id, lambda: words.show(field, deed()))
