"""The URL: which project the tab is about."""

import streamlit as st

from maestro.ui.state.memory import get, put

NEW = "new"
"""What stands in the URL in place of a project's id while the next project is being prepared."""


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
    return get("remembered")  # type: ignore[no-any-return]


def set_remembered(project: str) -> None:
    """Notes that the studio was told."""
    put("remembered", project)
