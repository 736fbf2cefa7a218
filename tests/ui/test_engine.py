"""The engine's card in the sidebar, as AppTest sees it over a fake studio."""

from collections.abc import Iterator
from dataclasses import replace as changed
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from maestro.errors import WorkspaceError
from maestro.types import EngineCard, KeyFacts, ModelProfile, Survey
from maestro.ui import engine, studio
from tests.fakes import until
from tests.ui import FakeStudio, shown_project
from tests.ui.books import NOW
from tests.ui.test_gallery import html
from tests.ui.test_shell import page

PAID = EngineCard("openrouter", "OpenRouter", "Asks your provider.", is_paid=True)
ALL_LISTED = (ModelProfile("vendor/words-1", "text"), ModelProfile("vendor/paint-1", "image"))
TODAY = date(2026, 11, 29)


@pytest.fixture(name="held")
def _held(tmp_path: Path) -> Iterator[FakeStudio]:
    held = FakeStudio(tmp_path, shown_project(tmp_path))
    held.shown_card = PAID
    studio.replace(held)
    yield held
    studio.replace(None)


def image_choice(drawn: AppTest) -> Selectbox[str]:
    """The choice of the image model."""
    return next(box for box in drawn.selectbox if box.label == "Image model")


def press_check(drawn: AppTest, held: FakeStudio) -> str:
    """Presses Check connection and waits for its end; what the card says then."""
    drawn.button(key="check-connection").click().run()
    until(held.events, lambda: not engine.is_checking())
    drawn.run()
    assert not drawn.exception
    return html(drawn)


def test_the_offline_engine_costs_nothing_and_says_how_to_get_the_paid_one(held: FakeStudio, tmp_path: Path) -> None:
    """No model to choose, no connection to check."""
    held.shown_card = changed(PAID, is_paid=False)
    drawn = page(tmp_path)

    assert "It costs nothing." in html(drawn)
    assert "OPENROUTER_API_KEY" in html(drawn)
    assert (len(drawn.selectbox), [one.key for one in drawn.button if one.key == "check-connection"]) == (0, [])


def test_the_chosen_model_is_asked_from_now_on(held: FakeStudio, tmp_path: Path) -> None:
    """Choosing it is the user's word."""
    held.paper.known.append(ModelProfile("vendor/paint-2", "image", price_usd=0.12))
    drawn = page(tmp_path)
    assert image_choice(drawn).options == [
        "vendor/paint-1 · $0.04 a picture",
        "vendor/paint-2 · $0.12 a picture",
    ]

    image_choice(drawn).select("vendor/paint-2").run()

    assert held.paper.chosen == {"text": "vendor/words-1", "image": "vendor/paint-2"}
    assert image_choice(drawn).value == "vendor/paint-2"


def test_prices_that_change_choose_no_model(held: FakeStudio, tmp_path: Path) -> None:
    """The browser goes on sending the name with the price that it showed: that must be another widget's, whose choice is void."""
    drawn = page(tmp_path)
    before = image_choice(drawn)
    held.paper.known[:] = [changed(profile, price_usd=None) for profile in held.paper.known]
    drawn.run()

    assert image_choice(drawn).id != before.id
    assert held.paper.chosen == {"text": "vendor/words-1", "image": "vendor/paint-1"}
    assert image_choice(drawn).options == ["vendor/paint-1"]


def test_a_choice_that_was_drawn_before_the_model_changed_changes_nothing(held: FakeStudio, tmp_path: Path) -> None:
    """A row's button chose another model in the meantime, and the browser tells once more of the list as it was."""
    held.paper.known += [ModelProfile("vendor/paint-2", "image"), ModelProfile("vendor/paint-3", "image")]
    drawn = page(tmp_path)
    held.paper.use("image", "vendor/paint-3")
    image_choice(drawn).select("vendor/paint-2").run()

    assert held.paper.chosen["image"] == "vendor/paint-3"
    assert image_choice(drawn).value == "vendor/paint-3"


def test_a_choice_that_cannot_be_kept_is_not_shown_as_made(
    held: FakeStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card says why and goes on naming the model that is asked."""
    held.paper.known.append(ModelProfile("vendor/paint-2", "image"))

    def refuse(step: str, model: str) -> None:
        raise WorkspaceError(f"{step}: {model} cannot be kept.")

    monkeypatch.setattr(held.paper, "use", refuse)
    drawn = page(tmp_path)
    image_choice(drawn).select("vendor/paint-2").run()

    assert image_choice(drawn).value == "vendor/paint-1"
    assert "image: vendor/paint-2 cannot be kept." in html(drawn)


def test_check_connection_asks_once_and_says_what_it_found(held: FakeStudio, tmp_path: Path) -> None:
    """In the background; what is left on the key stands in the card."""
    held.paper.next_found = Survey(NOW, KeyFacts(10.0, 4.2, 5.8), ALL_LISTED)
    said = press_check(page(tmp_path), held)

    assert held.paper.checks == 1
    assert "$4.20 left of $10.00 on this key" in said
    assert "the provider answers, your key is accepted, 2 of 2 models in its list." in said


def test_every_trouble_of_the_connection_is_a_sentence_as_it_came(held: FakeStudio, tmp_path: Path) -> None:
    """Escaped, since the provider may have worded it; nothing says that all is well."""
    held.paper.next_found = Survey(NOW, None, (), ("The key was <refused>.", "The list of models cannot be read."))
    said = press_check(page(tmp_path), held)

    assert "The key was &lt;refused&gt;." in said
    assert "The list of models cannot be read." in said
    assert "the provider answers" not in said


@pytest.mark.parametrize(
    ("profile", "sentences"),
    [
        (ModelProfile("a/b", "image"), []),
        (ModelProfile("a/b", "image", expires_on=date(2026, 12, 30)), []),
        (
            ModelProfile("a/b", "image", expires_on=date(2026, 12, 11)),
            ["a/b goes away on 11 Dec 2026, in 12 days: choose another ahead of time."],
        ),
        (ModelProfile("a/b", "image", expires_on=TODAY), ["a/b went away on 29 Nov 2026: choose another."]),
        (
            ModelProfile("a/b", "image", is_listed=False),
            ["a/b is not in the provider's list: it may be gone. Choose another."],
        ),
    ],
)
def test_a_model_that_goes_away_is_told_of_ahead_of_time(profile: ModelProfile, sentences: list[str]) -> None:
    """From thirty days before."""
    assert engine.warnings_of(profile, TODAY) == sentences


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (None, ""),
        (KeyFacts(10.0, 4.2, 5.8), "$4.20 left of $10.00 on this key"),
        (KeyFacts(None, 1204.5, None), "$1,204.50 left on this key"),
        (KeyFacts(None, None, 5.8), "No limit on this key · $5.80 used"),
    ],
)
def test_the_key_line_says_what_is_left(key: KeyFacts | None, line: str) -> None:
    """And nothing that the provider did not say."""
    assert engine.key_line(key) == line
