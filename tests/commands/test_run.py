"""`maestro run`: what it makes, how it ends, and that what was paid is never paid again."""

import signal
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from maestro import __version__
from maestro.commands.begun import begun
from maestro.commands.holding import FOLDER
from maestro.services.pictures import style_reference
from maestro.services.storage import Workspace
from maestro.studio import SAMPLE_STYLE
from tests.commands.shell import PICTURES, Shell
from tests.provider import Answer, Provider
from tests.scripts import Recorded

CALLS = 7
"""A context, a direction, five pictures."""


def is_described(request: Recorded) -> bool:
    """Whether it asks what the clip shows."""
    return request.schema_name == "context"


def test_a_clip_becomes_saved_frames_and_run_again_it_costs_nothing(shell: Shell, provider: Provider) -> None:
    """The files are the takes' own bytes; the second run asks for nothing and gives the same files."""
    clip, out = shell.clip(), shell.folder / "out"

    first = shell.make("run", clip, "--out", out)
    again = shell.make("run", clip, "--out", out)

    made = first.document
    assert (first.code, made["state"], again.code) == (0, "done", 0), (first, again)
    assert len(provider.requests) == CALLS
    assert made["cost_usd"] == pytest.approx(provider.billed_usd)
    assert [take["is_saved"] for take in made["takes"]] == [True] * 5
    frames = [Path(name) for name in made["files"] if name.endswith(".png")]
    assert [path.read_bytes() for path in frames] == [Path(take["path"]).read_bytes() for take in made["takes"]]
    assert (out / f"{made['project_id']}-frames.zip").is_file()
    assert (again.document["cost_usd"], again.document["files"]) == (0, made["files"])


def test_a_project_is_found_by_its_name_and_kept_for_its_own_clip(shell: Shell, provider: Provider) -> None:
    """The first shots only, then the others; another clip under that name is refused."""
    clip = shell.clip()

    few = shell.make("run", clip, "--project", "Spot 30", "--shots", "2", "--save", "none")
    all_five = shell.make("run", clip, "--project", "spot 30")
    other = shell.make("run", shell.clip("other.mp4", 20), "--project", "Spot 30")

    assert (few.code, few.document["project"], len(few.document["takes"])) == (0, "Spot 30", 2)
    assert [take["is_saved"] for take in few.document["takes"]] == [False, False]
    assert (all_five.document["project_id"], len(all_five.document["takes"])) == (few.document["project_id"], 5)
    assert (other.code, other.document["state"]) == (3, "refused")
    assert len(provider.requests) == CALLS


@pytest.mark.parametrize(
    ("code", "arguments", "variables"),
    [
        (2, ("run", "missing.mp4", "--style", SAMPLE_STYLE), {}),
        (2, ("run", "bad.mp4", "--style", SAMPLE_STYLE), {"MAX_CONCURRENT_REQUESTS": "many"}),
        (3, ("run", "bad.mp4", "--style", SAMPLE_STYLE), {}),
        (3, ("run", "bad.mp4", "--style", "bad.mp4"), {}),
        (7, ("run", "bad.mp4", "--style", SAMPLE_STYLE), {"MAESTRO_WORKSPACE": "/dev/null"}),
    ],
    ids=["no such file", "wrong setting", "no clip", "no picture", "no workspace"],
)
def test_what_cannot_be_used_is_a_sentence_and_its_own_code(
    shell: Shell, code: int, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    """No traceback; no project is left behind."""
    (shell.folder / "bad.mp4").write_bytes(b"no clip")
    shell.set(**variables)
    shell.monkeypatch.chdir(shell.folder)

    told = shell.run(*arguments)

    assert told.code == code, told
    assert "Traceback" not in told.out + told.err
    assert not list(shell.workspace.glob("[a-z]*"))


@pytest.mark.parametrize(
    ("code", "matcher", "answers", "variables"),
    [
        (4, "schema:context", [Answer(401)], {}),
        (5, PICTURES, [Answer(), Answer(402)], {"MAX_CONCURRENT_REQUESTS": "1"}),
        (6, PICTURES, [], {"MAESTRO_DAY_CAP_USD": "0.05"}),
    ],
    ids=["key refused", "out of credit", "day's cap"],
)
def test_a_fault_a_partial_result_and_a_cap_are_told_apart(
    shell: Shell, provider: Provider, code: int, matcher: str, answers: list[Answer], variables: dict[str, str]
) -> None:
    """And the next run makes only what is missing."""
    provider.script(matcher, *answers)
    shell.set(**variables)
    clip = shell.clip()

    told = shell.make("run", clip)
    shell.set(MAESTRO_DAY_CAP_USD="50")
    again = shell.make("run", clip)

    assert told.code == code, told
    assert told.document["sentences"]
    assert again.code == 0, again
    assert again.document["project_id"] == (told.document["project_id"] or again.document["project_id"])
    assert len({request.words for request in provider.matching(PICTURES)}) == 5
    assert told.document["cost_usd"] + again.document["cost_usd"] == pytest.approx(provider.billed_usd)


def test_killed_among_its_pictures_it_goes_on_and_pays_for_none_twice(shell: Shell, provider: Provider) -> None:
    """Three are kept; two that were sent and never answered are only asked for again when that is wanted."""
    clip = shell.clip()
    provider.script(PICTURES, Answer(), Answer(), Answer(), Answer(hangs=True), Answer(hangs=True))
    with shell.running("run", clip) as running:
        running.wait_for("(6/8)")
        provider.wait_for(5, PICTURES)
        running.kill()

    again = shell.make("run", clip)
    sent = len(provider.matching(PICTURES))
    wanted = shell.make("run", clip, "--yes-interrupted")

    assert (again.code, sent, len(again.document["takes"])) == (5, 5, 3), again
    assert "may have been charged" in " ".join(again.document["sentences"])
    assert (wanted.code, len(provider.matching(PICTURES))) == (0, 7), wanted
    assert len(list(shell.workspace.glob("*/takes/*.png"))) == 5


def test_one_run_at_a_time_and_killed_in_the_analysis_it_asks_nothing_again_by_itself(shell: Shell, provider: Provider) -> None:
    """A second one says that another is at work. The question that nobody answered is named; the clip's frames are there."""
    clip = shell.clip()
    provider.script("schema:context", Answer(hangs=True))
    with shell.running("run", clip) as running:
        provider.wait_for(1, is_described)
        second = shell.make("run", clip)
        running.kill()

    again = shell.make("run", clip)
    wanted = shell.make("run", clip, "--yes-interrupted")

    assert (second.code, "Another command" in second.document["sentences"][0]) == (7, True), second
    assert (again.code, len(again.document["sentences"])) == (4, 1), again
    assert "--yes-interrupted" in again.document["sentences"][0]
    assert wanted.code == 0, wanted
    assert len(provider.requests) == CALLS + 1
    assert not list((shell.workspace / ".runs").iterdir())


def test_killed_before_its_project_keeps_anything_it_goes_on_with_that_one(shell: Shell, provider: Provider) -> None:
    """No empty project is left behind."""
    clip, style = shell.clip(), style_reference(SAMPLE_STYLE.name, SAMPLE_STYLE.read_bytes())
    shell.workspace.mkdir()
    (shell.workspace / FOLDER).mkdir()
    left = Workspace(shell.workspace, __version__, 0).create("Meadow").id
    note = begun(shell.workspace, f"inputs {sha256(clip.read_bytes()).hexdigest()} {style.sha256}")
    note.remember(left)

    told = shell.make("run", clip, "--shots", "1")

    assert (told.code, told.document["project_id"], note.path.exists()) == (0, left, False), told
    assert len(provider.requests) == 3


def test_interrupted_it_keeps_what_was_in_flight_and_says_so(shell: Shell, provider: Provider) -> None:
    """What was asked for is waited for and saved, nothing new is asked for, and the exit code is 130."""
    clip, gate = shell.clip(), threading.Event()
    shell.set(MAX_CONCURRENT_REQUESTS="2")
    provider.script(PICTURES, Answer(gate=gate), Answer(gate=gate))
    with shell.running("run", clip) as running:
        provider.wait_for(2, PICTURES)
        running.send(signal.SIGINT)
        running.wait_for("Stopping")
        gate.set()
        told = running.end()

    assert (told.code, told.document["state"]) == (130, "stopped"), told
    assert [take["is_saved"] for take in told.document["takes"]] == [True, True]
    assert len(provider.requests) == 4
    assert told.document["cost_usd"] == pytest.approx(provider.billed_usd)
