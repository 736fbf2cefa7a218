"""Pictures on the page: small copies by URL, in places that keep their shape while they load."""

import base64
from pathlib import Path
from urllib.parse import quote

import streamlit as st

from maestro.ui import live
from maestro.ui.markup import escape
from maestro.ui.studio import studio

UNSERVED_WIDTH_PX = 1280
"""Widest picture that is put into the page itself where it cannot be addressed."""


def url(project_id: str, path: Path, width_px: int = 0) -> str:
    """Where the browser finds the picture, at most `width_px` wide (0: as it is); empty when its file is gone."""
    try:
        facts = path.stat()
    except OSError:
        return ""
    if not live.is_served():
        return _data_url(studio().thumbnail(path, width_px or UNSERVED_WIDTH_PX))
    address = f"/pictures/{quote(project_id)}/{quote(_name(project_id, path))}?v={facts.st_mtime_ns:x}"
    return f"{address}&w={width_px}" if width_px else address


def download_url(project_id: str, path: Path) -> str:
    """Where the browser gets the original bytes as a file."""
    return f"/pictures/{quote(project_id)}/{quote(_name(project_id, path))}?download=1"


def figure(src: str, alt: str, *, ratio: str, caption_html: str = "", class_: str = "") -> None:
    """A picture in a place of fixed `ratio` ("16 / 9"); an empty `src` says that the file is missing. `caption_html` is escaped."""
    st.html(figure_html(src, alt, ratio=ratio, caption_html=caption_html, class_=class_))


def figure_html(src: str, alt: str, *, ratio: str = "", caption_html: str = "", class_: str = "") -> str:
    """The same as HTML, for pages that draw many at once. Without a `ratio` it is the picture's own, once that is there."""
    inside = (
        f'<img src="{escape(src)}" alt="{escape(alt)}" loading="lazy" decoding="async">'
        if src
        else f'<span class="m-missing" role="img" aria-label="{escape(alt)} (file missing)">file missing</span>'
    )
    place = f'<div class="m-place" {_shape(ratio)}>{inside}</div>'
    return f'<figure class="m-figure {escape(class_)}">{place}{_caption(caption_html)}</figure>'


def place(ratio: str, words: str = "", *, is_busy: bool = False) -> None:
    """An empty place for a picture that is not there yet; shimmers while `is_busy`."""
    st.html(place_html(ratio, words, is_busy=is_busy))


def place_html(ratio: str, words: str = "", *, is_busy: bool = False, caption_html: str = "") -> str:
    """The same as HTML."""
    class_ = "m-place m-busy" if is_busy else "m-place m-empty"
    inside = f"<span>{escape(words)}</span>"
    return f'<figure class="m-figure"><div class="{class_}" {_shape(ratio)}>{inside}</div>{_caption(caption_html)}</figure>'


def data_url(encoded: bytes, media_type: str) -> str:
    """The picture itself as an address, for one that has none."""
    return f"data:{media_type};base64,{base64.b64encode(encoded).decode('ascii')}"


def _shape(ratio: str) -> str:
    return f'style="--shape:{escape(ratio)};aspect-ratio:{escape(ratio)}"' if ratio else ""


def _caption(caption_html: str) -> str:
    return f"<figcaption>{caption_html}</figcaption>" if caption_html else ""


def _name(project_id: str, path: Path) -> str:
    parts = path.parts
    start = len(parts) - parts[::-1].index(project_id)
    return "/".join(parts[start:])


def _data_url(path: Path) -> str:
    media_type = "image/png" if path.suffix == ".png" else "image/jpeg"
    return data_url(path.read_bytes(), media_type)
