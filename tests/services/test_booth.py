"""What a clip does to its reader stays in the booth."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from maestro.calls import Call
from maestro.config import ROOT
from maestro.errors import CancelledError, FootageError, TooLongError
from maestro.services import video
from maestro.services.video import wire
from maestro.services.video.booth import Booth, _Child
from tests import clips
from tests.clips import Recipe

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds."""
    return clips.make(tmp_path_factory.mktemp("clips") / "a.mp4", Recipe(frames=60))


@pytest.fixture(scope="module")
def booth() -> Iterator[Booth]:
    """One for all tests that do it no harm."""
    booth = Booth()
    yield booth
    booth.close()


def test_the_booth_answers_as_the_functions_do(booth: Booth, clip: Path) -> None:
    """Byte for byte."""
    assert booth.probe(clip, "a.mp4", 30) == video.probe(clip, "a.mp4", 30)
    assert booth.sample(clip, "a.mp4", 5, 30) == video.sample(clip, "a.mp4", 5, 30)
    apart, here = booth.study(clip, 6, 80), video.study(clip, 6, 80)
    assert (apart.indices, apart.times_s, apart.duration_s) == (here.indices, here.times_s, here.duration_s)
    for one, other in zip(apart.pairs, here.pairs, strict=True):
        assert np.array_equal(one, other)


def test_a_refusal_comes_with_its_sentences(booth: Booth, tmp_path: Path) -> None:
    """And the next clip is read all the same."""
    path = tmp_path / "b.mp4"
    path.write_bytes(b"#!/bin/sh\n")

    with pytest.raises(FootageError, match=r'"b\.mp4" is not an mp4: it is a script') as refused:
        booth.probe(path, "b.mp4", 30)
    assert refused.value.next_step == FootageError.default_next_step


def test_a_clip_that_is_too_long_says_how_long_it_is(booth: Booth, clip: Path) -> None:
    """And is read as far as it may be when that is wanted."""
    with pytest.raises(TooLongError, match="2 s long") as refused:
        booth.probe(clip, "a.mp4", 1)

    assert (refused.value.duration_s, refused.value.max_s) == (2, 1)
    assert booth.probe(clip, "a.mp4", 1, is_trimmed=True).duration_s == 1


def test_a_reader_that_never_ends_is_stopped(clip: Path) -> None:
    """The limit is so short here that every clip passes it."""
    booth = Booth(limit_s=0.0)

    with pytest.raises(FootageError, match=r'"a.mp4" could not be read within 0 s\.'):
        booth.sample(clip, "a.mp4", 5, 30)
    booth.close()


def test_a_reader_that_dies_takes_nobody_along(clip: Path) -> None:
    """With so little memory it does not even begin."""
    booth = Booth(memory_bytes=1)

    with pytest.raises(FootageError, match=r'"a\.mp4" could not be read: the decoder crashed') as refused:
        booth.sample(clip, "a.mp4", 5, 30)
    assert "choose another clip" in refused.value.next_step
    booth.close()


def test_a_bomb_does_not_go_off(booth: Booth, tmp_path: Path) -> None:
    """What needs more than it may have is refused with a sentence, and other clips are read."""
    path = clips.make(tmp_path / "bomb.mp4", Recipe(frames=1, size=(5000, 3000)))
    narrow = Booth(memory_bytes=60_000_000)

    with pytest.raises(FootageError, match=r'"bomb\.mp4" '):
        narrow.sample(path, "bomb.mp4", 5, 30)
    assert booth.probe(path, "bomb.mp4", 30).width_px == 5000
    narrow.close()


def test_a_reader_that_died_while_it_waited_is_replaced(clip: Path) -> None:
    """That was not this clip's fault."""
    booth = Booth()
    booth.warm()
    waiting = booth._idle[0]._running
    os.kill(waiting.pid, signal.SIGKILL)
    os.waitid(os.P_PID, waiting.pid, os.WEXITED | os.WNOWAIT)

    assert booth.probe(clip, "a.mp4", 30).frame_count == 60
    booth.close()


class Unlucky(Booth):
    """Something else kills each of its readers, but for those that it asks in the second place."""

    def _started(self, *, is_frugal: bool = False) -> _Child:
        child = super()._started(is_frugal=is_frugal)
        if not is_frugal:
            child._running.kill()
            child._running.wait()
        return child


def test_a_reader_that_is_killed_at_work_is_replaced_once(clip: Path) -> None:
    """By one that takes little room: when that dies as well, it is the clip."""
    booth = Unlucky()

    assert booth.sample(clip, "a.mp4", 5, 30) == video.sample(clip, "a.mp4", 5, 30)
    booth.close()


def test_a_reader_lets_go_of_what_it_read(clip: Path) -> None:
    """Decoders that stayed would fill its memory in the end, and sound clips be refused."""
    booth, counts = Booth(), list[int]()
    for _ in range(12):
        booth.sample(clip, "a.mp4", 5, 30)
        counts.append(sum(1 for _ in Path(f"/proc/{booth._idle[0]._running.pid}/task").iterdir()))

    assert max(counts) <= 2 * max(counts[:2])
    booth.close()


def test_cancelling_stops_the_reader(clip: Path) -> None:
    """And the booth goes on."""
    booth, call = Booth(), Call()
    call.cancel()

    with pytest.raises(CancelledError):
        booth.sample(clip, "a.mp4", 5, 30, call=call)
    assert booth.probe(clip, "a.mp4", 30).frame_count == 60
    booth.close()


def test_readers_end_with_the_app(clip: Path) -> None:
    """Also when the app is killed: its standard error, which they share, is closed only when all have ended."""
    script = "import os, sys; from pathlib import Path; from maestro.services.video import Booth; booth = Booth()\n"
    script += "booth.probe(Path(sys.argv[1]), 'a', 30); booth.warm(); os.kill(os.getpid(), 9)"
    app = subprocess.run([sys.executable, "-c", script, str(clip)], cwd=ROOT, stderr=subprocess.PIPE, timeout=60, check=False)

    assert (app.returncode, app.stderr) == (-signal.SIGKILL, b"")


@pytest.mark.parametrize(
    "nonsense",
    [b"", b"\0" * 5, b"\0\0\0\x02" + bytes(8) + b"{}", b"\0\0\0\x0f" + bytes(8) + b'{"is": "Popen"}', b"\xff" * 40],
)
def test_nonsense_from_a_reader_is_no_answer(nonsense: bytes) -> None:
    """Cut off, without a type, of a type that is not listed, or absurdly large."""
    with pytest.raises(wire.BrokenWireError):
        wire.read(io.BytesIO(nonsense))
