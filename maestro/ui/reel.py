"""All takes of a shot on the Shots page: the chosen one large beside its source frame, the strip, and where each came from."""

from functools import partial

import streamlit as st

from maestro.errors import MaestroError
from maestro.types import FrameOnDisk, Project, RowStatus, ShotSheet, Take, TakeLabel
from maestro.ui import exchange, messages, opening, pictures, references, rows, state, takes, words
from maestro.ui.markup import count, escape, timecode
from maestro.ui.studio import studio
from maestro.ui.words import Words

CELL_PX = 124
LARGE_PX = 1280


def show(project: Project, sheet: ShotSheet, status: RowStatus) -> None:
    """The shot's takes, newest first."""
    take = _chosen_take(project, sheet)
    if status.state in rows.IN_FLIGHT or take is None:
        rows.picture(project, sheet, status)
    else:
        with st.container(key="large"):
            _large(project, sheet, take)
    _take_actions(project, take)
    _taken_away(project)
    _strip(project, sheet, take)
    _origin(take)


def frame_of(project: Project, sheet: ShotSheet, take: Take | None) -> FrameOnDisk | None:
    """The source frame of a take, also one that was replaced since; without a take, that which the shot will be made from."""
    return references.frame_of(project, sheet) if take is None else references.find_frame(project, take.frame_index)


def _chosen_take(project: Project, sheet: ShotSheet) -> Take | None:
    number = state.take_number(project.id, sheet.shot.id)
    return next((take for take in sheet.takes if take.label.number == number), sheet.last_take)


def _large(project: Project, sheet: ShotSheet, take: Take) -> None:
    frame = frame_of(project, sheet, take)
    source = pictures.url(project.id, take.path, LARGE_PX)
    if frame is None or not source or state.chosen(_compare_key(project)) is False:
        pictures.figure(source, takes.alt(sheet, take), ratio=f"{take.width_px} / {take.height_px}")
        return
    from streamlit_extras.image_compare_slider import image_compare_slider  # noqa: PLC0415 - it costs the start of the app

    try:
        before, after = studio().thumbnail(frame.path, LARGE_PX), studio().thumbnail(take.path, LARGE_PX)
    except MaestroError as error:
        messages.show(error)
        return
    st.html(
        f'<p class="m-hidden">{escape(takes.alt(sheet, take))}, compared with its source frame at {timecode(frame.time_s)}.</p>'
    )
    image_compare_slider(
        str(before),
        str(after),
        label1=f"source {timecode(frame.time_s)}",
        label2=f"take {take.label.number}",
        key=f"compare-{take.label}",
    )


def _compare_key(project: Project) -> str:
    return f"is-compared-{project.id}"


def _take_actions(project: Project, take: Take | None) -> None:
    if take is None:
        st.empty()
        st.empty()
        return
    shot_id, label = take.label.shot_id, take.label
    with st.container(horizontal=True, vertical_alignment="center", key="take-actions"):
        st.button(
            "Take out of the gallery" if take.is_saved else "Save",
            key=f"save-desk-{project.id}",
            disabled=project.is_read_only or (take.is_missing and not take.is_saved),
            on_click=takes.act,
            args=(project.id, shot_id, partial(studio().save, project.id, label, is_saved=not take.is_saved)),
        )
        takes.download("desk", project, take)
        st.button(
            "Use these words again",
            key=f"reuse-{project.id}",
            disabled=project.is_read_only,
            on_click=_use_words,
            args=(project, take),
        )
        st.button("Delete", key=f"delete-{project.id}", disabled=project.is_read_only, on_click=_delete, args=(project.id, label))
        st.toggle("Compare with the source frame", value=True, key=_compare_key(project))
        exchange.take_button(project.id, take, "desk")
    st.html(f'<p class="m-line">{takes.facts(take)}</p>')


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
        state.set_last_done(f"take-{project_id}", label)

    takes.act(project_id, label.shot_id, deed)


def _taken_away(project: Project) -> None:
    label = state.last_done(f"take-{project.id}")
    if label is None:
        st.empty()
        return
    with st.container(horizontal=True, vertical_alignment="center", key="taken-away"):
        st.html(f'<p class="m-line" role="status">Take {label.number} of shot {label.shot_id} is in the trash.</p>')
        st.button("Undo", key=f"restore-{project.id}", on_click=_restore, args=(project.id, label))


def _restore(project_id: str, label: TakeLabel) -> None:
    def deed() -> None:
        studio().restore_take(project_id, label)
        state.show_shot(project_id, label.shot_id)
        state.show_take(project_id, label.shot_id, label.number)
        state.set_last_done(f"take-{project_id}", None)

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
