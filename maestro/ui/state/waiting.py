"""Uploads that wait for Analyze."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from maestro.types import Clip, StyleReference
from maestro.ui.state.memory import get, put


@dataclass(frozen=True, slots=True)
class PendingClip:
    """An uploaded clip that waits for Analyze; `is_trimmed` when it is too long and only its beginning is to be used."""

    path: Path
    name: str
    clip: Clip
    is_trimmed: bool = False


def pending_clip() -> PendingClip | None:
    """The clip that waits for Analyze."""
    return get("clip")  # type: ignore[no-any-return]


def set_pending_clip(clip: PendingClip | None) -> None:
    """Replaces the clip that waits; None takes it away."""
    put("clip", clip)


@dataclass(frozen=True, slots=True)
class LongClip:
    """An uploaded clip that is too long; the user may say that its beginning is to be used."""

    path: Path
    name: str


def long_clip() -> LongClip | None:
    """The clip that was refused because of its length, if that was the last one."""
    return get("long-clip")  # type: ignore[no-any-return]


def set_long_clip(clip: LongClip | None) -> None:
    """Keeps it for the user's word; None forgets it."""
    put("long-clip", clip)


def pending_style() -> StyleReference | None:
    """The style reference that waits for Analyze."""
    return get("style")  # type: ignore[no-any-return]


def set_pending_style(style: StyleReference | None) -> None:
    """Replaces the style reference that waits; None takes it away."""
    put("style", style)


def upload(key: str) -> Any:
    """What was put into the uploader with that key."""
    return st.session_state.get(key)


def turn(place: str) -> int:
    """A number for an uploader's key: a new number is an empty uploader."""
    return get(f"turn-{place}") or 0


def next_turn(place: str) -> None:
    """Empties the uploader."""
    put(f"turn-{place}", turn(place) + 1)
