"""Which models answer: what the provider says of them and of the key, and which ones the user chose."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from maestro.attempts import attempt
from maestro.calls import Call
from maestro.engines import Engine
from maestro.errors import CancelledError
from maestro.events import Events, topic
from maestro.services.storage import Workspace
from maestro.types import ModelProfile, Preferences, Survey

STEPS = ("text", "image")
CHECK_S = 10.0
"""How long asking the provider may take."""
FRESH_S = 600.0
TROUBLED_FRESH_S = 60.0
"""How old an answer may be before it is asked for again: a good one, and one that names troubles."""
TOPIC = topic("list", "models")

log = logging.getLogger(__name__)


class Models:
    """Thread-safe; one for the process. Asks the provider only in the background or when told to, and never pays."""

    def __init__(self, workspace: Workspace, engine: Engine, events: Events) -> None:
        self._workspace = workspace
        self._engine = engine
        self._events = events
        card = engine.card
        self._is_paid = card.is_paid
        self._ranked = {"text": card.text_models, "image": card.image_models}
        self._lock = threading.Lock()
        self._applying = threading.Lock()
        self._applied = dict.fromkeys(STEPS, "")
        self._survey: Survey | None = None
        self._surveyed_s = 0.0
        self._surveyed: tuple[str, ...] = ()
        self._calls: set[Call] = set()
        self._refreshing: threading.Thread | None = None
        self._is_closed = False
        self.apply()

    @property
    def survey(self) -> Survey | None:
        """The last one; None until there is one. Never waits."""
        return self._survey

    @property
    def is_asking(self) -> bool:
        """Whether the provider is being asked at this moment."""
        return bool(self._calls)

    @property
    def is_sent(self) -> bool:
        """Whether a question to the provider has left this computer and is not answered yet."""
        return any(call.was_sent for call in tuple(self._calls))

    def check(self) -> Survey:
        """Asks the provider now ("Check connection"); waits for it, at most 10 s, costs nothing.

        Tells "list/models". Raises CancelledError when Maestro is closing.
        """
        self.apply()
        asked = self._all_asked()
        with self._asking() as call:
            survey = self._engine.survey(call)
        self._survey, self._surveyed_s, self._surveyed = survey, time.monotonic(), asked
        self._events.publish(TOPIC)
        return survey

    def costs(self, generation_ids: Sequence[str]) -> dict[str, float]:
        """What these calls cost in dollars, as far as the provider tells afterwards; waits for it. Raises CancelledError."""
        with self._asking() as call:
            return self._engine.costs(generation_ids, call)

    def refresh(self) -> None:
        """Asks in the background when the last answer is old, or of other models; tells "list/models" afterwards. Never waits."""
        with self._lock:
            is_asking = self._refreshing is not None and self._refreshing.is_alive()
            if self._is_closed or is_asking or self._is_fresh():
                return
            self._refreshing = threading.Thread(target=self._check_quietly, name="maestro-models", daemon=True)
            self._refreshing.start()

    def profile(self, step: str) -> ModelProfile:
        """Of the model that is asked for `step`, "text" or "image"; a bare one when nothing is known of it."""
        self.apply()
        return self._profile_of(step, self._asked(step))

    def choices(self, step: str) -> tuple[ModelProfile, ...]:
        """The models that can be chosen: those of the settings, the chosen one, and what else the provider was asked about."""
        self.apply()
        surveyed = [profile.id for profile in self._profiles() if profile.step == step]
        names = dict.fromkeys((*self._ranked[step], self._asked(step), *surveyed))
        return tuple(self._profile_of(step, name) for name in names if name)

    def use(self, step: str, model: str) -> None:
        """The user's word: from now on, and after a restart, this model is asked; empty: the first of the settings.

        Raises WorkspaceError; then the model of before is asked still.
        """
        if step not in STEPS:
            raise ValueError(f"no such step: {step}")
        self._workspace.set_preferences(partial(_chosen, step=step, model=model.strip()))
        self.apply()
        self.refresh()
        self._events.publish(TOPIC)

    def apply(self) -> None:
        """Has the engine ask what the user chose, here or in another copy of Maestro. Quick when nothing changed."""
        if not self._is_paid:
            return
        with self._applying:  # read under the lock: whoever read before a change must not apply it after
            chosen = self._workspace.preferences()
            for step in STEPS:
                model = _model(chosen, step)
                if model != self._applied[step]:
                    self._engine.choose(step, model)
                    self._applied[step] = model

    def close(self) -> None:
        """Asks nothing any more, and lets go of what is being asked."""
        with self._lock:
            self._is_closed = True
            calls, refreshing = tuple(self._calls), self._refreshing
        for call in calls:
            call.cancel()
        if refreshing is not None:
            refreshing.join(CHECK_S)

    # --- inside

    @contextmanager
    def _asking(self) -> Iterator[Call]:
        call = Call(CHECK_S)
        with self._lock:
            if self._is_closed:
                raise CancelledError("Maestro is closing; nothing was asked.", may_be_charged=False)
            self._calls.add(call)
        try:
            yield call
        finally:
            with self._lock:
                self._calls.discard(call)

    def _asked(self, step: str) -> str:
        return self._applied[step] or next(iter(self._ranked[step]), "")

    def _all_asked(self) -> tuple[str, ...]:
        return tuple(self._asked(step) for step in STEPS)

    def _profiles(self) -> tuple[ModelProfile, ...]:
        return self._survey.profiles if self._survey else ()

    def _profile_of(self, step: str, model: str) -> ModelProfile:
        known = (profile for profile in self._profiles() if profile.step == step and profile.id == model)
        return next(known, ModelProfile(model, step))

    def _is_fresh(self) -> bool:
        if self._survey is None or self._surveyed != self._all_asked():
            return False
        limit_s = TROUBLED_FRESH_S if self._survey.troubles else FRESH_S
        return time.monotonic() - self._surveyed_s < limit_s

    def _check_quietly(self) -> None:
        if trouble := attempt(self.check, "asking the provider for its models"):
            log.info("The provider was not asked for its models: %s", trouble)


def _chosen(chosen: Preferences, step: str, model: str) -> Preferences:
    return replace(chosen, text_model=model) if step == "text" else replace(chosen, image_model=model)


def _model(chosen: Preferences, step: str) -> str:
    return chosen.text_model if step == "text" else chosen.image_model
