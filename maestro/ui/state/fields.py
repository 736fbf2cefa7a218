"""Words and choices in widgets: what is typed, what was stored when it was, and what became of it."""

import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from maestro.ui.state.memory import get, put


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
    return get(f"base-{key}")  # type: ignore[no-any-return]


def set_base(key: str, text: str) -> None:
    """Notes what the workspace holds."""
    put(f"base-{key}", text)


def trigger(key: str, name: str) -> Any:
    """What a component in the browser reported under that name in this run."""
    return getattr(st.session_state.get(key), name, None)


def chosen(key: str) -> Any:
    """What was chosen in the widget with that key."""
    return st.session_state.get(key)


def choose(key: str, value: object) -> None:
    """Puts a choice into a widget, in a callback or before it is drawn."""
    st.session_state[key] = value


def follow_choice(key: str, value: object) -> None:
    """Before a widget is drawn: puts what is kept into it, if that changed since it was last drawn.

    Else it is left alone: a run that began before the user's choice would undo it by putting in what it knew. `value` has to be the
    widget's default as well: what is put in is told to the browser once, and a widget that it has not loaded yet would miss it.
    """
    if key not in st.session_state or get(f"followed-{key}") != (value,):
        st.session_state[key] = value
    put(f"followed-{key}", (value,))


def undo_choice(key: str) -> None:
    """In callbacks: what was chosen could not be kept; the widget goes back to what is."""
    put(f"followed-{key}", None)


def hint(name: str) -> str:
    """The last hint that was given for the field of that name."""
    return get(f"hint-{name}") or ""


def set_hint(name: str, text: str) -> None:
    """Notes it, so that asking again after a failure needs no typing."""
    put(f"hint-{name}", text)


REPLACED_S = 5.0
OUTDATED_LIMIT = 20  # as many as the browser may still repeat on a slow machine


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a field held before other words were put into it; `is_foreign` when those came from another tab or program."""

    text: str
    is_foreign: bool
    at_s: float


def replaced(name: str) -> Replaced | None:
    """What the field of that name held REPLACED_S ago at most, if it was replaced since."""
    before: Replaced | None = get(f"replaced-{name}")
    return before if before is not None and time.monotonic() - before.at_s < REPLACED_S else None


def set_replaced(name: str, text: str | None, *, is_foreign: bool) -> None:
    """Notes what the field held."""
    _outdate(name, text)
    put(f"replaced-{name}", None if text is None else Replaced(text, is_foreign, time.monotonic()))


def conflict(name: str) -> str | None:
    """The user's words of that field that could not be kept because others were stored meanwhile."""
    return get(f"conflict-{name}")  # type: ignore[no-any-return]


def set_conflict(name: str, mine: str | None) -> None:
    """Keeps them until the user has chosen; None when that is done."""
    _outdate(name, conflict(name))
    put(f"conflict-{name}", mine)


def outdated(name: str) -> tuple[str, ...]:
    """What the field of that name held before, which the browser may say once more."""
    return get(f"outdated-{name}") or ()


def _outdate(name: str, text: str | None) -> None:
    if text is not None:
        put(f"outdated-{name}", (*outdated(name)[1 - OUTDATED_LIMIT :], text))


def dropped(name: str) -> str:
    """The words of that field that the user gave up last: the browser forgets its draft of them."""
    return get(f"dropped-{name}") or ""


def set_dropped(name: str, text: str) -> None:
    """Notes that the user gave them up."""
    put(f"dropped-{name}", text)


def is_restored(name: str) -> bool:
    """Whether the field's words came back from a draft and were not touched since."""
    return bool(get(f"restored-{name}"))


def set_restored(name: str, *, is_restored: bool) -> None:
    """Notes it."""
    put(f"restored-{name}", is_restored or None)
