"""What one tab remembers: the only reader and writer of st.session_state and st.query_params.

Facts live in the workspace. Here are selections, text being typed, uploads that wait to be analysed, and messages not yet read.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from maestro.errors import MaestroError
from maestro.types import Clip, StyleReference, TakeLabel

NEW = "new"
"""What stands in the URL in place of a project's id while the next project is being prepared."""


@dataclass(frozen=True, slots=True)
class PendingClip:
    """An uploaded clip that waits for Analyze."""

    path: Path
    name: str
    clip: Clip


def _get(name: str) -> Any:
    return st.session_state.get(f"maestro-{name}")


def _put(name: str, value: object) -> None:
    if value is None:
        st.session_state.pop(f"maestro-{name}", None)
        return
    st.session_state[f"maestro-{name}"] = value


# --- the URL


def project_id() -> str | None:
    """The project that the URL names; None when it names none or a new one."""
    named = st.query_params.get("project")
    return None if named == NEW else named


def is_new_project() -> bool:
    """Whether the URL asks for an empty page for the next project."""
    return st.query_params.get("project") == NEW


def show_project(project: str | None) -> None:
    """Puts the project into the URL; None stands for the next, new one."""
    st.query_params["project"] = project or NEW


def remembered() -> str | None:
    """The project that this tab has told the studio to remember."""
    return _get("remembered")  # type: ignore[no-any-return]


def set_remembered(project: str) -> None:
    """Notes that the studio was told."""
    _put("remembered", project)


# --- uploads that wait for Analyze


def pending_clip() -> PendingClip | None:
    """The clip that waits for Analyze."""
    return _get("clip")  # type: ignore[no-any-return]


def set_pending_clip(clip: PendingClip | None) -> None:
    """Replaces the clip that waits; None takes it away."""
    _put("clip", clip)


def pending_style() -> StyleReference | None:
    """The style reference that waits for Analyze."""
    return _get("style")  # type: ignore[no-any-return]


def set_pending_style(style: StyleReference | None) -> None:
    """Replaces the style reference that waits; None takes it away."""
    _put("style", style)


# --- fields


def words(key: str) -> str | None:
    """What the field of that widget key holds; None when it is not on the page."""
    return st.session_state.get(key)


def set_words(key: str, text: str) -> None:
    """Puts words into a field, in a callback or before the field is drawn."""
    st.session_state[key] = text


def seed_words(key: str, text: str) -> None:
    """Puts words into a field that has none yet in this tab."""
    st.session_state.setdefault(key, text)


def base(key: str) -> str | None:
    """What the workspace held when the field's words were last taken from it or given to it."""
    return _get(f"base-{key}")  # type: ignore[no-any-return]


def set_base(key: str, text: str) -> None:
    """Notes what the workspace holds."""
    _put(f"base-{key}", text)


def trigger(key: str, name: str) -> Any:
    """What a component in the browser reported under that name in this run."""
    return getattr(st.session_state.get(key), name, None)


# --- what is open


def preview() -> tuple[str, TakeLabel] | None:
    """The project and take whose large picture is open."""
    return _get("preview")  # type: ignore[no-any-return]


def open_preview(project: str, label: TakeLabel) -> None:
    """Opens a take's large picture."""
    _put("preview", (project, label))


def close_preview() -> None:
    """Closes it."""
    _put("preview", None)


# --- what can be taken back


def last_done(place: str) -> Any:
    """What was done last at that place and can be undone; None when nothing."""
    return _get(f"done-{place}")


def set_last_done(place: str, deed: object | None) -> None:
    """Notes what can be undone; None forgets it."""
    _put(f"done-{place}", deed)


# --- messages


def message(place: str) -> MaestroError | None:
    """The error that waits to be read at that place."""
    return _get(f"message-{place}")  # type: ignore[no-any-return]


def set_message(place: str, error: MaestroError | None) -> None:
    """Keeps an error for that place; None takes it away."""
    _put(f"message-{place}", error)


def upload(key: str) -> Any:
    """What was put into the uploader with that key."""
    return st.session_state.get(key)


def turn(place: str) -> int:
    """A number for an uploader's key: a new number is an empty uploader."""
    return _get(f"turn-{place}") or 0


def next_turn(place: str) -> None:
    """Empties the uploader."""
    _put(f"turn-{place}", turn(place) + 1)


# --- fields whose words were changed elsewhere, drafts, what the Shots page shows

REPLACED_S = 5.0


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a field held before other words were put into it; `is_foreign` when those came from another tab or program."""

    text: str
    is_foreign: bool
    at_s: float


def replaced(name: str) -> Replaced | None:
    """What the field of that name held REPLACED_S ago at most, if it was replaced since."""
    before: Replaced | None = _get(f"replaced-{name}")
    return before if before is not None and time.monotonic() - before.at_s < REPLACED_S else None


def set_replaced(name: str, text: str | None, *, is_foreign: bool) -> None:
    """Notes what the field held."""
    _put(f"replaced-{name}", None if text is None else Replaced(text, is_foreign, time.monotonic()))


def conflict(name: str) -> str | None:
    """The user's words of that field that could not be kept because others were stored meanwhile."""
    return _get(f"conflict-{name}")  # type: ignore[no-any-return]


def set_conflict(name: str, mine: str | None) -> None:
    """Keeps them until the user has chosen; None when that is done."""
    _put(f"conflict-{name}", mine)


def dropped(name: str) -> str:
    """The words of that field that the user gave up last: the browser forgets its draft of them."""
    return _get(f"dropped-{name}") or ""


def set_dropped(name: str, text: str) -> None:
    """Notes that the user gave them up."""
    _put(f"dropped-{name}", text)


def is_restored(name: str) -> bool:
    """Whether the field's words came back from a draft and were not touched since."""
    return bool(_get(f"restored-{name}"))


def set_restored(name: str, *, is_restored: bool) -> None:
    """Notes it."""
    _put(f"restored-{name}", is_restored or None)


def shot_number(project: str) -> int:
    """The shot that the Shots page shows."""
    return _get(f"shot-{project}") or 1


def show_shot(project: str, shot_id: int) -> None:
    """Turns the Shots page to a shot."""
    _put(f"shot-{project}", shot_id)


def take_number(project: str, shot_id: int) -> int | None:
    """The take of a shot that the Shots page shows large; None: the newest."""
    return _get(f"take-{project}-{shot_id}")  # type: ignore[no-any-return]


def show_take(project: str, shot_id: int, number: int | None) -> None:
    """Shows that take large."""
    _put(f"take-{project}-{shot_id}", number)


def chosen(key: str) -> Any:
    """What was chosen in the widget with that key."""
    return st.session_state.get(key)


def choose(key: str, value: object) -> None:
    """Puts a choice into a widget, in a callback or before it is drawn."""
    st.session_state[key] = value


def seed_choice(key: str, *, value: object) -> None:
    """Puts a choice into a widget that has none yet in this tab."""
    st.session_state.setdefault(key, value)
