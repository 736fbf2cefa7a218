"""The inputs of a project: a clip and a style picture, checked, previewed, and handed to Analyze."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import streamlit as st

from maestro.errors import FootageError, MaestroError, TooLongError
from maestro.events import topic
from maestro.types import Project, StyleReference
from maestro.ui import engine, live, messages, opening, pictures, places, prices, shelter, state
from maestro.ui.markup import clip_facts, escape
from maestro.ui.studio import studio

SIDES = [1.35, 1]
GUARD = "clip-guard"
PREVIEW_LIMIT_BYTES = 100_000_000
"""A larger clip is not sent back to the browser for a preview."""
CREDIT = (
    "The sample: an excerpt of “Big Buck Bunny”, © Blender Foundation, CC BY 3.0, peach.blender.org; "
    "Hokusai, “The Great Wave off Kanagawa”, public domain."
)
WAYS = (
    ("Analyze", "Five source frames are read, the clip is described in words that you can change, and five shots are directed."),
    ("Direct", "Each shot has its own words. Rewrite them as you like; every change is kept as you type."),
    ("Generate", "Five rows, five pictures in the look of your style picture. Retake what you do not like, save what you do."),
)

_guard = st.components.v2.component(
    "maestro_clip_guard",
    html='<div class="m-fault m-guard" role="alert" hidden></div>\n',
    js=(Path(__file__).parent / "browser" / "clip_guard.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def inputs(project_id: str | None) -> None:
    """What the project was made from, or the two uploaders and Analyze when there is none yet."""
    _inputs(project_id, state.project_id())


@st.fragment
def _inputs(project_id: str | None, url_project: str | None) -> None:
    if state.project_id() != url_project:
        st.rerun()
    parts = [] if project_id is None else [topic(project_id, "project"), topic(project_id, "analysis")]
    live.listen(*parts, engine.MODELS, key=f"inputs-{project_id}")
    if project_id is None:
        st.html(
            '<header class="m-header"><h1>Five frames from your clip</h1></header>'
            '<p class="m-lead">Give Maestro a clip and one picture whose look you love. It describes the clip, directs five shots, '
            "and draws each of them in that look.</p>"
        )
        _choose(None)
        st.html(f'<ol class="m-ways">{"".join(f"<li><b>{title}</b><p>{text}</p></li>" for title, text in WAYS)}</ol>')
        return
    project = opening.opened(project_id)
    if project is None:
        return
    _cards(project)
    is_needed = not project.frames and not studio().analysis(project_id).step
    with st.expander("Use another clip or style", expanded=is_needed, key=f"another-{project_id}-{is_needed}"):
        _choose(project)


def _choose(project: Project | None) -> None:
    with st.container(key="choose"):
        clip_side, style_side = st.columns(SIDES, gap="medium")
        with clip_side:
            _clip_uploader(project)
        with style_side:
            _style_uploader()
    _analyze_bar(project)


def _clip_uploader(project: Project | None) -> None:
    """The clip that was analysed has its card: a player for it in a folded part would keep the browser drawing all the time."""
    pending = state.pending_clip()
    if pending is not None and pending.path.is_file():
        is_known = project is not None and project.clip is not None and project.clip.sha256 == pending.clip.sha256
        if not is_known and pending.clip.size_bytes <= PREVIEW_LIMIT_BYTES:
            st.video(str(pending.path), muted=True, alt="The clip")
        used = f" · only its first {pending.clip.duration_s:g} s" if pending.is_trimmed else ""
        _facts(pending.name, f"{clip_facts(pending.clip)}{used}")
    with st.container(key="clip-upload"):
        number = state.turn("clip")
        key = f"clip-{number}"
        st.file_uploader(
            f"{'Clip' if pending is None else 'Another clip'}: mp4, at most {studio().settings.max_clip_s:g} s",
            type="mp4",
            key=key,
            on_change=_take_clip,
            args=(key,),
            max_upload_size=studio().settings.max_upload_mb,
        )
    _guard(
        data={
            "scope": "st-key-clip-upload",
            "max_s": studio().settings.max_clip_s,
            "max_bytes": _most_bytes(),
            "chosen": pending.path.name if pending is not None else "",
        },
        key=GUARD,
        on_trimmed_change=_nothing,
    )
    messages.at("clip")
    label = f"Use its first {studio().settings.max_clip_s:g} s"
    trim = partial(st.button, label, key="trim-clip", on_click=_trim)
    places.optional(trim if state.long_clip() is not None else None)


def _style_uploader() -> None:
    _style_preview()
    with st.container(key="style-upload"):
        key = f"style-{state.turn('style')}"
        label = "Style picture: PNG or JPEG" if state.pending_style() is None else "Another style picture: PNG or JPEG"
        st.file_uploader(label, type=["png", "jpg", "jpeg"], key=key, on_change=_take_style, args=(key,))
    messages.at("style")


def _style_preview() -> None:
    style = state.pending_style()
    if style is None:
        return
    with st.container(key="style-preview"):
        st.image(style.picture.encoded, width="stretch", alt="The style picture")
    _facts(style.name, "style reference")


def _facts(name: str, words: str) -> None:
    st.html(f'<p class="m-facts">{_facts_html(name, words)}</p>')


def _facts_html(name: str, words: str) -> str:
    return f"<span>{escape(name)}</span><span>{escape(words)}</span>"


def _analyze_bar(project: Project | None) -> None:
    missing = _missing()
    with st.container(horizontal=True, vertical_alignment="center", key="analyze-bar"):
        st.button(
            "ANALYZE", type="primary", key="analyze", disabled=bool(missing), on_click=_analyze, args=(project, state.project_id())
        )
        sample = partial(st.button, "Try the sample", key="sample", on_click=_take_sample)
        places.optional(sample if missing else None)
        st.html(f'<p class="m-line">{escape(missing or _ready(project))}</p>')
    messages.at("analyze")
    if _is_sample():
        st.html(f'<p class="m-credit">{escape(CREDIT)}</p>')


def _missing() -> str:
    """What has to be there before Analyze, in words; empty when nothing is missing."""
    pending = state.pending_clip()
    needs = [] if pending is not None and pending.path.is_file() else ["a clip"]
    needs += [] if state.pending_style() is not None else ["a style picture"]
    return f"Choose {' and '.join(needs)}, or try the sample." if needs else ""


def _ready(project: Project | None) -> str:
    price = prices.words(studio().money.price(analyses=1)) if studio().card.is_paid else ""
    where = f"Asks your provider: {price}." if price else "Free: made on this computer."
    return f"{where} {'Begins a new project; this one stays.' if project is not None and project.frames else ''}".strip()


def _is_sample() -> bool:
    pending = state.pending_clip()
    return pending is not None and pending.path == studio().sample_inputs()[0]


# --- what the project was made from


def _cards(project: Project) -> None:
    """Nothing of the clip but its frames is kept; while it is read its place is kept."""
    is_reading = not project.frames and bool(studio().analysis(project.id).step)
    if not project.frames and not is_reading:
        return
    clip_facts_html = _facts_html(project.clip.name, clip_facts(project.clip)) if project.clip is not None else ""
    if is_reading:
        cards_html = pictures.place_html(
            opening.ratio(project), "The clip is being read.", is_busy=True, caption_html=clip_facts_html
        )
    else:
        middle = next((frame for frame in project.frames if frame.index == project.director_frame_index), project.frames[0])
        source = pictures.url(project.id, middle.path, 960)
        cards_html = pictures.figure_html(
            source, "Middle frame of the clip", ratio=opening.ratio(project), caption_html=clip_facts_html
        )
    style = state.pending_style()
    if project.style_path is not None:
        source, name = pictures.url(project.id, project.style_path, 960), project.style_name
        cards_html += pictures.figure_html(source, "The style picture", caption_html=_facts_html(name, "style reference"))
    elif style is not None:
        ratio = f"{style.picture.width_px} / {style.picture.height_px}"
        cards_html += pictures.place_html(ratio, is_busy=True, caption_html=_facts_html(style.name, "style reference"))
    st.html(f'<div class="m-inputs">{cards_html}</div>')


# --- what the user does


def _take_clip(key: str) -> None:
    """The guard in the browser may have asked already whether the beginning of a longer clip is to be used."""
    uploaded = state.upload(key)
    if uploaded is None:
        return
    is_trimmed = state.trigger(GUARD, "trimmed") == f"{uploaded.name}/{uploaded.size}"
    with messages.guarded("clip"):
        _release_clip()
        path = shelter.keep(uploaded)
        state.next_turn("clip")
        _check_clip(path, uploaded.name, is_trimmed=is_trimmed)


def _check_clip(path: Path, name: str, *, is_trimmed: bool) -> None:
    try:
        clip = studio().check_clip(path, name, is_trimmed=is_trimmed)
    except TooLongError:
        state.set_long_clip(state.LongClip(path, name))
        raise
    except MaestroError:
        path.unlink(missing_ok=True)
        raise
    state.set_pending_clip(state.PendingClip(path, name, clip, is_trimmed))


def _trim() -> None:
    long = state.long_clip()
    state.set_long_clip(None)
    if long is None:
        return
    with messages.guarded("clip"):
        _check_clip(long.path, long.name, is_trimmed=True)


def _nothing() -> None:
    """The guard's word is read when its clip has come."""


def _take_style(key: str) -> None:
    uploaded = state.upload(key)
    if uploaded is None:
        return
    state.next_turn("style")
    with messages.guarded("style"):
        state.set_pending_style(studio().check_style(uploaded.name, uploaded.getvalue()))


def _take_sample() -> None:
    with messages.guarded("style"), messages.guarded("clip"):
        path, style = studio().sample_inputs()
        state.set_pending_clip(state.PendingClip(path, path.name, studio().check_clip(path, path.name)))
        state.set_pending_style(style)


def _analyze(project: Project | None, url_project: str | None) -> None:
    """A project of which nothing was read yet is gone on with; otherwise a new one is begun, by a double click too just one."""
    pending, style = state.pending_clip(), state.pending_style()
    if pending is None or style is None or state.project_id() != url_project:
        return
    unread = project.id if project is not None and not project.frames else None
    with messages.guarded("analyze"):
        begun = state.last_done("analyze")
        if begun is not None and begun[0] == _deed(pending, style) and studio().analysis(begun[1]).step:
            state.show_project(begun[1])  # the second click came before the browser had heard of the new address
            return
        begin(pending, style, unread)


def _deed(pending: state.PendingClip, style: StyleReference) -> tuple[str, bool, str]:
    return pending.clip.sha256, pending.is_trimmed, style.sha256


def begin(pending: state.PendingClip, style: StyleReference, project_id: str | None) -> None:
    """In callbacks: analyses what waits, and turns the page to it."""
    if not pending.path.is_file():
        raise FootageError("The uploaded clip is gone.", next_step="Choose it again.")
    path = shelter.settle(pending.path, pending.clip.sha256)
    state.set_pending_clip(replace(pending, path=path))
    project = studio().analyze(path, pending.name, style, project_id, is_trimmed=pending.is_trimmed)
    state.show_project(project)
    state.set_last_done("analyze", (_deed(pending, style), project))


def _release_clip() -> None:
    """A clip that was replaced before it was analysed is needed by nobody."""
    pending, long = state.pending_clip(), state.long_clip()
    state.set_pending_clip(None)
    state.set_long_clip(None)
    for replaced in (pending, long):
        if replaced is not None:
            shelter.release(replaced.path)


def _most_bytes() -> int:
    return studio().settings.max_upload_mb * 1_000_000
