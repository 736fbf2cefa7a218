"""What surrounds every page: title, style, sidebar, and the word when the workspace cannot be worked in."""

from pathlib import Path

import streamlit as st

from maestro import config
from maestro.errors import MaestroError, SettingError
from maestro.ui import access, dialogs, engine, keys, messages, money, projects, state
from maestro.ui.studio import studio

STYLE = Path(__file__).parent / "style.css"
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%2312101a'/%3E%3Cpath d='M25 7v18H7z' fill='%23f0b35a'/%3E%3C/svg%3E"
)


def page(title: str) -> str | None:
    """Draws it; the id of the project that the page is about, None when there is none (yet)."""
    st.set_page_config(page_title=f"{title} · Maestro", page_icon=ICON, layout="wide")
    st.html(STYLE)
    try:
        studio()
    except SettingError as error:
        messages.show(error)
        st.stop()
    _exposure()
    trouble = studio().trouble()
    if trouble is not None:
        messages.show(trouble)
    project = _project()
    _sidebar(title, project)
    access.start()
    dialogs.watch()
    return project


def _exposure() -> None:
    if config.is_loopback(st.get_option("server.address")):
        return
    settings = studio().settings
    if settings.openrouter_api_key.get_secret_value().strip() and not settings.allow_others:
        messages.fault(
            "This page is open to other computers, and your key with it.",
            "Start Maestro with “python -m maestro”, or set MAESTRO_ALLOW_OTHERS=true if you want that.",
        )
        st.stop()
    messages.notice("Other computers in your network can open this page, see your projects and change them.")


def _project() -> str | None:
    if state.is_new_project():
        return None
    project = state.project_id() or _last_opened()
    if project is None:
        return None
    try:
        studio().open(project)
    except MaestroError as error:
        messages.show(error)
        return None
    if state.project_id() != project:
        state.show_project(project)
    if state.remembered() != project:
        _remember(project)
    return project


def _last_opened() -> str | None:
    try:
        return studio().last_opened()
    except MaestroError:
        return None  # the workspace's trouble is on the page already


def _remember(project: str) -> None:
    with messages.guarded("shell"):
        studio().remember(project)
        state.set_remembered(project)


def _sidebar(title: str, project: str | None) -> None:
    query = {"project": project or state.NEW}
    with st.sidebar:
        st.html('<div class="m-mark"><b aria-hidden="true">◢</b> Maestro</div>')
        with st.container(key="nav", gap=None):
            st.page_link("Home.py", label="Home", query_params=query)
            st.page_link("pages/1_Shots.py", label="Shots", query_params=query, disabled=not project)
            st.page_link("pages/2_Gallery.py", label="Gallery", query_params=query, disabled=not project)
        projects.shelf(project)
        engine.card()
        money.line(project)
        keys.show(title, project)
