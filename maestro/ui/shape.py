"""The shape and size that pictures are asked for: only what the image model says that it can."""

from collections.abc import Callable, Sequence
from functools import partial
from math import gcd

import streamlit as st

from maestro.types import Project
from maestro.ui import messages, places, state
from maestro.ui.studio import studio


def choose(page: str, project: Project) -> None:
    """Both choices behind one button, in one place; nothing where the model takes no such wish."""
    profile = studio().models.profile("image")
    is_offered = bool(profile.aspect_ratios or profile.sizes) and studio().card.is_paid
    places.optional(partial(_popover, page, project, profile.aspect_ratios, profile.sizes) if is_offered else None)


def _popover(page: str, project: Project, ratios: Sequence[str], sizes: Sequence[str]) -> None:
    with st.popover("Shape", key=f"shape-{page}-{project.id}", disabled=project.is_read_only):
        if ratios:
            _select(page, project, "Shape", project.aspect_ratio, ratios, f"as the clip ({clips(project)})")
        if sizes:
            _select(page, project, "Size", project.size, sizes, "as the provider likes")
        messages.at(_place(page, project.id))
        st.html('<p class="m-line">For the pictures to come; those that are there stay as they are.</p>')


def _select(page: str, project: Project, label: str, stored: str, offered: Sequence[str], default: str) -> None:
    key = f"chosen-{label.lower()}-{page}-{project.id}"
    options = ["", *offered, *([stored] if stored and stored not in offered else [])]
    state.follow_choice(key, stored)
    st.selectbox(
        label,
        options,
        index=options.index(stored),
        format_func=_named(default, offered),
        key=key,
        on_change=partial(_set, page, project.id, label, key, options),
    )


def _named(default: str, offered: Sequence[str]) -> Callable[[str], str]:
    def name(choice: str) -> str:
        if not choice:
            return default
        return choice if choice in offered else f"{choice} (not offered by this model)"

    return name


def _set(page: str, project_id: str, label: str, key: str, options: Sequence[str]) -> None:
    chosen = state.chosen(key) or ""
    if chosen not in options:  # the browser named a choice by words that have changed since
        state.undo_choice(key)
        return
    with messages.guarded(_place(page, project_id)):
        project = studio().open(project_id)
        ratio, size = (chosen, project.size) if label == "Shape" else (project.aspect_ratio, chosen)
        studio().set_shape(project_id, ratio, size)
    if state.message(_place(page, project_id)) is not None:
        state.undo_choice(key)


def words(project: Project) -> str:
    """Such as "16:9 as the clip", "4:3 · 2K"; empty where the model takes no such wish."""
    profile = studio().models.profile("image")
    if not (profile.aspect_ratios or profile.sizes):
        return ""
    shape = project.aspect_ratio or f"{clips(project)} as the clip"
    return f"{shape} · {project.size}" if project.size else shape


def clips(project: Project) -> str:
    """The clip's shape in whole numbers: "16:9"; "its shape" when nothing is known of it."""
    known = project.clip or (project.frames[0] if project.frames else None)
    if known is None:
        return "its shape"
    divisor = gcd(known.width_px, known.height_px)
    return f"{known.width_px // divisor}:{known.height_px // divisor}"


def _place(page: str, project_id: str) -> str:
    return f"shape-{page}-{project_id}"
