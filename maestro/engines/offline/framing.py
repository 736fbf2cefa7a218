"""From a view's name to a window into a source frame."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maestro.engines.offline.attention import Attention
from maestro.engines.offline.box import Box, around
from maestro.engines.offline.pixels import Plane, blurred
from maestro.engines.offline.words import Wish
from maestro.types import Framing, Shot

FALLBACK_KINDS = ("wide", "medium", "close", "low", "detail")
"""What shots 1..5 become when neither their words nor a director's framing name a view."""


@dataclass(frozen=True, slots=True)
class View:
    """How a view is cut: `span` is its share of the largest window's width.

    `squeeze` draws the far edge together (positive: the upper edge, as seen from above; negative: the lower one, as seen from
    below), as a share of the window's width at each corner. `shade` darkens the rim, 0..1.
    """

    title: str
    span: float
    squeeze: float = 0.0
    tilt_deg: float = 0.0
    shade: float = 0.0


VIEWS = {
    "wide": View("wide shot", 1.0),
    "medium": View("medium shot", 0.56, shade=0.12),
    "close": View("close-up", 0.31, shade=0.28),
    "detail": View("detail insert", 0.21, shade=0.42),
    "low": View("low angle", 0.88, squeeze=-0.24, shade=0.18),
    "high": View("high angle", 0.88, squeeze=0.24, shade=0.18),
    "overhead": View("overhead view", 0.92, squeeze=0.33, shade=0.24),
    "tilt": View("Dutch tilt", 0.7, tilt_deg=9.0, shade=0.16),
    "shoulder": View("view over a shoulder", 0.66, shade=0.16),
}
PLACED_SPAN = 0.72
"""A window that must lie to one side leaves that much of the frame's width at most."""

SHOULDER_ROOM = 0.14
"""How far a view over a shoulder is moved aside, as a share of its width."""
HEADROOM = 1.25
"""A window is at least that much larger than the head that it shows."""


def view_of(kind: str) -> View:
    """An angle with a size ("low close") keeps the angle's look and takes the size's span. A name nobody knows is a wide one."""
    angle, _, size = kind.partition(" ")
    view = VIEWS.get(angle, VIEWS["wide"])
    if size not in VIEWS:
        return view
    sized = VIEWS[size]
    return View(f"{view.title}, {sized.title}", sized.span, view.squeeze, view.tilt_deg, max(view.shade, sized.shade))


def frame_for(shot: Shot, wish: Wish, frame_index: int, look: Callable[[], Attention], ratio: float) -> Framing:
    """The director's framing while the words still call for it and the source frame is its own, else one that they call for.

    `look` is only asked when it must be: it takes a while.
    """
    planned = shot.framing
    is_asked = planned is not None and planned.frame_index == frame_index and wish.kind in ("", planned.kind)
    if planned and is_asked and not wish.places:
        return planned
    attention = look()
    if planned and planned.frame_index == frame_index:
        attention = attention.drawn_to(Box(planned.left, planned.top, planned.width, planned.height))
    if planned and is_asked and _lies(planned, wish.places, attention.area):
        return planned
    kind = wish.kind or (planned.kind if planned else FALLBACK_KINDS[(shot.id - 1) % len(FALLBACK_KINDS)])
    return make(kind, wish.places, frame_index, attention, ratio)


def make(kind: str, places: Iterable[str], frame_index: int, attention: Attention, ratio: float) -> Framing:
    """The best window of that kind with `ratio` = width / height in pixels."""
    box = window(kind, tuple(places), attention, ratio)
    tilt = view_of(kind).tilt_deg
    return Framing(kind, frame_index, round(box.left, 4), round(box.top, 4), round(box.width, 4), round(box.height, 4), tilt)


def _lies(framing: Framing, places: tuple[str, ...], area: Box) -> bool:
    across, down = framing.left + framing.width / 2, framing.top + framing.height / 2
    middle_across, middle_down = area.centre
    sides = {
        "left": across < middle_across - 0.01,
        "right": across > middle_across + 0.01,
        "top": down < middle_down - 0.01,
        "bottom": down > middle_down + 0.01,
    }
    return all(sides[place] for place in one_way(places))


def shoulder_side(framing: Framing) -> float:
    """Where the foreground of a view over a shoulder stands, as a share of the width: on the side that the window was moved to."""
    return 0.08 if framing.left > 0.02 else 0.92


def one_way(places: Iterable[str]) -> tuple[str, ...]:
    """Without those that cancel each other out."""
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
    asked = set(places)
    return tuple(place for place in opposite if place in asked and opposite[place] not in asked)


def window(kind: str, places: tuple[str, ...], attention: Attention, ratio: float) -> Box:
    """Where to cut, inside the frame without its bars."""
    wanted = one_way(places)
    view = view_of(kind)
    span = min(view.span, PLACED_SPAN) if wanted else view.span
    largest = min(attention.area.width, attention.area.height * ratio / attention.ratio)
    width = largest * span
    height = width * attention.ratio / ratio
    head = None if wanted else _head(attention)
    if head and kind.endswith(("close", "medium")):
        return _window_on(head, width, height, attention)
    if head and view.squeeze:
        return Box(head.centre[0] - width / 2, head.top - 0.08 * height, width, height).inside(attention.area)
    # What matters stands high in most pictures, and a squeezed window loses corners.
    lean = ("top",) if view.squeeze else ()
    box = _hottest(_appeal(kind, attention, ratio), width, height, attention.area, wanted or lean)
    if not kind.startswith("shoulder"):
        return box
    return Box(box.left - SHOULDER_ROOM * width, box.top, width, height).inside(attention.area)


def _window_on(head: Box, width: float, height: float, attention: Attention) -> Box:
    """Grows until the head has room, with it in the upper third."""
    most = min(attention.area.width / width, attention.area.height / height)
    grow = min(max(1.0, HEADROOM * head.height / height, HEADROOM * head.width / width), most)
    wide, high = width * grow, height * grow
    across, down = head.centre
    return Box(across - wide / 2, down - high * 0.42, wide, high).inside(attention.area)


def _head(attention: Attention) -> Box | None:
    """The largest face, or the upper part of a standing subject."""
    if attention.faces:
        return max(attention.faces, key=lambda face: face.size)
    subject = attention.subject
    if subject is None:
        return None
    high = min(subject.height, max(0.34 * subject.height, 0.22))
    wide = min(subject.width, 1.2 * high / attention.ratio)
    return Box(subject.centre[0] - wide / 2, subject.top, wide, high)


def _appeal(kind: str, attention: Attention, ratio: float) -> Plane:
    """What this kind of view looks for."""
    if kind != "detail":
        return attention.heat
    across = ((np.arange(attention.heat.shape[1]) + 0.5) / attention.heat.shape[1])[None, :]
    down = ((np.arange(attention.heat.shape[0]) + 0.5) / attention.heat.shape[0])[:, None]
    appeal = attention.heat * (0.25 + attention.texture)
    taken = window("close", (), attention, ratio)
    appeal = appeal * (1 - 0.9 * _hill(taken, 0.45, across, down))
    if attention.subject:
        appeal = appeal * (0.25 + 0.75 * _hill(attention.subject, 0.6, across, down))
    return np.asarray(appeal, np.float32)


def _hill(box: Box, spread: float, across: NDArray[np.float64], down: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 in the middle of the box, falling off over `spread` of its size."""
    middle_across, middle_down = box.centre
    far = ((across - middle_across) / (box.width * spread)) ** 2 + ((down - middle_down) / (box.height * spread)) ** 2
    return np.asarray(np.exp(-far), np.float64)


def _hottest(appeal: Plane, width: float, height: float, area: Box, places: tuple[str, ...]) -> Box:
    """The window whose middle draws the eye most; as far to the wanted side as the frame's half."""
    rows, columns = appeal.shape
    smooth = blurred(appeal, max(1.0, 0.22 * min(width * columns, height * rows)))
    across, down = (np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows
    low_x, high_x = _reach(area.left, area.width, width, places, ("left", "right"))
    low_y, high_y = _reach(area.top, area.height, height, places, ("top", "bottom"))
    is_in = (np.abs(across - (low_x + high_x) / 2) <= (high_x - low_x) / 2)[None, :] & (
        np.abs(down - (low_y + high_y) / 2) <= (high_y - low_y) / 2
    )[:, None]
    if not is_in.any():
        return around((low_x + high_x) / 2, (low_y + high_y) / 2, width, height).inside(area)
    row, column = np.unravel_index(int(np.where(is_in, smooth, -1).argmax()), smooth.shape)
    return around(float(across[column]), float(down[row]), width, height).inside(area)


def _reach(start: float, length: float, size: float, places: tuple[str, ...], sides: tuple[str, str]) -> tuple[float, float]:
    """From where to where the window's centre may lie."""
    low, high = start + size / 2, start + length - size / 2
    middle = (low + high) / 2
    if sides[0] in places:
        return low, low + (middle - low) * 0.6
    if sides[1] in places:
        return middle + (high - middle) * 0.4, high
    return low, max(low, high)
