"""The row of what can be taken out of a project: frames, a storyboard to print, a shot list, or all of it."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode

import streamlit as st

from maestro.errors import MaestroError, WorkspaceError
from maestro.types import FRAMES_PER_PAGE, SHOT_COUNT, Paper, Project, StoryboardLayout
from maestro.ui import live, places, state
from maestro.ui.markup import count, escape
from maestro.ui.studio import studio

MEDIA_TYPES = {".pdf": "application/pdf", ".csv": "text/csv", ".md": "text/markdown", ".zip": "application/zip"}
USUAL = StoryboardLayout()
_PAPERS = {"A4": Paper.A4, "US Letter": Paper.LETTER}
_PER_PAGE = {str(frames): frames for frames in FRAMES_PER_PAGE}


def show(project: Project) -> None:
    """The row; each thing is there once there is something to put into it, and says what it holds."""
    has_take = any(sheet.last_take is not None for sheet in project.sheets)
    if not project.sheets:
        st.empty()
        return
    with st.container(key="export", gap="small"):
        st.html('<h2 class="m-export">Export</h2>')
        with st.container(key="export-row", horizontal=True, vertical_alignment="center"):
            places.optional(partial(_offer, project, "Frames (ZIP)", "frames.zip", is_first=True) if project.saved_takes else None)
            places.optional(partial(_storyboard, project) if has_take else None)
            _offer(project, "Shot list (CSV)", "shot-list.csv")
            _offer(project, "Shot list (Markdown)", "shot-list.md")
            places.optional(partial(_offer, project, "Everything (ZIP)", "everything.zip") if has_take else None)
        st.html(f'<p class="m-quiet">{escape(_about(project, has_take))}</p>')


def make(project_id: str, name: str, query: Mapping[str, str]) -> Path:
    """The file behind an address of `show`, made now. Raises WorkspaceError, also for a name that stands for nothing."""
    makers: dict[str, Callable[[], Path]] = {
        "frames.zip": partial(studio().frames_zip, project_id),
        "storyboard.pdf": partial(studio().storyboard, project_id, _read_layout(query)),
        "shot-list.csv": partial(studio().shot_list, project_id),
        "shot-list.md": partial(studio().shot_list, project_id, is_markdown=True),
        "everything.zip": partial(studio().everything, project_id, _read_layout(query)),
    }
    if name not in makers:
        raise WorkspaceError("There is no such export.", next_step="Choose one in the Gallery.")
    return makers[name]()


def _about(project: Project, has_take: bool) -> str:
    shots = len({take.label.shot_id for take in project.saved_takes})
    if shots:
        return f"Frames are the original files, of {shots} of {SHOT_COUNT} shots. Everything is frames, shot list and storyboard."
    if has_take:
        return "Nothing is saved yet: the storyboard shows the last take of each shot."
    return f"The words of {count(len(project.sheets), 'shot')}. The storyboard follows with the first frame."


def _storyboard(project: Project) -> None:
    with st.popover("Storyboard (PDF)", key=f"storyboard-{project.id}"):
        _choose(project.id, "Frames on a page", "frames", tuple(_PER_PAGE), "6")
        _choose(project.id, "Paper", "paper", tuple(_PAPERS), "A4")
        st.toggle("Lines for notes", key=_key(project.id, "notes"), persist_state="session")
        st.toggle("Every shot, saved or not", key=_key(project.id, "all"), persist_state="session")
        _offer(project, "Download PDF", "storyboard.pdf")


def _choose(project_id: str, label: str, part: str, names: tuple[str, ...], first: str) -> None:
    st.segmented_control(label, names, default=first, key=_key(project_id, part), required=True, persist_state="session")


def _key(project_id: str, part: str) -> str:
    return f"storyboard-{part}-{project_id}"


def _layout(project_id: str) -> StoryboardLayout:
    """What is chosen on the page."""
    return StoryboardLayout(
        per_page=_PER_PAGE.get(state.chosen(_key(project_id, "frames")), USUAL.per_page),
        paper=_PAPERS.get(state.chosen(_key(project_id, "paper")), USUAL.paper),
        has_notes=bool(state.chosen(_key(project_id, "notes"))),
        has_every_shot=bool(state.chosen(_key(project_id, "all"))),
    )


def _query(layout: StoryboardLayout) -> dict[str, str]:
    asked = {"frames": str(layout.per_page), "paper": layout.paper.value}
    return asked | ({"notes": "1"} if layout.has_notes else {}) | ({"all": "1"} if layout.has_every_shot else {})


def _read_layout(query: Mapping[str, str]) -> StoryboardLayout:
    """What an address asks for; what it does not say, or says wrongly, is as usual."""
    papers = {paper.value: paper for paper in Paper}
    return StoryboardLayout(
        per_page=_PER_PAGE.get(query.get("frames", ""), USUAL.per_page),
        paper=papers.get(query.get("paper", ""), USUAL.paper),
        has_notes="notes" in query,
        has_every_shot="all" in query,
    )


def _offer(project: Project, words: str, name: str, *, is_first: bool = False) -> None:
    """A link where we are served, so that no rerun is needed and a failure is told in words; a button of Streamlit's else."""
    query = _query(_layout(project.id)) if name in {"storyboard.pdf", "everything.zip"} else {}
    if live.is_served():
        address = f"/exports/{quote(project.id)}/{name}" + (f"?{urlencode(query)}" if query else "")
        class_ = "m-button m-primary" if is_first else "m-button"
        st.html(f'<a class="{class_}" href="{escape(address)}">{escape(words)}</a>', width="content")
        return
    st.download_button(
        words,
        data=partial(_bytes, project.id, name, query),
        file_name=f"{project.id}_{name}",
        mime=MEDIA_TYPES[Path(name).suffix],
        key=f"export-{name}-{project.id}",
        on_click="ignore",
        type="primary" if is_first else "secondary",
    )


def _bytes(project_id: str, name: str, query: Mapping[str, str]) -> bytes:
    """The file; where it cannot be made, a text that says why."""
    try:
        return make(project_id, name, query).read_bytes()
    except MaestroError as error:
        return f"{error} {error.next_step}\n".encode()
