"""The contact sheet: saved frames to look at, download, or take out again."""

import streamlit as st

from maestro.events import topic
from maestro.types import SHOT_COUNT, Project, Take, TakeLabel
from maestro.ui import downloads, exchange, live, messages, opening, pictures, state
from maestro.ui.markup import count, day, escape, is_same_shape, money, seconds, shape, shorten
from maestro.ui.studio import studio

PER_PAGE = 24
SHEET_PX = 640
LARGE_PX = 1920
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
    takes = project.saved_takes
    about = f"{count(len(takes), 'saved frame')} · {escape(project.name)}"
    st.html(f'<header class="m-header"><h1>Gallery</h1><span>{about}</span></header>')
    messages.at(_place(project_id))
    _way_back(project_id)
    if not takes:
        _nothing_yet(project)
        downloads.show(project)
        return
    downloads.show(project)
    sheet = st.grid("auto", min_column_width=300, gap="medium", key="sheet")
    on_page = _on_page(project_id, takes)
    with sheet:
        for take in on_page:
            _frame(project, take)
    opened = state.preview()
    if opened is not None and opened[0] == project_id:
        _lightbox(project_id)


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


def _on_page(project_id: str, takes: tuple[Take, ...]) -> tuple[Take, ...]:
    pages = -(-len(takes) // PER_PAGE)
    if pages < 2:
        return takes
    number = st.pagination(pages, key=f"gallery-page-{project_id}")
    return takes[(number - 1) * PER_PAGE : number * PER_PAGE]


def _frame(project: Project, take: Take) -> None:
    name = str(take.label)
    with st.container(key=f"frame-{name}", gap=None):
        with st.container(key=f"look-{name}", gap=None):
            pictures.figure(
                pictures.url(project.id, take.path, SHEET_PX),
                alt(take),
                ratio=opening.ratio(project),
                class_="m-whole" if shape_mark(project, take) else "",
            )
            st.button(
                f"Look at {spoken(take.label)}",
                key=f"look-at-{project.id}-{name}",
                on_click=state.open_preview,
                args=(project.id, take.label),
            )
        about = [f"take {take.label.number}", *shape_mark(project, take), cost(take)]
        slate = f'<p class="m-slate"><b>SHOT {take.label.shot_id}</b> · {escape(" · ".join(about))}</p>'
        st.html(f'{slate}<p class="m-words">{escape(shorten(take.text, WORDS_SHOWN))}</p>')
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", key=f"deeds-{name}"):
            _download(project.id, take, "sheet")
            st.button(
                "Take out", key=f"out-{project.id}-{name}", type="tertiary", on_click=_take_out, args=(project.id, take.label)
            )


def _download(project_id: str, take: Take, where: str) -> None:
    if take.is_missing:
        return
    if live.is_served():
        address = escape(pictures.download_url(project_id, take.path))
        st.html(
            f'<a class="m-link" href="{address}" download aria-label="Download {spoken(take.label)}">Download</a>', width="content"
        )
        return
    st.download_button(
        "Download",
        data=take.path.read_bytes,
        file_name=take.path.name,
        mime=take.media_type,
        key=f"download-{where}-{project_id}-{take.label}",
        on_click="ignore",
        type="tertiary",
    )


def alt(take: Take) -> str:
    """What the picture shows, for those who do not see it."""
    return f"{spoken(take.label).capitalize()}: {shorten(take.text, 200)}"


def spoken(take: TakeLabel) -> str:
    """Such as "shot 1, take 2"."""
    return f"shot {take.shot_id}, take {take.number}"


@st.dialog("Frame", width="large", on_dismiss=state.close_preview)
def _lightbox(project_id: str) -> None:
    project, opened = opening.opened(project_id), state.preview()
    takes = () if project is None else project.saved_takes
    labels = [take.label for take in takes]
    if opened is None or opened[1] not in labels:
        st.html('<p class="m-quiet">This frame is no longer in the gallery.</p>')
        return
    place = labels.index(opened[1])
    take = takes[place]
    pictures.figure(
        pictures.url(project_id, take.path, LARGE_PX), alt(take), ratio=f"{take.width_px} / {take.height_px}", class_="m-large"
    )
    st.html(
        f'<div class="m-slate"><b>SHOT {take.label.shot_id}</b> · take {take.label.number} · {place + 1} of {len(takes)}</div>'
        f'<p class="m-words">{escape(take.text)}</p><p class="m-quiet">{escape(facts(take))}</p>{_notes_html(project, take)}'
    )
    with st.container(horizontal=True, vertical_alignment="center", key="lightbox-bar"):
        _step("Previous", project_id, labels[place - 1] if place else None, "Left")
        _step("Next", project_id, labels[place + 1] if place + 1 < len(labels) else None, "Right")
        _download(project_id, take, "large")
    exchange.unfold(project_id, take, "gallery")


def _step(name: str, project_id: str, to: TakeLabel | None, shortcut: str) -> None:
    st.button(name, key=f"lightbox-{name}", disabled=to is None, on_click=_turn_to, args=(project_id, to), shortcut=shortcut)


def _turn_to(project_id: str, to: TakeLabel | None) -> None:
    if to is not None:
        state.open_preview(project_id, to)


def facts(take: Take) -> str:
    """Who made it, how long it took, what it cost, how large it is."""
    return " · ".join(
        (
            take.model or take.engine,
            f"{take.width_px}\N{MULTIPLICATION SIGN}{take.height_px}",
            seconds(take.duration_s),
            cost(take),
            day(take.created_at),
        )
    )


def cost(take: Take) -> str:
    """Such as "$0.04"; what was made on this computer is free."""
    return "free" if take.engine == "offline" else money(take.cost_usd)


def shape_mark(project: Project | None, take: Take) -> list[str]:
    """The picture's shape where it is not the one that the project's pictures have: a list of one, or of none."""
    wide, high = _shape(project)
    return [] if is_same_shape(take.width_px, take.height_px, wide, high) else [shape(take.width_px, take.height_px)]


def _shape(project: Project | None) -> tuple[float, float]:
    if project is None or (not project.aspect_ratio and project.clip is None):
        return 16, 9
    if project.aspect_ratio:
        wide, _, high = project.aspect_ratio.partition(":")
        return float(wide), float(high)
    return (project.clip.width_px, project.clip.height_px) if project.clip is not None else (16, 9)


def _notes_html(project: Project | None, take: Take) -> str:
    notes = list(take.notes)
    wide, high = _shape(project)
    if not notes and shape_mark(project, take):
        wanted = shape(round(wide * 1000), round(high * 1000))
        notes.append(f"Its shape is {shape(take.width_px, take.height_px)}, that of this project's pictures is {wanted}.")
    return "".join(f'<p class="m-quiet">{escape(note)}</p>' for note in notes)


def _take_out(project_id: str, take: TakeLabel) -> None:
    with messages.guarded(_place(project_id)):
        studio().save(project_id, take, is_saved=False)
        state.set_last_done(_place(project_id), take)


def _way_back(project_id: str) -> None:
    take = state.last_done(_place(project_id))
    if take is None:
        st.empty()
        return
    with st.container(key="gallery-undo", horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div class="m-notice" role="status">{spoken(take).capitalize()} was taken out. The take itself is kept.</div>',
            width="content",
        )
        st.button("Undo", key=f"gallery-undo-{project_id}", type="tertiary", on_click=_put_back, args=(project_id, take))


def _put_back(project_id: str, take: TakeLabel) -> None:
    with messages.guarded(_place(project_id)):
        studio().save(project_id, take, is_saved=True)
        state.set_last_done(_place(project_id), None)


def _place(project_id: str) -> str:
    return f"gallery-{project_id}"
