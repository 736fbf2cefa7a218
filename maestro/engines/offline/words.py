"""What a shot's words ask of the camera and of the light, as far as a crop and a palette can give it."""

import re
from dataclasses import dataclass

VIEW_WORDS = {
    "detail": r"\bextreme close|\bdetail\b|\binsert\b|\bmacro\b|\bECU\b",
    "close": r"\bclose[- ]?ups?\b|\bclose (shot|view|on|in)\b|\bcloser\b|^close\b|\bmedium[- ]close|\btight\b|\bhead shot\b|\bCU\b",
    "medium": r"\bmedium\b|\bmid[- ]?shot\b|\bwaist|\btwo[- ]shot\b|\bcowboy shot\b|\bamerican shot\b",
    "wide": r"\bwid(e|er|est)\b|\bestablishing\b|\blong shot\b|\bfull shot\b|\bpanoram|\bmaster shot\b|\bvista\b",
}
ANGLE_WORDS = {
    "overhead": r"\boverhead\b|\bbird.?s[- ]eye\b|\btop[- ]down\b|\baerial\b|\bdrone\b",
    "low": r"\blow[- ]angle\b|\bfrom below\b|\bworm.?s[- ]eye\b|\bground level\b",
    "high": r"\bhigh[- ]angle\b|\bfrom above\b",
    "tilt": r"\bdutch\b|\bcanted\b|\btilted\b|\bdutch[- ]tilt\b",
    "shoulder": r"\bover[- ](the|his|her|their|one)[- ](\w+[- ])?shoulder\b|\bOTS\b",
}
PLACE_WORDS = {
    "left": r"\b(on|at) the (far )?left\b|\bleft (side|half|third|edge|corner)\b",
    "right": r"\b(on|at) the (far )?right\b|\bright (side|half|third|edge|corner)\b",
    "top": r"\b(upper|top) (half|third|edge|part|corner)\b|\bat the top\b",
    "bottom": r"\b(lower|bottom) (half|third|edge|part|corner)\b|\bat the bottom\b",
}
LIGHT_WORDS = {
    "night": r"\b(mid)?night\b|\bmoonl(it|ight)\b|\bdusk\b|\btwilight\b|\bdarker\b|\bshadowy\b|\bnoir\b|\bsilhouette",
    "day": r"\bsunl(it|ight)\b|\bbrighter\b|\bnoon\b|\bdaylight\b|\bdazzling\b|\bsunshine\b",
    "mist": r"\bfog(gy)?\b|\bmist(y)?\b|\bhaz[ey]\b|\bsmok[ey]\b",
    "warm": r"\bwarmer\b|\bsunset\b|\bsunrise\b|\bdawn\b|\bgolden\b|\bcandle|\bfire(light)?\b",
    "cold": r"\bcolder\b|\bcooler\b|\bicy\b|\bfrost|\bwinter|\bsnow|\brain(y|ing)?\b|\bstorm",
    "stark": r"\bstark\b|\bhigh[- ]contrast\b|\bharsh light\b",
    "soft": r"\bdream(y|like)?\b|\bsoft[- ]focus\b|\bsoft light\b|\bblurr(y|ed)\b",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the words ask for; empty where they ask for nothing.

    `kind` is a size of VIEW_WORDS, an angle of ANGLE_WORDS, or both: "close", "low", "low close".
    """

    kind: str
    places: tuple[str, ...]
    lights: tuple[str, ...]


def wish_in(text: str) -> Wish:
    """The view comes from the first sentence that names one (what follows tells the story), place and light from all of it."""
    return Wish(kind=_kind_in(text), places=_named(PLACE_WORDS, text), lights=_named(LIGHT_WORDS, text))


def _kind_in(text: str) -> str:
    for sentence in re.split(r"(?<=[.!?:;])\s+|\n", text):
        kind = " ".join(part for part in (_first(ANGLE_WORDS, sentence), _first(VIEW_WORDS, sentence)) if part)
        if kind:
            return kind
    return ""


def _first(patterns: dict[str, str], sentence: str) -> str:
    """The name whose words come first in the sentence."""
    found = [(match.start(), name) for name, words in patterns.items() if (match := re.search(words, sentence, re.IGNORECASE))]
    return min(found, key=lambda place: place[0])[1] if found else ""


def _named(patterns: dict[str, str], text: str) -> tuple[str, ...]:
    return tuple(name for name, words in patterns.items() if re.search(words, text, re.IGNORECASE))
