"""A project as one ZIP: byte-exact there and back, and whatever else calls itself a bundle is refused without a trace."""

import errno
import hashlib
import json
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from maestro.errors import BundleError, DiskFullError
from maestro.services.storage import Workspace
from tests.services.storage_samples import VERSION, FailingDisk, filled, picture, take

Members = dict[str, bytes]


def export(folder: Path) -> Path:
    """A bundle of a project with a saved take and an edited shot."""
    workspace = Workspace(folder, VERSION)
    project = filled(workspace)
    project.save(take(project, "c1").label, is_saved=True)
    project.edit(2, "edited", "Shot 2")
    project.delete_take(take(project, "c2").label)
    workspace.export_bundle(project.id, folder / "bundle.zip")
    return folder / "bundle.zip"


def files_of(folder: Path) -> dict[str, bytes]:
    """Every picture of a project by its name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.png") if "trash" not in path.parts}


def test_a_bundle_goes_there_and_back_byte_for_byte(tmp_path: Path) -> None:
    """Another id, the same words, marks, pictures; what was deleted stays behind, its number stays used."""
    (tmp_path / "home").mkdir()
    (tmp_path / "away").mkdir()
    bundle = export(tmp_path / "home")
    [card] = Workspace(tmp_path / "home", VERSION).projects()
    original = Workspace(tmp_path / "home", VERSION).open(card.id)
    copy = Workspace(tmp_path / "away", VERSION).import_bundle(bundle)

    assert copy.id != original.id
    assert files_of(copy.path) == files_of(original.path)
    assert [(sheet.shot, sheet.director_text, sheet.can_undo) for sheet in copy.read().sheets] == [
        (sheet.shot, sheet.director_text, sheet.can_undo) for sheet in original.read().sheets
    ]
    assert [str(kept.label) for kept in copy.read().saved_takes] == ["shot-03_take-01"]
    assert take(copy, "c9").label.number == 3
    assert not list((tmp_path / "away" / ".staging").iterdir())


def repack(bundle: Path, change: Callable[[Members], object], *, is_listed: bool = True) -> None:
    """Changes members and, if `is_listed`, the list of files with them."""

    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    if is_listed and "maestro-bundle.json" in members:
        sums = {
            name: [len(each), hashlib.sha256(each).hexdigest()] for name, each in members.items() if name != "maestro-bundle.json"
        }
        members["maestro-bundle.json"] = json.dumps({"format": 1, "files": sums}).encode()
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, encoded in members.items():
            archive.writestr(name, encoded)


def _json(name: str, change: Callable[[dict[str, object]], object]) -> Callable[[Members], object]:
    def apply(members: Members) -> None:
        root = json.loads(members[name])
        change(root)
        members[name] = json.dumps(root).encode()

    return apply


TAKE = "takes/shot-03_take-01"
HOSTILE: dict[str, Callable[[Members], object]] = {
    "a path upwards": lambda members: members.update({"../evil.png": b"x"}),
    "an absolute path": lambda members: members.update({"/etc/evil": b"x"}),
    "a path within a name": lambda members: members.update({"takes/../../evil.png": b"x"}),
    "a backslash": lambda members: members.update({"takes\\evil.png": b"x"}),
    "an unknown file": lambda members: members.update({"run.py": b"x"}),
    "a pickle": lambda members: members.update({"project.pickle": b"x"}),
    "a folder": lambda members: members.update({"takes/": b""}),
    "no list": lambda members: members.pop("maestro-bundle.json"),
    "no records": lambda members: members.pop("project.json"),
    "a bomb": lambda members: members.update({f"{TAKE}.png": b"\0" * (8 << 20)}),
    "no picture": lambda members: members.update({f"{TAKE}.png": b"<svg/>"}),
    "a newer schema": _json("project.json", lambda root: root.update(schema=999)),
    "no project": _json("project.json", lambda root: root.update(tables={})),
    "another take's record": _json(f"{TAKE}.json", lambda root: root.update(number=9, file="shot-03_take-09.png")),
    "a path in a record": _json(f"{TAKE}.json", lambda root: root.update(file="../../../etc/passwd")),
    "cut records": lambda members: members.update({"project.json": members["project.json"][:100]}),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_bundle_that_holds_something_else_is_refused(tmp_path: Path, change: Callable[[Members], object]) -> None:
    """With a sentence, and nothing of it stays."""
    bundle = export(tmp_path)
    repack(bundle, change)
    _refused(tmp_path, bundle)


def test_a_bundle_whose_sums_are_wrong_is_refused(tmp_path: Path) -> None:
    """A picture that was exchanged, a list of another format, a link, a file twice."""
    bundle = export(tmp_path)
    repack(bundle, lambda members: members.update({f"{TAKE}.png": picture(99).encoded}), is_listed=False)
    _refused(tmp_path, bundle)
    repack(bundle, _json("maestro-bundle.json", lambda root: root.update(format=3)), is_listed=False)
    _refused(tmp_path, bundle)
    for name, mode in (("takes/shot-01_take-01.png", stat.S_IFLNK | 0o777), (f"{TAKE}.png", stat.S_IFREG | 0o600)):
        bundle = export(tmp_path)
        with zipfile.ZipFile(bundle, "a") as archive, warnings.catch_warnings(action="ignore"):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, "/etc/passwd")
        _refused(tmp_path, bundle)


@pytest.mark.parametrize("encoded", [b"", b"PK", b"no ZIP at all", b"PK\x05\x06" + b"\0" * 18])
def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path, encoded: bytes) -> None:
    """Empty, short, foreign, or an empty ZIP."""
    (tmp_path / "bundle.zip").write_bytes(encoded)
    _refused(tmp_path, tmp_path / "bundle.zip")


def test_a_cut_bundle_is_refused(tmp_path: Path) -> None:
    """At any length."""
    bundle = export(tmp_path)
    whole = bundle.read_bytes()
    for length in range(0, len(whole), len(whole) // 7):
        bundle.write_bytes(whole[:length])
        _refused(tmp_path, bundle)


def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """No partial ZIP under the final name, no part beside it."""
    bundle = export(tmp_path)
    before = bundle.read_bytes()
    disk = FailingDisk(errno.ENOSPC)
    workspace = Workspace(tmp_path, VERSION, disk=disk)
    [card] = workspace.projects()
    workspace.open(card.id).read()
    for fails_at in (1, 2, 3):
        disk.arm(fails_at)
        with pytest.raises(DiskFullError):
            workspace.export_bundle(card.id, bundle)
    disk.arm(0)

    assert bundle.read_bytes() == before
    assert not list(tmp_path.glob(".part-*"))


def test_an_import_that_fails_makes_no_project(tmp_path: Path) -> None:
    """At whichever call the disk is full."""
    bundle = export(tmp_path)
    disk = FailingDisk(errno.ENOSPC)
    workspace = Workspace(tmp_path, VERSION, disk=disk)
    workspace.import_bundle(bundle)
    disk.arm(0)
    assert workspace.import_bundle(bundle).id != workspace.import_bundle(bundle).id
    calls = disk.calls // 2
    for fails_at in (*range(1, calls, 7), *range(calls - 4, calls + 1)):
        disk.arm(fails_at)
        with pytest.raises(DiskFullError):
            workspace.import_bundle(bundle)
        assert len(Workspace(tmp_path, VERSION).projects()) == 4


def _refused(folder: Path, bundle: Path) -> None:
    before = {path.name for path in folder.iterdir()}
    with pytest.raises(BundleError) as caught:
        Workspace(folder, VERSION).import_bundle(bundle)
    assert str(caught.value).endswith(".")
    assert {path.name for path in folder.iterdir()} - {".staging", ".presence"} == before - {".staging", ".presence"}
    assert not list((folder / ".staging").iterdir())
