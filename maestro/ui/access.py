"""For those who hear the page, or use it by keyboard: what changed is said once, and the focus is never lost."""

from pathlib import Path

import streamlit as st

_access = st.components.v2.component(
    "maestro_access", js=(Path(__file__).parent / "browser" / "access.js").read_text(encoding="utf-8")
)


def start() -> None:
    """Once a page."""
    _access(key="live-access")
