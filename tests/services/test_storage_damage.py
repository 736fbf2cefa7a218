"""Damaged, foreign, old and newer files: P4 and P5."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from maestro.errors import NewerProjectError, ProjectDamagedError, WorkspaceError
from maestro.services.storage import Intent, ProjectFolder, Workspace
from maestro.types import GenerationResult, Picture, References, TakeLabel
from tests.services.storage_samples import CONTEXT, VERSION, directed, filled, intent, picture, reopened, result, take

Spoil = Callable[[bytes], bytes]
PROJECTS = Path(__file__).parent / "projects"
"""As released versions wrote them."""


def _with(change: Callable[[dict[str, object]], object]) -> Spoil:
    def spoil(good: bytes) -> bytes:
        root = json.loads(good)
        change(root)
        return json.dumps(root).encode()

    return spoil


DAMAGES: dict[str, Spoil] = {
    "0 bytes": lambda _: b"",
    "zeros": lambda good: b"\0" * len(good),
    "zeros at the end": lambda good: good[:-64] + b"\0" * 64,
    "cut": lambda good: good[: len(good) // 2],
    "doubled": lambda good: good + good,
    "byte order mark": lambda good: b"\xef\xbb\xbf" + good,
    "a comma too many": lambda good: good.replace(b'"tables": {', b'"tables": {,', 1),
    "a comment": lambda good: b"// mine\n" + good,
    "wrong root": lambda _: b"[]",
    "UTF-16": lambda good: good.decode().encode("utf-16"),
    "no UTF-8": lambda good: good.replace(b"harbour", b"harb\xff\xfer", 1),
    "another JSON": lambda _: b'{"name": "package"}',
    "deep": lambda _: b"[" * 200_000,
    "NaN": _with(lambda root: root.update(sequence=float("nan"))),
    "tables gone": _with(lambda root: root.pop("tables")),
    "schema no number": _with(lambda root: root.update(schema="1")),
    "sequence no number": _with(lambda root: root.update(sequence=None)),
    "a sequence of 300 digits": _with(lambda root: root.update(sequence=10**300)),
    "a time of 400 digits": lambda good: good.replace(b'"time_s": ', b'"time_s": 1' + b"0" * 400 + b', "was": ', 1),
    "a time at the end of numbers": lambda good: good.replace(b'"time_s": ', b'"time_s": 1e308, "was": ', 1),
    "a moment at the beginning of time": lambda good: good.replace(b'"created_at": "20', b'"created_at": "00', 1),
    "a clip without a size": lambda good: good.replace(b'"width_px": 64', b'"width_px": 0'),
    "a take number that no name can hold": lambda good: good.replace(b'"last": 1', b'"last": 1000000', 1),
    "a path for a picture": lambda good: good.replace(b'"file": "style-', b'"file": "../../style-', 1),
}


def spoil(folder: ProjectFolder, damage: Spoil) -> bytes:
    """Damages project.json; the bytes it has now."""
    path = folder.path / "project.json"
    path.write_bytes(damage(path.read_bytes()))
    return path.read_bytes()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_records_are_kept_aside_and_the_last_good_ones_opened(tmp_path: Path, damage: Spoil) -> None:
    """With a notice, nothing overwritten by looking; the next change goes on from the backup; takes lose nothing."""
    folder = filled(Workspace(tmp_path, VERSION))
    take(folder, "c1")
    folder.rename("Renamed")
    before = folder.read()
    bad = spoil(folder, damage)
    fresh = reopened(folder)

    project = fresh.read()
    assert (project.name, project.context, len(project.sheet(3).takes)) == ("The boat", CONTEXT, 1)
    assert any("damaged" in notice for notice in project.notices)
    assert project.revision > before.revision
    assert (folder.path / "project.json").read_bytes() == bad
    assert [path.read_bytes() for path in (folder.path / "damaged").glob("*")] == ([bad] if bad else [])
    assert Workspace(tmp_path, VERSION).projects()[0].trouble
    fresh.rename("Again")
    assert reopened(folder).read().name == "Again"
    assert reopened(folder).read().notices == ()


@pytest.mark.parametrize("name", ["cut", "a comma too many", "byte order mark", "no UTF-8"])
def test_damaged_records_without_a_backup_say_line_and_column(tmp_path: Path, name: str) -> None:
    """A sentence, on the list too; the bytes stay."""
    folder = Workspace(tmp_path, VERSION).create("Bare")
    (folder.path / "project.json").write_bytes(b'{"harbour": 1,\n "tables": {}}')
    bad = spoil(folder, DAMAGES[name])

    with pytest.raises(ProjectDamagedError, match=r"line \d+, column \d+"):
        reopened(folder).read()
    assert "line" in Workspace(tmp_path, VERSION).projects()[0].trouble
    with pytest.raises(ProjectDamagedError):
        reopened(folder).rename("x")
    assert (folder.path / "project.json").read_bytes() == bad


@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/passwd"), lambda _: None])
def test_records_that_are_no_file_are_passed_over(tmp_path: Path, put: Callable[[Path], object]) -> None:
    """A folder, a FIFO, a link or nothing under the name: the backup opens, nothing hangs."""
    folder = filled(Workspace(tmp_path, VERSION))
    path = folder.path / "project.json"
    path.unlink()
    put(path)

    assert reopened(folder).read().context == CONTEXT
    assert Workspace(tmp_path, VERSION).projects()[0].name == "The boat"
    assert not (folder.path / "damaged").exists()
    was_folder = path.is_dir()
    reopened(folder).rename("Again")
    assert reopened(folder).read().name == "Again"
    assert [kept.is_dir() for kept in (folder.path / "damaged").glob("*")] == ([True] if was_folder else [])


def test_a_file_with_the_last_take_number_costs_no_picture(tmp_path: Path) -> None:
    """The next take gets a number that is free."""
    folder = filled(Workspace(tmp_path, VERSION))
    (folder.path / "takes").mkdir()
    (folder.path / "takes" / "shot-03_take-999999.png").write_bytes(picture(1).encoded)
    folder.recover(_never, ())

    assert [take(folder, call_id).label.number for call_id in ("c1", "c2")] == [1, 2]


def test_records_too_large_to_be_read_go_aside_whole(tmp_path: Path) -> None:
    """Not a byte of them is lost to the next change."""
    folder = filled(Workspace(tmp_path, VERSION))
    os.truncate(folder.path / "project.json", 1 << 30)
    folder = reopened(folder)
    folder.rename("Again")

    assert [kept.stat().st_size for kept in (folder.path / "damaged").iterdir()] == [1 << 30]
    assert reopened(folder).read().name == "Again"


def test_records_edited_by_hand_are_taken_as_they_are(tmp_path: Path) -> None:
    """With a notice and a backup of them."""
    folder = filled(Workspace(tmp_path, VERSION))
    edited = spoil(folder, lambda good: good.replace(b"a harbour", b"a lake"))
    project = reopened(folder).read()

    assert project.context is not None
    assert project.context.setting == "a lake"
    assert any("edited outside" in notice for notice in project.notices)
    assert edited in [path.read_bytes() for path in (folder.path / "backups").iterdir()]
    folder.edit_context(CONTEXT, project.context)
    assert folder.read().context == CONTEXT


def test_half_a_surrogate_pair_is_shown_as_unreadable(tmp_path: Path) -> None:
    """No page could be sent otherwise; the other characters stay."""
    folder = filled(Workspace(tmp_path, VERSION))
    spoil(
        folder, lambda good: good.replace(b'"The boat"', b'"\\ud800 boat \\ud83d\\ude00"').replace(b'"Shot 1"', b'"\\udfff words"')
    )

    project = reopened(folder).read()
    assert (project.name, project.sheet(1).shot.text) == ("\ufffd boat \U0001f600", "\ufffd words")


def test_damaged_words_fall_back_for_their_shot_alone(tmp_path: Path) -> None:
    """The state before the last edit, with a notice; other shots keep theirs."""
    folder = filled(Workspace(tmp_path, VERSION))
    folder.edit(1, "one", "Shot 1")
    folder.edit(1, "two", "one")
    folder.edit(2, "kept", "Shot 2")
    (folder.path / "words" / "shot-01.json").write_bytes(b"{")
    fresh = reopened(folder)

    assert [fresh.read().sheet(number).shot.text for number in (1, 2)] == ["one", "kept"]
    assert any("words of shot 1" in notice for notice in fresh.read().notices)
    fresh.edit(1, "three", "one")
    assert (folder.path / "damaged" / "words-shot-01-021fb596db81.json").read_bytes() == b"{"


def test_a_newer_project_is_looked_at_and_never_written(tmp_path: Path) -> None:
    """Schema 999: read-only, its version named, every byte of the folder unchanged."""
    folder = filled(Workspace(tmp_path, VERSION))
    take(folder, "c1")
    newer = _with(lambda root: root.update(schema=999, version="9.9"))
    spoil(folder, newer)
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    fresh = reopened(folder)

    project = fresh.read()
    assert (project.is_read_only, project.name, len(project.sheet(3).takes)) == (True, "The boat", 1)
    assert "9.9" in project.notices[0]
    assert fresh.recover(_never, ()) == []
    changes: list[Callable[[], object]] = [
        lambda: fresh.rename("x"),
        lambda: fresh.edit(1, "x", "Shot 1"),
        lambda: fresh.keep_shots(directed("x")),
        lambda: fresh.save(project.sheet(3).takes[0].label, is_saved=True),
        lambda: fresh.delete_take(project.sheet(3).takes[0].label),
        lambda: fresh.begin(intent("c2")),
        lambda: Workspace(tmp_path, VERSION).duplicate(folder.id),
    ]
    for change in changes:
        with pytest.raises(NewerProjectError, match=r"version 9\.9"):
            change()
    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == before
    assert "9.9" in Workspace(tmp_path, VERSION).projects()[0].trouble


def test_a_newer_project_of_another_shape_still_opens(tmp_path: Path) -> None:
    """Nothing of it is understood but that it is newer."""
    folder = filled(Workspace(tmp_path, VERSION))
    bad = spoil(folder, lambda _: b'{"schema": 999, "all": "new"}')

    assert reopened(folder).read().is_read_only
    assert (folder.path / "project.json").read_bytes() == bad


def schema_0(folder: ProjectFolder) -> None:
    """Makes it a project as the first layout had it: a bare TinyDB file with the takes in it."""
    path = folder.path / "project.json"
    tables = json.loads(path.read_bytes())["tables"]
    record = folder.path / "takes" / "shot-03_take-01.json"
    tables["takes"] = {"1": {**json.loads(record.read_bytes()), "is_saved": True}}
    shots = {
        number: {"id": shot["id"], "text": f"{shot['text']}!", "director_text": shot["text"]}
        for number, shot in tables["shots"].items()
    }
    path.write_text(json.dumps({"project": tables["project"], "shots": shots, "takes": tables["takes"]}))
    for left in (record, *(folder.path / "backups").iterdir()):
        left.unlink()


def test_an_old_project_is_brought_to_the_present_schema(tmp_path: Path) -> None:
    """Its words, takes and marks are there, the old file among the backups; done twice it is the same."""
    folder = filled(Workspace(tmp_path, VERSION))
    take(folder, "c1")
    schema_0(folder)
    old = (folder.path / "project.json").read_bytes()
    project = reopened(folder).read()

    assert [str(kept.label) for kept in project.saved_takes] == ["shot-03_take-01"]
    assert (project.sheet(3).shot.text, project.sheet(3).director_text) == ("Shot 3!", "Shot 3")
    assert json.loads((folder.path / "project.json").read_bytes())["schema"] == 1
    assert old in [path.read_bytes() for path in (folder.path / "backups").iterdir()]
    assert reopened(folder).read() == project
    assert reopened(folder).add_take("c2", result(3), picture(2)).label.number == 2


def test_a_project_of_version_0_1_opens_as_it_was_left(tmp_path: Path) -> None:
    """Files as that version wrote them: read without a word, then changed, with a backup of what was there."""
    shutil.copytree(PROJECTS / "schema_1", tmp_path / "old")
    folder = Workspace(tmp_path, VERSION).open("old")
    folder.recover(_never, ())
    project = folder.read()

    assert (project.notices, project.interruptions, project.context, project.step) == ((), (), CONTEXT, "")
    assert (project.sheet(2).shot.text, project.sheet(2).director_text) == ("edited by hand", "Shot 2")
    [kept] = project.saved_takes
    assert (str(kept.label), kept.call_id, kept.is_missing, kept.is_stale) == ("shot-03_take-01", "c1", False, False)
    assert kept.frame == project.frames[0]
    assert (project.aspect_ratio, project.size, project.is_frames_changed, project.retired_frames) == ("", "", False, ())
    assert folder.source_frame(37).png
    folder.set_references(1, References(24, kept.label))
    folder.restore_take(TakeLabel(3, 2))
    assert take(folder, "c9").label.number == 3
    assert reopened(folder).read().sheet(1).references == References(24, kept.label)
    before = (PROJECTS / "schema_1" / "project.json").read_bytes()
    assert before in [path.read_bytes() for path in (folder.path / "backups").iterdir()]


def test_a_bundle_of_version_0_1_is_imported(tmp_path: Path) -> None:
    """Words, marks and pictures."""
    project = Workspace(tmp_path, VERSION).import_bundle(PROJECTS / "format_1.zip").read()

    assert project.sheet(2).shot.text == "edited by hand"
    assert [str(kept.label) for kept in project.saved_takes] == ["shot-03_take-01"]


def test_an_earlier_state_can_be_restored_by_hand(tmp_path: Path) -> None:
    """And the one before it again; edits, takes and their numbers stay."""
    folder = filled(Workspace(tmp_path, VERSION))
    folder.edit(1, "mine", "Shot 1")
    folder.rename("Second")
    folder.rename("Third")
    folder.delete_take(take(folder, "c1").label)
    [newest, *_] = folder.backups()
    names = {each.at: each.name for each in reopened(folder).backups()}
    assert list(names) == sorted(names, reverse=True)
    folder.restore_backup(newest.name)
    before = folder.read()

    assert reopened(folder).read() == before
    assert before.sheet(1).shot.text == "mine"
    assert take(folder, "c2").label.number == 2
    folder.restore_backup(folder.backups()[-1].name)
    assert (folder.read().name, folder.read().context) == ("The boat", None)
    assert [(sheet.shot.id, len(sheet.takes)) for sheet in folder.read().sheets] == [(3, 1)]
    third = next(each for each in folder.backups() if each.at == before.changed_at)
    folder.restore_backup(third.name)
    assert (folder.read().name, folder.read().context, folder.read().sheet(1).shot.text) == (before.name, CONTEXT, "mine")


def test_the_backups_of_damaged_records_are_offered(tmp_path: Path) -> None:
    """All that can be opened; none when none can."""
    folder = filled(Workspace(tmp_path, VERSION))
    folder.rename("Renamed")
    spoil(folder, DAMAGES["cut"])
    fresh = reopened(folder)
    assert fresh.read().name == "The boat"
    fresh.restore_backup(fresh.backups()[0].name)

    assert (reopened(folder).read().name, reopened(folder).read().notices) == ("The boat", ())
    for path in (folder.path / "project.json", *(folder.path / "backups").iterdir()):
        path.write_bytes(b"{")
    assert reopened(folder).backups() == ()


def test_trying_every_backup_in_turn_loses_none(tmp_path: Path) -> None:
    """Not even that of the state just before the present one."""
    folder = filled(Workspace(tmp_path, VERSION))
    for number in range(7):
        folder.rename(f"Name {number}")
        reopened(folder).read()  # a start of the app keeps a backup
    folder.rename("Name 7")
    folder.rename("Name 8")
    names = {folder.read().name}
    offered = folder.backups()
    for backup in offered:
        folder.restore_backup(backup.name)
        names.add(folder.read().name)
    again = {folder.read().name}
    for backup in folder.backups():
        folder.restore_backup(backup.name)
        again.add(folder.read().name)

    assert len(offered) > 3
    assert {"Name 8", "Name 7", "Name 6"} <= names <= again


def test_a_restored_direction_shows_its_own_words(tmp_path: Path) -> None:
    """What was written since is a step of the history."""
    folder = filled(Workspace(tmp_path, VERSION))
    folder.rename("Named")
    reopened(folder).read()
    folder.keep_shots(directed("Later"))
    folder.edit(2, "mine", "Later 2")
    folder.restore_backup(folder.backups()[0].name)

    assert [folder.read().sheet(number).shot.text for number in (1, 2)] == ["Shot 1", "Shot 2"]
    assert folder.undo(2) == "mine"


@pytest.mark.parametrize("name", ["../project.json", "project-previous.json", "", "999"])
def test_what_is_no_backup_is_not_restored(tmp_path: Path, name: str) -> None:
    """With a sentence; nothing changes. A damaged backup is not even offered."""
    folder = filled(Workspace(tmp_path, VERSION))
    before, offered = folder.read(), folder.backups()
    (folder.path / "backups" / "project-previous.json").write_bytes(b"{")

    for wrong in (name, offered[0].name):
        with pytest.raises(WorkspaceError, match="not there any more"):
            folder.restore_backup(wrong)
    assert folder.read() == before
    assert folder.backups() == offered[1:]


def test_backups_are_few(tmp_path: Path) -> None:
    """Five, and one a day for a week; foreign files stay."""
    folder = filled(Workspace(tmp_path, VERSION))
    backups = folder.path / "backups"
    for day in range(1, 29):
        for number in range(3):
            (backups / f"project-00000000{number}{day % 10}-202501{day:02d}T12000{number}Z.json").write_text("{}")
    (backups / "mine.json").write_text("{}")
    folder.rename("x")
    reopened(folder).read()

    timed = [path.name for path in backups.glob("project-0*")]
    assert 5 <= len(timed) <= 12
    assert (backups / "mine.json").exists()


def _never(_call: Intent, _raw: bytes) -> list[tuple[GenerationResult, Picture]]:
    raise AssertionError("nothing was answered")
