"""The projects: a short shelf in the sidebar, and the whole list with what can be done to each."""

import shutil
import tempfile
from functools import partial
from pathlib import Path

import streamlit as st

from maestro.errors import MaestroError
from maestro.events import topic
from maestro.types import SHOT_COUNT, ProjectCard
from maestro.ui import live, messages, pictures, places, state
from maestro.ui.markup import clock_time, count, day, escape, label, size
from maestro.ui.studio import studio

ON_SHELF = 6
PER_PAGE = 12
BRING_IN = "bring-in"


def shelf(current: str | None) -> None:
    """The newest projects for the sidebar, each a link; a search when there are more; how to begin or bring in another."""
    _shelf(current, state.project_id())


@st.fragment
def _shelf(current: str | None, in_url: str | None) -> None:
    if state.project_id() != in_url:
        st.rerun()
    live.listen(*_topics(current), key="shelf")
    messages.at("shell")
    st.html('<h2 class="m-label">Projects</h2>')
    cards = _cards("")
    if len(cards) > ON_SHELF:
        st.text_input(
            "Find a project", key="shelf-words", placeholder=f"Find one of {len(cards)}", label_visibility="collapsed", live=True
        )
        words = (state.words("shelf-words") or "").casefold()
        cards = [card for card in cards if words in card.name.casefold()]
    with st.container(key="shelf", gap=None):
        for card in cards[:ON_SHELF]:
            _spine(card, is_open=card.id == current)
        if not cards:
            st.html('<p class="m-quiet">None yet.</p>')
    with st.container(key="shelf-more", gap=None):
        st.page_link("Home.py", label="New project", icon=":material/add:", query_params={"project": state.NEW})
        # A new one after each that came: it is closed, and has nothing to tell the server while the user goes on to another page.
        with st.popover("Bring in a project", icon=":material/upload:", type="tertiary", key=f"{BRING_IN}-{state.turn(BRING_IN)}"):
            _bundle()


def _spine(card: ProjectCard, *, is_open: bool) -> None:
    class_ = "m-spine is-open" if is_open else "m-spine"
    about = f"<b>{escape(card.name)}</b><span>{escape(facts(card))}</span>"
    with st.container(key=f"spine-{card.id}", gap=None):
        st.html(f'<div class="{class_}">{_cover(card, 160)}<div>{about}</div></div>')
        st.page_link("Home.py", label=f"Open {label(card.name)}", query_params={"project": card.id})


def _bundle() -> None:
    turn = state.turn("bundle")
    st.file_uploader(
        "A ZIP that Maestro exported",
        type="zip",
        key=f"bundle-{turn}",
        on_change=_bring_in,
        args=(f"bundle-{turn}",),
        label_visibility="visible",
    )
    messages.at("bundle")


def _bring_in(key: str) -> None:
    upload = state.upload(key)
    if upload is None or state.last_done("bundle") == upload.file_id:
        return  # a run that another one overtakes calls its callbacks again
    state.set_last_done("bundle", upload.file_id)
    with messages.guarded("bundle"), tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle.zip"
        with bundle.open("wb") as file:
            shutil.copyfileobj(upload, file)
        project = studio().import_bundle(bundle)
        state.next_turn(BRING_IN)
        state.show_project(project)
    state.next_turn("bundle")


def facts(card: ProjectCard) -> str:
    """Such as "3 of 5 saved · today"."""
    if card.trouble:
        what = "needs attention"
    elif card.saved_count:
        what = f"{card.saved_count} saved" if card.saved_count > SHOT_COUNT else f"{card.saved_count} of {SHOT_COUNT} saved"
    elif card.take_count:
        what = count(card.take_count, "take")
    else:
        what = "analysed" if card.shot_count else "not analysed yet"
    return f"{what} · {day(card.changed_at)}"


def show(current: str | None) -> None:
    """The whole list: open, rename, duplicate, delete (with a way back); damaged ones with their trouble. Nothing without any."""
    with st.container(key="projects-list"):
        _list(current, state.project_id())


@st.fragment
def _list(current: str | None, in_url: str | None) -> None:
    if state.project_id() != in_url:
        st.rerun()
    live.listen(*_topics(current), key="projects")
    removed = state.last_done("projects")
    cards = _cards("")
    if not cards and removed is None:
        return
    st.html(f'<header class="m-header"><h2>Projects</h2><span>{count(len(cards), "project")}</span></header>')
    messages.at("projects")
    if removed is not None:
        _way_back(removed)
    else:
        st.empty()
    if len(cards) > ON_SHELF:
        st.text_input("Find a project", key="projects-words", placeholder="Find by name", label_visibility="collapsed", live=True)
        words = (state.words("projects-words") or "").casefold()
        cards = [card for card in cards if words in card.name.casefold()]
        if not cards:
            st.html('<p class="m-quiet">No project has that in its name.</p>')
    for card in _on_page(cards):
        _row(card, current)


def _on_page(cards: list[ProjectCard]) -> list[ProjectCard]:
    pages = -(-len(cards) // PER_PAGE)
    if pages < 2:
        return cards
    number = st.pagination(pages, key="projects-page")
    return cards[(number - 1) * PER_PAGE : number * PER_PAGE]


def _row(card: ProjectCard, current: str | None) -> None:
    with st.container(key=f"project-{card.id}", horizontal=True, vertical_alignment="center"):
        _entry(card, current)
        with st.popover("Rename", type="tertiary", disabled=bool(card.trouble)):
            key = f"name-{card.id}"
            state.seed_words(key, card.name)
            st.text_input("Name", key=key, max_chars=80, on_change=_rename, args=(card.id, key))
        st.button(
            "Duplicate",
            key=f"duplicate-{card.id}",
            type="tertiary",
            disabled=bool(card.trouble),
            on_click=_duplicate,
            args=(card.id,),
        )
        _export(card)
        places.optional(partial(_backups, card) if card.trouble else None)
        st.button("Delete", key=f"delete-{card.id}", type="tertiary", on_click=_remove, args=(card.id, card.name))


def _backups(card: ProjectCard) -> None:
    with st.popover("Restore a backup", type="tertiary", key=f"backups-{card.id}", on_change="rerun") as popover:
        if not popover.open:
            return
        try:
            backups = studio().backups(card.id)
        except MaestroError as error:
            messages.show(error)
            return
        if not backups:
            st.html('<p class="m-quiet">There is no backup. The pictures are in the project\'s folder, under “takes”.</p>')
            return
        st.html('<p class="m-quiet">Goes back to the records as they were then. No picture is deleted.</p>')
        for backup in backups[:ON_SHELF]:
            name = f"As of {clock_time(backup.at)}"
            st.button(name, key=f"backup-{card.id}-{backup.name}", on_click=_restore, args=(card.id, backup.name))


def _restore(project: str, backup: str) -> None:
    with messages.guarded("projects"):
        studio().restore_backup(project, backup)
        state.choose(f"backups-{project}", value=False)


def _export(card: ProjectCard) -> None:
    if card.trouble:
        return
    if live.is_served():
        address, name = escape(f"/bundle/{card.id}.zip"), escape(f"Export {card.name}")
        st.html(f'<a class="m-link" href="{address}" download aria-label="{name}">Export</a>', width="content")
        return
    st.download_button(
        "Export",
        data=partial(_bundle_of, card.id),
        file_name=f"{card.id}_project.zip",
        mime="application/zip",
        key=f"export-{card.id}",
        on_click="ignore",
        type="tertiary",
    )


def _bundle_of(project: str) -> bytes:
    return studio().export_bundle(project).read_bytes()


def _entry(card: ProjectCard, current: str | None) -> None:
    about = f"{facts(card)} · {size(card.size_bytes)}{' · open now' if card.id == current else ''}"
    trouble = f'<em class="m-bad">{escape(card.trouble)}</em>' if card.trouble else ""
    words = f"<b>{escape(card.name)}</b><span>{escape(about)}</span>{trouble}"
    with st.container(key=f"open-{card.id}", gap=None):
        st.html(f'<div class="m-entry">{_cover(card, 320)}<div>{words}</div></div>')
        st.page_link("Home.py", label=f"Open {label(card.name)}", query_params={"project": card.id})


def _way_back(removed: tuple[str, str]) -> None:
    with st.container(key="projects-undo", horizontal=True, vertical_alignment="center"):
        st.html(f'<div class="m-notice" role="status">{escape(removed[1])} is in the trash.</div>', width="content")
        st.button("Undo", key="projects-undo-button", type="tertiary", on_click=_bring_back, args=(removed[0],))


def _rename(project: str, key: str) -> None:
    name = (state.words(key) or "").strip()
    if name:
        with messages.guarded("projects"):
            studio().rename(project, name)


def _duplicate(project: str) -> None:
    with messages.guarded("projects"):
        studio().duplicate(project)


def _remove(project: str, name: str) -> None:
    with messages.guarded("projects"):
        studio().remove(project)
        state.set_last_done("projects", (project, name))
        if state.project_id() == project:
            state.show_project(None)


def _bring_back(project: str) -> None:
    with messages.guarded("projects"):
        studio().bring_back(project)
        state.set_last_done("projects", None)


def _topics(current: str | None) -> list[str]:
    """What a card shows can change with the list, and with the project that is worked on."""
    return [live.LIST] if current is None else [live.LIST, topic(current, "project"), topic(current, "batch")]


def _cards(words: str) -> list[ProjectCard]:
    try:
        return studio().projects(words)
    except MaestroError:
        return []  # the workspace's trouble is on the page already


def _cover(card: ProjectCard, width_px: int) -> str:
    address = pictures.url(card.id, card.cover, width_px) if card.cover else ""
    return f'<img src="{escape(address)}" alt="" loading="lazy">' if address else '<i class="m-blank" aria-hidden="true"></i>'
