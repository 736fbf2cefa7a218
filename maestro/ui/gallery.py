"""The contact sheet: saved frames to look at, download, or take out again."""

import streamlit as st

from maestro.events import topic
from maestro.types import SHOT_COUNT, Project, Take
from maestro.ui import downloads, lightbox, live, messages, opening, pictures, state, takes
from maestro.ui.markup import count, escape, shorten

PER_PAGE = 24
SHEET_PX = 640
WORDS_SHOWN = 140
PARTS = ("project", "analysis", *(f"shot-{number}" for number in range(1, SHOT_COUNT + 1)))


def show(project_id: str | None) -> None:
    """The whole page below the shell."""
    if project_id is None:
        st.html('<header class="m-header"><h1>Gallery</h1></header>')
        _teach("No project is open.", "Begin one on Home: a clip, a style picture, five shots. What you save arrives here.")
        _go("Begin a project", state.NEW)
        return
    _sheet(project_id)


@st.fragment
def _sheet(project_id: str) -> None:
    live.listen(*(topic(project_id, part) for part in PARTS), key=f"gallery-{project_id}")
    project = opening.opened(project_id)
    if project is None:
        return
    saved = project.saved_takes
    about = f"{count(len(saved), 'saved frame')} · {escape(project.name)}"
    st.html(f'<header class="m-header"><h1>Gallery</h1><span>{about}</span></header>')
    messages.at(lightbox.place_of(project_id))
    _way_back(project_id)
    if not saved:
        _nothing_yet(project)
    downloads.show(project)
    if saved:
        _contact_sheet(project, saved)
    opened = state.preview()
    if opened is not None and opened[0] == project_id:
        lightbox.show(project_id)


def _contact_sheet(project: Project, saved: tuple[Take, ...]) -> None:
    on_page = _on_page(project.id, saved)
    with st.grid("auto", min_column_width=300, gap="medium", key="sheet"):
        for take in on_page:
            _frame(project, take)


def _nothing_yet(project: Project) -> None:
    made = sum(len(sheet.takes) for sheet in project.sheets)
    if made:
        text = f"{count(made, 'take')} to choose from: press Save beside those that you want."
    else:
        text = "Generate frames on Home, then press Save beside those that you want. They line up here as a contact sheet."
    _teach("Nothing is saved yet.", text)
    _go("Go to the shots", project.id)


def _teach(title: str, text: str) -> None:
    film = f'<div class="m-film m-film-empty" aria-hidden="true">{"<i></i>" * SHOT_COUNT}</div>'
    st.html(f'<div class="m-teach">{film}<h2>{escape(title)}</h2><p>{escape(text)}</p></div>')


def _go(words: str, project_id: str) -> None:
    with st.container(key="teach-go"):
        st.page_link("Home.py", label=words, query_params={"project": project_id})


def _on_page(project_id: str, saved: tuple[Take, ...]) -> tuple[Take, ...]:
    pages = -(-len(saved) // PER_PAGE)
    if pages < 2:
        return saved
    number = st.pagination(pages, key=f"gallery-page-{project_id}")
    return saved[(number - 1) * PER_PAGE : number * PER_PAGE]


def _frame(project: Project, take: Take) -> None:
    name = str(take.label)
    with st.container(key=f"frame-{name}", gap=None):
        with st.container(key=f"look-{name}", gap=None):
            pictures.figure(
                pictures.url(project.id, take.path, SHEET_PX),
                lightbox.alt(take),
                ratio=opening.ratio(project),
                class_="m-whole" if lightbox.shape_mark(project, take) else "",
            )
            st.button(
                f"Look at {lightbox.spoken(take.label)}",
                key=f"look-at-{project.id}-{name}",
                on_click=state.open_preview,
                args=(project.id, take.label),
            )
        about = [f"take {take.label.number}", *lightbox.shape_mark(project, take), takes.cost(take)]
        slate = f'<p class="m-slate"><b>SHOT {take.label.shot_id}</b> · {escape(" · ".join(about))}</p>'
        st.html(f'{slate}<p class="m-words">{escape(shorten(take.text, WORDS_SHOWN))}</p>')
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", key=f"deeds-{name}"):
            lightbox.download(project.id, take, "sheet")
            st.button(
                "Take out",
                key=f"out-{project.id}-{name}",
                type="tertiary",
                on_click=lightbox.take_out,
                args=(project.id, take.label),
            )


def _way_back(project_id: str) -> None:
    out = lightbox.taken_out(project_id)
    if not out:
        st.empty()
        return
    more = f" So were {len(out) - 1} before it." if len(out) > 1 else ""
    said = f"{lightbox.spoken(out[-1]).capitalize()} was taken out. The take itself is kept.{more}"
    with st.container(key="gallery-undo", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="m-notice" role="status">{said}</div>', width="content")
        args = (project_id, out[-1])
        st.button("Undo", key=f"gallery-undo-{project_id}", type="tertiary", on_click=lightbox.put_back, args=args)
