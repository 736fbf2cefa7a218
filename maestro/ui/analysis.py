"""What Analyze found: the steps while it runs, the filmstrip, the context that the user may edit, and who answered."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from maestro.events import topic
from maestro.types import SHOT_COUNT, AnalysisStatus, Context, Interruption, Project
from maestro.ui import (
    asked,
    bar,
    clock,
    exchange,
    filmstrip,
    live,
    messages,
    opening,
    places,
    prices,
    remedies,
    rows,
    state,
    uploads,
    words,
)
from maestro.ui.markup import escape
from maestro.ui.studio import studio
from maestro.ui.words import Words

STEPS = {"sample": "Reading the clip", "describe": "Context", "direct": "Director"}
REDIRECT = "redirect"
CHOOSE_AGAIN = '<p class="m-line">Choose the clip again above, then Analyze.</p>'
PARTS = {"setting": "Setting", "main_action": "Main action", "emotional_tone": "Tone", "summary": "Summary"}


@st.fragment
def header(project_id: str) -> None:
    """The project's name and how safe its work is."""
    parts = ["project", "analysis", *(f"shot-{number}" for number in range(1, SHOT_COUNT + 1))]
    live.listen(*(topic(project_id, part) for part in parts), key=f"header-{project_id}")
    project = opening.opened(project_id)
    if project is None:
        return
    card = studio().card
    state_words = "read only" if project.is_read_only else clock.saved_html(project.changed_at)
    st.html(
        f'<header class="m-header"><h1>{escape(project.name)}</h1>'
        f'<span>{state_words} · <span class="m-badge">{escape(card.title if card.is_paid else card.line)}</span></span></header>'
    )
    for notice in project.notices:
        messages.notice(notice)


@st.fragment
def body(project_id: str) -> None:
    """Everything below the inputs."""
    live.listen(
        topic(project_id, "project"),
        topic(project_id, "analysis"),
        is_busy=bool(studio().analysis(project_id).step),
        key=f"body-{project_id}",
    )
    project = opening.opened(project_id)
    if project is None:
        return
    clock.start("home")
    status = studio().analysis(project_id)
    _standing(project, status)
    filmstrip.show(project, is_coming=bool(status.step))
    _context(project, is_running=bool(status.step))
    _interruptions(project)
    _to_come(is_coming=bool(status.step) and not project.sheets)
    if project.sheets:
        bar.show(project_id)
        for sheet in project.sheets:
            rows.row(project_id, sheet.shot.id)


# --- where it stands


def _standing(project: Project, status: AnalysisStatus) -> None:
    """One shot that is directed again has its place in that shot's row."""
    is_elsewhere = REDIRECT in (status.step, status.failed_step)
    with st.container(key="standing"):
        if status.step and not is_elsewhere:
            _running(project, status)
            st.empty()
        elif status.message and not is_elsewhere:
            _failed(project, status)
            st.empty()
        elif project.step and not is_elsewhere:
            step = STEPS.get(project.step, project.step)
            messages.fault(f"The analysis was interrupted at this step: {step}.", "Nothing was lost; repeat it when you like.")
            _again(project, "Repeat it")
        else:
            st.empty()
            st.empty()
        remedies.at(_place(project.id), project.id)


def _failed(project: Project, status: AnalysisStatus) -> None:
    """With what mends it: again, its beginning only, another model, and so on."""
    pending, style = state.pending_clip(), state.pending_style()
    can_repeat = bool(project.frames) or (pending is not None and style is not None)
    label = f"Use its first {studio().settings.max_clip_s:g} s" if status.is_too_long else "Try again"
    remedies.show(
        _place(project.id),
        status,
        project_id=project.id,
        step="text",
        retry=partial(_repeat, project, asked.words(project.id), is_trimmed=status.is_too_long),
        retry_label=label if can_repeat else None,
    )
    if not can_repeat:
        st.html(CHOOSE_AGAIN)


def _running(project: Project, status: AnalysisStatus) -> None:
    number = list(STEPS).index(status.step) + 1 if status.step in STEPS else 1
    marks = "".join(f"<li{_mark(index, number)}>{title}</li>" for index, title in enumerate(STEPS.values(), start=1))
    is_held = status.hold_s is not None
    ticking = clock.hold_html(status.hold_s or 0) if is_held else clock.running_html(status.elapsed_s)
    why = f"{escape(status.message)} · " if is_held and status.message else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="m-steps" role="status"><ol>{marks}</ol><p>{number} of {len(STEPS)} · {why}{ticking}</p></div>')
        st.button("Cancel", key=f"cancel-analysis-{project.id}", on_click=_cancel, args=(project.id,))


def _to_come(*, is_coming: bool) -> None:
    """The places of what is being made, so that the page does not jump when it comes."""
    if not is_coming:
        st.empty()
        return
    places = '<div class="m-place m-busy"></div>' * 2
    later = "".join(f'<div class="m-coming"><span class="m-slate">SHOT {n}</span>{places}</div>' for n in range(1, SHOT_COUNT + 1))
    st.html(f'<div aria-hidden="true">{later}</div>')


def _mark(index: int, number: int) -> str:
    if index == number:
        return ' class="m-now" aria-current="step"'
    return ' class="m-done"' if index < number else ""


def _again(project: Project, label: str) -> None:
    pending, style = state.pending_clip(), state.pending_style()
    if not project.frames and (pending is None or style is None):
        st.html(CHOOSE_AGAIN)
        return
    name = f"analyze-again-{project.id}"
    places.optional(partial(st.button, label, key=name, type="primary", on_click=_repeat, args=(project, asked.words(project.id))))


def _cancel(project_id: str) -> None:
    with messages.guarded(_place(project_id)):
        studio().cancel_analysis(project_id)


def _repeat(project: Project, known: int, *, is_trimmed: bool = False) -> None:
    """From the step that was not done; the clip itself is needed only when nothing of it was read, or its beginning is wanted."""
    pending, style = state.pending_clip(), state.pending_style()
    with messages.guarded(_place(project.id)):
        if asked.words(project.id) != known:
            return
        if project.frames and project.context is not None and project.step == "direct":
            studio().direct_again(project.id)
        elif project.frames:
            studio().analyze_again(project.id)
        elif pending is not None and style is not None:
            uploads.begin(replace(pending, is_trimmed=pending.is_trimmed or is_trimmed), style, project.id)


def _place(project_id: str) -> str:
    return f"analysis-{project_id}"


# --- what it found


def _context(project: Project, *, is_running: bool) -> None:
    if project.context is None:
        st.empty()
        return
    fields = _fields(project)
    with st.container(key="context"):
        for column, field in zip(st.columns([1, 1, 1], gap="medium"), fields[:3], strict=True):
            with column:
                words.area(field, height="content", is_disabled=project.is_read_only, is_labelled=True)
        words.area(fields[3], height="content", is_disabled=project.is_read_only, is_labelled=True)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Ask the director again",
                key=f"direct-again-{project.id}",
                disabled=is_running or project.is_read_only,
                on_click=_direct_again,
                args=(project.id, fields, asked.words(project.id)),
            )
            exchange.analysis_button(project.id)
            st.html(f'<p class="m-line">{escape(_price_words())}Edit any of these, then ask again. {escape(_who(project))}</p>')


def _price_words() -> str:
    """That of a whole analysis, of which the director is a part."""
    price = studio().money.price(analyses=1)
    return f"At most {prices.words(price)}. " if studio().card.is_paid and price.usd is not None else ""


def _who(project: Project) -> str:
    if project.context_model == project.director_model:
        return f"Context and shots by {project.context_model}." if project.context_model else ""
    director = f" Shots by {project.director_model}." if project.director_model else ""
    return f"Context by {project.context_model}.{director}"


def _fields(project: Project) -> list[Words]:
    return [
        Words(
            page="home",
            project_id=project.id,
            part=part,
            label=label,
            stored=_read(project.context, part),
            told="project",
            keep=_keeper(project.id, part),
        )
        for part, label in PARTS.items()
    ]


def _read(context: Context | None, part: str) -> str:
    value: str | tuple[str, ...] = getattr(context, part) if context is not None else ""
    return value if isinstance(value, str) else ", ".join(value)


def _changed(context: Context, part: str, text: str) -> Context:
    if part == "emotional_tone":
        return replace(context, emotional_tone=tuple(tone.strip() for tone in text.split(",") if tone.strip()))
    if part == "setting":
        return replace(context, setting=text)
    return replace(context, main_action=text) if part == "main_action" else replace(context, summary=text)


def _keeper(project_id: str, part: str) -> Callable[[str, str], None]:
    """Each part is compared and set on its own: what another tab changed in another part is no conflict."""

    def keep(text: str, base: str) -> None:
        stored = studio().open(project_id).context
        if stored is None or _read(stored, part) == text:
            return
        known = stored if _read(stored, part) == base else _changed(stored, part, base)
        studio().set_context(project_id, _changed(known, part, text), known)

    return keep


def _direct_again(project_id: str, fields: list[Words], known: int) -> None:
    """Only with a context that is kept as the page shows it, once for the calls that the page knows of."""
    kept = [words.keep(field) for field in fields]  # every one of them, although one cannot be kept
    if not all(kept) or asked.words(project_id) != known:
        return
    with messages.guarded(_place(project_id)):
        studio().direct_again(project_id)


# --- calls of which nobody knows how they ended


def _interruptions(project: Project) -> None:
    if not project.interruptions:
        st.empty()
        return
    with st.container(key="interruptions"):
        for interruption in project.interruptions:
            _interruption(project, interruption)


def _interruption(project: Project, interruption: Interruption) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"interruption-{interruption.call_id}"):
        st.html(f'<div class="m-notice" role="status"><b>SHOT {interruption.shot_id}</b> {escape(interruption.message)}</div>')
        st.button("Dismiss", key=f"dismiss-{interruption.call_id}", on_click=_dismiss, args=(project.id, interruption))


def _dismiss(project_id: str, interruption: Interruption) -> None:
    with messages.guarded(_place(project_id)):
        studio().dismiss(project_id, interruption.call_id)
