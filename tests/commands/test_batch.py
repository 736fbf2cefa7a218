"""`maestro batch`: many clips, one report, one cap, and what stops it all."""

import csv
import json
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maestro.commands.batch import clips_of
from maestro.commands.budget import BatchCapError, Budget
from maestro.errors import CapError
from maestro.types import CallKind, Charge, ChargeState
from tests.commands.shell import PICTURES, Shell
from tests.provider import Answer, Provider

CALLS = 7


def clips(shell: Shell, *names: str) -> Path:
    """A folder of clips that all differ."""
    for number, name in enumerate(names):
        shell.clip(f"in/{name}", 12 + number)
    return shell.folder / "in"


def test_a_bad_clip_stops_no_other_and_a_second_batch_pays_for_none(shell: Shell, provider: Provider) -> None:
    """Each clip has its line, with cost and sentence; the report's kind follows its name."""
    source, report = clips(shell, "one.mp4", "two.mp4"), shell.folder / "report.csv"
    (source / "bad.mp4").write_bytes(b"no clip")
    (source / "notes.txt").write_text("no clip either")

    first = shell.make("batch", source, "--jobs", "2", "--report", report)
    again = shell.make("batch", source, "--report", shell.folder / "report.json")

    told = {clip["clip"]: clip for clip in first.document["clips"]}
    assert (first.code, again.code) == (5, 5), (first, again)
    assert {name: clip["state"] for name, clip in told.items()} == {"bad.mp4": "refused", "one.mp4": "done", "two.mp4": "done"}
    assert told["bad.mp4"]["sentences"]
    assert len(provider.requests) == 2 * CALLS
    assert first.document["cost_usd"] == pytest.approx(provider.billed_usd)
    rows = list(csv.DictReader(report.open(encoding="utf-8")))
    assert [(row["clip"], row["takes"]) for row in rows] == [("bad.mp4", "0"), ("one.mp4", "5"), ("two.mp4", "5")]
    assert json.loads((shell.folder / "report.json").read_text(encoding="utf-8")) == again.document


def test_the_cap_holds_for_the_whole_batch_however_often_it_is_run(shell: Shell, provider: Provider) -> None:
    """A clip that would pass it is not begun; what is complete already is no reason to refuse anything."""
    source = clips(shell, "one.mp4", "two.mp4", "three.mp4")

    runs = [shell.make("batch", source, "--cap", "0.45", "--jobs", "1") for _ in range(2)]

    assert [run.document["states"] for run in runs] == [{"done": 2, "capped": 1}] * 2, runs
    assert provider.billed_usd <= 0.45
    assert "--cap" in runs[1].document["clips"][2]["sentences"][0]


def test_missing_credit_stops_the_batch(shell: Shell, provider: Provider) -> None:
    """The clips that were not begun say because of which one."""
    provider.script(PICTURES, Answer(402), is_repeated=True)

    told = shell.make("batch", clips(shell, "a.mp4", "b.mp4", "c.mp4"), "--jobs", "1")

    sentences = [" ".join(clip["sentences"]) for clip in told.document["clips"]]
    assert (told.code, told.document["states"]) == (4, {"failed": 3}), told
    assert [says.startswith("Not begun, because of a.mp4") for says in sentences] == [False, True, True]
    assert not provider.matching("schema:context")[1:]


def test_an_interrupted_batch_reports_what_there_is_and_goes_on_later(shell: Shell, provider: Provider) -> None:
    """What was begun is kept; the rest is done by the next run."""
    source, gate = clips(shell, "a.mp4", "b.mp4"), threading.Event()
    provider.script(PICTURES, *[Answer(gate=gate)] * 5)
    with shell.running("batch", source, "--jobs", "1") as running:
        provider.wait_for(5, PICTURES)
        running.send(signal.SIGTERM)
        running.wait_for("Stopping")
        gate.set()
        told = running.end()
    again = shell.make("batch", source)

    assert (told.code, told.document["states"]) == (130, {"stopped": 2}), told
    assert len(told.document["clips"][0]["takes"]) == 5
    assert (again.code, len(provider.requests)) == (0, 2 * CALLS), again


def test_clips_are_named_by_a_folder_or_a_pattern(shell: Shell) -> None:
    """In order; hidden ones and other files are none of them."""
    folder = shell.folder / "in"
    for name in ("b.mp4", "a.MP4", ".hidden.mp4", "a.txt", "deep/c.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()

    assert [path.name for path in clips_of(str(folder))] == ["a.MP4", "b.mp4"]
    assert [path.name for path in clips_of(f"{folder}/**/*.mp4")] == ["b.mp4", "c.mp4"]


class Purse:
    """What each project cost so far."""

    def __init__(self, **usd: float) -> None:
        self.usd = usd

    def charges(self, project_id: str) -> tuple[Charge, ...]:
        """One for all."""
        spent_usd = self.usd.get(project_id, 0.0)
        return (Charge("call", project_id, CallKind.SHOOT, 1, "model", datetime.now(UTC), ChargeState.KNOWN, spent_usd),)


class Clip:
    """Somebody who spends in a project."""

    def __init__(self, project_id: str) -> None:
        self.project_id = project_id


def test_a_clip_counts_with_what_it_will_cost_until_it_is_over() -> None:
    """Then with what it did cost; who wants more than is left is refused, who wants nothing never is."""
    purse, first, second = Purse(), Clip("first"), Clip("second")
    budget = Budget(1.0, purse)

    budget.enter(first, "first.mp4", 0.6)
    with pytest.raises(BatchCapError, match=r"\$0\.60 are spent or expected"):
        budget.enter(second, "second.mp4", 0.5)
    purse.usd["first"] = 0.4
    budget.leave(first)
    budget.enter(second, "second.mp4", 0.5)
    budget.enter(Clip("third"), "third.mp4", 0.0)
    with pytest.raises(CapError):
        budget.enter(Clip("fourth"), "fourth.mp4", 0.2)
