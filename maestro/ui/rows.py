"""The five rows: slate number, words, picture. Each row is a fragment with its own listener."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import streamlit as st

from maestro.events import topic
from maestro.types import AnalysisStatus, Project, RowState, RowStatus, ShotSheet, Take
from maestro.ui import asked, clock, engine, ideas, live, messages, opening, pictures, places, prices, remedies, state, takes, words
from maestro.ui.markup import count, escape, seconds
from maestro.ui.studio import studio
from maestro.ui.words import Words

IN_FLIGHT = {RowState.QUEUED, RowState.RUNNING}
ENDED_BADLY = {RowState.FAILED, RowState.CANCELLED}
Known = tuple[int, int]
"""What a page knows of a shot: its newest take's number (0: none), and how many calls for its pictures were paid."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a shot's picture stands, and where the director does."""

    row: RowStatus
    analysis: AnalysisStatus


# --- a row


@st.fragment
def row(project_id: str, shot_id: int) -> None:
    """One shot from its words to its picture."""
    is_busy = studio().row(project_id, shot_id).state in IN_FLIGHT or ideas.is_asked(studio().analysis(project_id), shot_id)
    topics = (topic(project_id, f"shot-{shot_id}"), topic(project_id, "analysis"), engine.MODELS)
    live.listen(*topics, is_busy=is_busy, is_first=True, key=f"row-{project_id}-{shot_id}")
    project = opening.opened(project_id)
    if project is None or shot_id not in [sheet.shot.id for sheet in project.sheets]:
        return
    sheet, standing = project.sheet(shot_id), Standing(studio().row(project_id, shot_id), studio().analysis(project_id))
    field = field_of("home", project, sheet)
    with st.container(key=f"row-{shot_id}"):
        slate, text, frame = st.columns([1, 9, 6], gap="medium")
        with slate:
            st.html(f'<h2 class="m-slate">SHOT {shot_id}</h2>')
        with text:
            words.area(field, height=122, is_disabled=project.is_read_only)
            _actions(project, sheet, standing, field)
            trouble(project, sheet, standing, field)
        with frame:
            picture(project, sheet, standing.row)
    takes.preview(project, shot_id)


def known(project_id: str, sheet: ShotSheet) -> Known:
    """What there is to know now."""
    return sheet.takes[-1].label.number if sheet.takes else 0, asked.pictures(project_id, sheet.shot.id)


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


def _actions(project: Project, sheet: ShotSheet, standing: Standing, field: Words) -> None:
    """Every button keeps its place whatever happens, so that a second click never hits another one."""
    shot_id, take = sheet.shot.id, sheet.last_take
    with st.container(horizontal=True, vertical_alignment="center", key=f"actions-{shot_id}"):
        generate_button(project, sheet, standing.row, field)
        st.button(
            "Preview",
            key=f"preview-{project.id}-{shot_id}",
            disabled=take is None,
            on_click=_open_preview,
            args=(project.id, shot_id, take),
        )
        takes.save_or_download(f"row-{shot_id}", project, take)
        ideas.popover(field, project, sheet, standing.analysis)
        cancel_button(project.id, shot_id, standing)
    state_line(field, sheet, standing)


def generate_button(
    project: Project, sheet: ShotSheet, status: RowStatus, field: Words, type_: Literal["primary", "secondary"] = "secondary"
) -> None:
    """Generate, or Retry after it failed."""
    shot_id = sheet.shot.id
    st.button(
        "Retry" if status.state in ENDED_BADLY else "Generate",
        key=f"generate-{project.id}-{shot_id}",
        type=type_,
        disabled=status.state in IN_FLIGHT or project.is_read_only or state.conflict(field.name) is not None,
        on_click=generate,
        args=(field, shot_id, known(project.id, sheet)),
    )


def state_line(field: Words, sheet: ShotSheet, standing: Standing, shape_words: str = "", size: str = "") -> None:
    """What a take will cost and its shape, and where the words stand: below the buttons, on a line that never moves."""
    price = ""
    if studio().card.is_paid:
        parts = (prices.words(studio().money.price(pictures=1, size=size)), shape_words)
        price = f'<p class="m-line m-price">{escape(" · ".join(part for part in parts if part))}</p>'
    words_html = escape(state_words(field, sheet.last_take, standing.row))
    if ideas.is_asked(standing.analysis, sheet.shot.id) and standing.row.state not in IN_FLIGHT:
        words_html = ideas.asking_html(standing.analysis)
    about = f'data-about="Shot {sheet.shot.id}" data-take="{sheet.takes[-1].label.number if sheet.takes else 0}"'
    about += " data-busy" if standing.row.state in IN_FLIGHT else ""
    st.html(f'<div class="m-standing">{price}<p class="m-line m-state" role="status" {about}>{words_html}</p></div>')


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


def cancel_button(project_id: str, shot_id: int, standing: Standing) -> None:
    """In its place while there is something to cancel: the picture, else the question to the director."""
    is_shot, is_asked = standing.row.state in IN_FLIGHT, ideas.is_asked(standing.analysis, shot_id)
    deed = partial(cancel, project_id, [shot_id]) if is_shot else partial(ideas.cancel, project_id, shot_id)
    button = partial(st.button, "Cancel", key=f"cancel-{project_id}-{shot_id}", on_click=deed)
    places.optional(button if is_shot or is_asked else None)


def trouble(project: Project, sheet: ShotSheet, standing: Standing, field: Words) -> None:
    """Why there is no new picture or no new idea, and a picture that could not be put on disk."""
    shot_id, status = sheet.shot.id, standing.row
    place = f"row-{project.id}-{shot_id}"
    if status.state in ENDED_BADLY and status.message:
        again = partial(generate, field, shot_id, known(project.id, sheet))
        remedies.show(place, status, project_id=project.id, step="image", retry=again, retry_label=None)
    else:
        st.empty()
    remedies.at(place, project.id)
    ideas.outcome(field, sheet, standing.analysis)
    _rescue(project.id, shot_id, status)


def _rescue(project_id: str, shot_id: int, status: RowStatus) -> None:
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
    shape = f'style="--shape:{ratio};aspect-ratio:{ratio}"'
    overlay = _overlay(status) if status.state in IN_FLIGHT else ""
    if take is None:
        class_ = "m-place m-busy" if overlay else "m-place m-empty"
        why = "<span>file missing</span>" if sheet.takes else "<span>no take yet</span>"
        st.html(f'<figure class="m-figure m-row"><div class="{class_}" {shape}>{overlay or why}</div></figure>')
        return
    source = pictures.url(project.id, take.path, 800)
    st.html(
        f'<figure class="m-figure m-row"><div class="m-place{" m-busy m-retake" if overlay else ""}" {shape}>'
        f'<img src="{escape(source)}" alt="{escape(takes.alt(sheet, take))}" decoding="async">{overlay}</div>'
        f"<figcaption>{_caption(sheet, take)}</figcaption></figure>"
    )


def _overlay(status: RowStatus) -> str:
    if status.state is RowState.QUEUED:
        return '<span class="m-clock">waiting for its turn</span>'
    if status.hold_s is not None:
        return clock.hold_html(status.hold_s)
    return clock.running_html(status.elapsed_s, status.expected_s)


def _caption(sheet: ShotSheet, take: Take) -> str:
    left = f"{take.label} · {seconds(take.duration_s)}"
    right = [takes.cost(take)]
    right += [count(len(sheet.takes), "take")] if len(sheet.takes) > 1 else []
    right += [f'<b class="m-badge">{takes.OTHER_SHAPE}</b>'] if takes.is_other_shape(take) else []
    right += ['<b class="m-good">saved to gallery</b>'] if take.is_saved else []
    return f"<span>{left}</span><span>{' · '.join(right)}</span>"


# --- what the user does


def generate(field: Words, shot_id: int, shown: Known) -> None:
    """In callbacks: words that could not be kept are never paid for, nor is a click on a page that lacks what came just now.

    `shown` is what the page that was clicked knew: a double click pays once, however quick the answer was, good or not.
    """
    with messages.guarded(f"row-{field.project_id}-{shot_id}"):
        sheet = studio().open(field.project_id).sheet(shot_id)
        if known(field.project_id, sheet) == shown and words.keep(field):
            studio().generate(field.project_id, [shot_id])
            ideas.accept(field.project_id, shot_id)
    _tell(field.project_id, shot_id)


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
