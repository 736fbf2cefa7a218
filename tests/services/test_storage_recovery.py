"""The first look after a crash, for each stage that a call may have reached."""

from pathlib import Path

import pytest

from maestro.errors import AnswerError
from maestro.services.storage import Intent, ProjectFolder, Workspace
from maestro.types import GenerationResult, Picture
from tests.services.storage_samples import VERSION, filled, intent, picture, reopened, result, take


@pytest.fixture
def folder(tmp_path: Path) -> ProjectFolder:
    """An analysed project."""
    return filled(Workspace(tmp_path, VERSION))


def develop(call: Intent, raw: bytes) -> list[tuple[GenerationResult, Picture]]:
    """The picture in a raw answer of these tests."""
    return [(result(call.shot_id, raw.decode()), picture(120))]


def recovered(folder: ProjectFolder) -> ProjectFolder:
    """The project as a new process finds it; recovered twice, since it may crash as well."""
    fresh = reopened(folder)
    fresh.recover(develop, ())
    before = fresh.read().sheets, fresh.read().interruptions
    again = reopened(folder)
    assert again.recover(develop, ()) == []
    assert (again.read().sheets, again.read().interruptions) == before
    return again


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_call_without_an_answer_is_listed_until_it_is_dismissed(folder: ProjectFolder, is_sent: bool) -> None:
    """Whether it was sent is told; it is not made again."""
    folder.begin(intent("c1"))
    if is_sent:
        folder.mark_sent("c1")
    assert folder.read().interruptions == ()
    fresh = recovered(folder)

    [listed] = fresh.read().interruptions
    assert (listed.call_id, listed.shot_id, listed.was_sent) == ("c1", 3, is_sent)
    assert ("may have been charged" if is_sent else "nothing was charged") in listed.message
    fresh.dismiss("c1")
    assert reopened(folder).read().interruptions == ()


def test_an_answer_becomes_the_take_that_was_paid_for(folder: ProjectFolder) -> None:
    """With the words that it was asked with, though they changed since; the answer is not kept twice."""
    folder.begin(intent("c1"))
    folder.mark_sent("c1")
    folder.keep_answer("c1", b"the prompt")
    folder.edit(3, "changed since", "Shot 3")
    [kept] = recovered(folder).read().sheet(3).takes

    assert (kept.text, kept.prompt, kept.is_stale, kept.path.read_bytes()) == ("Shot 3", "the prompt", True, picture(120).encoded)
    assert not list((folder.path / "incoming").iterdir())


def test_an_answer_that_cannot_be_developed_is_listed_and_stays(folder: ProjectFolder) -> None:
    """With the engine's sentence."""
    folder.begin(intent("c1"))
    folder.keep_answer("c1", b"no picture")

    def refuse(_call: Intent, _raw: bytes) -> list[tuple[GenerationResult, Picture]]:
        raise AnswerError("The answer held no picture.")

    reopened(folder).recover(refuse, ())
    [listed] = recovered(folder).read().interruptions
    assert listed.was_sent
    assert "held no picture" in listed.message
    assert (folder.path / "incoming" / "c1.raw").read_bytes() == b"no picture"


def test_a_picture_whose_record_was_not_written_is_the_same_take(folder: ProjectFolder) -> None:
    """Killed between picture and record: one take, its number used once."""
    kept = take(folder, "c1", red=120)
    kept.path.with_suffix(".json").unlink()
    lines = (folder.path / "journal.jsonl").read_text().splitlines()
    (folder.path / "journal.jsonl").write_text("\n".join(lines[:-1]) + '\n{"stage": "do')
    (folder.path / "incoming" / "c1.raw").write_bytes(b"the prompt")

    assert [take_.label.number for take_ in recovered(folder).read().sheet(3).takes] == [1]
    assert not recovered(folder).read().sheet(3).takes[0].is_adopted


def test_a_record_whose_end_was_not_written_is_ended(folder: ProjectFolder) -> None:
    """Nothing is developed twice."""
    take(folder, "c1")
    lines = (folder.path / "journal.jsonl").read_text().splitlines()
    (folder.path / "journal.jsonl").write_text("\n".join(lines[:-1]) + "\n")
    (folder.path / "incoming" / "c1.raw").write_bytes(b"answer")

    assert len(recovered(folder).read().sheet(3).takes) == 1


def test_a_picture_without_any_record_is_adopted(folder: ProjectFolder) -> None:
    """Flagged; text files and links are not."""
    takes = folder.path / "takes"
    takes.mkdir()
    (takes / "shot-02_take-04.png").write_bytes(picture(3).encoded)
    (takes / "shot-02_take-05.png").write_bytes(b"no picture")
    (takes / "shot-02_take-06.png").symlink_to(takes / "shot-02_take-04.png")
    fresh = recovered(folder)

    assert [(kept.label.number, kept.is_adopted) for kept in fresh.read().sheet(2).takes] == [(4, True)]
    assert fresh.add_take("c1", result(2), picture(1)).label.number > 4


def test_a_deletion_that_was_interrupted_is_ended(folder: ProjectFolder) -> None:
    """The record lies in the trash: its picture goes there too, and is not adopted."""
    kept = take(folder, "c1")
    (folder.path / "trash").mkdir()
    kept.path.with_suffix(".json").rename(folder.path / "trash" / "shot-03_take-01.json")
    fresh = recovered(folder)

    assert fresh.read().sheet(3).takes == ()
    fresh.restore_take(kept.label)
    assert fresh.read().sheet(3).takes[0].path.read_bytes() == picture(10).encoded


def test_calls_in_flight_in_this_process_are_left_alone(folder: ProjectFolder) -> None:
    """They are neither listed nor finished."""
    folder.begin(intent("c1"))
    folder.keep_answer("c1", b"answer")
    folder.recover(develop, {"c1"})

    assert folder.read().interruptions == ()
    assert folder.read().sheet(3).takes == ()


def test_a_failed_call_is_not_listed_and_its_words_stay(folder: ProjectFolder) -> None:
    """It was told on the page already."""
    folder.begin(intent("c1"))
    folder.fail("c1", "The provider declined.", may_be_charged=False, raw="its words")

    assert recovered(folder).read().interruptions == ()
    assert (folder.path / "incoming" / "c1.raw").read_text() == "its words"


def test_parts_that_a_crash_left_are_swept(folder: ProjectFolder) -> None:
    """Ours alone."""
    left = [folder.path / ".part-abc", folder.path / "frames" / ".part-def"]
    for path in left:
        path.write_bytes(b"half")
    (folder.path / "frames" / "mine.txt").write_text("x")
    recovered(folder)

    assert not any(path.exists() for path in left)
    assert (folder.path / "frames" / "mine.txt").exists()
