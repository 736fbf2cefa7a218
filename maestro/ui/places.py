"""Places for what is there at times: none of it stays on the page for longer than it is meant to."""

from collections.abc import Callable
from typing import Literal

import streamlit as st


def optional(draw: Callable[[], object] | None, *, width: Literal["content", "stretch"] = "content") -> None:
    """Draws it in a place of its own; None leaves the place empty.

    Streamlit goes on showing a widget whose place something else has taken until a run of its fragment ends with no other waiting:
    a dead button. A container whose place is left empty goes at once, with all that is in it.
    """
    if draw is None:
        st.empty()
        return
    with st.container(width=width):
        draw()
