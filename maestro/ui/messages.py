"""Errors as words on the page, in one place: what happened, then what to do. Never through markdown."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from maestro.errors import MaestroError
from maestro.ui import state
from maestro.ui.markup import escape


def show(error: MaestroError) -> None:
    """The error where it happened."""
    fault(str(error), error.next_step)


def fault(message: str, next_step: str = "") -> None:
    """A failure in two sentences."""
    st.html(f'<div class="m-fault" role="alert"><b>{escape(message)}</b> {escape(next_step)}</div>')


def notice(sentence: str) -> None:
    """Something worth knowing that is no failure."""
    st.html(f'<div class="m-notice" role="status">{escape(sentence)}</div>')


@contextmanager
def guarded(place: str) -> Iterator[None]:
    """In callbacks: a MaestroError becomes a message that `at(place)` shows; a success takes the last one away."""
    state.set_message(place, None)
    try:
        yield
    except MaestroError as error:
        state.set_message(place, error)


def at(place: str) -> None:
    """Shows the error that a guarded callback left for that place, if any; the place is kept for it in any case.

    Streamlit does not clear away what a run no longer draws when another run is waiting already. So what may be there or not leaves
    its place empty, and nothing behind it moves up.
    """
    error = state.message(place)
    if error is None:
        st.empty()
        return
    show(error)
