"""The dialog in which other frames of the clip are chosen: by eye, step by step, or all of them in one of three ways.

Nothing here waits for the clip: what has to be decoded is begun in the background and drawn when it is there.
"""

from functools import partial
from pathlib import Path

import streamlit as st

from maestro.errors import MaestroError
from maestro.events import topic
from maestro.types import Project, StripFrame
from maestro.ui import live, messages, opening, pictures, places, shelter, state
from maestro.ui.markup import count, timecode
from maestro.ui.studio import studio

KIND = "frames"
WAYS = {
    "even": ("Even", "The frames that Maestro takes by itself: evenly over the clip."),
    "sharpest": ("Sharpest nearby", "Of the frames within half a second of those, the sharpest ones."),
    "cuts": ("One per cut", "One frame of each scene; the longest scenes give several when there are too few."),
}
DIRECTOR_LABEL = "Director"

_strip = st.components.v2.component(
    "maestro_strip",
    html='<div class="m-strip" role="listbox" aria-label="Frames of the clip" aria-orientation="horizontal"></div>\n',
    js=(Path(__file__).parent / "browser" / "strip.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def open_at(project_id: str, place: int, index: int) -> None:
    """In callbacks: opens it for the source frame in that place (from 0), with the clip's frame `index` large."""
    state.look_at(project_id, index, place)
    state.open_sheet(_sheet(project_id))


def show(project_id: str) -> None:
    """Draws it if it is open."""
    if state.sheet() == _sheet(project_id):
        _dialog(project_id)


def _sheet(project_id: str) -> state.Sheet:
    return state.Sheet(KIND, project_id, "", "film")


@st.dialog("Choose frames", width="large", on_dismiss=state.close_sheet)
def _dialog(project_id: str) -> None:
    live.listen(
        topic(project_id, "strip"),
        topic(project_id, "project"),
        is_busy=studio().frames.standing(project_id).is_busy,
        key=f"frames-{project_id}",
    )
    project = opening.opened(project_id)
    if project is None or not project.frames:
        return
    _places(project)
    has_clip = studio().frames.has_clip(project_id)
    places.optional(None if has_clip else partial(_ask_for_clip, project), width="stretch")
    try:
        places.optional(partial(_choice, project) if has_clip else None, width="stretch")
    except MaestroError as error:
        messages.show(error)


def _place_key(project_id: str) -> str:
    return f"frames-place-{project_id}"


def _label(place: int) -> str:
    return DIRECTOR_LABEL if place == state.DIRECTOR else str(place + 1)


def _places(project: Project) -> None:
    """What counts is the place that is kept; the widget shows it. It reports nothing at times although nobody touched it."""
    labels = [*(_label(place) for place in range(len(project.frames))), _label(state.DIRECTOR)]
    place = min(state.frame_place(project.id), len(project.frames) - 1)
    state.follow_choice(_place_key(project.id), _label(place))
    st.segmented_control(
        "Which source frame to replace",
        labels,
        default=_label(place),
        key=_place_key(project.id),
        required=True,
        on_change=_turn,
        args=(project.id,),
    )


def _turn(project_id: str) -> None:
    """To another place: its frame is what is looked at first."""
    chosen = state.chosen(_place_key(project_id))
    if chosen is None:
        return
    place = state.DIRECTOR if chosen == DIRECTOR_LABEL else int(chosen) - 1
    state.look_at(project_id, _index_in(studio().open(project_id), place), place)


def _index_in(project: Project, place: int) -> int:
    directors = project.director_frame_index
    if place == state.DIRECTOR and directors is not None:
        return directors
    return project.frames[min(max(place, 0), len(project.frames) - 1)].index


def _looked_index(project: Project) -> int:
    """The clip's frame that is looked at."""
    looked = state.looked_at(project.id)
    return _index_in(project, state.frame_place(project.id)) if looked is None else looked


def _choice(project: Project) -> None:
    frames = studio().frames
    standing, strip = frames.standing(project.id), frames.strip_if_made(project.id)
    index = _looked_index(project)
    large = frames.look_if_made(project.id, index)
    if not standing.is_busy and not standing.message:
        if not strip:
            frames.begin_strip(project.id)
        elif large is None:
            frames.begin_look(project.id, index)
    _large(
        project, index, large or min(strip, key=lambda frame: abs(frame.index - index), default=None), is_sharp=large is not None
    )
    _steps(project, index)
    with st.container(key="strip"):
        if strip:
            _contact_strip(project, strip, index)
        else:
            st.html(
                '<div class="m-strip m-strip-empty" role="status"><i class="m-busy"></i><span>The clip is being read …</span></div>'
            )
    _ways(project, strip, is_busy=standing.is_busy and bool(strip))
    with st.container(key="frames-trouble"):
        if standing.message:
            messages.fault(standing.message, standing.next_step)
        else:
            st.empty()
        again = partial(st.button, "Read the clip again", key=f"frames-retry-{project.id}")
        places.optional(partial(again, on_click=frames.begin_strip, args=(project.id,)) if standing.message else None)
    messages.at(f"frames-{project.id}")


def _large(project: Project, index: int, frame: StripFrame | None, *, is_sharp: bool) -> None:
    """Until the frame itself has been decoded its neighbour of the strip stands in, blurred and all."""
    if frame is None:
        pictures.place(opening.ratio(project), "One moment …", is_busy=True)
        return
    at = timecode(frame.time_s) if is_sharp else "one moment …"
    pictures.figure(
        _data_url(frame),
        f"Frame {index + 1} of the clip",
        ratio=opening.ratio(project),
        caption_html=f"<span>{at}</span><span>frame {index + 1}{_use(project, index)}</span>",
        class_="m-large m-look" if is_sharp else "m-large m-look m-blurred",
    )


def _use(project: Project, index: int) -> str:
    words = [f"source frame {place + 1}" for place, frame in enumerate(project.frames) if frame.index == index]
    words += ["seen by the director"] if project.director_frame_index == index else []
    return "".join(f" · {word}" for word in words)


def _steps(project: Project, index: int) -> None:
    """Frame by frame, and the two things that can be done with the one that is looked at.

    None of these is disabled by its own click: the keyboard would lose its place.
    """
    last = project.clip.frame_count - 1 if project.clip is not None else index
    place = state.frame_place(project.id)
    back, on = max(index - 1, 0), min(index + 1, last)
    with st.container(horizontal=True, vertical_alignment="center", key="steps"):
        st.button("◀ Frame back", key=f"step-back-{project.id}", on_click=state.look_at, args=(project.id, back))
        st.button("Frame on ▶", key=f"step-on-{project.id}", on_click=state.look_at, args=(project.id, on))
        st.button(
            "Use this frame" if place == state.DIRECTOR else f"Use this frame as number {place + 1}",
            key=f"use-frame-{project.id}",
            type="secondary" if place == state.DIRECTOR else "primary",
            disabled=place == state.DIRECTOR,
            on_click=_swap,
            args=(project.id, place),
        )
        st.button(
            "Let the director see this one",
            key=f"direct-frame-{project.id}",
            type="primary" if place == state.DIRECTOR else "secondary",
            on_click=_show_director,
            args=(project.id,),
        )


def _contact_strip(project: Project, strip: tuple[StripFrame, ...], index: int) -> None:
    key = f"strip-{project.id}"
    used = {str(frame.index): str(place + 1) for place, frame in enumerate(project.frames)}
    nearest = {str(min(strip, key=lambda one: abs(one.index - int(at))).index): words for at, words in used.items()}
    cells = [{"index": one.index, "at": timecode(one.time_s), "src": _data_url(one), "cut": one.is_cut} for one in strip]
    _strip(
        data={"frames": cells, "ratio": opening.ratio(project), "looked": index, "used": nearest},
        key=key,
        on_picked_change=partial(_pick, project.id, key),
    )


def _pick(project_id: str, key: str) -> None:
    index = state.trigger(key, "picked")
    if isinstance(index, int | float):
        state.look_at(project_id, int(index))


def _ways(project: Project, strip: tuple[StripFrame, ...], *, is_busy: bool) -> None:
    cuts = sum(frame.is_cut for frame in strip)
    with st.container(horizontal=True, vertical_alignment="center", key="ways"):
        st.html('<span class="m-slate">All five</span>')
        for way, (label, meaning) in WAYS.items():
            st.button(
                label,
                key=f"way-{way}-{project.id}",
                help=meaning,
                disabled=not strip,
                on_click=_choose,
                args=(project.id, way),
            )
        st.button(
            "Take it back",
            key=f"frames-undo-{project.id}",
            on_click=_undo,
            args=(project.id,),
        )
    found = f"{count(cuts, 'cut')} found." if cuts else "No cut found: the clip is one scene."
    st.html(f'<p class="m-line" role="status">{"Choosing …" if is_busy else found if strip else ""}</p>')


# --- the clip once more


def _ask_for_clip(project: Project) -> None:
    name = project.clip.name if project.clip is not None else "the clip"
    messages.notice(f"The clip itself is not kept. Upload {name} again to choose other frames; nothing is asked or paid for that.")
    key = f"frames-clip-{project.id}-{state.turn('frames-clip')}"
    st.file_uploader("The same clip", type="mp4", key=key, on_change=_take_clip, args=(project.id, key))
    messages.at(f"frames-{project.id}")


def _take_clip(project_id: str, key: str) -> None:
    uploaded, project = state.upload(key), studio().open(project_id)
    if uploaded is None or project.clip is None:
        return
    state.next_turn("frames-clip")
    with messages.guarded(f"frames-{project_id}"):
        path = shelter.keep(uploaded)
        try:
            studio().frames.remember(project_id, path)
        except MaestroError:
            shelter.release(path)
            raise
        studio().frames.remember(project_id, shelter.settle(path, project.clip.sha256))


# --- what the user does


def _chosen_index(project_id: str) -> int:
    """A click on the strip and one on a button may come in one run, in which the button's is heard first."""
    _pick(project_id, f"strip-{project_id}")
    return _looked_index(studio().open(project_id))


def _swap(project_id: str, place: int) -> None:
    """Source frames stay in time order: the one that was put in may now be another of the five.

    It is the one that was chosen last, although the page may not have shown it large yet when this was clicked.
    """
    with messages.guarded(f"frames-{project_id}"):
        index = _chosen_index(project_id)
        if studio().open(project_id).frames[place].index != index:
            studio().frames.swap(project_id, place, index)
        now = [frame.index for frame in studio().open(project_id).frames].index(index)
        state.look_at(project_id, index, now)


def _show_director(project_id: str) -> None:
    with messages.guarded(f"frames-{project_id}"):
        index = _chosen_index(project_id)
        studio().frames.set_director_frame(project_id, index)


def _choose(project_id: str, way: str) -> None:
    state.look_at(project_id, None)
    studio().frames.begin_choice(project_id, way)


def _undo(project_id: str) -> None:
    state.look_at(project_id, None)
    with messages.guarded(f"frames-{project_id}"):
        studio().frames.undo(project_id)


def _data_url(frame: StripFrame) -> str:
    return pictures.data_url(frame.jpeg, "image/jpeg")
