"""Keeps fragments up to date without polling: each has its own tiny listener in the browser."""

from pathlib import Path

import streamlit as st

from maestro.events import topic
from maestro.ui import state
from maestro.ui.served import is_served, mark_served
from maestro.ui.studio import studio, was_seen

__all__ = ["LIST", "is_served", "listen", "mark_served"]

_listener = st.components.v2.component(
    "maestro_live", js=(Path(__file__).parent / "browser" / "live.js").read_text(encoding="utf-8")
)

LIST = topic("list", "projects")
"""Told about whenever the list of projects changes."""


def listen(*topics: str, is_busy: bool = False, is_first: bool = False, key: str) -> None:
    """Redraws the fragment that calls it whenever one of `topics` is told about; call it before reading facts.

    The number is taken here, so what changes between this call and the end of the drawing is drawn again. `is_busy` fragments are
    looked after more often where no events can be had; `is_first` ones are redrawn before the others.
    """
    events = studio().events
    if not is_served():
        was_seen()
    _listener(
        data={
            "project": state.project_id() or LIST.split("/")[0],
            "topics": topics,  # a list would be looked at as if it were a table
            "number": max((events.number(name) for name in topics), default=0),
            "epoch": events.epoch,
            "busy": is_busy,
            "first": is_first,
            "served": is_served(),
        },
        key=f"live-{key}",
        on_changed_change=_nothing,
    )


def _nothing() -> None:
    """The run that the trigger asks for is all that is wanted."""
