"""What the model saw: the prompt, the pictures that were sent, and the raw answer, word for word on one sheet."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from maestro.errors import MaestroError
from maestro.types import CallKind, Exchange, Project, Take
from maestro.ui import messages, pictures, places, state
from maestro.ui.markup import clock_time, count, escape, money, seconds
from maestro.ui.studio import studio

LABEL = "What the model saw"
THUMBNAIL_PX = 400
CALL, TAKE, ANALYSIS = "call", "take", "analysis"
DEEDS = {
    CallKind.DESCRIBE: "Context",
    CallKind.DIRECT: "Director",
    CallKind.REDIRECT: "One shot again",
    CallKind.SHOOT: "Picture",
    CallKind.UNASSIGNED: "Call",
}
ROLES = {"frame": "source frame", "style": "style reference", "anchor": "earlier take"}
NOTHING_KEPT = "The model's answer was not kept: an earlier version made this, it came with a bundle, or its call broke off."


def button(project_id: str, call_id: str, key: str, label: str = LABEL, *, is_enabled: bool = True) -> None:
    """A button that opens the sheet of a call; `key` is unique on the page. Not for use within a dialog: see `unfold`."""
    _button(state.Sheet(CALL, project_id, call_id, key), label, is_enabled=is_enabled)


def take_button(project_id: str, take: Take | None, key: str, label: str = LABEL) -> None:
    """The same for a take, which may have been made before exchanges were kept."""
    name = "" if take is None else str(take.label)
    _button(state.Sheet(TAKE, project_id, name, key), label, is_enabled=take is not None)


def analysis_button(project_id: str, key: str = "analysis", label: str = LABEL, *, is_enabled: bool = True) -> None:
    """The same for all calls of the analysis: context, director, shots that were directed again."""
    _button(state.Sheet(ANALYSIS, project_id, "", key), label, is_enabled=is_enabled)


def unfold(project_id: str, take: Take, key: str, label: str = LABEL) -> None:
    """The same sheet folded into a dialog that is open already; read only once it is unfolded."""
    with st.expander(label, key=f"saw-{key}-{take.label}", on_change="rerun") as folded:
        if folded.open:
            _take(project_id, take)


def _button(sheet: state.Sheet, label: str, *, is_enabled: bool) -> None:
    st.button(label, key=f"saw-{sheet.place}", type="tertiary", disabled=not is_enabled, on_click=state.open_sheet, args=(sheet,))
    if state.sheet() == sheet:
        _dialog(sheet)


@st.dialog(LABEL, width="large", on_dismiss=state.close_sheet)
def _dialog(sheet: state.Sheet) -> None:
    try:
        _inside(sheet)
    except MaestroError as error:
        messages.show(error)


def _inside(sheet: state.Sheet) -> None:
    is_analysis = sheet.kind == ANALYSIS
    places.optional(partial(_analysis, sheet.project, sheet.place) if is_analysis else None, width="stretch")
    places.optional(None if is_analysis else partial(_one, sheet), width="stretch")


def _one(sheet: state.Sheet) -> None:
    if sheet.kind == TAKE:
        take = _find(studio().open(sheet.project), sheet.subject)
        if take is None:
            st.html('<p class="m-quiet">This take is not there any more.</p>')
            return
        _take(sheet.project, take)
        return
    kept = _kept(sheet.project, sheet.subject)
    if kept is None:
        st.html(f'<p class="m-quiet">{escape(NOTHING_KEPT)}</p>')
        return
    show(sheet.project, kept)


def _find(project: Project, name: str) -> Take | None:
    return next((take for sheet in project.sheets for take in sheet.takes if str(take.label) == name), None)


def _kept(project_id: str, call_id: str) -> Exchange | None:
    """The call's exchange; a further picture of one answer ("<id>-2") leads to that answer."""
    if not call_id:
        return None
    kept = studio().exchange(project_id, call_id)
    first, _, number = call_id.rpartition("-")
    return studio().exchange(project_id, first) if kept is None and first and number.isdecimal() else kept


def _analysis(project_id: str, place: str) -> None:
    kept = studio().analysis_exchanges(project_id)
    if not kept:
        st.html(f'<p class="m-quiet">{escape(NOTHING_KEPT)}</p>')
        return
    names = names_of(kept, {charge.call_id: charge.shot_id for charge in studio().money.charges(project_id)})
    key = f"saw-which-{place}"
    with st.container(key="saw-which"):
        st.segmented_control("Which call", names, default=names[0], key=key, label_visibility="collapsed", required=True)
    chosen = state.chosen(key)
    show(project_id, kept[names.index(chosen) if chosen in names else 0])


def names_of(exchanges: Sequence[Exchange], shots: Mapping[str, int]) -> list[str]:
    """What each is called, every name once: "Context", "Director", "Shot 2 again", "Shot 2 again, 2".

    `shots`: the shots that calls were about, as far as they are known.
    """
    names: list[str] = []
    for kept in exchanges:
        shot_id = shots.get(kept.call_id, 0) if kept.kind is CallKind.REDIRECT else 0
        name = f"Shot {shot_id} again" if shot_id else DEEDS[kept.kind]
        before = sum(earlier.partition(",")[0] == name for earlier in names)
        names.append(f"{name}, {before + 1}" if before else name)
    return names


def _take(project_id: str, take: Take) -> None:
    kept = _kept(project_id, take.call_id)
    if kept is not None:
        show(project_id, kept)
        return
    _facts(take.engine, take.model, (clock_time(take.created_at), seconds(take.duration_s), _cost(take.engine, take.cost_usd)))
    if take.engine == "offline":
        st.html('<p class="m-quiet">No model was asked: this picture was made on this computer from your own frames.</p>')
    else:
        st.html(f'<p class="m-quiet">{escape(NOTHING_KEPT)} Its prompt is known.</p>')
    _text("Prompt" if take.prompt else "Words of the shot", take.prompt or take.text)


# --- the sheet itself


def show(project_id: str, kept: Exchange) -> None:
    """An exchange on one sheet."""
    _facts(kept.engine, kept.model, (clock_time(kept.asked_at), seconds(kept.duration_s), _cost(kept.engine, kept.cost_usd)))
    _text("Prompt", kept.prompt)
    st.html(f'<h3 class="m-label">Pictures sent, in this order</h3>{_pictures_html(project_id, kept)}')
    _text("Answer, as it came", kept.answer)


def _cost(engine: str, cost_usd: float | None) -> str:
    return "free" if engine == "offline" else money(cost_usd)


def _facts(engine: str, model: str, more: Sequence[str]) -> None:
    who = model or "no model"
    st.html(f'<p class="m-slate"><b>{escape(who)}</b> · {escape(" · ".join((engine, *more)))}</p>')


def _text(title: str, text: str) -> None:
    st.html(f'<h3 class="m-label">{escape(title)}</h3>')
    if text:
        st.code(text, language=None, wrap_lines=True)
    else:
        st.html('<p class="m-quiet">None.</p>')


def _pictures_html(project_id: str, kept: Exchange) -> str:
    if not kept.pictures:
        return '<p class="m-quiet">None: only words were sent.</p>'
    cells = []
    for number, sent in enumerate(kept.pictures, start=1):
        source = "" if sent.path is None else pictures.url(project_id, sent.path, THUMBNAIL_PX)
        role = ROLES.get(sent.role, sent.role)
        caption = sent.caption or role
        words = f"{number} · {caption}" if source else f"{number} · {caption} · not there any more"
        cells.append(pictures.figure_html(source, f"Picture {number}: {caption}", ratio="16 / 9", caption_html=escape(words)))
    return f'<div class="m-sent" aria-label="{count(len(cells), "picture")} sent">{"".join(cells)}</div>'
