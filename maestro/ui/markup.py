"""Plain words for facts: times, sizes, money, days; and the one escape for everything that goes into HTML."""

import html
import re
from datetime import UTC, date, datetime

from maestro import types
from maestro.types import Clip

SHAPES = ((16, 9), (1, 1), (9, 16), (4, 3), (3, 4), (3, 2), (2, 3), (5, 4), (4, 5), (21, 9), (9, 21))
SHAPE_TOLERANCE = 0.015


def escape(text: str) -> str:
    """`text` for use in HTML, also within attributes."""
    return html.escape(text, quote=True)


def label(text: str) -> str:
    """`text` for a widget's label, which renders markdown: only letters, digits and spaces are left of it."""
    return " ".join(re.findall(r"\w+", text.replace("_", " "))) or "untitled"


def plain(text: str, limit: int = 80) -> str:
    """`text` for a widget's label, word for word: what markdown would take for its own is escaped."""
    return re.sub(r"([^\w\s/.,-]|_)", r"\\\1", shorten(text, limit)) or "untitled"


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word."""
    flat = " ".join(text.split())
    if len(flat) <= limit:
        return flat
    return flat[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"


def seconds(duration_s: float) -> str:
    """Such as "0.4 s", "12 s", "2 min 5 s"."""
    if duration_s < 10:
        return f"{duration_s:.1f} s"
    if duration_s < 60:
        return f"{duration_s:.0f} s"
    minutes, rest = divmod(round(duration_s), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def timecode(time_s: float) -> str:
    """Minutes, seconds and hundredths, such as "00:02.64"."""
    return types.timecode(time_s)


def money(cost_usd: float | None) -> str:
    """Such as "$0.04", "free"; "cost unknown" when the provider said nothing."""
    if cost_usd is None:
        return "cost unknown"
    if cost_usd == 0:
        return "free"
    return f"${cost_usd:.2f}" if cost_usd >= 0.01 else f"${cost_usd:.4f}".rstrip("0")


def dollars(amount_usd: float, decimals: int = 2) -> str:
    """Such as "$0.32", "$1,204.00": a sum, which may well be nothing."""
    return f"${amount_usd:,.{decimals}f}"


def shape(width_px: int, height_px: int) -> str:
    """The shape's usual name when it is within a hundredth or so of it, such as "16:9", else such as "1.85:1"."""
    ratio = width_px / height_px
    for wide, high in SHAPES:
        if abs(ratio * high / wide - 1) < SHAPE_TOLERANCE:
            return f"{wide}:{high}"
    return f"{ratio:.2f}:1"


def is_same_shape(width_px: int, height_px: int, wide: float, high: float) -> bool:
    """Whether a picture has about that shape: providers round to whole blocks of pixels."""
    return abs(width_px * high / (height_px * wide) - 1) < 2 * SHAPE_TOLERANCE


def size(size_bytes: int) -> str:
    """Such as "812 kB", "2.4 MB"."""
    if size_bytes < 1_000_000:
        return f"{max(1, round(size_bytes / 1000))} kB"
    if size_bytes < 1_000_000_000:
        return f"{size_bytes / 1_000_000:.1f} MB"
    return f"{size_bytes / 1_000_000_000:.1f} GB"


def day(moment: datetime, now: datetime | None = None) -> str:
    """The day by this computer's clock: "today", "yesterday", "Monday", "3 Nov", "3 Nov 2025"."""
    here, there = (now or datetime.now(UTC)).astimezone(), moment.astimezone()
    passed = (here.date() - there.date()).days
    if passed <= 0:
        return "today"
    if passed == 1:
        return "yesterday"
    if passed < 7:
        return f"{there:%A}"
    return f"{there.day} {there:%b}" if there.year == here.year else f"{there.day} {there:%b %Y}"


def date_of(moment: date) -> str:
    """Such as "11 Dec 2026"."""
    return f"{moment.day} {moment:%b %Y}"


def clock_time(moment: datetime) -> str:
    """The day and the minute by this computer's clock: "today, 14:05", "3 Nov, 09:30"."""
    return f"{day(moment)}, {moment.astimezone():%H:%M}"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago: "just now", "40 s ago", "5 min ago", then "today, 14:05" or the day."""
    passed_s = ((now or datetime.now(UTC)) - moment).total_seconds()
    if passed_s < 5:
        return "just now"
    if passed_s < 60:
        return f"{passed_s:.0f} s ago"
    if passed_s < 3600:
        return f"{passed_s // 60:.0f} min ago"
    when = day(moment, now)
    return f"{when}, {moment.astimezone():%H:%M}" if when == "today" else when


def count(number: int, one: str, many: str | None = None) -> str:
    """Such as "1 take", "3 takes"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def clip_facts(clip: Clip) -> str:
    """Such as "5.28 s · 1280 x 720 · 25 fps"."""
    return f"{clip.duration_s:.2f} s · {clip.width_px}\N{MULTIPLICATION SIGN}{clip.height_px} · {clip.fps:.4g} fps"
