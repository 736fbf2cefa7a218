"""Text that the user edits: kept as it is typed, compare-and-set, and never lost or overwritten in silence.

The field's widget is named `words-{page}-{project}-{part}`. What changed elsewhere is put into it; but the browser keeps showing
what somebody types in it just then, so that words that arrive soon after are held against those that were there before. Words that
were changed in both places stay in the field, and what is typed on goes to them, until the user has chosen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import streamlit as st

from maestro.errors import EditConflictError
from maestro.events import topic
from maestro.types import TEXT_LIMIT
from maestro.ui import messages, state
from maestro.ui.markup import escape
from maestro.ui.studio import studio

_drafts = st.components.v2.component(
    "maestro_drafts", js=(Path(__file__).parent / "browser" / "drafts.js").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class Words:
    """A text of a project on a page.

    `part` names it within the project ("3" for a shot, "setting" ...), `told` is the part of the project that tells of its changes.
    `keep(text, base)` puts it on disk if `base` is still there; raises EditConflictError or WorkspaceError.
    """

    page: str
    project_id: str
    part: str
    label: str
    stored: str
    told: str
    keep: Callable[[str, str], None]

    @property
    def name(self) -> str:
        """Names the field and its widget."""
        return f"words-{self.page}-{self.project_id}-{self.part}"


def area(words: Words, *, height: int | Literal["content"], is_disabled: bool = False, is_labelled: bool = False) -> None:
    """The field, its drafts, and what is in the way of keeping it."""
    _follow(words)
    visibility: Literal["visible", "collapsed"] = "visible" if is_labelled else "collapsed"
    # Words that a field begins with go in as its default: what is put in later is told to the browser once, and a field that it
    # has not loaded yet would miss it.
    st.text_area(
        words.label,
        words.stored,
        key=words.name,
        height=height,
        max_chars=TEXT_LIMIT,
        on_change=partial(_changed, words),
        disabled=is_disabled,
        label_visibility=visibility,
    )
    _drafts(
        data={
            "field": words.name,
            "draft": f"{words.project_id}/{words.part}",
            "saved": words.stored,
            "dropped": state.dropped(words.name),
        },
        key=f"drafts-{words.name}",
        on_found_change=partial(_found, words),
    )
    messages.at(words.name)
    _conflict(words)


def keep(words: Words) -> bool:
    """In callbacks: puts what the field holds on disk. False when it could not: then nothing may be paid for them."""
    text = state.words(words.name)
    base = state.base(words.name) or words.stored
    if state.conflict(words.name) is not None:
        if text and text.strip() and text not in (base, words.stored, *state.outdated(words.name)):
            state.set_conflict(words.name, text)
        return False
    if text is None or text == base:
        return True
    before = state.replaced(words.name)
    if not text.strip() or (before is not None and text == before.text):
        # A field that comes up empty by itself must not empty the shot, and the browser repeats for a moment what it knew.
        state.set_words(words.name, base)
        return True
    # What is left just after the words changed elsewhere was typed on those that were there before.
    return _put(words, text, before.text if before is not None and before.is_foreign else base)


def _changed(words: Words) -> None:
    keep(words)


def is_kept(words: Words) -> bool:
    """Whether what the field holds is what is on disk."""
    return state.conflict(words.name) is None and state.words(words.name) in (None, words.stored)


def show(words: Words, text: str) -> None:
    """In callbacks: the field shows `text`, which is on disk."""
    state.set_replaced(words.name, state.words(words.name), is_foreign=False)
    state.set_base(words.name, text)
    state.set_words(words.name, text)
    state.set_conflict(words.name, None)


def _put(words: Words, text: str, base: str) -> bool:
    with messages.guarded(words.name):
        try:
            words.keep(text, base)
        except EditConflictError:
            state.set_conflict(words.name, text)
            return _tell(words, is_done=False)
        state.set_base(words.name, text)
        state.set_restored(words.name, is_restored=False)
        return True
    return _tell(words, is_done=False)


def _tell(words: Words, *, is_done: bool) -> bool:
    """A click elsewhere may have brought this callback along: its own fragment has to hear of it."""
    studio().events.publish(topic(words.project_id, words.told))
    return is_done


def _follow(words: Words) -> None:
    """Takes up what was changed elsewhere; words that could not be kept meanwhile stand beside it."""
    base, field = state.base(words.name), state.words(words.name)
    if state.conflict(words.name) == words.stored:
        state.set_conflict(words.name, None)
    if field is not None and words.stored not in (field, base):
        if base is not None and field.strip() and field != base and state.conflict(words.name) is None:
            state.set_conflict(words.name, field)
        if state.conflict(words.name) is None:
            state.set_replaced(words.name, field, is_foreign=True)
            state.set_words(words.name, words.stored)
    state.set_base(words.name, words.stored)


def _found(words: Words) -> None:
    """The browser has a draft that the field does not show."""
    draft = state.trigger(f"drafts-{words.name}", "found") or {}
    text, base = str(draft.get("text", ""))[:TEXT_LIMIT], str(draft.get("base", ""))
    if not text.strip() or text == words.stored:
        return
    if _put(words, text, base):
        show(words, text)
        state.set_restored(words.name, is_restored=True)
    elif state.conflict(words.name) == text and not draft.get("shown"):
        state.set_words(words.name, text)


def _conflict(words: Words) -> None:
    mine = state.conflict(words.name)
    if mine is None:
        st.empty()
        return
    with st.container(key=f"conflict-{words.name}"):
        st.html(
            '<div class="m-fault" role="alert"><b>These words were changed elsewhere in the meantime.</b> '
            "Choose which to keep.</div>"
            f'<div class="m-both"><div><p class="m-label">Stored</p><p>{escape(words.stored)}</p></div>'
            f'<div><p class="m-label">Yours</p><p>{escape(mine)}</p></div></div>'
        )
        with st.container(horizontal=True):
            st.button("Keep the stored words", key=f"theirs-{words.name}", on_click=_keep_stored, args=(words, mine))
            st.button("Keep mine", key=f"mine-{words.name}", on_click=_keep_mine, args=(words, mine))


def _keep_stored(words: Words, mine: str) -> None:
    state.set_dropped(words.name, state.conflict(words.name) or mine)
    show(words, words.stored)
    _tell(words, is_done=True)


def _keep_mine(words: Words, mine: str) -> None:
    mine = state.conflict(words.name) or mine  # with what was typed until the click
    state.set_conflict(words.name, None)
    if _put(words, mine, words.stored):
        show(words, mine)
    _tell(words, is_done=True)
