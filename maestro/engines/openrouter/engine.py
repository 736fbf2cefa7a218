"""OpenRouter as an Engine: asks the chosen model and no other, checks, repairs once, and says what everything cost."""

import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace

from maestro.calls import Call
from maestro.config import Settings
from maestro.engines import Keep, Wish
from maestro.engines.openrouter import developing, replies, requests
from maestro.engines.openrouter.asking import CHAT, Asker, check_key
from maestro.engines.openrouter.models import Choice
from maestro.engines.openrouter.surveying import Surveyor
from maestro.engines.openrouter.wire import Wire
from maestro.errors import EngineError, KeyRefusedError, ModelGoneError
from maestro.services import context as context_service
from maestro.services import director
from maestro.types import Context, Described, Directed, EngineCard, Footage, GenerationResult, Redirected, Shot, ShotOrder, Survey

IMAGES = "/images"


class OpenRouterEngine:
    """Meets the Protocol Engine. Thread-safe; holds one thread and closes it with `close`. `executor` as in Wire."""

    def __init__(self, settings: Settings, executor: Executor | None = None) -> None:
        self._settings = settings
        self._wire = Wire(settings, executor)
        self._choice = Choice(settings)
        self._asker = Asker(settings, self._wire, self._choice)
        self._surveyor = Surveyor(self._wire, self._choice, needs_image_list=settings.image_wire == "images")

    @property
    def card(self) -> EngineCard:
        """For the page: the host that everything is sent to, and the models, the one that is asked first."""
        host = self._settings.base_url.host
        title = "OpenRouter" if host == "openrouter.ai" else f"Models at {host}"
        line = f"Made by AI models at {host}: source frames and style picture are sent there, and answers are paid with your key."
        return EngineCard(
            developing.ENGINE,
            title,
            line,
            is_paid=True,
            text_models=self._choice.ranked("text"),
            image_models=self._choice.ranked("image"),
        )

    def describe(self, footage: Footage, call: Call) -> Described:
        """What the clip shows, from its source frames."""
        answer = self._asker.ask(context_service.question(footage.frames), context_service.read, call)
        return Described(answer.value, answer.model, answer.cost_usd, answer.prompt, answer.answer, answer.generation_id)

    def direct(self, footage: Footage, context: Context, call: Call) -> Directed:
        """Five shots, from the director's source frame and the context."""
        answer = self._asker.ask(director.question(footage.director_frame, context), director.read, call)
        return Directed(answer.value, answer.model, answer.cost_usd, answer.prompt, answer.answer, answer.generation_id)

    def redirect(self, footage: Footage, context: Context, shots: tuple[Shot, ...], wish: Wish, call: Call) -> Redirected:
        """Another shot in the place of one of `shots`, the others kept, as `wish` hints."""
        question = director.question_again(footage.director_frame, context, shots, wish.shot_id, wish.hint)
        answer = self._asker.ask(question, lambda words: director.read_again(words, wish.shot_id), call)
        return Redirected(answer.value, answer.model, answer.cost_usd, answer.prompt, answer.answer, answer.generation_id)

    def shoot(self, order: ShotOrder, call: Call, keep: Keep) -> GenerationResult:
        """One answer, with one picture or more. `keep` gets its body before it is read."""
        began = time.monotonic()
        check_key(self._settings)
        model = self._choice.model("image")
        sitting = requests.sitting(order, self._surveyor.ability(model))
        result = self._shot(model, sitting, order.shot.id, call, keep)
        return replace(
            result,
            model=result.model or model,
            prompt=sitting.prompt,
            duration_s=time.monotonic() - began,
            notes=(*sitting.notes, *result.notes),
        )

    def develop(self, raw: bytes, order_shot_id: int) -> GenerationResult:
        """The pictures in a raw answer that `keep` once got."""
        return developing.develop(raw, order_shot_id)

    def survey(self, call: Call) -> Survey:
        """Key, models and prices; GET only. The last one decides what models are asked for."""
        try:
            check_key(self._settings)
        except KeyRefusedError as error:
            return self._surveyor.nothing(str(error))
        return self._surveyor.survey(call)

    def costs(self, generation_ids: Sequence[str], call: Call) -> dict[str, float]:
        """What these calls cost, as far as the provider tells."""
        return self._surveyor.costs(generation_ids, call)

    def choose(self, step: str, model: str) -> None:
        """From now on asks this model for `step`; empty: the first of the settings."""
        before = self._choice.model(step)
        self._choice.choose(step, model)
        if self._choice.model(step) != before:
            self._wire.start_over()

    def close(self) -> None:
        """Ends what is in flight and closes the connections."""
        self._wire.close()

    def _shot(self, model: str, sitting: requests.Sitting, shot_id: int, call: Call, keep: Keep) -> GenerationResult:
        is_chat = self._settings.image_wire == "chat"
        path, body = (CHAT, requests.picture_by_chat) if is_chat else (IMAGES, requests.picture)
        generation_id = ""
        try:
            received = self._wire.post(path, body(model, sitting), call)
            generation_id = received.generation_id
            keep(received.body)
            result = developing.develop(received.body, shot_id)
        except EngineError as error:
            raise self._told(error, model, sitting.prompt, generation_id) from error.__cause__
        return replace(result, generation_id=result.generation_id or generation_id)

    def _told(self, error: EngineError, model: str, prompt: str, generation_id: str) -> EngineError:
        if isinstance(error, ModelGoneError):
            error = self._choice.gone(error, "image", model)
        return replies.told(error, model, prompt, generation_id)
