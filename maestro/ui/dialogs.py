"""Dialogs that close when the user says so, and stay closed."""

from pathlib import Path

import streamlit as st

_dialogs = st.components.v2.component(
    "maestro_dialogs", js=(Path(__file__).parent / "browser" / "dialogs.js").read_text(encoding="utf-8")
)


def watch() -> None:
    """Once a page."""
    _dialogs(key="live-dialogs")
