"""A project for a fragment: what is on disk now, or the sentence why it cannot be had."""

import streamlit as st

from maestro.errors import MaestroError
from maestro.types import Project
from maestro.ui import messages, state
from maestro.ui.studio import studio


def opened(project_id: str) -> Project | None:
    """None when the sentence was shown instead. Begins the one whole rerun that is due when the URL names another project."""
    if state.project_id() not in (None, project_id):
        st.rerun()
    try:
        return studio().open(project_id)
    except MaestroError as error:
        messages.show(error)
        return None


def ratio(project: Project) -> str:
    """The clip's, for CSS."""
    if project.clip is not None:
        return f"{project.clip.width_px} / {project.clip.height_px}"
    if project.frames:
        return f"{project.frames[0].width_px} / {project.frames[0].height_px}"
    return "16 / 9"
