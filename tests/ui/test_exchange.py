"""The sheet of what the model saw, as AppTest sees it over a fake studio."""

from collections.abc import Iterator
from dataclasses import replace as changed
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from maestro.types import CallKind, Exchange, SentPicture, Take
from maestro.ui import exchange, studio
from tests.ui import FakeStudio, shown_project
from tests.ui.books import NOW
from tests.ui.test_gallery import html, press

ANSWER = '{"choices": [{"message": {"content": "<b>Here</b>"}}]}'


def kept(call_id: str, kind: CallKind = CallKind.SHOOT, pictures: tuple[SentPicture, ...] = ()) -> Exchange:
    """An exchange that is told from others by its prompt."""
    return Exchange(
        call_id, kind, "openrouter", "vendor/paint-1", NOW, 12.0, f"Prompt of {call_id}: ![x](https://x)", pictures, ANSWER, 0.04
    )


@pytest.fixture(name="held")
def _held(tmp_path: Path) -> Iterator[FakeStudio]:
    held = FakeStudio(tmp_path, shown_project(tmp_path))
    studio.replace(held)
    yield held
    studio.replace(None)


def take_of(held: FakeStudio, **facts: object) -> Take:
    """The first take, changed so, in the project."""
    project = held.held["meadow-1"]
    take = changed(project.sheets[0].takes[0], **facts)  # type: ignore[arg-type]
    sheets = (changed(project.sheets[0], takes=(take,)), *project.sheets[1:])
    held.held["meadow-1"] = changed(project, sheets=sheets)
    return take


def page(script: str) -> AppTest:
    """A page of one statement."""
    drawn = AppTest.from_string(f"from maestro.ui import exchange, state\nfrom maestro.ui.studio import studio\n{script}\n")
    drawn.default_timeout = 90
    drawn.run()
    assert not drawn.exception
    return drawn


def opened(call: str) -> AppTest:
    """The page of that button after a click on it; its key is "here"."""
    return press(page(f"exchange.{call}"), "saw-here")


def codes(drawn: AppTest) -> list[str]:
    """What can be copied, word for word."""
    return [code.value for code in drawn.code]


def test_the_sheet_shows_prompt_pictures_and_answer_word_for_word(held: FakeStudio) -> None:
    """Pictures in the order in which they were sent; one that is gone says so."""
    here = held.held["meadow-1"].sheets[0].takes[0].path
    held.kept["c1"] = kept(
        "c1", pictures=(SentPicture("style", "wave.jpg", "a" * 64, here), SentPicture("frame", "frame <3>", "b" * 64))
    )
    drawn = opened('button("meadow-1", "c1", "here")')

    assert codes(drawn) == ["Prompt of c1: ![x](https://x)", ANSWER]
    assert html(drawn).index("1 · wave.jpg") < html(drawn).index("2 · frame &lt;3&gt; · not there any more")
    assert "vendor/paint-1</b> · openrouter" in html(drawn)
    assert "12 s · $0.04" in html(drawn)


def test_the_sheet_stays_open_when_its_place_is_drawn_again(held: FakeStudio) -> None:
    """And is not there before anybody asked for it."""
    held.kept["c1"] = kept("c1")
    drawn = page('exchange.button("meadow-1", "c1", "here")')
    assert codes(drawn) == []

    press(drawn, "saw-here")
    drawn.run()

    assert codes(drawn) == ["Prompt of c1: ![x](https://x)", ANSWER]


def test_of_two_sheets_the_last_one_is_open(held: FakeStudio) -> None:
    """Streamlit draws one dialog at a time."""
    held.kept |= {"c1": kept("c1"), "c2": kept("c2")}
    drawn = page('exchange.button("meadow-1", "c1", "here")\nexchange.button("meadow-1", "c2", "there")')
    press(press(drawn, "saw-here"), "saw-there")

    assert codes(drawn)[0].startswith("Prompt of c2")


def test_a_take_leads_to_the_call_that_made_it(held: FakeStudio) -> None:
    """Also a further picture of the same answer."""
    held.kept["c1"] = kept("c1")
    for call_id in ("c1", "c1-2"):
        take_of(held, call_id=call_id, engine="openrouter")

        assert codes(opened('take_button("meadow-1", studio().open("meadow-1").sheets[0].takes[0], "here")'))[1] == ANSWER


def test_a_take_of_which_no_answer_is_kept_shows_its_prompt_and_says_so(held: FakeStudio) -> None:
    """Made before answers were kept."""
    take_of(held, prompt="Paint a rabbit.", engine="openrouter", model="vendor/paint-0")
    drawn = opened('take_button("meadow-1", studio().open("meadow-1").sheets[0].takes[0], "here")')

    assert codes(drawn) == ["Paint a rabbit."]
    assert "answer was not kept" in html(drawn)


def test_an_offline_take_says_that_no_model_was_asked(held: FakeStudio) -> None:
    """What it was made from can be read."""
    take_of(held, prompt="", text="A wide shot.")
    drawn = opened('take_button("meadow-1", studio().open("meadow-1").sheets[0].takes[0], "here")')

    assert codes(drawn) == ["A wide shot."]
    assert "No model was asked" in html(drawn)


def test_the_analysis_shows_one_call_at_a_time_by_name(held: FakeStudio) -> None:
    """Context, director, and each shot that was directed again."""
    kinds = (CallKind.DESCRIBE, CallKind.DIRECT, CallKind.REDIRECT, CallKind.REDIRECT)
    held.kept |= {f"c{number}": kept(f"c{number}", kind) for number, kind in enumerate(kinds)}
    drawn = opened('analysis_button("meadow-1", "here")')
    assert codes(drawn)[0].startswith("Prompt of c0")

    drawn.segmented_control(key="saw-which-here").select("Director").run()

    assert codes(drawn)[0].startswith("Prompt of c1")
    calls = tuple(held.kept.values())
    assert exchange.names_of(calls, {}) == ["Context", "Director", "One shot again", "One shot again, 2"]
    assert exchange.names_of(calls, {"c2": 2, "c3": 4}) == ["Context", "Director", "Shot 2 again", "Shot 4 again"]


def test_a_take_that_is_gone_meanwhile_says_so(held: FakeStudio) -> None:
    """Deleted in another tab while its sheet was open."""
    drawn = page(
        "import streamlit as st\n"
        'if "first" not in st.session_state:\n    st.session_state["first"] = studio().open("meadow-1").sheets[0].takes[0]\n'
        'exchange.take_button("meadow-1", st.session_state["first"], "here")'
    )
    press(drawn, "saw-here")
    project = held.held["meadow-1"]
    held.held["meadow-1"] = changed(project, sheets=(changed(project.sheets[0], takes=()), *project.sheets[1:]))
    drawn.run()

    assert "This take is not there any more." in html(drawn)
