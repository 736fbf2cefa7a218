"""Where a tab's memory lies: names of ours in st.session_state, apart from those of widgets."""

from typing import Any

import streamlit as st


def get(name: str) -> Any:
    """What is remembered under that name; None when nothing is."""
    return st.session_state.get(f"maestro-{name}")


def put(name: str, value: object) -> None:
    """Remembers it; None forgets it."""
    if value is None:
        st.session_state.pop(f"maestro-{name}", None)
        return
    st.session_state[f"maestro-{name}"] = value
