"""What is open or turned to, what can be taken back, and errors that wait to be read."""

from dataclasses import dataclass
from typing import Any

from maestro.errors import MaestroError
from maestro.types import TakeLabel
from maestro.ui.state.memory import get, put


def preview() -> tuple[str, TakeLabel] | None:
    """The project and take whose large picture is open."""
    return get("preview")  # type: ignore[no-any-return]


def open_preview(project: str, label: TakeLabel) -> None:
    """Opens a take's large picture, in the place of what else lies over the page."""
    put("sheet", None)
    put("preview", (project, label))


def close_preview() -> None:
    """Closes it."""
    put("preview", None)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A dialog other than the large picture: what `kind` it is, what it is about, and which `place` on the page draws it."""

    kind: str
    project: str
    subject: str
    place: str


def sheet() -> Sheet | None:
    """The dialog that is open over the page. Streamlit draws one at a time: there is one of these, and no preview beside it."""
    return get("sheet")  # type: ignore[no-any-return]


def open_sheet(sheet: Sheet) -> None:
    """Opens a dialog in the place of what else lies over the page."""
    put("preview", None)
    put("sheet", sheet)


def close_sheet() -> None:
    """Closes it."""
    put("sheet", None)


def last_done(place: str) -> Any:
    """What was done last at that place and can be undone; None when nothing."""
    return get(f"done-{place}")


def set_last_done(place: str, deed: object | None) -> None:
    """Notes what can be undone; None forgets it."""
    put(f"done-{place}", deed)


def message(place: str) -> MaestroError | None:
    """The error that waits to be read at that place."""
    return get(f"message-{place}")  # type: ignore[no-any-return]


def set_message(place: str, error: MaestroError | None) -> None:
    """Keeps an error for that place; None takes it away."""
    put(f"message-{place}", error)


def shot_number(project: str) -> int:
    """The shot that the Shots page shows."""
    return get(f"shot-{project}") or 1


def show_shot(project: str, shot_id: int) -> None:
    """Turns the Shots page to a shot."""
    put(f"shot-{project}", shot_id)


def take_number(project: str, shot_id: int) -> int | None:
    """The take of a shot that the Shots page shows large; None: the newest."""
    return get(f"take-{project}-{shot_id}")  # type: ignore[no-any-return]


def show_take(project: str, shot_id: int, number: int | None) -> None:
    """Shows that take large."""
    put(f"take-{project}-{shot_id}", number)


DIRECTOR = -1
"""Stands for the director's frame where places of source frames count from 0."""


def frame_place(project: str) -> int:
    """Which source frame is to be replaced, from 0, or DIRECTOR."""
    place: int | None = get(f"frame-place-{project}")
    return place or 0


def looked_at(project: str) -> int | None:
    """The clip's frame that is shown large while a source frame is chosen; None: the one in that place."""
    return get(f"looked-at-{project}")  # type: ignore[no-any-return]


def look_at(project: str, index: int | None, place: int | None = None) -> None:
    """Shows that frame of the clip large, for that place of the source frames, or for the same as before."""
    put(f"looked-at-{project}", index)
    if place is not None:
        put(f"frame-place-{project}", place)
