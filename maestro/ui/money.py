"""Money on the page: the line in the sidebar, and the sheet where every call adds up and the caps are set."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from maestro.errors import MaestroError
from maestro.events import topic
from maestro.types import Charge, Spending
from maestro.ui import ledger, live, messages, places, state
from maestro.ui.markup import count, date_of, dollars, escape
from maestro.ui.studio import studio

SPENT = topic("list", "money")
KIND = "money"
SIDEBAR = "sidebar"
PROJECT, DAY = "project", "day"
MOST_USD = 100_000.0
ON_SHEET = 200
UNASSIGNED_MEANS = (
    "Unassigned is what your key was charged while a call of this project broke off: the provider counted it, but no answer "
    "said for what."
)

_focus = st.components.v2.component(
    "maestro_focus", js=(Path(__file__).parent / "browser" / "focus.js").read_text(encoding="utf-8")
)


# --- the line in the sidebar


def line(project_id: str | None) -> None:
    """What was spent, and the button to the sheet; nothing where nothing can cost and nothing did."""
    _line(project_id or "")


@st.fragment
def _line(project_id: str) -> None:
    live.listen(SPENT, *([topic(project_id, "batch")] if project_id else []), key="money")
    opened = state.sheet()
    is_open = opened is not None and (opened.kind, opened.place) == (KIND, SIDEBAR)
    try:
        spending = studio().money.spending(project_id)
    except MaestroError as error:
        messages.show(error)
        return
    is_shown = studio().card.is_paid or has_cost(spending)
    places.optional(partial(_spent, project_id, spending) if is_shown else None, width="stretch")
    if is_open and opened is not None:
        _dialog(opened.project, opened.subject)


def has_cost(spending: Spending) -> bool:
    """Whether anything was ever paid, here or elsewhere, or may have been."""
    return bool(spending.total_usd or spending.today_usd or spending.unknown_count or spending.elsewhere_usd)


def _spent(project_id: str, spending: Spending) -> None:
    parts = [f"This project {dollars(spending.total_usd)}{_of(spending.project_cap_usd)}"] if project_id else []
    parts.append(f"today {dollars(spending.today_usd)}{_of(spending.day_cap_usd)}")
    unknown = f"<p>{escape(_unknown(spending))}</p>" if spending.unknown_count else ""
    words = " · ".join(parts)
    words = words[:1].upper() + words[1:]
    st.html(f'<section class="m-engine"><h2 class="m-label">Money</h2><p class="m-sum">{escape(words)}</p>{unknown}</section>')
    st.button("Sums and caps", key="money-open", type="tertiary", on_click=_open, args=(project_id,))


def _of(cap_usd: float | None) -> str:
    return f" of {dollars(cap_usd)}" if cap_usd else ""


def _unknown(spending: Spending) -> str:
    return f"{count(spending.unknown_count, 'call')} of unknown cost may have been charged."


def open_money(project_id: str, cap: str = "") -> None:
    """In callbacks: opens the sheet with the cursor in a cap, "project" or "day"; if not said, in the one that is nearer."""
    with messages.guarded("caps"):
        _open(project_id, cap or nearer_cap(studio().money.spending(project_id)))
        studio().events.publish(SPENT)  # the click came through another fragment; the sidebar's draws the sheet


def nearer_cap(spending: Spending) -> str:
    """The cap of which less is left; that of the day when there is none."""
    if spending.project_cap_usd is None:
        return DAY
    if spending.day_cap_usd is None:
        return PROJECT
    project_left = spending.project_cap_usd - spending.total_usd
    return PROJECT if project_left <= spending.day_cap_usd - spending.today_usd else DAY


def _open(project_id: str, cap: str = "") -> None:
    state.open_sheet(state.Sheet(KIND, project_id, cap, SIDEBAR))


# --- the sheet


@st.dialog("Money", width="medium", on_dismiss=state.close_sheet)
def _dialog(project_id: str, cap: str) -> None:
    try:
        spending = studio().money.spending(project_id)
        charges = studio().money.charges(project_id) if project_id else ()
    except MaestroError as error:
        messages.show(error)
        return
    caps = partial(_caps, spending, cap) if cap or studio().card.is_paid or has_cost(spending) else None
    for section in (
        caps if cap else None,
        partial(_where_it_went, spending, charges) if project_id else None,
        partial(_in_all, spending),
        None if cap else caps,
        partial(_calls, project_id, charges) if charges else None,
    ):
        places.optional(section, width="stretch")


def _in_all(spending: Spending) -> None:
    st.html("".join(f'<p class="m-line">{escape(sentence)}</p>' for sentence in _sentences(spending)))


def _sentences(spending: Spending) -> list[str]:
    sentences = [f"All projects today: {dollars(spending.today_usd)}{_of(spending.day_cap_usd)}."]
    in_none = math.fsum(charge.cost_usd or 0.0 for charge in studio().money.charges(""))
    if in_none:
        sentences.append(
            f"{ledger.exact(in_none)} more was charged while calls of several projects broke off: it counts in none of them."
        )
    return sentences


def _where_it_went(spending: Spending, charges: Sequence[Charge]) -> None:
    st.html(ledger.sums_html(spending, charges))
    sentences = []
    if spending.unknown_count:
        sentences.append(f"{_unknown(spending)} That is not in the total; the caps count them at their estimate.")
    if spending.unassigned_usd:
        sentences.append(UNASSIGNED_MEANS)
    if spending.elsewhere_usd:
        sentences.append(
            f"Takes that came with a copy or a bundle cost {dollars(spending.elsewhere_usd)} elsewhere: not paid here."
        )
    sentences.append(_since(charges))
    st.html("".join(f'<p class="m-line">{escape(sentence)}</p>' for sentence in sentences))


def _since(charges: Sequence[Charge]) -> str:
    began = studio().money.counts_since
    if began is not None and (charges or studio().card.is_paid):
        nothing = "" if charges else "Nothing was paid in this project yet. "
        return f"{nothing}Every paid call is counted since {date_of(began.astimezone())}."
    return "Nothing was paid yet." if studio().card.is_paid else "Pictures made on this computer cost nothing."


# --- caps


def _caps(spending: Spending, cap: str) -> None:
    st.html(
        '<h3 class="m-label">Caps</h3><p class="m-line">A click that would pass a cap is refused before anything is asked. '
        "0: no cap. They hold for every project of this workspace.</p>"
    )
    with st.container(horizontal=True, key="caps"):
        _cap(PROJECT, "A project may cost, in dollars", spending.project_cap_usd)
        _cap(DAY, "A day may cost, in dollars", spending.day_cap_usd)
    messages.at("caps")
    if cap:
        _focus(data={"field": f"cap-{cap}"}, key="live-focus")


def _cap(scope: str, label: str, cap_usd: float | None) -> None:
    # A field of its own for each amount that is stored: what is being typed stays, whoever draws the sheet again meanwhile.
    key = f"cap-{scope}-{state.turn('caps')}-{cap_usd or 0:g}"
    st.number_input(
        label,
        min_value=0.0,
        max_value=MOST_USD,
        value=cap_usd or 0.0,
        step=1.0,
        format="%.2f",
        key=key,
        on_change=_set_caps,
        args=(scope, key),
    )


def _set_caps(scope: str, key: str) -> None:
    amount = state.chosen(key)
    with messages.guarded("caps"):
        spending = studio().money.spending("")
        caps = {PROJECT: spending.project_cap_usd or 0.0, DAY: spending.day_cap_usd or 0.0} | {scope: amount or 0.0}
        studio().money.set_caps(caps[PROJECT], caps[DAY])
    if state.message("caps") is not None:
        state.next_turn("caps")  # back to what is stored
    studio().events.publish(SPENT)


# --- every call


def _calls(project_id: str, charges: Sequence[Charge]) -> None:
    with st.expander(f"Every call ({len(charges)})", key=f"calls-{project_id}", on_change="rerun") as unfolded:
        if not unfolded.open:
            return
        st.html(ledger.calls_html(charges[::-1][:ON_SHEET]))
        if len(charges) > ON_SHEET:
            st.html(f'<p class="m-line">The newest {ON_SHEET}; all {len(charges)} are in the CSV.</p>')
        st.download_button(
            "Download CSV",
            data=partial(ledger.as_csv, charges),
            file_name=f"{project_id}_money.csv",
            mime="text/csv",
            key=f"ledger-{project_id}",
            on_click="ignore",
        )
