"""The bar above the five rows: all at once, what it costs, and how far they are."""

import streamlit as st

from maestro.errors import MaestroError
from maestro.events import topic
from maestro.types import SHOT_COUNT, Project
from maestro.ui import engine, live, messages, opening, prices, remedies, rows, shape, words
from maestro.ui.markup import count, escape, money
from maestro.ui.studio import studio


@st.fragment
def show(project_id: str) -> None:
    """Generate all, Generate missing, Cancel, the pictures' shape, what it will cost, and how far the five are."""
    parts = (topic(project_id, part) for part in ("batch", "project", "money"))
    live.listen(*parts, engine.MODELS, is_busy=bool(_in_flight(project_id)), key=f"bar-{project_id}")
    project = opening.opened(project_id)
    if project is None:
        return
    running = _in_flight(project_id)
    missing = [sheet.shot.id for sheet in project.sheets if sheet.last_take is None and sheet.shot.id not in running]
    idle = [sheet.shot.id for sheet in project.sheets if sheet.shot.id not in running]
    with st.container(key="bar"):
        with st.container(horizontal=True, vertical_alignment="center"):
            _bar_button("Generate all", "all", project, _asked_for(project, idle), type_="primary")
            _bar_button("Generate missing", "missing", project, _asked_for(project, missing))
            st.button("Cancel", key=f"cancel-all-{project_id}", disabled=not running, on_click=rows.cancel, args=(project_id, None))
            shape.choose("bar", project)
            first = 'data-first="The five shots are there."'
            st.html(f'<p class="m-line m-count" role="status" {first}>{_progress_words(project, len(running))}</p>')
        if studio().card.is_paid:
            told = (_prices(len(idle), len(missing), project.size), shape.words(project))
            st.html(f'<p class="m-line m-prices">{escape(" · ".join(part for part in told if part))}</p>')
        done = sum(sheet.last_take is not None and sheet.shot.id not in running for sheet in project.sheets)
        st.html(f'<div class="m-progress"><i style="width:{100 * done / len(project.sheets):.0f}%"></i></div>')
        remedies.at(f"bar-{project_id}", project_id)


def _asked_for(project: Project, shot_ids: list[int]) -> dict[int, rows.Known]:
    return {shot_id: rows.known(project.id, project.sheet(shot_id)) for shot_id in shot_ids}


def _bar_button(label: str, name: str, project: Project, shown: dict[int, rows.Known], type_: str = "secondary") -> None:
    st.button(
        label,
        key=f"generate-{name}-{project.id}",
        type="primary" if type_ == "primary" else "secondary",
        disabled=not shown or project.is_read_only,
        on_click=_generate_all,
        args=(project.id, shown),
    )


def _in_flight(project_id: str) -> list[int]:
    return [number for number in range(1, SHOT_COUNT + 1) if studio().row(project_id, number).state in rows.IN_FLIGHT]


def _prices(idle: int, missing: int, size: str) -> str:
    """Such as "All about $0.20 · missing about $0.08 (list price)": beside the buttons, which keep their width when it comes."""
    if not idle:
        return "All of them are on their way."
    every = studio().money.price(pictures=idle, size=size)
    if every.usd is None or missing in (0, idle):
        return f"All: {prices.words(every)}"
    return f"All: {prices.about(every)} · missing: {prices.words(studio().money.price(pictures=missing, size=size))}"


def _progress_words(project: Project, running: int) -> str:
    done = sum(sheet.last_take is not None for sheet in project.sheets)
    parts = [f"{done} of {len(project.sheets)}", f"{running} running" if running else "", _spent(project)]
    return " · ".join(part for part in parts if part)


def _spent(project: Project) -> str:
    spending = studio().money.spending(project.id)
    total, unknown = spending.total_usd, spending.unknown_count
    if not studio().card.is_paid and not total and not unknown:
        return "free"
    parts = [f"{money(total)} spent" if total else "", f"{count(unknown, 'call')} of unknown cost" if unknown else ""]
    return " · ".join(part for part in parts if part)


def _generate_all(project_id: str, shown: dict[int, rows.Known]) -> None:
    with messages.guarded(f"bar-{project_id}"):
        project = studio().open(project_id)
        sheets = [project.sheet(shot_id) for shot_id in shown]
        asked = [sheet for sheet in sheets if rows.known(project_id, sheet) == shown[sheet.shot.id]]
        if not asked and not _in_flight(project_id):
            raise MaestroError(
                "Answers came in the moment of the click: nothing was asked for.", next_step="Press it again if you want more."
            )
        kept = [sheet.shot.id for sheet in asked if words.keep(rows.field_of("home", project, sheet))]
        if kept:
            studio().generate(project_id, kept)
