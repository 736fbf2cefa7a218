"""The booth on the crew: clips are read by its workers, each in a child process of its own."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar, cast

from maestro import crew
from maestro.calls import Call
from maestro.errors import CancelledError, EngineError, FootageError
from maestro.services.video.booth import LIMIT_S, Booth, Question
from maestro.services.video.parcels import Parcel, UnseenError, parcel
from maestro.types import Footage

Value = TypeVar("Value")


class FarBooth(Booth):
    """Meets what Booth does: same arguments, same answers, same errors."""

    def __init__(self, executor: Executor) -> None:
        super().__init__(is_apart=False)
        self._executor = executor

    def ask(self, question: Question, call: Call | None) -> object:
        """By a worker's booth."""
        given, *others = question.arguments
        path = cast("Path", given)
        asked = (question.function, question.name, tuple(others), question.options)
        try:
            found = with_clip(self._executor, read, path, *asked, call=call or Call(LIMIT_S))
        except CancelledError:
            raise CancelledError("This was cancelled; nothing had been asked yet.", may_be_charged=False) from None
        except EngineError as error:
            raise FootageError(f'"{question.name}" could not be read: {error}', next_step=error.next_step) from error
        return replace(found, path=path) if isinstance(found, Footage) else found  # there it may have lain elsewhere


def with_clip(executor: Executor, function: Callable[..., Value], path: Path, *arguments: object, call: Call) -> Value:
    """As `crew.ask`, with the clip as first argument: its bytes travel only when the worker does not see the file."""
    light = parcel(path)
    try:
        return crew.ask(executor, function, light, *arguments, call=call)
    except UnseenError:
        return crew.ask(executor, function, light.filled(), *arguments, call=call)


def read(clip: Parcel, function: str, name: str, others: tuple[object, ...], options: dict[str, object]) -> object:
    """On a worker: what the booth of its process answers."""
    with crew.standing_by(LIMIT_S) as call, clip.opened() as path:
        return own_booth().ask(Question(function, name, (path, *others), options), call)


@lru_cache(maxsize=1)
def own_booth() -> Booth:
    """The one of this process."""
    return Booth()
