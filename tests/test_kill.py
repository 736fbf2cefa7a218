"""The program killed at the worst moment: the provider has sent an answer to its last byte, and nothing was done with it yet."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from maestro.config import ROOT
from maestro.services.storage import ProjectFolder, Workspace
from maestro.types import CallKind, ChargeState
from tests.bench import Bench, benches
from tests.fakes import LIMIT_S
from tests.provider import BEAT_S, PICTURE_COST_USD, Answer, Provider

VICTIM = """
import sys, threading
from pathlib import Path
from types import SimpleNamespace
from tests.bench import Bench

bench = Bench(Path(sys.argv[1]), SimpleNamespace(url=sys.argv[2]), MAX_CONCURRENT_REQUESTS=5)
folder = bench.project(*(f"View {number}" for number in range(1, 6)))
bench.studio.generate(folder.id)
print(folder.id, flush=True)
threading.Event().wait()
"""


@dataclass
class Victim:
    """Another process that generates all five shots of a project."""

    running: subprocess.Popen[str]
    project_id: str


@contextmanager
def victim(folder: Path, provider: Provider) -> Iterator[Victim]:
    """Killed at the end, if not before."""
    command = [sys.executable, "-c", VICTIM, str(folder), provider.url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            yield Victim(running, running.stdout.readline().strip())
        finally:
            running.kill()


def test_what_was_sent_to_its_last_byte_survives_a_kill_before_anything_was_done_with_it(tmp_path: Path) -> None:
    """The project's lock is held: answers can be received and no more. What half came is paid, and asked for by its id."""
    gate = threading.Event()
    with Provider() as provider, benches(tmp_path) as open_bench:
        provider.script("View 5", Answer(gate=gate, halts_after=100, bills=True))
        provider.script(
            lambda request: request.method == "POST" and "View 5" not in request.words, Answer(gate=gate), is_repeated=True
        )
        with victim(tmp_path, provider) as dying:
            requests = provider.wait_for(5)
            with Workspace(tmp_path, "1.0").open(dying.project_id).writing("The test"):
                gate.set()
                whole = [request for request in requests if "View 5" not in request.words]
                assert all(request.left.wait(LIMIT_S) for request in whole)
                [half] = [request for request in requests if "View 5" in request.words]
                assert has_begun(tmp_path / dying.project_id / "incoming", half.generation_id, provider)
                dying.running.kill()
                dying.running.wait()
        assert not any(request.was_reset for request in whole)

        bench = open_bench(provider)
        folder = bench.workspace.open(dying.project_id)
        kept = [take for number in range(1, 5) for take in bench.takes(folder, number)]
        assert [take.cost_usd for take in kept] == 4 * [PICTURE_COST_USD]
        assert len(provider.requests) == 5
        assert_what_it_saw_is_known(bench, folder)
        [listed] = bench.studio.open(folder.id).interruptions
        assert listed.shot_id == 5

        bench.studio.begin()
        bench.until_it_adds_up()
        assert {charge.state for charge in bench.charges} == {ChargeState.KNOWN}
        assert not list((folder.path / "incoming").iterdir())


def has_begun(incoming: Path, generation_id: str, provider: Provider) -> bool:
    """Waits until the head of that answer was received: its file is named after the provider's id of the call."""
    for _ in range(int(LIMIT_S / BEAT_S)):
        if list(incoming.glob(f"*.{generation_id}.coming")):
            return True
        provider.closing.wait(BEAT_S)
    return False


def assert_what_it_saw_is_known(bench: Bench, folder: ProjectFolder) -> None:
    """As if it had not been killed."""
    for number in range(1, 5):
        [take] = bench.takes(folder, number)
        saw = bench.studio.exchange(folder.id, take.call_id)
        assert saw is not None
        assert (saw.kind, saw.cost_usd, saw.prompt) == (CallKind.SHOOT, PICTURE_COST_USD, take.prompt)
        assert f"View {number}" in saw.prompt
        assert [picture.role for picture in saw.pictures] == ["style", "frame"]
        assert all(picture.path for picture in saw.pictures)
        assert saw.answer
        assert saw.duration_s > 0
