"""All takes of a shot on the Shots page: the chosen one large beside its source frame, the strip, and where each came from."""

from functools import partial

import streamlit as st

from maestro.types import Project, RowStatus, ShotSheet, Take, TakeLabel
from maestro.ui import compare, exchange, opening, pictures, places, references, rows, state, takes, words
from maestro.ui.markup import count, escape
from maestro.ui.studio import studio
from maestro.ui.words import Words

CELL_PX = 124
LARGE_PX = 1280
OTHER_PX = 190
SOURCE = 0
"""Stands for the source frame among the numbers of takes."""


def show(project: Project, sheet: ShotSheet, status: RowStatus) -> None:
    """The shot's takes, newest first."""
    take = _chosen_take(project, sheet)
    if status.state in rows.IN_FLIGHT or take is None:
        rows.picture(project, sheet, status)
    else:
        with st.container(key="large"):
            _large(project, sheet, take)
    _take_actions(project, sheet, take)
    _taken_away(project)
    _strip(project, sheet, take)
    _origin(take)


def _chosen_take(project: Project, sheet: ShotSheet) -> Take | None:
    number = state.take_number(project.id, sheet.shot.id)
    return next((take for take in sheet.takes if take.label.number == number), sheet.last_take)


def _large(project: Project, sheet: ShotSheet, take: Take) -> None:
    source = pictures.url(project.id, take.path, LARGE_PX)
    other = _other(project, sheet, take) if source and state.chosen(_compare_key(project)) is not False else None
    if other is None:
        pictures.figure(source, takes.alt(sheet, take), ratio=f"{take.width_px} / {take.height_px}")
        return
    compare.slider(other, take, alt=takes.alt(sheet, take), key="desk")


# --- what a take is compared with


def _other(project: Project, sheet: ShotSheet, take: Take) -> compare.Side | None:
    """The take that was chosen for it, else the source frame; None when that is not there."""
    number = state.chosen(_other_key(project, sheet))
    other = next((one for one in _others(sheet, take) if one.label.number == number), None)
    if other is not None:
        return compare.of_take(other)
    frame = references.find_frame(project, take.frame_index)
    return None if frame is None else compare.of_frame(frame)


def _others(sheet: ShotSheet, take: Take) -> list[Take]:
    return [one for one in sheet.takes[::-1] if one != take and not one.is_missing]


def _compare_key(project: Project) -> str:
    return f"is-compared-{project.id}"


def _other_key(project: Project, sheet: ShotSheet) -> str:
    return f"compared-with-{project.id}-{sheet.shot.id}"


def _choose_other(project: Project, sheet: ShotSheet, take: Take) -> None:
    """Whether it is compared, and with what: its source frame, or another take of the shot."""
    key, numbers = _other_key(project, sheet), [SOURCE, *(one.label.number for one in _others(sheet, take))]
    if state.chosen(key) not in numbers:
        state.choose(key, SOURCE)
    with st.container(horizontal=True, vertical_alignment="center", key="compare"):
        st.toggle("Compare with", value=True, key=_compare_key(project), persist_state="session")
        st.selectbox(
            "What the take is compared with",
            numbers,
            format_func=lambda number: f"take {number}" if number else "its source frame",
            key=key,
            disabled=state.chosen(_compare_key(project)) is False,
            label_visibility="collapsed",
            width=OTHER_PX,
            persist_state="session",
        )


# --- what is done to a take


def _take_actions(project: Project, sheet: ShotSheet, take: Take | None) -> None:
    if take is None:
        st.empty()
        st.empty()
        st.empty()
        return
    _choose_other(project, sheet, take)
    label = take.label
    with st.container(horizontal=True, vertical_alignment="center", key="take-actions"):
        # Each in a place of its own: a second click on Save takes nothing back.
        places.optional(None if take.is_saved else partial(_save_button, project, take))
        places.optional(partial(_save_button, project, take) if take.is_saved else None)
        takes.download("desk", project, take)
        st.button(
            "Use these words again",
            key=f"reuse-{project.id}",
            disabled=project.is_read_only,
            on_click=_use_words,
            args=(project, take),
        )
        st.button("Delete", key=f"delete-{project.id}", disabled=project.is_read_only, on_click=_delete, args=(project.id, label))
        exchange.take_button(project.id, take, "desk")
    st.html(f'<p class="m-line">{takes.facts(take)}</p>')


def _save_button(project: Project, take: Take) -> None:
    st.button(
        "Take out of the gallery" if take.is_saved else "Save",
        key=f"{'out' if take.is_saved else 'save'}-desk-{project.id}",
        disabled=project.is_read_only or (take.is_missing and not take.is_saved),
        on_click=takes.act,
        args=(
            project.id,
            take.label.shot_id,
            partial(studio().save, project.id, take.label, is_saved=not take.is_saved),
        ),
    )


def _use_words(project: Project, take: Take) -> None:
    field = rows.field_of("shots", project, project.sheet(take.label.shot_id))
    if words.keep(field):
        takes.act(project.id, take.label.shot_id, partial(_put_words, field, take))


def _put_words(field: Words, take: Take) -> None:
    field.keep(take.text, state.base(field.name) or field.stored)
    words.show(field, take.text)


def _delete(project_id: str, label: TakeLabel) -> None:
    def deed() -> None:
        studio().delete_take(project_id, label)
        state.show_take(project_id, label.shot_id, None)
        state.set_last_done(_trash(project_id), (*_deleted(project_id), label))

    takes.act(project_id, label.shot_id, deed)


def _trash(project_id: str) -> str:
    return f"take-{project_id}"


def _deleted(project_id: str) -> tuple[TakeLabel, ...]:
    """What this tab deleted and did not bring back, in this order."""
    return state.last_done(_trash(project_id)) or ()


def _taken_away(project: Project) -> None:
    deleted = _deleted(project.id)
    if not deleted:
        st.empty()
        return
    label, more = deleted[-1], len(deleted) - 1
    before = f", and {more} before it" if more else ""
    with st.container(horizontal=True, vertical_alignment="center", key="taken-away"):
        st.html(f'<p class="m-line" role="status">Take {label.number} of shot {label.shot_id} is in the trash{before}.</p>')
        st.button("Undo", key=f"restore-{project.id}", on_click=_restore, args=(project.id, label))


def _restore(project_id: str, label: TakeLabel) -> None:
    def deed() -> None:
        studio().restore_take(project_id, label)
        state.show_shot(project_id, label.shot_id)
        state.show_take(project_id, label.shot_id, label.number)
        state.set_last_done(_trash(project_id), tuple(one for one in _deleted(project_id) if one != label) or None)

    takes.act(project_id, label.shot_id, deed)


def _strip(project: Project, sheet: ShotSheet, chosen: Take | None) -> None:
    if not sheet.takes:
        st.empty()
        st.empty()
        return
    st.html(f'<h3 class="m-label">{count(len(sheet.takes), "take")}</h3>')
    with st.container(horizontal=True, key="strip"):
        for take in sheet.takes[::-1]:
            with st.container(width=CELL_PX, key=f"cell-{take.label}"):
                _cell(project, sheet, take, is_chosen=take == chosen)


def _cell(project: Project, sheet: ShotSheet, take: Take, *, is_chosen: bool) -> None:
    facts = (
        ("saved", take.is_saved),
        ("stale", take.is_stale),
        ("missing", take.is_missing),
        (takes.OTHER_SHAPE, takes.is_other_shape(take)),
    )
    marks = [word for word, is_so in facts if is_so]
    pictures.figure(
        pictures.url(project.id, take.path, 240),
        takes.alt(sheet, take),
        ratio=opening.ratio(project),
        class_="m-chosen" if is_chosen else "",
        caption_html=f"<span>{' · '.join(marks) or takes.cost(take)}</span>",
    )
    st.button(
        f"Take {take.label.number}",
        key=f"choose-{take.label}",
        width="stretch",
        disabled=is_chosen,
        on_click=state.show_take,
        args=(project.id, sheet.shot.id, take.label.number),
    )


def _origin(take: Take | None) -> None:
    if take is None:
        st.empty()
        return
    with st.expander("Prompt and model", key="quiet-origin"):
        notes = "".join(f"<p>{escape(note)}</p>" for note in take.notes)
        st.html(
            f'<p class="m-line">{escape(take.engine)} · {escape(take.model)} · {take.created_at.astimezone():%d %b %Y, %H:%M}</p>'
            f'{notes}<pre class="m-prompt">{escape(take.prompt)}</pre>'
        )
