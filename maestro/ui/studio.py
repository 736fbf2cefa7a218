"""Builds the real Studio once for the process; tests replace it here."""

import threading

import streamlit as st

from maestro import config
from maestro.events import Events
from maestro.opening import built_studio
from maestro.studio import Studio

UNSEEN_S = 30.0
"""Its work begins by then when no page was seen."""
SEEN_S = 1.0
"""How long after a first page was drawn: what work needs takes a second to import, which the page would wait for."""

_replacement: Studio | None = None
_has_been_seen = threading.Event()


def studio() -> Studio:
    """The one Studio, shared by all tabs and by the server's routes. Raises SettingError when a setting is not allowed."""
    return _replacement or _real()


def replace(other: Studio | None) -> None:
    """Puts `other` in the real one's place; None takes it away again."""
    global _replacement  # noqa: PLW0603 - the one seam for tests
    _replacement = other


def was_seen() -> None:
    """Told by the server when a page listens; never waits."""
    if _replacement is None and not _has_been_seen.is_set():
        _has_been_seen.set()
        _begin_in(SEEN_S, _real())


@st.cache_resource(show_spinner=False)
def _real() -> Studio:
    opened = built_studio(config.load(), Events())
    opened.watch()
    _begin_in(UNSEEN_S, opened)
    return opened


def _begin_in(pause_s: float, opened: Studio) -> None:
    clock = threading.Timer(pause_s, opened.begin, kwargs={"is_watching": False})
    clock.daemon = True
    clock.start()
