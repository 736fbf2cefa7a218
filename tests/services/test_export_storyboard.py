"""The storyboard as PDF: what is on its pages, for eyes and for ears."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from maestro.errors import WorkspaceError
from maestro.services.export import storyboard_pdf
from maestro.services.export.scripts import breakable, is_rtl, language, printable
from maestro.types import FRAMES_PER_PAGE, Paper, Project, StoryboardLayout
from tests.services.boards import WORDS, alt_texts, board, board_take, page_count, unpacked

LONG = "The camera drifts through wet reeds while the mist lifts. " * 68


def set_pages(project: Project, folder: Path, layout: StoryboardLayout | None = None) -> Path:
    """The pages of a project."""
    pdf = folder / "storyboard.pdf"
    storyboard_pdf(project, layout or StoryboardLayout(), pdf)
    return pdf


def five(folder: Path, words: str = WORDS) -> Project:
    """Five shots, each with a saved take."""
    return board(*([board_take(folder, number, words)] for number in range(1, 6)))


@pytest.mark.parametrize(("per_page", "pages"), list(zip(FRAMES_PER_PAGE, (5, 3, 2, 1), strict=True)))
def test_frames_are_dealt_to_pages(tmp_path: Path, per_page: int, pages: int) -> None:
    """None is lost; lines for notes take no page of their own."""
    pdf = set_pages(five(tmp_path), tmp_path, StoryboardLayout(per_page, Paper.LETTER, has_notes=True))

    assert page_count(pdf) == pages
    assert b"792 612" in unpacked(pdf)


def test_every_picture_has_the_shots_words_as_its_alt_text(tmp_path: Path) -> None:
    """In a tagged file with title and language, for those who hear it."""
    pdf = set_pages(five(tmp_path), tmp_path)

    assert alt_texts(pdf) == [f"Shot {number}, take 1: {WORDS}" for number in range(1, 6)]
    laid_open = unpacked(pdf)
    assert all(mark in laid_open for mark in (b"/StructTreeRoot", b"/Lang(en)", b"/Title(Rabbit at dawn)", b"pdfuaid:part"))


def test_the_same_project_makes_the_same_bytes(tmp_path: Path) -> None:
    """Also in another folder and tomorrow: it is as old as its newest take. Nothing else is left there."""
    project = five(tmp_path)
    (tmp_path / "other").mkdir()

    assert set_pages(project, tmp_path).read_bytes() == set_pages(project, tmp_path / "other").read_bytes()
    assert b"/CreationDate(D:20261129123020" in unpacked(tmp_path / "storyboard.pdf")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["storyboard.pdf"]


def test_words_that_do_not_fit_go_on_behind_the_frames(tmp_path: Path) -> None:
    """4000 characters beside a frame of a sixth of a page; short ones need no further page."""
    assert page_count(set_pages(board([board_take(tmp_path, 1, "Short.")]), tmp_path)) == 1

    pdf = set_pages(board([board_take(tmp_path, 1, LONG)]), tmp_path)

    assert page_count(pdf) == 2
    assert "continued".encode("utf-16-be").hex().upper().encode() in unpacked(pdf)


@pytest.mark.parametrize(
    "words",
    ['#image("/etc/passwd") *x* $y$ @z <w> // \\', "= a\n\n- b\x00\ud800", "w" * 4000, ""],
    ids=["markup", "controls", "one long word", "none"],
)
def test_words_are_never_more_than_words(tmp_path: Path, words: str) -> None:
    """Whatever was typed is set as it is; what cannot be printed is left out."""
    assert page_count(set_pages(five(tmp_path, words), tmp_path)) >= 1


def test_a_character_that_no_font_has_becomes_a_box_with_a_note(tmp_path: Path) -> None:
    """It is no failure; alt texts stay. Here one of those that no font may have."""
    pdf = set_pages(board([board_take(tmp_path, 1, "Before \U0010fffd after")]), tmp_path)

    assert page_count(pdf) == 1
    assert b"pdfuaid:part" not in unpacked(pdf)
    assert b"/Alt" in unpacked(pdf)


def test_only_saved_frames_come_unless_every_shot_is_wanted(tmp_path: Path) -> None:
    """Then with their last take, or an empty frame where there is none."""
    project = board([board_take(tmp_path, 1)], [board_take(tmp_path, 2, is_saved=False)], [])

    assert alt_texts(set_pages(project, tmp_path)) == [f"Shot 1, take 1: {WORDS}"]
    every = set_pages(project, tmp_path, StoryboardLayout(1, has_every_shot=True))
    assert (page_count(every), len(alt_texts(every))) == (3, 2)


def test_while_nothing_is_saved_the_last_takes_come(tmp_path: Path) -> None:
    """The last one of each shot."""
    older, newer = (board_take(tmp_path, 1, is_saved=False, number=number) for number in (1, 2))

    assert alt_texts(set_pages(board([older, newer], []), tmp_path)) == [f"Shot 1, take 2: {WORDS}"]


def test_without_any_take_there_is_no_storyboard(tmp_path: Path) -> None:
    """It says what to do and leaves no file."""
    with pytest.raises(WorkspaceError, match="no frame to show"):
        set_pages(board([], []), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_or_damaged_picture_leaves_an_empty_frame(tmp_path: Path) -> None:
    """The others come all the same; a link is not followed."""
    gone, torn, there = (board_take(tmp_path, number) for number in (1, 2, 3))
    gone.path.unlink()
    gone.path.symlink_to(there.path)
    torn.path.write_bytes(b"\x89PNG\r\n\x1a\nno more")

    assert alt_texts(set_pages(board([gone], [torn], [there]), tmp_path)) == [f"Shot 3, take 1: {WORDS}"]


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "CMYK"])
def test_pictures_of_any_kind_and_shape_can_be_set(tmp_path: Path, mode: str) -> None:
    """The originals stay as they are."""
    take = replace(board_take(tmp_path, 1), path=tmp_path / "odd.tif", width_px=20, height_px=400)
    Image.new(mode, (20, 400)).save(take.path)
    before = take.path.read_bytes()

    assert page_count(set_pages(board([take]), tmp_path)) == 1
    assert take.path.read_bytes() == before


def test_what_a_text_is_written_in_is_told_from_its_letters() -> None:
    """For the direction, for the voice that reads it, and for lines that have no space."""
    assert [language(text) for text in ("Dawn.", "夜明けの草原", "日出时分", "عند الفجر", "Рассвет")] == [
        "en",
        "ja",
        "zh",
        "ar",
        "ru",
    ]
    assert [is_rtl(text) for text in ("Dawn.", '"عند', "12")] == [False, True, False]
    assert breakable("a" * 50 + " b").count("\u200b") == 2
    assert breakable(WORDS) == WORDS
    assert printable("a\r\nb\tc\x07\ud800") == "a\nb c"
