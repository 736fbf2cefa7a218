"""Questions that cost nothing: what the provider says of the key, of our models, and of what calls cost."""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Lock
from urllib.parse import quote

from maestro.calls import Call
from maestro.engines.openrouter import catalogue, faults, said
from maestro.engines.openrouter.catalogue import Line, Listed
from maestro.engines.openrouter.models import STEPS, Choice
from maestro.engines.openrouter.replies import Reply
from maestro.engines.openrouter.requests import Ability
from maestro.engines.openrouter.wire import Wire
from maestro.errors import EngineError
from maestro.types import ModelProfile, Survey

KEY = "/key"
MODELS = "/models"
IMAGE_MODELS = "/images/models"
SURVEY_S = 10.0
"""All that a survey may take: nobody should wait long for what is only good to know."""
JOINT = "+"
"""Between the names of two calls that are paid as one: a question and its repair."""
COSTS_LIMIT = 200
"""Calls whose cost is asked for at once."""


class Surveyor:
    """Remembers what image models take, as the last survey said. Thread-safe."""

    def __init__(self, wire: Wire, choice: Choice, *, needs_image_list: bool) -> None:
        self._wire = wire
        self._choice = choice
        self._needs_image_list = needs_image_list
        self._lock = Lock()
        self._abilities: dict[str, Ability] = {}

    def ability(self, model: str) -> Ability:
        """What is known of an image model."""
        with self._lock:
            return self._abilities.get(model, Ability())

    def survey(self, call: Call) -> Survey:
        """Raises CancelledError only."""
        inner = _within(call)
        key, general, drawing = self._wire.fetch((KEY, MODELS, IMAGE_MODELS), inner)
        troubles: list[str] = []
        facts = catalogue.key_facts(_read(key, "what it says of the key", troubles))
        listed = catalogue.lines(_read(general, "its list of models", troubles))
        is_wanted = self._needs_image_list or not isinstance(drawing, Reply) or drawing.status != 404
        drawable = catalogue.lines(_read(drawing, "its list of image models", troubles if is_wanted else []))
        endpoints = self._endpoints(drawable or [], inner)
        profiles = [self._profile(model, step, (listed, drawable), endpoints) for step in STEPS for model in self._asked(step)]
        with self._lock:
            self._abilities |= {known.id: ability for known, ability in profiles if known.step == "image" and ability != Ability()}
        return Survey(datetime.now(UTC), facts, tuple(known for known, _ in profiles), tuple(troubles))

    @staticmethod
    def nothing(trouble: str) -> Survey:
        """That of somebody who could not ask."""
        return Survey(datetime.now(UTC), None, (), (trouble,))

    def costs(self, generation_ids: Sequence[str], call: Call) -> dict[str, float]:
        """Raises CancelledError only; what nobody knows is left out."""
        wanted = [each for each in dict.fromkeys(generation_ids) if each]
        asked = tuple(dict.fromkeys(part for each in wanted for part in each.split(JOINT)))[:COSTS_LIMIT]
        replies = self._wire.fetch([f"/generation?id={quote(each, safe='')}" for each in asked], _within(call)) if asked else []
        told = {each: catalogue.total_cost(_read(reply, "", [])) for each, reply in zip(asked, replies, strict=True)}
        costs = {each: [told.get(part) for part in each.split(JOINT)] for each in wanted}
        return {
            each: math.fsum(known)
            for each, parts in costs.items()
            if len(known := [x for x in parts if x is not None]) == len(parts)
        }

    def _asked(self, step: str) -> tuple[str, ...]:
        return self._choice.ranked(step)

    def _endpoints(self, drawable: Sequence[Line], call: Call) -> dict[str, tuple[Line, ...]]:
        names = [str(catalogue.line_of(model, drawable).get("id", "")) for model in self._asked("image")]
        wanted = [name for name in dict.fromkeys(names) if "/" in name]
        if not wanted:
            return {}
        replies = self._wire.fetch([f"{IMAGE_MODELS}/{quote(name, safe='/~:.')}/endpoints" for name in wanted], call)
        return {name: catalogue.endpoints(_read(reply, "", [])) for name, reply in zip(wanted, replies, strict=True)}

    def _profile(
        self,
        model: str,
        step: str,
        lists: tuple[list[Line] | None, list[Line] | None],
        endpoints: dict[str, tuple[Line, ...]],
    ) -> tuple[ModelProfile, Ability]:
        general = catalogue.line_of(model, lists[0] or [])
        drawing = catalogue.line_of(model, lists[1] or []) if step == "image" else {}
        known = Listed(general, drawing, endpoints.get(str(drawing.get("id", "")), ()))
        # An alias may be missing in the lists and be served; where a list could not be read, nobody knows.
        is_complete = lists[0] is not None and (step == "text" or lists[1] is not None or not self._needs_image_list)
        is_listed = bool(general or drawing) or not is_complete or model.startswith("~")
        return catalogue.profile(model, step, known, is_listed=is_listed)


def _within(call: Call) -> Call:
    if call.left_s <= SURVEY_S:
        return call
    inner = Call(SURVEY_S)
    call.on_cancel(inner.cancel)
    return inner


def _read(reply: Reply | EngineError, what: str, troubles: list[str]) -> object:
    """The answer's JSON, or None and a sentence among the troubles."""
    if isinstance(reply, EngineError):
        _tell(troubles, str(reply))
        return None
    if reply.status == 401:
        _tell(troubles, str(faults.of_status(401, {}, reply.body, KEY).error))
        return None
    if not 200 <= reply.status < 300:
        words = said.words(said.error_in(reply.body))
        _tell(troubles, f"The provider did not tell {what} (status {reply.status})" + (f": “{words}”." if words else "."))
        return None
    try:
        value: object = json.loads(reply.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not (isinstance(value.get("data"), dict | list) or value.get("endpoints")):
        _tell(troubles, f"The provider did not tell {what}: its answer cannot be read.")
        return None
    return value


def _tell(troubles: list[str], sentence: str) -> None:
    if sentence not in troubles:
        troubles.append(sentence)
