"""Two pictures in one place, with a line between them that is moved by mouse, finger or arrow keys."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from maestro.errors import MaestroError
from maestro.types import FrameOnDisk, Take
from maestro.ui import messages
from maestro.ui.markup import escape, timecode
from maestro.ui.studio import studio

LARGE_PX = 1280


@dataclass(frozen=True, slots=True)
class Side:
    """A picture that is compared: its file, its few words on the picture, and its name within a sentence."""

    path: Path
    words: str
    spoken: str


def of_take(take: Take) -> Side:
    """A take, such as "take 2"."""
    return Side(take.path, f"take {take.label.number}", f"take {take.label.number}")


def of_frame(frame: FrameOnDisk) -> Side:
    """A source frame, such as "source 00:02.64"."""
    at = timecode(frame.time_s)
    return Side(frame.path, f"source {at}", f"its source frame at {at}")


def slider(before: Side, after: Take, *, alt: str, key: str) -> None:
    """The two, `before` to the left of the line; `alt` says what `after` shows. It has its place before it has its pictures.

    The same `key` for other pictures changes them in place. A tall one is not wider than its window is high.
    """
    from streamlit_extras.image_compare_slider import image_compare_slider  # noqa: PLC0415 - it costs the start of the app

    try:
        left, right = studio().thumbnail(before.path, LARGE_PX), studio().thumbnail(after.path, LARGE_PX)
    except MaestroError as error:
        messages.show(error)
        return
    shape = f"{after.width_px} / {after.height_px}"
    st.html(f"<style>.st-key-slider-{key} {{ --shape: {shape}; aspect-ratio: {shape}; }}</style>")
    st.html(
        f'<p class="m-hidden">{escape(alt)}, compared with {escape(before.spoken)}. The arrow keys move the line between them.</p>'
    )
    with st.container(key=f"slider-{key}"):
        image_compare_slider(str(left), str(right), label1=before.words, label2=of_take(after).words, key=f"compare-{key}")
