"""Facts as plain words."""

from datetime import UTC, datetime, timedelta

import pytest

from maestro.ui import markup

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("duration_s", "words"), [(0.04, "0.0 s"), (1.34, "1.3 s"), (12.4, "12 s"), (60, "1 min"), (125, "2 min 5 s"), (119.7, "2 min")]
)
def test_seconds_are_as_exact_as_one_needs(duration_s: float, words: str) -> None:
    """Tenths only below ten seconds."""
    assert markup.seconds(duration_s) == words


@pytest.mark.parametrize(("time_s", "code"), [(0, "00:00.00"), (2.64, "00:02.64"), (59.999, "01:00.00"), (75.5, "01:15.50")])
def test_a_timecode_carries_over(time_s: float, code: str) -> None:
    """59.999 s is a minute, not 60 seconds."""
    assert markup.timecode(time_s) == code


@pytest.mark.parametrize(
    ("cost_usd", "words"), [(None, "cost unknown"), (0, "free"), (0.039, "$0.04"), (1.5, "$1.50"), (0.0021, "$0.0021")]
)
def test_money_never_looks_free_when_it_is_not(cost_usd: float | None, words: str) -> None:
    """What is unknown is said to be; what is small is not rounded away."""
    assert markup.money(cost_usd) == words


@pytest.mark.parametrize(
    ("size_bytes", "words"), [(10, "1 kB"), (812_000, "812 kB"), (2_400_000, "2.4 MB"), (3_000_000_000, "3.0 GB")]
)
def test_a_size_has_a_fitting_unit(size_bytes: int, words: str) -> None:
    """Kilobytes, megabytes, gigabytes."""
    assert markup.size(size_bytes) == words


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(seconds=40), "40 s ago"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(days=1), "yesterday"),
        (timedelta(days=400), "16 Oct 2025"),
    ],
)
def test_how_long_ago_is_said_as_people_do(passed: timedelta, words: str) -> None:
    """Seconds and minutes first, days after that."""
    assert markup.ago(NOW - passed, NOW) == words


def test_a_clock_set_back_does_not_make_the_future() -> None:
    """A moment later than now is just now, today."""
    later = NOW + timedelta(hours=3)

    assert (markup.ago(later, NOW), markup.day(NOW + timedelta(days=2), NOW)) == ("just now", "today")


def test_a_hostile_name_is_inert_in_html() -> None:
    """Quotes as well, for attributes."""
    assert markup.escape('"><img src=x onerror=alert(1)>') == "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"


def test_a_label_has_nothing_that_markdown_could_render() -> None:
    """Letters, digits and spaces only."""
    assert (
        markup.label("![x](http://evil.example/a.png) *b* _c_ :smile: $x$ Häschen 2")
        == "x http evil example a png b c smile x Häschen 2"
    )
    assert markup.label("***") == "untitled"


def test_long_words_are_cut_at_a_word() -> None:
    """With an ellipsis, within the limit."""
    assert markup.shorten("A wide shot of the meadow.", 14) == "A wide shot…"
    assert markup.shorten("A wide\n shot.", 40) == "A wide shot."
