"""Puts measurements into the words of a Context. It never names people, things or places: it measured, it did not understand."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from maestro.engines.offline.measuring import Moment, Motion, scene_count
from maestro.types import Context

HONEST = "Measured on this computer from light, colour and movement; nothing here understood the story."
NO_MOTION = 0.004
STRONG_MOTION = 0.012


@dataclass(frozen=True, slots=True)
class _Figures:
    """Medians over the clip, as in Moment; `scenes` at least 1."""

    light: float
    contrast: float
    chroma: float
    warmth: float
    scenes: int


def describe(moments: Sequence[Moment], duration_s: float) -> Context:
    """`moments` in time order, at least one; movement is told only where it was measured."""
    figures = _Figures(
        light=_median([moment.light for moment in moments]),
        contrast=_median([moment.contrast for moment in moments]),
        chroma=_median([moment.chroma for moment in moments]),
        warmth=_median([moment.warmth for moment in moments]),
        scenes=scene_count(moments),
    )
    moving = [(moment.time_s, moment.motion) for moment in moments if moment.motion is not None]
    setting = _setting(figures, _common_colours(moments))
    action = _movement(moving, duration_s) if moving else _change(moments, duration_s)
    return Context(
        setting=setting,
        main_action=action,
        emotional_tone=_tone(figures, [motion for _, motion in moving]),
        summary=f"{setting} {action} {HONEST}",
    )


def heading(across: float, down: float, least: float) -> str:
    """The way in words, empty when it is shorter than `least`."""
    if max(abs(across), abs(down)) < least:
        return ""
    if abs(across) >= abs(down):
        return "to the right" if across > 0 else "to the left"
    return "downwards" if down > 0 else "upwards"


def _median(numbers: Sequence[float]) -> float:
    return float(np.median(np.array(numbers)))


def _light_word(light: float) -> str:
    return "dark" if light < 30 else "dim" if light < 43 else "bright" if light > 66 else "evenly lit"


def _setting(figures: _Figures, colours: Sequence[str]) -> str:
    light = _light_word(figures.light)
    tint = "warm" if figures.warmth > 9 else "cool" if figures.warmth < -4 else "neutral"
    what = "scene" if figures.scenes == 1 else f"sequence of about {figures.scenes} scenes"
    texture = "strong" if figures.contrast > 27 else "gentle" if figures.contrast > 14 else "low"
    article = "An" if light[0] in "aeiou" else "A"
    return f"{article} {light}, {tint}-toned {what}, mostly {' and '.join(colours)}, with {texture} contrast."


def _common_colours(moments: Sequence[Moment]) -> list[str]:
    tally: dict[str, int] = {}
    for moment in moments:
        for rank, name in enumerate(moment.colours):
            tally[name] = tally.get(name, 0) + 2 - rank
    return sorted(tally, key=lambda name: -tally[name])[:2] or ["mixed colours"]


def _movement(moving: Sequence[tuple[float, Motion]], duration_s: float) -> str:
    motions = [motion for _, motion in moving]
    most = float(np.percentile(np.array([motion.amount for motion in motions]), 90))
    sentence = f"Over {duration_s:.1f} s {_camera(motions)}, and "
    if most < NO_MOTION:
        return sentence + "very little moves."
    busiest_s, busiest = max(moving, key=lambda moment: moment[1].amount)
    way = heading(*busiest.way, least=0.002)
    strength = "something moves gently" if most < STRONG_MOTION else "there is strong movement"
    return sentence + f"{strength}{' ' + way if way else ''}, most of it around {busiest_s:.1f} s."


def _camera(motions: Sequence[Motion]) -> str:
    pans = np.array([motion.pan for motion in motions])
    zoom = _median([motion.zoom for motion in motions])
    across, down = (float(number) for number in np.median(pans, axis=0))
    if abs(zoom) > 0.004:
        return "the camera pushes in" if zoom > 0 else "the camera pulls back"
    if math.hypot(across, down) > 0.003:
        # What is filmed goes the other way than the camera.
        return f"the camera moves {heading(-across, -down, least=0.0)}"
    if float(np.median(np.hypot(*pans.T))) > 0.003:
        return "the camera moves in changing directions"
    return "the camera holds still"


def _change(moments: Sequence[Moment], duration_s: float) -> str:
    """From separate source frames only how far they differ can be told."""
    if len(moments) < 2:
        return f"One source frame of {duration_s:.1f} s was measured, so nothing is known of its movement."
    steps = [float(np.abs(after.thumbnail - before.thumbnail).mean()) for before, after in pairwise(moments)]
    most = max(steps)
    much = "hardly differ" if most < 4 else "differ a little" if most < 14 else "differ strongly"
    return (
        f"Over {duration_s:.1f} s the {len(moments)} source frames {much} from each other; movement between them was not measured."
    )


def _tone(figures: _Figures, motions: Sequence[Motion]) -> tuple[str, ...]:
    """One to four words."""
    most = float(np.percentile(np.array([motion.amount for motion in motions]), 90)) if motions else None
    is_lively = figures.scenes >= 5 or (most is not None and most > 0.02)
    calm = {"dark": "sombre", "dim": "subdued", "bright": "light-hearted" if figures.chroma > 18 else "airy"}
    words = {
        calm.get(_light_word(figures.light), "calm"): True,
        "energetic": is_lively,
        "still": most is not None and most < 0.006 and figures.scenes == 1,
        "dramatic": figures.contrast > 27,
        "vivid": figures.chroma > 26,
        "restrained": figures.chroma < 8,
        "warm": figures.warmth > 12,
        "cool": figures.warmth < -6,
    }
    if is_lively:
        words.pop("calm", None)
    return tuple(word for word, is_so in words.items() if is_so)[:4]
