"""The child of the booth: reads clips where it may crash. Started by `booth.py`, never imported by the app.

It reads questions from its standard input and writes answers to its standard output; it ends when either side of that is gone.
"""

import gc
import io
import os
import queue
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from maestro.errors import FootageError, TooLongError
from maestro.services.video import darkroom, wire
from maestro.services.video.functions import FUNCTIONS

if sys.platform != "win32":
    import resource


def main(memory_bytes: int, limit_s: int, *, is_frugal: bool) -> None:
    """Answers until there is nobody left to ask.

    What is bounded is what may be written to: the memory that was asked for, touched or not, and 8 MB for each thread.
    """
    if is_frugal:
        darkroom.limit_decoders(1)
    gc.freeze()
    _bound("RLIMIT_DATA", memory_bytes)
    _bound("RLIMIT_CORE", 0)
    _be_the_first_to_go()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not come between the answers
    questions: queue.SimpleQueue[wire.Plain] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(os.fdopen(os.dup(0), "rb", buffering=0), questions), daemon=True).start()
    while True:
        question = questions.get()
        _bound("RLIMIT_CPU", int(time.process_time()) + limit_s * (os.cpu_count() or 1))
        wire.write(answers, _answer(question))
        gc.collect()  # decoders lie in cycles; each that is left keeps its threads and frames until then


def _listen(stream: io.RawIOBase, questions: "queue.SimpleQueue[wire.Plain]") -> None:
    """In a thread of its own, so that the end of the app also ends a decoder that never ends."""
    try:
        while True:
            questions.put(cast("wire.Plain", wire.read(cast("BinaryIO", stream))))
    except wire.BrokenWireError:
        os._exit(0)


def _answer(question: wire.Plain) -> wire.Plain:
    function = FUNCTIONS[str(question["function"])]
    arguments, options = cast("tuple[object, ...]", question["arguments"]), cast("wire.Plain", question["options"])
    try:
        return {"value": function(*arguments, **options)}
    except TooLongError as error:
        return _refusal(error) | {"duration_s": error.duration_s, "max_s": error.max_s}
    except FootageError as error:
        return _refusal(error)
    except MemoryError:
        return {"has_no_memory": True}


def _refusal(error: FootageError) -> wire.Plain:
    return {"message": str(error), "next_step": error.next_step}


def _bound(kind: str, most: int) -> None:
    """Where the system knows no such limit, the booth's clock is what remains."""
    if sys.platform != "win32":
        _, hard = resource.getrlimit(getattr(resource, kind))
        resource.setrlimit(getattr(resource, kind), (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _be_the_first_to_go() -> None:
    """When the computer itself runs out of memory, this is the program to stop, not the app."""
    if sys.platform == "linux":
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), is_frugal=sys.argv[3] == "1")
