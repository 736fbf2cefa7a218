"""Times on the page that tick in the browser, without asking the server."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import streamlit as st

from maestro.ui.markup import ago, seconds

_clock = st.components.v2.component(
    "maestro_clock", js=(Path(__file__).parent / "browser" / "clock.js").read_text(encoding="utf-8")
)


def start(key: str) -> None:
    """Lets the clocks of this page tick; once a page is enough."""
    _clock(key=f"clock-{key}")


def running_html(elapsed_s: float, expected_s: float | None = None) -> str:
    """Such as "12 s · about 8 s left"."""
    began = datetime.now(UTC) - timedelta(seconds=elapsed_s)
    expected = "" if expected_s is None else f"{expected_s:.1f}"
    return f'<span class="m-clock" role="timer" data-began="{_ms(began)}" data-expected="{expected}">{seconds(elapsed_s)}</span>'


def hold_html(hold_s: float) -> str:
    """Such as "trying again in 12 s", counting down."""
    until = datetime.now(UTC) + timedelta(seconds=hold_s)
    words = f"trying again in {math.ceil(hold_s)} s" if hold_s >= 0.5 else "trying again"
    return f'<span class="m-clock" role="timer" data-until="{_ms(until)}">{words}</span>'


def saved_html(moment: datetime) -> str:
    """Such as "saved 2 s ago"."""
    return f'<span data-since="{_ms(moment)}">saved {ago(moment)}</span>'


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
