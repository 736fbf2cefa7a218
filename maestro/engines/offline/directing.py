"""Directs five shots: which view each source frame suits best, and the words for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import cv2
import numpy as np

from maestro.engines import Wish
from maestro.engines.offline.attention import Attention
from maestro.engines.offline.framing import FALLBACK_KINDS, VIEWS, make, view_of
from maestro.engines.offline.measuring import colour_names
from maestro.engines.offline.pixels import Bgr, shrunk
from maestro.engines.offline.words import wish_in
from maestro.types import SHOT_COUNT, Context, Framing, Shot, SourceFrame

CONTEXT_LIMIT = 240
"""Characters of one part of the context that a shot's words quote."""
OPENING_BONUS = 0.5
SEQUENCE_BONUS = 0.4
"""A storyboard likes to open on the wide shot, to come nearer step by step, and to keep the detail for later."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A source frame, decoded, and where the eye goes in it."""

    frame: SourceFrame
    picture: Bgr
    attention: Attention


def direct(setups: Sequence[Setup], context: Context, ratio: float) -> tuple[Shot, ...]:
    """Exactly five shots in time order, ids 1..5, from one to five setups in time order."""
    slots = _slots(setups)
    kinds = _kinds(setups)
    chosen = max(permutations(kinds), key=lambda order: _suits(order, slots))
    planned = sorted(zip(slots, chosen, strict=True), key=lambda plan: (plan[0].frame.index, kinds.index(plan[1])))
    return tuple(_shot(number, setup, kind, context, ratio) for number, (setup, kind) in enumerate(planned, 1))


def direct_again(setup: Setup, shots: Sequence[Shot], wish: Wish, context: Context, ratio: float) -> Shot:
    """Another shot in the place of the wished one: the view that the hint names, else the next that none of the five has.

    The hint stands in the words, so that the renderer reads its places and lights too.
    """
    present = next(shot for shot in shots if shot.id == wish.shot_id)
    hint = " ".join(wish.hint.split())
    kind = wish_in(hint).kind or _next_kind(present, shots)
    plain = _shot(present.id, setup, kind, context, ratio)
    if not hint:
        return plain
    text = f"{plain.text} As asked: {_quoted(hint)}"
    places = wish_in(text).places
    return Shot(present.id, text, make(kind, places, setup.frame.index, setup.attention, ratio))


def timecode(time_s: float) -> str:
    """Minutes, seconds and tenths: 0:04.2."""
    tenths = round(time_s * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def _slots(setups: Sequence[Setup]) -> list[Setup]:
    """Five, in time order: with fewer setups some come more than once."""
    return [setups[number * len(setups) // SHOT_COUNT] for number in range(SHOT_COUNT)]


def _kinds(setups: Sequence[Setup]) -> tuple[str, ...]:
    """The five views of this storyboard: looking up where the light is above, else looking down."""
    from_above = sum(setup.attention.is_lit_from_above for setup in setups)
    angle = "low" if 2 * from_above >= len(setups) else "high"
    return tuple(angle if kind == "low" else kind for kind in FALLBACK_KINDS)


def _next_kind(present: Shot, shots: Sequence[Shot]) -> str:
    kinds = list(VIEWS)
    used = {shot.framing.kind if shot.framing else wish_in(shot.text).kind for shot in shots}
    now = present.framing.kind if present.framing else wish_in(present.text).kind
    start = kinds.index(now) + 1 if now in kinds else 0
    in_turn = kinds[start:] + kinds[:start]
    return next((kind for kind in in_turn if kind not in used), in_turn[0])


def _suits(order: Sequence[str], slots: Sequence[Setup]) -> float:
    """How well these views fit these frames, in this order."""
    sharpest = max(setup.attention.sharpness for setup in slots) + 1e-6
    total = OPENING_BONUS * (order[0] == "wide") + SEQUENCE_BONUS * (order.index("medium") < order.index("close"))
    total += SEQUENCE_BONUS * (order.index("close") < order.index("detail"))
    for kind, setup in zip(order, slots, strict=True):
        total += _fit(kind, setup.attention, setup.attention.sharpness / sharpest)
    return total


def _fit(kind: str, attention: Attention, sharpness: float) -> float:
    """About 0..1."""
    face = max((box.size for box in attention.faces), default=0.0)
    subject = attention.subject.height if attention.subject else 0.0
    concentrated = float(attention.heat.max() - attention.heat.mean())
    if kind == "wide":
        return _spread(attention)
    if kind == "close":
        return 4 * face + 0.5 * subject + 0.3 * concentrated + 0.3 * sharpness
    if kind == "medium":
        return 0.4 * subject + 0.4 * concentrated
    if kind == "detail":
        return 0.5 * sharpness
    return 0.3 * subject


def _spread(attention: Attention) -> float:
    """0..1: how evenly detail covers the picture."""
    coarse = cv2.resize(attention.texture, (12, 8), interpolation=cv2.INTER_AREA).ravel()
    share = coarse / (coarse.sum() + 1e-6)
    return float(-(share * np.log(share + 1e-9)).sum() / np.log(share.size))


def _shot(number: int, setup: Setup, kind: str, context: Context, ratio: float) -> Shot:
    """The words may quote a context that asks for a side of the frame, so the window is cut for the finished words."""
    framing = make(kind, (), setup.frame.index, setup.attention, ratio)
    shot = Shot(number, _words(kind, setup, framing, context))
    places = wish_in(shot.text).places
    return replace(shot, framing=make(kind, places, setup.frame.index, setup.attention, ratio))


def _words(kind: str, setup: Setup, framing: Framing, context: Context) -> str:
    """The first sentence names the view and nothing else may: it is what the renderer reads the view from."""
    where = _where(framing)
    colours = " and ".join(colour_names(shrunk(setup.picture, 320))) or "mixed"
    tone = ", ".join(context.emotional_tone[:3]) or "plain"
    title = view_of(kind).title
    opening = f"{'Establishing wide shot' if kind == 'wide' else title[0].upper() + title[1:]} at {timecode(setup.frame.time_s)}."
    bodies = {
        "wide": f"Let the whole frame breathe before anything is singled out. {_quoted(context.setting)}",
        "medium": f"Step in until the busiest part, {where}, fills two thirds of the picture. {_quoted(context.main_action)}",
        "close": f"Hold on what draws the eye most, {where}, and let the rest fall away. Keep the mood {tone}.",
        "low": f"Tip the lens up so that the verticals lean together and what stands {where} gains weight. The mood is {tone}.",
        "high": f"Tip the lens down so that the ground spreads out under what lies {where}. The mood is {tone}.",
        "detail": f"Cut in on a small patch {where}, all texture in {colours}: a breath between two larger views.",
        "overhead": f"Hang the camera over the scene and look straight down on what lies {where}. {_quoted(context.setting)}",
        "tilt": f"Lean the horizon until what stands {where} seems about to slide. The mood is {tone}.",
        "shoulder": f"Let a dark shoulder hide one edge, and look past it at what stands {where}. {_quoted(context.main_action)}",
    }
    return f"{opening} {bodies[kind.partition(' ')[0]]}"


def _where(framing: Framing) -> str:
    """In words that ask for no place by themselves."""
    across, down = framing.left + framing.width / 2, framing.top + framing.height / 2
    side = "left of centre" if across < 0.44 else "right of centre" if across > 0.56 else "near the centre"
    level = "high up" if down < 0.4 else "low down" if down > 0.6 else ""
    return f"{level}, {side}" if level else side


def _quoted(words: str) -> str:
    """One part of the context, as a sentence of its own, cut at a word when it is long."""
    text = " ".join(words.split())
    if len(text) > CONTEXT_LIMIT:
        text = text[:CONTEXT_LIMIT].rsplit(" ", 1)[0].rstrip(",;:.") + " ..."
    return text if not text or text[-1] in ".!?" else f"{text}."
