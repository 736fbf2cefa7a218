"""What models were asked and answered, and all the pictures of one answer."""

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maestro.errors import BundleError, NewerProjectError, WorkspaceError
from maestro.services.storage import ProjectFolder, Workspace
from maestro.types import CallKind, Exchange, GenerationResult, Picture, SentPicture, Take
from tests.services.storage_samples import VERSION, filled, footage, intent, picture, reopened, result, style, take
from tests.services.test_storage_bundle import repack

ASKED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty one."""
    return Workspace(tmp_path, VERSION)


@pytest.fixture
def folder(workspace: Workspace) -> ProjectFolder:
    """An analysed project."""
    return filled(workspace)


def exchange(folder: ProjectFolder, call_id: str = "c1", kind: CallKind = CallKind.SHOOT) -> Exchange:
    """Asked with the first frame and the style."""
    project = folder.read()
    pictures = (
        SentPicture("frame", "source frame at 0.48 s", "aa" * 32, project.frames[0].path),
        SentPicture("style", "style", "bb" * 32, project.style_path),
        SentPicture("anchor", "never kept", "cc" * 32, None),
    )
    return Exchange(call_id, kind, "openrouter", "a model", ASKED_AT, 2.5, "the prompt", pictures, '{"an": "answer"}', 0.04)


def of_three(folder: ProjectFolder, call_id: str = "c1") -> tuple[Take, ...]:
    """A call whose answer held three pictures."""
    folder.begin(intent(call_id))
    folder.keep_answer(call_id, b"three pictures")
    return folder.add_takes(call_id, three())


def three(_call: object = None, _raw: bytes = b"") -> list[tuple[GenerationResult, Picture]]:
    """The pictures of that answer."""
    return [(replace(result(3), cost_usd=0.04), picture(red)) for red in (61, 62, 63)]


def test_an_exchange_is_there_tomorrow(folder: ProjectFolder) -> None:
    """Word for word, with its pictures in order."""
    kept = exchange(folder)
    folder.keep_exchange(kept)

    assert reopened(folder).exchange("c1") == kept
    assert reopened(folder).exchange("c2") is None
    assert reopened(folder).exchange("../project") is None


def test_exchanges_come_in_order_and_by_kind(folder: ProjectFolder) -> None:
    """Oldest first; of all kinds or of those that are asked for."""
    for number, kind in enumerate((CallKind.SHOOT, CallKind.DIRECT, CallKind.DESCRIBE)):
        folder.keep_exchange(replace(exchange(folder, f"c{number}", kind), asked_at=ASKED_AT - timedelta(hours=number)))

    assert [kept.call_id for kept in folder.exchanges()] == ["c2", "c1", "c0"]
    assert [kept.call_id for kept in folder.exchanges((CallKind.DIRECT, CallKind.DESCRIBE))] == ["c2", "c1"]
    folder.keep_exchange(replace(exchange(folder, "c1", CallKind.DIRECT), answer="another"))
    assert [kept.answer for kept in folder.exchanges((CallKind.DIRECT,))] == ["another"]


def test_a_picture_that_is_another_by_now_is_not_shown_as_sent(folder: ProjectFolder) -> None:
    """Gone or exchanged: its words stay."""
    folder.keep_exchange(exchange(folder))
    project = folder.read()
    project.frames[0].path.write_bytes(picture(200).encoded)
    assert project.style_path is not None
    project.style_path.unlink()

    kept = reopened(folder).exchange("c1")
    assert kept is not None
    assert [(sent.role, sent.path) for sent in kept.pictures] == [("frame", None), ("style", None), ("anchor", None)]


def test_only_pictures_of_the_project_are_named(folder: ProjectFolder, tmp_path: Path) -> None:
    """A path from elsewhere is left out."""
    (tmp_path / "style-0123456789ab.png").write_bytes(picture(1).encoded)
    elsewhere = [Path("/etc/hostname"), tmp_path / "style-0123456789ab.png", folder.path / "project.json"]
    sent = tuple(SentPicture("frame", "x", "", path) for path in elsewhere)
    folder.keep_exchange(replace(exchange(folder), pictures=sent))

    kept = folder.exchange("c1")
    assert kept is not None
    assert [each.path for each in kept.pictures] == [None, None, None]


def test_pictures_that_exchanges_name_are_given_out(folder: ProjectFolder) -> None:
    """The style of yesterday too; what nobody names is not."""
    folder.keep_exchange(exchange(folder))
    old = folder.read().style_path
    folder.keep_style(style(9))
    assert old is not None
    (folder.path / "frames" / "frame-000099-0123456789ab.png").write_bytes(picture(1).encoded)

    assert reopened(folder).picture_file(old.name) == old
    assert folder.picture_file("frames/frame-000099-0123456789ab.png") is None


def test_words_without_an_end_are_shortened(folder: ProjectFolder) -> None:
    """Beginning and end are there, and how much is not."""
    folder.keep_exchange(replace(exchange(folder), answer="begin" + "é" * 400_000 + "end"))
    kept = folder.exchange("c1")

    assert kept is not None
    assert len(kept.answer.encode()) <= 200_000
    assert kept.answer.startswith("begin")
    assert kept.answer.endswith("end")
    assert "bytes are not kept" in kept.answer


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda good: good[:-20],
        lambda _: b"[" * 100_000,
        lambda good: good.replace(b"frames/frame-", b"../../frame-"),
        lambda good: good.replace(b'"shoot"', b'"steal"'),
        lambda good: good.replace(b'"c1"', b'"c9"'),
    ],
)
def test_a_damaged_exchange_reads_as_none(folder: ProjectFolder, spoil: Callable[[bytes], bytes]) -> None:
    """The others stay, and the project's copy opens."""
    folder.keep_exchange(exchange(folder))
    folder.keep_exchange(exchange(folder, "c2"))
    path = folder.path / "exchanges" / "c1.json"
    path.write_bytes(spoil(path.read_bytes()))
    fresh = reopened(folder)

    assert fresh.exchange("c1") is None
    assert [kept.call_id for kept in fresh.exchanges()] == ["c2"]
    workspace = Workspace(folder.path.parent, VERSION)
    assert [kept.call_id for kept in workspace.duplicate(folder.id).exchanges()] == ["c2"]


def test_a_fifo_among_exchanges_hangs_nobody(folder: ProjectFolder) -> None:
    """It is none."""
    folder.keep_exchange(exchange(folder))
    os.mkfifo(folder.path / "exchanges" / "c2.json")

    assert folder.exchange("c2") is None
    assert len(folder.exchanges()) == 1


def test_exchanges_go_with_a_bundle_and_stay_behind_deleted_takes(workspace: Workspace, folder: ProjectFolder) -> None:
    """Their pictures are those of the copy; a bundle without any is written for older versions too."""
    bundle = workspace.folder / "bundle.zip"
    workspace.export_bundle(folder.id, bundle)
    with zipfile.ZipFile(bundle) as archive:
        assert json.loads(archive.read("maestro-bundle.json"))["format"] == 1
    folder.keep_exchange(exchange(folder))
    folder.delete_take(take(folder, "c1").label)
    workspace.export_bundle(folder.id, bundle)
    copy = workspace.import_bundle(bundle)

    kept = copy.exchange("c1")
    assert kept is not None
    assert kept.pictures[0].path == copy.read().frames[0].path
    repack(bundle, lambda members: members.update({"exchanges/c1.json": b'{"call_id": "c2"}'}))
    with pytest.raises(BundleError):
        workspace.import_bundle(bundle)


def test_a_project_that_cannot_be_written_keeps_no_exchange(folder: ProjectFolder) -> None:
    """A newer one; an id that is no file's name."""
    path = folder.path / "project.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "schema": 999}))

    with pytest.raises(NewerProjectError):
        reopened(folder).keep_exchange(exchange(folder))
    with pytest.raises(WorkspaceError, match="id"):
        folder.keep_exchange(replace(exchange(folder), call_id="../c1"))


def test_every_picture_of_an_answer_is_a_take(folder: ProjectFolder) -> None:
    """The first bears the cost; the others say whose they are and lead to the same exchange; asked again, they are the same."""
    folder.keep_exchange(exchange(folder))
    takes = of_three(folder)

    assert [(str(kept.label), kept.call_id, kept.cost_usd) for kept in takes] == [
        ("shot-03_take-01", "c1", 0.04),
        ("shot-03_take-02", "c1-2", 0.0),
        ("shot-03_take-03", "c1-3", 0.0),
    ]
    assert "same answer as shot-03_take-01" in takes[2].notes[0]
    assert {kept.frame and kept.frame.index for kept in takes} == {12}
    assert folder.exchange("c1-3") == folder.exchange("c1")
    assert not list((folder.path / "incoming").iterdir())
    assert [kept.label for kept in reopened(folder).add_takes("c1", three())] == [kept.label for kept in takes]
    assert take(folder, "c9").label.number == 4


def test_a_picture_that_an_answer_holds_twice_is_one_take(folder: ProjectFolder) -> None:
    """Some providers put it into two places."""
    assert len(folder.add_takes("c1", [three()[0], three()[0], three()[1]])) == 2


@pytest.mark.parametrize("kept_count", [1, 2])
def test_a_crash_between_the_pictures_of_an_answer_keeps_all(folder: ProjectFolder, kept_count: int) -> None:
    """The answer stays until the last is on disk; the next start goes on where it ended, once."""
    folder.begin(intent("c1"))
    folder.keep_answer("c1", b"three pictures")
    lines = len((folder.path / "journal.jsonl").read_text().splitlines())
    folder.add_takes("c1", three()[:kept_count])
    journal = (folder.path / "journal.jsonl").read_text().splitlines()[: lines + kept_count]
    (folder.path / "journal.jsonl").write_text("\n".join(journal) + "\n")
    (folder.path / "incoming" / "c1.raw").write_bytes(b"three pictures")
    fresh = reopened(folder)

    assert len(fresh.recover(three, ())) == 3 - kept_count
    assert [kept.path.read_bytes() for kept in fresh.read().sheet(3).takes] == [each.encoded for _, each in three()]
    assert not list((folder.path / "incoming").iterdir())
    assert reopened(folder).recover(three, ()) == []
    assert reopened(folder).read().interruptions == ()


def test_a_further_picture_that_lost_its_record_is_adopted_as_what_it_was(folder: ProjectFolder) -> None:
    """With the words that its answer was asked with."""
    second = of_three(folder)[1]
    second.path.with_suffix(".json").unlink()
    fresh = reopened(folder)
    fresh.recover(three, ())
    found = fresh.read().sheet(3).takes[1]

    assert (found.is_adopted, found.text, found.call_id, found.frame) == (True, "Shot 3", "c1-2", second.frame)
    assert footage().frames[0].png == (found.frame.path.read_bytes() if found.frame else b"")
