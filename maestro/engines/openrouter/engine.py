"""OpenRouter as an Engine: asks, checks, falls back to the next model, repairs once."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Generic, TypeVar

from maestro import config
from maestro.calls import Call
from maestro.config import Settings
from maestro.engines import Keep
from maestro.engines.openrouter import developing, replies, requests
from maestro.engines.openrouter.models import Ranking
from maestro.engines.openrouter.replies import Words
from maestro.engines.openrouter.wire import Wire
from maestro.errors import AnswerError, CancelledError, EngineError, KeyRefusedError
from maestro.questions import Question
from maestro.services import context as context_service
from maestro.services import director, images
from maestro.types import Context, Described, Directed, EngineCard, Footage, GenerationResult, ShotOrder

CACHE_LENGTH = 64
CHAT = "/chat/completions"
IMAGES = "/images"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Answer(Generic[Value]):
    value: Value
    model: str
    cost_usd: float | None


class OpenRouterEngine:
    """Meets the Protocol Engine. Thread-safe; holds one thread and closes it with `close`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wire = Wire(settings)
        self._text = Ranking(settings.text_models, config.variable("text_models"))
        self._image = Ranking(settings.image_models, config.variable("image_models"))
        self._cache: OrderedDict[str, Words] = OrderedDict()
        self._cache_lock = Lock()

    @property
    def card(self) -> EngineCard:
        """For the page: the host that everything is sent to, and the models in order of preference."""
        host = self._settings.base_url.host
        title = "OpenRouter" if host == "openrouter.ai" else f"Models at {host}"
        line = f"Made by AI models at {host}: source frames and style picture are sent there, and answers are paid with your key."
        return EngineCard(
            developing.ENGINE, title, line, is_paid=True, text_models=self._text.models, image_models=self._image.models
        )

    def describe(self, footage: Footage, call: Call) -> Described:
        """What the clip shows, from its source frames."""
        answer = self._ask(context_service.question(footage.frames), context_service.read, call)
        return Described(answer.value, answer.model, answer.cost_usd)

    def direct(self, footage: Footage, context: Context, call: Call) -> Directed:
        """Five shots, from the director's source frame and the context."""
        answer = self._ask(director.question(footage.director_frame, context), director.read, call)
        return Directed(answer.value, answer.model, answer.cost_usd)

    def shoot(self, order: ShotOrder, call: Call, keep: Keep) -> GenerationResult:
        """One picture. `keep` gets the body of the answer before it is read."""
        began = time.monotonic()
        self._check_key()
        is_chat = self._settings.image_wire == "chat"
        path, body = (CHAT, requests.picture_by_chat) if is_chat else (IMAGES, requests.picture)
        model, raw = self._image.ask(lambda model: self._wire.post(path, body(model, order), call))
        keep(raw)
        result = developing.develop(raw, order.shot.id)
        note = self._image.note(model)
        return replace(
            result,
            model=result.model or model,
            prompt=images.prompt(order),
            duration_s=time.monotonic() - began,
            notes=(*result.notes, note) if note else result.notes,
        )

    def develop(self, raw: bytes, order_shot_id: int) -> GenerationResult:
        """The picture in a raw answer that `keep` once got."""
        return developing.develop(raw, order_shot_id)

    def close(self) -> None:
        """Ends what is in flight and closes the connections."""
        self._wire.close()

    def _ask(self, question: Question, read: Callable[[str], Value], call: Call) -> _Answer[Value]:
        known = self._remembered(question)
        if known:
            return _Answer(read(known.text), known.model, 0.0)
        self._check_key()
        model, body = self._text.ask(lambda model: self._wire.post(CHAT, requests.text(model, question), call))
        words = replies.text(body, model)
        try:
            value = read(words.text)
        except AnswerError as error:
            misfit = _misfit(words, error)
            words = self._repaired(question, words, misfit, model, call)
            value = _read_again(read, words)
        self._remember(question, words)
        return _Answer(value, words.model, words.cost_usd)

    def _repaired(self, question: Question, words: Words, misfit: AnswerError, model: str, call: Call) -> Words:
        """The second and last try, told what was wrong. When that fails too, the first answer is the one to show."""
        body = requests.repair(model, question, words.text[: replies.RAW_LIMIT], str(misfit))
        try:
            again = replies.text(self._wire.post(CHAT, body, call), model)
        except CancelledError:
            raise
        except EngineError as error:
            raise misfit from error
        return replace(again, cost_usd=_sum(words.cost_usd, again.cost_usd))

    def _check_key(self) -> None:
        key = self._settings.openrouter_api_key.get_secret_value().strip()
        if not key:
            raise KeyRefusedError("OPENROUTER_API_KEY is not set; nothing was sent.", may_be_charged=False)
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise KeyRefusedError("OPENROUTER_API_KEY holds characters that no key has; nothing was sent.", may_be_charged=False)

    def _remembered(self, question: Question) -> Words | None:
        with self._cache_lock:
            return self._cache.get(question.digest) if self._settings.answer_cache else None

    def _remember(self, question: Question, words: Words) -> None:
        """Only answers that fit. The models are the same as long as the engine is, so the question alone is the key."""
        if not self._settings.answer_cache:
            return
        with self._cache_lock:
            self._cache[question.digest] = words
            if len(self._cache) > CACHE_LENGTH:
                self._cache.popitem(last=False)


def _misfit(words: Words, error: AnswerError) -> AnswerError:
    return AnswerError("The model's answer was cut off before its end.", raw=words.text) if words.is_cut else error


def _read_again(read: Callable[[str], Value], words: Words) -> Value:
    try:
        return read(words.text)
    except AnswerError as error:
        message = f"{_misfit(words, error)} The model was asked twice."
        step = "Ask again, or name another model in MAESTRO_TEXT_MODELS."
        raise AnswerError(message, raw=words.text, next_step=step) from error


def _sum(first: float | None, second: float | None) -> float | None:
    return second if first is None else first + (second or 0.0)
