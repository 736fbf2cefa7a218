"""Another idea for one shot: the director is asked again, with a hint; the other four stay as they are."""

from functools import partial

import streamlit as st

from maestro.types import AnalysisStatus, Project, ShotSheet
from maestro.ui import asked, clock, prices, remedies, state, takes, words
from maestro.ui.markup import escape
from maestro.ui.studio import studio
from maestro.ui.words import Words

HINT_LIMIT = 300
STEP = "redirect"


def is_asked(status: AnalysisStatus, shot_id: int) -> bool:
    """Whether the director is thinking about this shot."""
    return status.step == STEP and status.shot_id == shot_id


def asking_html(status: AnalysisStatus) -> str:
    """Such as "asking the director · 4 s", or how long it still has to wait."""
    ticking = clock.running_html(status.elapsed_s) if status.hold_s is None else clock.hold_html(status.hold_s)
    return f"asking the director · {ticking}"


def popover(field: Words, project: Project, sheet: ShotSheet, status: AnalysisStatus) -> None:
    """The hint, and what asking costs."""
    shot_id = sheet.shot.id
    name = _name(field, shot_id)
    key = f"idea-{name}-{state.turn(name)}"
    is_possible = not (status.step or project.is_read_only or project.context is None)
    old = state.last_done(f"idea-{project.id}-{shot_id}")
    with st.popover("New idea", key=key, disabled=not is_possible):
        st.text_input(
            "A hint for the director, if you like",
            state.hint(field.name) if old == sheet.shot.text else "",  # what came to nothing need not be typed again
            key=f"hint-{key}",
            max_chars=HINT_LIMIT,
            placeholder="closer, from below, at night",
            help="The other four shots stay as they are.",
        )
        st.button(
            "Ask the director for this shot",
            key=f"ask-{name}",
            disabled=not is_possible or state.conflict(field.name) is not None,
            on_click=ask,
            args=(field, shot_id, f"hint-{key}", (sheet.shot.text, asked.words(project.id))),
        )
        st.html(f'<p class="m-line">{escape(prices.words(studio().money.price(redirects=1)))}</p>')


def outcome(field: Words, sheet: ShotSheet, status: AnalysisStatus) -> None:
    """Why the director had no other idea; or the way back from a new one. Two places."""
    shot_id = sheet.shot.id
    _trouble(field, shot_id, status)
    old = state.last_done(f"idea-{field.project_id}-{shot_id}")
    is_new = old is not None and old != sheet.shot.text == sheet.director_text and sheet.can_undo
    if not is_new or is_asked(status, shot_id):
        st.empty()
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"new-idea-{shot_id}"):
        st.html('<p class="m-line" role="status">New words from the director.</p>')
        st.button("Undo", key=f"undo-idea-{_name(field, shot_id)}", on_click=_undo, args=(field, shot_id))


def _trouble(field: Words, shot_id: int, status: AnalysisStatus) -> None:
    if status.failed_step != STEP or status.shot_id != shot_id or status.step or not status.message:
        st.empty()
        return
    place = f"idea-{field.page}-{field.project_id}-{shot_id}"
    again = partial(ask, field, shot_id, None, (field.stored, asked.words(field.project_id)))
    remedies.show(place, status, project_id=field.project_id, step="text", retry=again, retry_label="Ask again")


def ask(field: Words, shot_id: int, hint_key: str | None, shown: tuple[str, int]) -> None:
    """In callbacks: once for the words and calls that the page knew of, however often it is clicked; what was typed is kept first.

    `hint_key` is that of the hint's field; None: the last hint again.
    """
    project_id = field.project_id
    if hint_key is not None:
        state.set_hint(field.name, (state.words(hint_key) or "")[:HINT_LIMIT].strip())
    state.next_turn(_name(field, shot_id))  # closes the popover

    def deed() -> None:
        now = studio().open(project_id).sheet(shot_id).shot.text, asked.words(project_id)
        if now != shown or not words.keep(field):
            return
        state.set_last_done(f"idea-{project_id}-{shot_id}", studio().open(project_id).sheet(shot_id).shot.text)
        studio().redirect(project_id, shot_id, state.hint(field.name))

    takes.act(project_id, shot_id, deed)


def accept(project_id: str, shot_id: int) -> None:
    """In callbacks: a picture is made of the words as they are; the Shots page still has the way back."""
    state.set_last_done(f"idea-{project_id}-{shot_id}", None)


def cancel(project_id: str, shot_id: int) -> None:
    """In callbacks: the director need not answer any more."""
    takes.act(project_id, shot_id, partial(studio().cancel_analysis, project_id))


def _name(field: Words, shot_id: int) -> str:
    return f"{field.page}-{field.project_id}-{shot_id}"


def _undo(field: Words, shot_id: int) -> None:
    def deed() -> None:
        words.show(field, studio().undo(field.project_id, shot_id))
        state.set_last_done(f"idea-{field.project_id}-{shot_id}", None)

    if words.keep(field):
        takes.act(field.project_id, shot_id, deed)
