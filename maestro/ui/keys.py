"""What can be done by a single key, and the list of it: every key stands for a button that the page has."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from maestro.ui import rows, state, takes, words
from maestro.ui.markup import escape
from maestro.ui.studio import studio

KEY = "keyboard"
HOME, SHOTS, GALLERY = "Home", "Shots", "Gallery"
IN_ROW, IN_DIALOG, ON_PAGE = "click in row", "click in dialog", "click"

_keys = st.components.v2.component(
    "maestro_keys",
    html='<button type="button" class="m-keys-open">Keyboard <kbd>?</kbd></button><div class="m-hidden" role="status"></div>\n',
    js=(Path(__file__).parent / "browser" / "keys.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@dataclass(frozen=True, slots=True)
class Key:
    """What is pressed (names of `nameOf` in keys.js, some keys apart by a space), what it does in words, and how.

    `targets`: for clicks, the beginnings of the keys of widgets, of which the first that can be clicked is; else see keys.js.
    """

    press: str
    words: str
    deed: str
    targets: tuple[str, ...] = ()


EVERYWHERE = (
    Key("?", "This list", "list"),
    Key("h", "Home", "link", (HOME,)),
    Key("o", "Shots: one shot at a time", "link", (SHOTS,)),
    Key("l", "Gallery: look at what is saved", "link", (GALLERY,)),
)
ON_HOME = (
    Key("g", "Generate this shot, or retry it", IN_ROW, ("generate-",)),
    Key("shift+g", "Generate all five", ON_PAGE, ("generate-all-",)),
    Key("s", "Save its take", IN_ROW, ("save-row-",)),
    Key("n", "Next shot", "step", ("1",)),
    Key("p", "Previous shot", "step", ("-1",)),
    Key("1 2 3 4 5", "Go to that shot", "number"),
    Key("e", "Edit its words; Esc leaves them", "words"),
    Key("i", "Another idea from the director", IN_ROW, ("idea-",)),
    Key("v", "View its take large", IN_ROW, ("preview-",)),
    Key("x", "Cancel this shot", IN_ROW, ("cancel-",)),
    Key("shift+x", "Cancel all", ON_PAGE, ("cancel-all-",)),
    Key("u mod+z", "Undo, as Ctrl+Z does", "undo", ("projects-undo-button", "undo-idea-")),
    Key("shift+u mod+shift+z mod+y", "Redo, as Ctrl+Y does", "redo"),
)
ON_SHOTS = (
    Key("g", "Generate, or retry", ON_PAGE, ("generate-",)),
    Key("s", "Save the take", ON_PAGE, ("save-desk-",)),
    Key("n", "Next shot", "step", ("1",)),
    Key("p", "Previous shot", "step", ("-1",)),
    Key("1 2 3 4 5", "Go to that shot", "number"),
    Key("t", "Next take", "take", ("1",)),
    Key("shift+t", "Previous take", "take", ("-1",)),
    Key("b", "Compare before and after", ON_PAGE, ("is-compared-",)),
    Key("e", "Edit the words; Esc leaves them", "words"),
    Key("i", "Another idea from the director", ON_PAGE, ("idea-",)),
    Key("x", "Cancel", ON_PAGE, ("cancel-",)),
    Key("delete", "Delete the take", ON_PAGE, ("delete-",)),
    Key("u mod+z", "Undo, as Ctrl+Z does", "undo", ("restore-", "Undo-")),
    Key("shift+u mod+shift+z mod+y", "Redo, as Ctrl+Y does", "redo", ("Redo-",)),
)
IN_GALLERY = (Key("u mod+z", "Undo taking out, as Ctrl+Z does", "undo", ("gallery-undo-",)),)
LARGE = (
    Key("arrowleft", "Previous frame", IN_DIALOG, ("lightbox-Previous",)),
    Key("arrowright", "Next frame", IN_DIALOG, ("lightbox-Next",)),
    Key("b", "Compare with its source frame", IN_DIALOG, ("lightbox-compare-",)),
    Key("s", "Save", IN_DIALOG, ("save-preview-",)),
    Key("d", "Download", IN_DIALOG, ("lightbox-file", "download-preview-")),
    Key("delete", "Take it out of the gallery", IN_DIALOG, ("lightbox-out-",)),
    Key("u mod+z", "Put it back", IN_DIALOG, ("lightbox-undo-",)),
)
PAGES = {HOME: ON_HOME, SHOTS: ON_SHOTS, GALLERY: IN_GALLERY}
NAMES = {"shift": "Shift", "arrowleft": "\N{LEFTWARDS ARROW}", "arrowright": "\N{RIGHTWARDS ARROW}", "delete": "Del"}


def show(page: str, project_id: str | None) -> None:
    """Takes the keys of that page; the quiet button in the sidebar opens the list, as `?` does."""
    _listen(page, project_id)


@st.fragment
def _listen(page: str, project_id: str | None) -> None:
    heard = state.last_done(KEY) or 0
    keys = [{"press": key.press, "deed": key.deed, "targets": key.targets} for key in (*EVERYWHERE, *PAGES[page], *LARGE)]
    data = {"page": page, "keys": json.dumps(keys), "sheet": sheet_html(page), "heard": heard}
    with st.container(key="keys"):
        _keys(data=data, key=KEY, on_wish_change=partial(_grant, project_id))


def sheet_html(page: str) -> str:
    """The list: this page first, then what works everywhere, then the other pages."""
    others = {name: keys for name, keys in PAGES.items() if name != page}
    sections = {page: PAGES[page], "On every page": EVERYWHERE, "In a large picture": LARGE, **others}
    lists = "".join(_section_html(name, keys) for name, keys in sections.items())
    return (
        '<header><h2 id="m-keys-title">Keyboard</h2><button type="button" class="m-button">Close</button></header>'
        f'<div class="m-keys-lists">{lists}</div>'
        '<label><input type="checkbox"> Single keys work while you are not typing</label>'
        "<p>A paid key acts once, however long it is held. On Home it acts on the shot with the mark beside it.</p>"
    )


def _section_html(name: str, keys: tuple[Key, ...]) -> str:
    rows_html = "".join(f"<div><dt>{_caps_html(key.press)}</dt><dd>{escape(key.words)}</dd></div>" for key in keys)
    return f"<section><h3>{escape(name)}</h3><dl>{rows_html}</dl></section>"


def _caps_html(press: str) -> str:
    """Such as "Shift U", the first of several ways; of a row of digits its ends."""
    ways = press.split()
    return f"{_way_html(ways[0])} to {_way_html(ways[-1])}" if ways[0].isdecimal() else _way_html(ways[0])


def _way_html(way: str) -> str:
    return " ".join(f"<kbd>{escape(NAMES.get(part, part.upper()))}</kbd>" for part in way.split("+"))


# --- what has a key on Home, but no button there


def _grant(project_id: str | None) -> None:
    """Undoes or redoes a step of a shot's words, once for a wish, however often the browser repeats it until it is heard."""
    wish = state.trigger(KEY, "wish") or {}
    shot_id, number = int(wish.get("shot", 0)), int(wish.get("number", 0))
    if project_id is None or not shot_id or number == state.last_done(KEY):
        return
    state.set_last_done(KEY, number)
    takes.act(project_id, shot_id, partial(_step, project_id, shot_id, is_undo=wish.get("deed") == "undo"))


def _step(project_id: str, shot_id: int, *, is_undo: bool) -> None:
    """What was typed is kept as a step of its own before one step is taken."""
    project = studio().open(project_id)
    field = rows.field_of("home", project, project.sheet(shot_id))
    if project.is_read_only or not words.keep(field):
        return
    sheet = studio().open(project_id).sheet(shot_id)
    if sheet.can_undo if is_undo else sheet.can_redo:
        words.show(field, studio().undo(project_id, shot_id) if is_undo else studio().redo(project_id, shot_id))
