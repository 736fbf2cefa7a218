"""The booth: clips are read in a child process, where a crash, a hang or a memory bomb of the decoder takes nobody along."""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from maestro.calls import Call
from maestro.errors import CancelledError, FootageError, TooLongError
from maestro.services.video import wire
from maestro.services.video.studies import Study
from maestro.types import Clip, Footage, SourceFrame, StripFrame

log = logging.getLogger(__name__)

LIMIT_S = 120.0
"""How long one question may take."""
MEMORY_BYTES = 1_500_000_000
"""What a child may allocate."""
_MOST_AT_ONCE = 4
_MOST_QUESTIONS = 50
_ROOT = Path(__file__).resolve().parents[3]
_ENVIRONMENT = {
    # Nothing of this program's environment, where keys are; one thread for numpy's own work.
    "PYTHONPATH": str(_ROOT),
    "OPENBLAS_NUM_THREADS": "1",
    # Pictures come and go by megabytes: one pool that keeps its memory saves fetching it from the system for each of them.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TOP_PAD_": "67108864",
}
_OTHER_FORM = "Export it as an H.264 mp4 of at most 4K, or choose another clip."


@dataclass(frozen=True, slots=True)
class Question:
    """A function of this room by its name, the clip's name for sentences, and what it is called with, the path first."""

    function: str
    name: str
    arguments: tuple[object, ...]
    options: dict[str, object] = field(default_factory=dict)


class _GoneError(Exception):
    """The child died of the question or had no room for it; holds the sentence for the user."""

    def __init__(self, sentence: FootageError) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


class Booth:
    """Asks the functions of this room in a child process; same arguments, same answers, same errors. Thread-safe.

    A child that met a bad clip is not asked again. Where `is_apart` is False the functions run right here: for sound clips only.
    With `call`, its deadline holds too, and cancelling it stops the child (CancelledError).
    """

    def __init__(self, *, limit_s: float = LIMIT_S, memory_bytes: int = MEMORY_BYTES, is_apart: bool = True) -> None:
        self._limit_s = limit_s
        self._memory_bytes = memory_bytes
        self._is_apart = is_apart
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._idle: list[_Child] = []
        self._is_closed = False

    def warm(self) -> None:
        """Starts a child now, without waiting for it, so that the first question finds it ready."""
        with self._lock:
            if self._is_apart and not self._is_closed and not self._idle:
                self._idle.append(self._started())

    def close(self) -> None:
        """Ends the idle children; those at work end with their question."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    # --- the questions

    def probe(self, path: Path, name: str, max_s: float, *, is_trimmed: bool = False, call: Call | None = None) -> Clip:
        """As `video.probe`."""
        question = Question("probe", name, (path, name, max_s), {"is_trimmed": is_trimmed})
        return cast("Clip", self.ask(question, call))

    def sample(
        self, path: Path, name: str, count: int, max_s: float, *, is_trimmed: bool = False, call: Call | None = None
    ) -> Footage:
        """As `video.sample`."""
        question = Question("sample", name, (path, name, count, max_s), {"is_trimmed": is_trimmed})
        return cast("Footage", self.ask(question, call))

    def study(
        self,
        path: Path,
        count: int = 36,
        width_px: int = 960,
        gap: int = 2,
        end_s: float | None = None,
        *,
        call: Call | None = None,
    ) -> Study:
        """As `video.study`."""
        question = Question("study", path.name, (path, count, width_px, gap, end_s))
        return cast("Study", self.ask(question, call))

    def strip(self, path: Path, name: str, end_s: float, count: int = 48, width_px: int = 160) -> tuple[StripFrame, ...]:
        """As `choosing.strip`."""
        question = Question("strip", name, (path, name, end_s, count, width_px))
        return cast("tuple[StripFrame, ...]", self.ask(question, None))

    def around(self, path: Path, name: str, end_s: float, index: int, reach: int = 5) -> tuple[StripFrame, ...]:
        """As `choosing.around`."""
        return cast("tuple[StripFrame, ...]", self.ask(Question("around", name, (path, name, end_s, index, reach)), None))

    def pick(self, path: Path, name: str, end_s: float, indices: Sequence[int]) -> tuple[SourceFrame, ...]:
        """As `choosing.pick`."""
        return cast("tuple[SourceFrame, ...]", self.ask(Question("pick", name, (path, name, end_s, tuple(indices))), None))

    def sharpest_near(self, path: Path, name: str, end_s: float, indices: Sequence[int], reach_s: float = 0.5) -> tuple[int, ...]:
        """As `choosing.sharpest_near`."""
        question = Question("sharpest_near", name, (path, name, end_s, tuple(indices), reach_s))
        return cast("tuple[int, ...]", self.ask(question, None))

    # --- how they are asked

    def ask(self, question: Question, call: Call | None) -> object:
        """What the function answers, or raises."""
        if not self._is_apart:
            from maestro.services.video.functions import FUNCTIONS  # noqa: PLC0415 - brings the decoder, which is not for the app

            return FUNCTIONS[question.function](*question.arguments, **question.options)
        with self._room:
            # The first may have died of something else, or be full of what it read before: only a new one, which takes
            # little room, proves that it was the clip.
            with suppress(_GoneError):
                return self._asked(self._waiting() or self._started(), question, call)
            try:
                return self._asked(self._started(is_frugal=True), question, call)
            except _GoneError as error:
                raise error.sentence from error

    def _asked(self, child: "_Child", question: Question, call: Call | None) -> object:
        is_sound = False
        try:
            value = child.answer(question, call)
        except TooLongError:
            is_sound = True
            raise
        else:
            is_sound = True
            return value
        finally:
            self._put_back(child, is_sound)

    def _waiting(self) -> "_Child | None":
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _put_back(self, child: "_Child", is_sound: bool) -> None:
        with self._lock:
            is_kept = (
                is_sound
                and not child.is_frugal
                and not self._is_closed
                and not self._idle
                and child.question_count < _MOST_QUESTIONS
            )
            if is_kept:
                self._idle.append(child)
        if not is_kept:
            child.end()
            self.warm()

    def _started(self, *, is_frugal: bool = False) -> "_Child":
        return _Child(self._memory_bytes, self._limit_s, is_frugal=is_frugal)


class _Child:
    """One child process; it answers one question at a time. A frugal one decodes in one thread, which takes the least room."""

    def __init__(self, memory_bytes: int, limit_s: float, *, is_frugal: bool) -> None:
        self.is_frugal = is_frugal
        self.question_count = 0
        self._memory_bytes = memory_bytes
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._at_work: Question | None = None
        self._stopped_for: FootageError | CancelledError | None = None
        limits = memory_bytes, int(limit_s) + 1, int(is_frugal)
        try:
            self._running = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
                [sys.executable, "-X", "utf8", "-m", "maestro.services.video.child", *map(str, limits)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=_ENVIRONMENT,
                cwd=_ROOT,
                start_new_session=True,  # Ctrl-C is for the app, which then ends its children
            )
        except OSError as error:
            raise FootageError(
                "The reader of clips cannot be started.", next_step="Close other programs and try again, or start Maestro again."
            ) from error

        self._stdin, self._stdout = cast("BinaryIO", self._running.stdin), cast("BinaryIO", self._running.stdout)

    def end(self) -> None:
        """Kills it; it has nothing to lose."""
        self._running.kill()
        self._running.wait()
        self._stdout.close()
        with suppress(OSError):  # a question may be left in it
            self._stdin.close()

    def answer(self, question: Question, call: Call | None) -> object:
        """Raises what the function raised, FootageError at the deadline, CancelledError, or _GoneError when it died of it."""
        self.question_count += 1
        self._at_work = question
        limit_s = self._limit_s if call is None else min(self._limit_s, call.left_s)
        late = FootageError(f'"{question.name}" could not be read within {limit_s:.0f} s.', next_step=_OTHER_FORM)
        clock = threading.Timer(limit_s, partial(self._stop, question, late))
        clock.daemon = True
        clock.start()
        if call is not None:
            cancelled = CancelledError("This was cancelled; nothing had been asked yet.", may_be_charged=False)
            call.on_cancel(partial(self._stop, question, cancelled))
        try:
            reply = self._exchange(question)
        finally:
            clock.cancel()
        return self._value(reply, question)

    def _stop(self, question: Question, sentence: FootageError | CancelledError) -> None:
        """Kills it if it still works on this question."""
        with self._lock:
            if self._at_work is not question or self._stopped_for is not None:
                return
            self._stopped_for = sentence
        self._running.kill()

    def _exchange(self, question: Question) -> wire.Plain | None:
        """What it answers; None when it died."""
        try:
            wire.write(self._stdin, {"function": question.function, "arguments": question.arguments, "options": question.options})
            reply = wire.read(self._stdout)
        except (OSError, wire.BrokenWireError):
            return None
        return reply if isinstance(reply, dict) else None

    def _value(self, reply: wire.Plain | None, question: Question) -> object:
        with self._lock:
            self._at_work, stopped_for = None, self._stopped_for
        if stopped_for is not None:
            raise stopped_for
        if reply is None:
            raise _GoneError(self._died_of(question))
        if reply.get("has_no_memory"):
            limit = f"{self._memory_bytes / 1_000_000:.0f} MB"
            sentence = f'"{question.name}" needs more than {limit} of memory to be read.'
            raise _GoneError(FootageError(sentence, next_step=_OTHER_FORM))
        if "duration_s" in reply:
            raise TooLongError(str(reply["message"]), **{key: cast("float", reply[key]) for key in ("duration_s", "max_s")})
        if "message" in reply:
            raise FootageError(str(reply["message"]), next_step=str(reply["next_step"]))
        return reply["value"]

    def _died_of(self, question: Question) -> FootageError:
        code = self._running.wait()
        log.warning("The reader of clips ended with %d while it read a clip (%s).", code, question.function)
        why = (
            "the decoder crashed on it"
            if code != -signal.SIGKILL
            else "the system stopped the decoder, probably for want of memory"
        )
        return FootageError(f'"{question.name}" could not be read: {why}.', next_step=_OTHER_FORM)
