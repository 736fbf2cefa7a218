"""The five rows: slate number, words, picture; and the bar above them. Each row is a fragment with its own listener."""

from functools import partial

import streamlit as st

from maestro.events import topic
from maestro.types import SHOT_COUNT, Project, RowState, RowStatus, ShotSheet, Take
from maestro.ui import clock, live, messages, opening, pictures, places, state, takes, words
from maestro.ui.markup import count, escape, money, seconds
from maestro.ui.studio import studio
from maestro.ui.words import Words

IN_FLIGHT = {RowState.QUEUED, RowState.RUNNING}


# --- the bar


@st.fragment
def bar(project_id: str) -> None:
    """Generate all, Generate missing, Cancel, and how far the five are."""
    live.listen(
        topic(project_id, "batch"), topic(project_id, "project"), is_busy=bool(_in_flight(project_id)), key=f"bar-{project_id}"
    )
    project = opening.opened(project_id)
    if project is None:
        return
    running = _in_flight(project_id)
    missing = [sheet.shot.id for sheet in project.sheets if sheet.last_take is None and sheet.shot.id not in running]
    idle = [sheet.shot.id for sheet in project.sheets if sheet.shot.id not in running]
    with st.container(key="bar"):
        with st.container(horizontal=True, vertical_alignment="center"):
            _bar_button("Generate all", "all", project, _shown(project, idle), type_="primary")
            _bar_button("Generate missing", "missing", project, _shown(project, missing))
            st.button("Cancel", key=f"cancel-all-{project_id}", disabled=not running, on_click=cancel, args=(project_id, None))
            st.html(f'<p class="m-line m-count" role="status">{_progress_words(project, len(running))}</p>')
        done = sum(sheet.last_take is not None and sheet.shot.id not in running for sheet in project.sheets)
        st.html(f'<div class="m-progress"><i style="width:{100 * done / len(project.sheets):.0f}%"></i></div>')
        messages.at(f"bar-{project_id}")


def newest(sheet: ShotSheet) -> int:
    """The number of its newest take; 0 when there is none."""
    return sheet.takes[-1].label.number if sheet.takes else 0


def _shown(project: Project, shot_ids: list[int]) -> dict[int, int]:
    return {shot_id: newest(project.sheet(shot_id)) for shot_id in shot_ids}


def _bar_button(label: str, name: str, project: Project, shown: dict[int, int], type_: str = "secondary") -> None:
    st.button(
        label,
        key=f"generate-{name}-{project.id}",
        type="primary" if type_ == "primary" else "secondary",
        disabled=not shown or project.is_read_only,
        on_click=_generate_all,
        args=(project.id, shown),
    )


def _in_flight(project_id: str) -> list[int]:
    return [number for number in range(1, SHOT_COUNT + 1) if studio().row(project_id, number).state in IN_FLIGHT]


def _progress_words(project: Project, running: int) -> str:
    done = sum(sheet.last_take is not None for sheet in project.sheets)
    parts = [f"{done} of {len(project.sheets)}", f"{running} running" if running else "", _spent(project)]
    return " · ".join(part for part in parts if part)


def _spent(project: Project) -> str:
    costs = [take.cost_usd for sheet in project.sheets for take in sheet.takes]
    if not studio().card.is_paid and not any(costs):
        return "free"
    return money(sum(cost or 0.0 for cost in costs)) if any(costs) else ""


# --- a row


@st.fragment
def row(project_id: str, shot_id: int) -> None:
    """One shot from its words to its picture."""
    is_busy = studio().row(project_id, shot_id).state in IN_FLIGHT
    live.listen(topic(project_id, f"shot-{shot_id}"), is_busy=is_busy, key=f"row-{project_id}-{shot_id}")
    project = opening.opened(project_id)
    if project is None:
        return
    sheet, status = project.sheet(shot_id), studio().row(project_id, shot_id)
    field = field_of("home", project, sheet)
    with st.container(key=f"row-{shot_id}"):
        slate, text, frame = st.columns([1, 9, 6], gap="medium")
        with slate:
            st.html(f'<h2 class="m-slate">SHOT {shot_id}</h2>')
        with text:
            words.area(field, height=122, is_disabled=project.is_read_only)
            _actions(project, sheet, status, field)
            trouble(project_id, shot_id, status)
        with frame:
            picture(project, sheet, status)
    takes.preview(project, shot_id)


def field_of(page: str, project: Project, sheet: ShotSheet) -> Words:
    """The words of a shot on that page."""
    shot_id = sheet.shot.id
    return Words(
        page=page,
        project_id=project.id,
        part=str(shot_id),
        label=f"Words of shot {shot_id}",
        stored=sheet.shot.text,
        told=f"shot-{shot_id}",
        keep=partial(studio().edit, project.id, shot_id),
    )


def _actions(project: Project, sheet: ShotSheet, status: RowStatus, field: Words) -> None:
    """Every button keeps its place whatever happens, so that a second click never hits another one."""
    shot_id, take = sheet.shot.id, sheet.last_take
    is_running = status.state in IN_FLIGHT
    with st.container(horizontal=True, vertical_alignment="center", key=f"actions-{shot_id}"):
        st.button(
            "Retry" if status.state in {RowState.FAILED, RowState.CANCELLED} else "Generate",
            key=f"generate-{project.id}-{shot_id}",
            disabled=is_running or project.is_read_only or state.conflict(field.name) is not None,
            on_click=generate,
            args=(field, shot_id, newest(sheet)),
        )
        st.button(
            "Preview",
            key=f"preview-{project.id}-{shot_id}",
            disabled=take is None,
            on_click=_open_preview,
            args=(project.id, shot_id, take),
        )
        takes.save_or_download(f"row-{shot_id}", project, take)
        cancel_button(project.id, shot_id, is_running=is_running)
        st.html(f'<p class="m-line m-state" role="status">{escape(state_words(field, take, status))}</p>')


def state_words(field: Words, take: Take | None, status: RowStatus) -> str:
    """Where the words stand: "text saved", "changed since take 1 · stale"."""
    if status.state in IN_FLIGHT:
        return "waiting for its turn" if status.state is RowState.QUEUED else status.message or "running"
    if not words.is_kept(field):
        return "text not saved"
    if state.is_restored(field.name):
        return "what you had typed is back"
    if take is not None and take.is_stale:
        return f"changed since take {take.label.number} · stale"
    return "text saved"


def cancel_button(project_id: str, shot_id: int, *, is_running: bool) -> None:
    """In its place while there is something to cancel."""
    button = partial(st.button, "Cancel", key=f"cancel-{project_id}-{shot_id}", on_click=cancel, args=(project_id, [shot_id]))
    places.optional(button if is_running else None)


def trouble(project_id: str, shot_id: int, status: RowStatus) -> None:
    """Why there is no new picture, and a picture that could not be put on disk."""
    if status.state in {RowState.FAILED, RowState.CANCELLED} and status.message:
        messages.fault(status.message, status.next_step)
    else:
        st.empty()
    messages.at(f"row-{project_id}-{shot_id}")
    if status.picture is None:
        st.empty()
        return
    with st.container(horizontal=True, key=f"waiting-{shot_id}"):
        st.download_button(
            "Download the picture",
            data=status.picture.encoded,
            file_name=f"shot-{shot_id:02d}_not-kept{takes.suffix(status.picture.media_type)}",
            mime=status.picture.media_type,
            on_click="ignore",
            key=f"rescue-{project_id}-{shot_id}",
        )
        st.button("Try to keep it again", key=f"keep-{project_id}-{shot_id}", on_click=_keep_waiting, args=(project_id, shot_id))


def picture(project: Project, sheet: ShotSheet, status: RowStatus) -> None:
    """The newest take, or its place, which never changes its size."""
    take, ratio = sheet.last_take, opening.ratio(project)
    overlay = _overlay(status) if status.state in IN_FLIGHT else ""
    if take is None:
        class_ = "m-place m-busy" if overlay else "m-place m-empty"
        missing = "file missing" if sheet.takes else ""
        st.html(f'<figure class="m-figure"><div class="{class_}" style="aspect-ratio:{ratio}">{overlay or missing}</div></figure>')
        return
    source = pictures.url(project.id, take.path, 800)
    st.html(
        f'<figure class="m-figure"><div class="m-place{" m-busy m-retake" if overlay else ""}" style="aspect-ratio:{ratio}">'
        f'<img src="{escape(source)}" alt="{escape(takes.alt(sheet, take))}" decoding="async">{overlay}</div>'
        f"<figcaption>{_caption(sheet, take)}</figcaption></figure>"
    )


def _overlay(status: RowStatus) -> str:
    if status.state is RowState.QUEUED:
        return '<span class="m-clock">waiting for its turn</span>'
    return clock.running_html(status.elapsed_s, status.expected_s)


def _caption(sheet: ShotSheet, take: Take) -> str:
    left = f"{take.label} · {seconds(take.duration_s)}"
    right = [takes.cost(take)]
    right += [count(len(sheet.takes), "take")] if len(sheet.takes) > 1 else []
    right += ['<b class="m-good">saved to gallery</b>'] if take.is_saved else []
    return f"<span>{left}</span><span>{' · '.join(right)}</span>"


# --- what the user does


def generate(field: Words, shot_id: int, shown: int) -> None:
    """In callbacks: words that could not be kept are never paid for, nor is a click on a page that lacks a take that came just now.

    `shown` is the number of the newest take on the page that was clicked: a double click pays once, however quick the answer was.
    """
    with messages.guarded(f"row-{field.project_id}-{shot_id}"):
        sheet = studio().open(field.project_id).sheet(shot_id)
        if newest(sheet) == shown and words.keep(field):
            studio().generate(field.project_id, [shot_id])
    _tell(field.project_id, shot_id)


def _generate_all(project_id: str, shown: dict[int, int]) -> None:
    with messages.guarded(f"bar-{project_id}"):
        project = studio().open(project_id)
        sheets = [project.sheet(shot_id) for shot_id in shown]
        asked = [sheet for sheet in sheets if newest(sheet) == shown[sheet.shot.id]]
        kept = [sheet.shot.id for sheet in asked if words.keep(field_of("home", project, sheet))]
        if kept:
            studio().generate(project_id, kept)


def cancel(project_id: str, shot_ids: list[int] | None) -> None:
    """In callbacks: cancels these shots, all when None."""
    with messages.guarded(f"bar-{project_id}"):
        studio().cancel(project_id, shot_ids)


def _open_preview(project_id: str, shot_id: int, take: Take) -> None:
    state.open_preview(project_id, take.label)
    _tell(project_id, shot_id)


def _keep_waiting(project_id: str, shot_id: int) -> None:
    with messages.guarded(f"row-{project_id}-{shot_id}"):
        studio().keep_waiting_picture(project_id, shot_id)
    _tell(project_id, shot_id)


def _tell(project_id: str, shot_id: int) -> None:
    """A click right after typing in another row reaches us through that row's fragment: this one has to hear of it too."""
    studio().events.publish(topic(project_id, f"shot-{shot_id}"))
