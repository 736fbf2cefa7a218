"""Which models answer is the user's word; what the provider says of them is asked in the background and costs nothing."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maestro.calls import Call
from maestro.errors import CancelledError, WorkspaceError
from maestro.events import Events
from maestro.models import TOPIC, Models
from maestro.services.storage import Workspace
from maestro.types import ModelProfile, Preferences, Survey
from tests.fakes import IMAGE_MODELS, LIMIT_S, TEXT_MODELS, FakeEngine, until
from tests.services.storage_samples import VERSION


class ChosenEngine(FakeEngine):
    """Notes what it is told to ask, and answers a survey only when it may."""

    def __init__(self, *, is_paid: bool = True) -> None:
        super().__init__(is_paid=is_paid)
        self.chosen: list[tuple[str, str]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def choose(self, step: str, model: str) -> None:
        self.chosen.append((step, model))

    def survey(self, call: Call) -> Survey:
        call.on_cancel(self.may_answer.set)
        assert self.may_answer.wait(LIMIT_S)
        if call.is_cancelled:
            raise CancelledError("It was let go of.", may_be_charged=False)
        return super().survey(call)


Opener = Callable[..., tuple[Models, ChosenEngine, Events]]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Opens models on one workspace, and closes them."""
    all_models: list[Models] = []

    def opener(*, is_paid: bool = True) -> tuple[Models, ChosenEngine, Events]:
        engine, events = ChosenEngine(is_paid=is_paid), Events()
        all_models.append(Models(Workspace(tmp_path, VERSION), engine, events))
        return all_models[-1], engine, events

    yield opener
    for models in all_models:
        models.close()


def test_without_a_word_the_first_of_the_settings_is_asked(opened: Opener) -> None:
    """Nothing is asked of the provider for that."""
    models, engine, _ = opened()

    assert models.profile("image") == ModelProfile(IMAGE_MODELS[0], "image")
    assert [profile.id for profile in models.choices("text")] == list(TEXT_MODELS)
    assert (engine.chosen, engine.surveys, models.survey) == ([], 0, None)


def test_the_users_word_holds_at_once_and_after_a_restart(opened: Opener) -> None:
    """Also for a model that no list names."""
    models, engine, events = opened()
    models.use("image", " new/model ")
    again, engine_again, _ = opened()

    assert engine.chosen == engine_again.chosen == [("image", "new/model")]
    assert models.profile("image").id == again.profile("image").id == "new/model"
    assert [profile.id for profile in again.choices("image")] == [*IMAGE_MODELS, "new/model"]
    assert events.number(TOPIC)


def test_a_word_that_cannot_be_kept_changes_nothing(opened: Opener, tmp_path: Path) -> None:
    """The model of before is asked still."""
    models, engine, _ = opened()
    tmp_path.rmdir()

    with pytest.raises(WorkspaceError):
        models.use("text", "other-text")

    assert engine.chosen == []
    assert models.profile("text").id == TEXT_MODELS[0]


def test_another_copys_choice_is_followed_at_the_next_use(opened: Opener) -> None:
    """And taken back when it is taken back there."""
    here, engine, _ = opened()
    there, _, _ = opened()
    there.use("text", "other-text")
    assert here.profile("text").id == "other-text"
    there.use("text", "")

    assert here.profile("text").id == TEXT_MODELS[0]
    assert engine.chosen == [("text", "other-text"), ("text", "")]


def test_a_check_is_asked_now_and_told(opened: Opener) -> None:
    """What it brought is known of the models from then on."""
    models, engine, events = opened()
    engine.troubles = ("The key is not valid.",)
    survey = models.check()

    assert models.survey is survey
    assert survey.troubles == ("The key is not valid.",)
    assert models.profile("image").sizes == ("1K", "2K")
    assert events.number(TOPIC)


def test_a_refresh_never_waits_and_is_asked_once_while_it_is_fresh(opened: Opener) -> None:
    """A page may call it at every drawing."""
    models, engine, events = opened()
    engine.may_answer.clear()
    for _ in range(20):
        models.refresh()
    assert models.survey is None
    engine.may_answer.set()
    until(events, lambda: models.survey)
    models.refresh()

    assert engine.surveys == 1


def test_a_model_of_which_nothing_is_known_is_asked_about(opened: Opener) -> None:
    """Although the last answer is fresh."""
    models, engine, events = opened()
    models.check()
    engine.profiles = (*engine.profiles, ModelProfile("new/model", "image", price_usd=0.07))

    models.use("image", "new/model")

    until(events, lambda: models.profile("image").price_usd == 0.07)


def test_closing_lets_go_of_what_is_being_asked(opened: Opener) -> None:
    """A provider that hangs does not keep Maestro open."""
    models, engine, _ = opened()
    engine.may_answer.clear()
    models.refresh()
    models.close()

    assert models.survey is None
    assert not models.is_asking
    with pytest.raises(CancelledError):
        models.check()


def test_offline_the_choices_of_the_paid_engine_are_none(opened: Opener, tmp_path: Path) -> None:
    """The engine on this computer is not told of models that it does not have."""
    Workspace(tmp_path, VERSION).set_preferences(lambda _: Preferences(image_model="one/a"))
    models, engine, _ = opened(is_paid=False)

    assert models.profile("image").id == IMAGE_MODELS[0]
    assert engine.chosen == []
