"""Builds the real Studio once for the process; tests replace it here."""

import streamlit as st

from maestro import config
from maestro.events import Events
from maestro.opening import open_studio
from maestro.studio import Studio

_replacement: Studio | None = None


def studio() -> Studio:
    """The one Studio, shared by all tabs and by the server's routes. Raises SettingError when a setting is not allowed."""
    return _replacement or _real()


def replace(other: Studio | None) -> None:
    """Puts `other` in the real one's place; None takes it away again."""
    global _replacement  # noqa: PLW0603 - the one seam for tests
    _replacement = other


@st.cache_resource(show_spinner=False)
def _real() -> Studio:
    return open_studio(config.load(), Events())
