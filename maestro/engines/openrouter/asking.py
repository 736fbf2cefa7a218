"""Questions in words: one model is asked, its answer checked, and repaired once when it does not fit."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Generic, TypeVar

from maestro.calls import Call
from maestro.config import Settings
from maestro.engines.openrouter import replies, requests
from maestro.engines.openrouter.models import Choice
from maestro.engines.openrouter.replies import Words
from maestro.engines.openrouter.said import RAW_LIMIT
from maestro.engines.openrouter.surveying import JOINT
from maestro.engines.openrouter.wire import Wire
from maestro.errors import AnswerError, CancelledError, EngineError, KeyRefusedError, ModelGoneError, Remedy
from maestro.questions import ANSWER_LIMIT, Question

CACHE_LENGTH = 64
CHAT = "/chat/completions"
NEXT_STEP = "Choose other source frames or another model, then ask again."
"""Instead of advice about a shot's words, which a question in words does not have."""
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """What was understood, and word for word what was asked and answered."""

    value: Value
    model: str
    cost_usd: float | None
    prompt: str
    answer: str
    generation_id: str


class Asker:
    """Thread-safe. Remembers answers when the settings say so."""

    def __init__(self, settings: Settings, wire: Wire, choice: Choice) -> None:
        self._settings = settings
        self._wire = wire
        self._choice = choice
        self._cache: OrderedDict[tuple[str, str], Words] = OrderedDict()
        self._cache_lock = Lock()

    def ask(self, question: Question, read: Callable[[str], Value], call: Call) -> Answer[Value]:
        """The answer as `read` understands it. Raises EngineError, which says what all answers cost together."""
        model, prompt = self._choice.model("text"), requests.words(question)
        known = self._remembered(question, model)
        if known:
            return Answer(read(known.text), known.model, 0.0, prompt, known.text, "")
        check_key(self._settings)
        try:
            words = self._words(requests.text(model, question), model, call)
            return self._understood(question, words, read, model, call)
        except EngineError as error:
            if isinstance(error, ModelGoneError):
                raise replies.told(self._choice.gone(error, "text", model), model, prompt) from error.__cause__
            raise _about_words(replies.told(error, model, prompt)) from error.__cause__

    def _understood(self, question: Question, words: Words, read: Callable[[str], Value], model: str, call: Call) -> Answer[Value]:
        prompt, answer = requests.words(question), words.text
        try:
            value = read(words.text)
        except AnswerError as error:
            misfit = _misfit(words, error)
            words = self._repaired(question, words, misfit, model, call)
            prompt, answer = f"{prompt}\n\n{requests.REPAIR.format(reason=misfit)}", f"{answer}\n\n{words.text}"
            value = _read_again(read, words)
        self._remember(question, model, words)
        return Answer(value, words.model, words.cost_usd, prompt, answer[:ANSWER_LIMIT], words.generation_id)

    def _repaired(self, question: Question, first: Words, misfit: AnswerError, model: str, call: Call) -> Words:
        """The second and last try, told what was wrong. When that fails too, the first answer is the one to show."""
        body = requests.repair(model, question, first.text[:RAW_LIMIT], str(misfit))
        try:
            again = self._words(body, model, call)
        except CancelledError as error:
            raise _with_first(error, first, error) from error.__cause__
        except EngineError as error:
            raise _with_first(misfit, first, error) from error
        cost = _sum(first.cost_usd, again.cost_usd)
        return replace(again, cost_usd=cost, generation_id=_both(first.generation_id, again.generation_id))

    def _words(self, body: object, model: str, call: Call) -> Words:
        received = self._wire.post(CHAT, body, call)
        try:
            words = replies.text(received.body, model)
        except EngineError as error:
            error.generation_id = received.generation_id or error.generation_id
            raise
        return replace(words, generation_id=received.generation_id or words.generation_id)

    def _remembered(self, question: Question, model: str) -> Words | None:
        with self._cache_lock:
            return self._cache.get((question.digest, model)) if self._settings.answer_cache else None

    def _remember(self, question: Question, model: str, words: Words) -> None:
        """Only answers that fit."""
        if not self._settings.answer_cache:
            return
        with self._cache_lock:
            self._cache[question.digest, model] = words
            if len(self._cache) > CACHE_LENGTH:
                self._cache.popitem(last=False)


def check_key(settings: Settings) -> None:
    """Raises KeyRefusedError for a key that cannot be one, before anything is sent."""
    key = settings.openrouter_api_key.get_secret_value().strip()
    if not key:
        raise KeyRefusedError("OPENROUTER_API_KEY is not set; nothing was sent.", may_be_charged=False)
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise KeyRefusedError("OPENROUTER_API_KEY holds characters that no key has; nothing was sent.", may_be_charged=False)


def _about_words(error: EngineError) -> EngineError:
    if error.remedy is Remedy.WORDS:
        error.next_step = NEXT_STEP
    return error


def _misfit(words: Words, error: AnswerError) -> AnswerError:
    return AnswerError("The model's answer was cut off before its end.", raw=words.text) if words.is_cut else error


def _read_again(read: Callable[[str], Value], words: Words) -> Value:
    try:
        return read(words.text)
    except AnswerError as error:
        message = f"{_misfit(words, error)} The model was asked twice."
        twice = AnswerError(message, raw=words.text, next_step="Ask again, or choose another model.")
        twice.generation_id = words.generation_id
        raise _costing(twice, words.cost_usd) from error


def _with_first(error: EngineError, first: Words, second: EngineError) -> EngineError:
    """Both answers' cost; unknown when that of the second is, since a sum without it would pass for the whole."""
    if second.cost_usd is None and not second.may_be_charged:
        error.generation_id = first.generation_id
        return _costing(error, first.cost_usd)
    error.generation_id = _both(first.generation_id, second.generation_id)
    return _costing(error, _sum(first.cost_usd, second.cost_usd))


def _costing(error: EngineError, cost_usd: float | None) -> EngineError:
    error.cost_usd = cost_usd
    error.may_be_charged = cost_usd is None or cost_usd > 0
    return error


def _sum(first: float | None, second: float | None) -> float | None:
    """Unknown when either is."""
    return None if first is None or second is None else first + second


def _both(first: str, second: str) -> str:
    """One name for two calls, by which the costs of both can be asked for; empty when one of them could not."""
    return f"{first}{JOINT}{second}" if first and second else ""
