"""`maestro watch`: what arrives is done once, over restarts too."""

import json
import signal
from pathlib import Path

from filelock import FileLock

from maestro.commands.watch import LOCK
from maestro.studio import SAMPLE_STYLE
from tests.clips import make
from tests.commands.shell import PICTURES, Shell
from tests.provider import Answer, Provider

CALLS = 7
QUICK = ("--settle", "0.3", "--broken-after", "1.5")


def test_clips_that_arrive_in_all_ways_are_done_once(shell: Shell, provider: Provider) -> None:
    """Copied slowly, renamed into place, broken, unfinished; SIGTERM is a good end, and a copy of what is done costs nothing."""
    inbox = shell.folder / "inbox"
    inbox.mkdir()
    slow, whole = shell.clip("slow", 20).read_bytes(), shell.clip("whole")
    with shell.running("watch", inbox, *QUICK) as running, (inbox / "slow.mp4").open("wb") as copy:
        copy.write(slow[:2000])
        copy.flush()
        (inbox / "later.mp4.part").write_bytes(slow)
        (inbox / "bad.mp4").write_bytes(b"no clip")
        whole.rename(inbox / "whole.mp4")
        running.wait_for('"clip": "whole.mp4"', "out")
        refused = json.loads(running.wait_for('"clip": "bad.mp4"', "out"))
        untouched = sorted(path.name for path in inbox.iterdir() if path.is_file())
        copy.write(slow[2000:])
        copy.close()
        running.wait_for('"clip": "slow.mp4"', "out")
        running.send(signal.SIGTERM)
        told = running.end()

    (inbox / "copy.mp4").write_bytes(slow)
    again = shell.make("watch", inbox, *QUICK, "--until-empty")

    assert told.code == 0, told
    assert untouched == [".maestro-watch.lock", "later.mp4.part", "slow.mp4"]
    assert refused["state"] == "refused"
    assert (inbox / "refused/bad.mp4.txt").read_text(encoding="utf-8").strip() == " ".join(refused["sentences"])
    assert (again.code, again.document["state"], again.document["cost_usd"]) == (0, "done", 0)
    assert sorted(path.name for path in (inbox / "done").iterdir()) == ["copy.mp4", "slow.mp4", "whole.mp4"]
    assert len(provider.requests) == 2 * CALLS


def test_killed_in_the_middle_nothing_is_lost_and_nothing_repeated(shell: Shell, provider: Provider) -> None:
    """What was kept stays, what was in doubt waits for the user's word, and the clip stays until it is done."""
    inbox = shell.folder / "inbox"
    make(_folder(inbox) / "one.mp4")
    provider.script(PICTURES, Answer(), Answer(), Answer(), Answer(), Answer(hangs=True))
    shell.set(MAX_CONCURRENT_REQUESTS="1")
    with shell.running("watch", inbox, *QUICK) as running:
        provider.wait_for(5, PICTURES)
        running.kill()

    again = shell.make("watch", inbox, *QUICK, "--until-empty")
    left = (inbox / "one.mp4").is_file()
    wanted = shell.make("watch", inbox, *QUICK, "--until-empty", "--yes-interrupted")

    assert (again.document["state"], len(again.document["takes"]), left) == ("partial", 4, True), again
    assert wanted.document["state"] == "done"
    assert (inbox / "done/one.mp4").is_file()
    assert len(provider.matching(PICTURES)) == 6


def test_a_folder_is_watched_by_one(shell: Shell) -> None:
    """The second says so, and touches nothing."""
    inbox = _folder(shell.folder / "inbox")
    with FileLock(inbox / LOCK):
        second = shell.run("watch", inbox, "--style", SAMPLE_STYLE, "--until-empty")

    assert second.code == 7
    assert "being watched already" in second.err


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
