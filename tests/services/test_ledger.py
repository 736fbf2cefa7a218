"""The ledger's file: what is written survives, whoever writes, and what is spoilt in it spoils nothing else."""

import errno
import json
import math
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maestro.errors import DiskFullError, WorkspaceError
from maestro.services.storage import Ledger, Workspace
from maestro.types import CallKind, Charge, ChargeState, Preferences
from tests.services.storage_samples import VERSION, FailingDisk

LIMIT_S = 60
KEY = "0123456789ab"
WRITER = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from maestro.services.storage import Workspace
from maestro.types import CallKind, Charge, ChargeState
def charge(call_id):
    return Charge(call_id, "rabbit-1", CallKind.SHOOT, 1, "a/model", datetime.now(UTC), ChargeState.OPEN)
ledger = Workspace(Path(sys.argv[1]), "0.1.0").ledger
for number in range(int(sys.argv[3])):
    call_id = f"{sys.argv[2]}-{number}"
    ledger.begin(charge(call_id), "key")
    ledger.settle(call_id, ChargeState.KNOWN, 0.01)
    print(call_id, flush=True)
ledger.begin(charge(f"{sys.argv[2]}-open"), "key")
print("open", flush=True)
sys.stdin.read()
"""


def charge(call_id: str, *, project_id: str = "rabbit-1", shot_id: int = 1) -> Charge:
    """A call that begins."""
    return Charge(call_id, project_id, CallKind.SHOOT, shot_id, "a/model", datetime.now(UTC), ChargeState.OPEN, None, 0.04)


def writer(workspace: Path, name: str, count: int) -> subprocess.Popen[str]:
    """A process that begins and settles so many calls, begins one more, and waits."""
    command = [sys.executable, "-c", WRITER, str(workspace), name, str(count)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def costs(workspace: Path) -> dict[str, float | None]:
    """What a new process reads."""
    return {charge.call_id: charge.cost_usd for charge in Workspace(workspace, VERSION).ledger.charges()}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, VERSION)


def test_a_charge_is_on_disk_before_the_call_is_sent(workspace: Workspace) -> None:
    """And with it everything that its sums need, readable by its owner only."""
    begun = charge("c1")
    workspace.ledger.begin(begun, KEY)

    assert Workspace(workspace.folder, VERSION).ledger.charges() == (begun,)
    assert workspace.ledger.path.stat().st_mode & 0o777 == 0o600


def test_the_last_word_on_a_call_holds_and_is_written_once(workspace: Workspace) -> None:
    """A settlement that comes twice is one line."""
    ledger = workspace.ledger
    ledger.begin(charge("c1"), KEY)
    ledger.settle("c1", ChargeState.UNKNOWN, generation_id="gen-1")
    ledger.settle("c1", ChargeState.KNOWN, 0.04)
    ledger.settle("c1", ChargeState.KNOWN, 0.04)
    ledger.settle("c1", ChargeState.UNKNOWN)

    (settled,) = ledger.charges()
    assert (settled.state, settled.cost_usd, settled.generation_id) == (ChargeState.KNOWN, 0.04, "gen-1")
    assert len(ledger.path.read_bytes().splitlines()) == 3


def test_lines_that_cannot_be_read_are_passed_over_and_left(workspace: Workspace) -> None:
    """Torn, foreign, edited by hand, impossible: the charges around them stand."""
    ledger = workspace.ledger
    ledger.begin(charge("c1"), KEY)
    good = json.loads(ledger.path.read_bytes())["charge"]
    spoilt = [{**good, "call_id": "../x"}, {**good, "cost_usd": -1}, {**good, "state": "paid"}, {**good, "at": "yesterday"}]
    lines = [json.dumps({"charge": line}).encode() for line in spoilt]
    with ledger.path.open("ab") as stream:
        stream.write(
            b"\n".join([b"\xff\x00", b"[1, 2]", b"3", b'{"charge": {"cost_usd": NaN}}', b"[" * 100_000, *lines, b'{"charge": {"ca'])
        )
    before = ledger.path.read_bytes()
    ledger.begin(charge("c2"), KEY)

    assert costs(workspace.folder) == {"c1": None, "c2": None}
    assert ledger.path.read_bytes().startswith(before)


def test_an_edit_by_hand_is_read_anew(workspace: Workspace) -> None:
    """Whoever strikes out a line in an editor that writes in place has struck it out."""
    ledger = workspace.ledger
    for call_id in ("c1", "c2", "c3"):
        ledger.begin(charge(call_id), KEY)
    assert len(ledger.charges()) == 3
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(lines[0] + lines[2])

    assert [charge.call_id for charge in ledger.charges()] == ["c1", "c3"]


def test_a_ledger_that_is_gone_begins_anew_with_the_calls_in_flight(workspace: Workspace) -> None:
    """What is settled after that is not lost."""
    ledger = workspace.ledger
    ledger.begin(charge("c1"), KEY)
    ledger.path.unlink()
    assert ledger.charges() == ()
    assert ledger.since() is None

    ledger.settle("c1", ChargeState.KNOWN, 0.04)

    assert costs(workspace.folder) == {"c1": 0.04}


def test_a_workspace_that_is_gone_is_not_made_anew(workspace: Workspace) -> None:
    """Nothing can be paid where nothing can be noted."""
    workspace.folder.rmdir()

    with pytest.raises(WorkspaceError):
        workspace.ledger.begin(charge("c1"), KEY)

    assert not workspace.folder.exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_fails_at_the_nth_call_leaves_the_ledger_as_it_was(tmp_path: Path, code: int) -> None:
    """A beginning that was refused did not happen; the next line is whole."""
    disk = FailingDisk(code)
    ledger = Workspace(tmp_path, VERSION, disk=disk).ledger
    ledger.begin(charge("c0"), KEY)
    for fails_at in range(1, 50):
        disk.arm(fails_at)
        error = _attempt(ledger)
        disk.arm(0)
        if error is None:
            break
        assert isinstance(error, DiskFullError) == (code == errno.ENOSPC)
        assert costs(tmp_path) == {"c0": None}

    assert fails_at > 2
    assert costs(tmp_path) == {"c0": None, "c1": None}


def test_two_processes_write_one_ledger_and_each_reads_it_all(workspace: Workspace) -> None:
    """Every line that was acknowledged is there; after a kill the open call belongs to nobody."""
    pair = [writer(workspace.folder, name, 10) for name in ("a", "b")]
    for process in pair:
        assert process.stdout
        acknowledged = [process.stdout.readline().strip() for _ in range(11)]
        assert acknowledged[-1] == "open"
    waiting = workspace.ledger.waiting()

    assert math.fsum(charge.cost_usd or 0 for charge in workspace.ledger.charges()) == pytest.approx(0.2, abs=1e-9)
    assert [workspace.ledger.is_elsewhere(entry) for entry in waiting] == [True, True]
    pair[0].kill()
    pair[0].wait(LIMIT_S)
    assert {entry.charge.call_id: workspace.ledger.is_elsewhere(entry) for entry in waiting} == {"a-open": False, "b-open": True}
    pair[1].communicate("", LIMIT_S)
    pair[0].communicate("", LIMIT_S)


def test_what_a_covered_call_cost_is_not_unassigned_as_well(workspace: Workspace) -> None:
    """The key said 0.10 for two calls; one of them turns out to have cost 0.04."""
    ledger = workspace.ledger
    ledger.mark_key(KEY, 5.0)
    for call_id in ("c1", "c2"):
        ledger.begin(charge(call_id), KEY)
    unassigned = replace(charge("u1"), kind=CallKind.UNASSIGNED, state=ChargeState.KNOWN, cost_usd=0.10, estimate_usd=None)
    ledger.find(unassigned, KEY, ("c1", "c2"))
    ledger.settle("c1", ChargeState.KNOWN, 0.04)
    ledger.settle("c1", ChargeState.KNOWN, 0.04)

    found = costs(workspace.folder)
    assert found["c1"] == 0.04
    assert found["u1"] == pytest.approx(0.06, abs=1e-12)
    assert ledger.unseen_usd(KEY, 5.10) == pytest.approx(0.0, abs=1e-9)


def test_preferences_are_kept_and_seen_by_other_processes(workspace: Workspace) -> None:
    """The file is written whole, and what another version put into it stays."""
    other = Workspace(workspace.folder, VERSION)
    assert other.preferences() == Preferences()
    path = workspace.folder / "preferences.json"
    path.write_text('{"image_model": "one/a", "theme": "dark"}')

    workspace.set_preferences(lambda chosen: replace(chosen, day_cap_usd=3.0))

    assert other.preferences() == Preferences(image_model="one/a", day_cap_usd=3.0)
    assert json.loads(path.read_text())["theme"] == "dark"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "[]",
        "null",
        "{",
        '{"day_cap_usd": "5"}',
        '{"day_cap_usd": -1}',
        '{"project_cap_usd": true}',
        '{"day_cap_usd": NaN}',
        '{"text_model": 7}',
    ],
)
def test_preferences_that_are_none_choose_nothing(workspace: Workspace, spelled: str) -> None:
    """A damaged file never stops the app."""
    (workspace.folder / "preferences.json").write_text(spelled)

    assert workspace.preferences() == Preferences()


def _attempt(ledger: Ledger) -> WorkspaceError | None:
    try:
        ledger.begin(charge("c1"), KEY)
    except WorkspaceError as error:
        return error
    return None
