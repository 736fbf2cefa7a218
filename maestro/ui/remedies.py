"""What went wrong, what it cost, and the button that mends it."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from maestro.errors import CapError, Remedy
from maestro.types import AnalysisStatus, RowStatus
from maestro.ui import engine, messages, places, state
from maestro.ui import money as money_pages
from maestro.ui.markup import clock_time, escape, money, plain
from maestro.ui.studio import studio

Failure = RowStatus | AnalysisStatus
Draw = Callable[[], object]

AGAIN = {Remedy.RETRY, Remedy.WORDS, Remedy.WAIT, Remedy.CREDIT}
CREDIT_HOST = "openrouter.ai"
CREDIT_PAGE = "https://openrouter.ai/settings/credits"
MOST_MODELS = 5


def show(
    place: str, failure: Failure, *, project_id: str, step: str, retry: Callable[[], None], retry_label: str | None = "Retry"
) -> None:
    """Sentence, next step, cost, the right buttons and what came back, all in one place of the page.

    `place` names it (its widgets and messages), `step` is the one whose model may be gone, "text" or "image"; `retry` is called in
    a callback; `retry_label` is None where the button to retry stands elsewhere.
    """
    with st.container(key=f"fault-{place}"):
        _sentence(failure)
        buttons = _buttons(place, failure, project_id, step, retry, retry_label)
        if any(buttons):
            with st.container(horizontal=True, vertical_alignment="center"):
                for button in buttons:
                    places.optional(button)
        else:
            st.empty()
        _checked(place, failure.remedy)
        messages.at(f"remedy-{place}")
        _came_back(place, failure.raw)


def at(place: str, project_id: str) -> None:
    """As messages.at, in two places of the page: where a cap refused the click, the way to raise it stands below."""
    error = state.message(place)
    messages.at(place)
    places.optional(partial(_raise_button, place, project_id, error.scope) if isinstance(error, CapError) else None)


def _sentence(failure: Failure) -> None:
    cost = failure.cost_usd if isinstance(failure, RowStatus) else None
    cost_html = f' <span class="m-cost">It cost {money(cost)}.</span>' if cost else ""
    st.html(f'<div class="m-fault" role="alert"><b>{escape(failure.message)}</b> {escape(failure.next_step)}{cost_html}</div>')


def _buttons(
    place: str, failure: Failure, project_id: str, step: str, retry: Callable[[], None], retry_label: str | None
) -> list[Draw | None]:
    """Always as many, so that each keeps its place."""
    remedy = failure.remedy
    models = failure.fallback_models[:MOST_MODELS] if remedy is Remedy.MODEL else ()
    is_asked_at_openrouter = studio().settings.base_url.host == CREDIT_HOST
    again = partial(st.button, retry_label or "", key=f"retry-{place}", on_click=retry)
    use = [partial(_use_button, place, step, number, model, retry) for number, model in enumerate(models)]
    return [
        again if retry_label and remedy in AGAIN else None,
        *use,
        *[None] * (MOST_MODELS - len(use)),
        partial(_check_button, place) if remedy is Remedy.KEY else None,
        partial(st.link_button, "Add credit", CREDIT_PAGE, key=f"credit-{place}")
        if remedy is Remedy.CREDIT and is_asked_at_openrouter
        else None,
        partial(_raise_button, place, project_id) if remedy is Remedy.CAP else None,
    ]


def _use_button(place: str, step: str, number: int, model: str, retry: Callable[[], None]) -> None:
    st.button(
        f"Use {plain(model)}",
        key=f"use-{number}-{place}",
        on_click=_use,
        args=(place, step, model, retry),
    )


def _use(place: str, step: str, model: str, retry: Callable[[], None]) -> None:
    """The user's word: from now on this model is asked, at once for what failed."""
    with messages.guarded(f"remedy-{place}"):
        studio().models.use(step, model)
        retry()


def _raise_button(place: str, project_id: str, scope: str = "") -> None:
    st.button("Raise the cap", key=f"cap-{place}", on_click=money_pages.open_money, args=(project_id, scope))


def _check_button(place: str) -> None:
    is_asking = engine.is_checking()
    st.button("Check connection", key=f"check-{place}", disabled=is_asking, on_click=_check, args=(place,))


def _check(place: str) -> None:
    state.set_last_done(f"check-{place}", datetime.now(UTC))
    engine.check()


def _checked(place: str, remedy: Remedy) -> None:
    """What the check that was asked for here found: the sidebar, which says so too, is out of sight on a narrow page."""
    survey, asked_at = studio().models.survey, state.last_done(f"check-{place}")
    if remedy is not Remedy.KEY or asked_at is None:
        st.empty()
        return
    if engine.is_checking() or survey is None or survey.at < asked_at:
        st.html('<p class="m-line" role="status">Asking the provider; this costs nothing …</p>')
        return
    found = " ".join(survey.troubles) or "the provider answers and accepts the key."
    st.html(f'<p class="m-line" role="status">Checked {escape(f"{clock_time(survey.at)}: {found}")}</p>')


def _came_back(place: str, raw: str) -> None:
    if not raw:
        st.empty()
        return
    with st.expander("What came back", key=f"quiet-raw-{place}"):
        st.code(raw, language=None, wrap_lines=True)
