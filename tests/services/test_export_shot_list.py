"""The shot list: for spreadsheets and for reading."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from maestro.errors import WorkspaceError
from maestro.services.export import shot_list_csv, shot_list_markdown
from maestro.services.export.shot_list import COLUMNS
from maestro.types import Project
from tests.services.boards import WORDS, board, board_take


def rows(project: Project, folder: Path) -> list[list[str]]:
    """What a spreadsheet reads, without the heads of the columns."""
    shot_list_csv(project, folder / "shots.csv")
    written = (folder / "shots.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbf")
    head, *rest = csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""))
    assert tuple(head) == COLUMNS
    return rest


def markdown(project: Project, folder: Path) -> str:
    """The table for reading."""
    shot_list_markdown(project, folder / "shots.md")
    return (folder / "shots.md").read_text(encoding="utf-8")


def test_a_saved_take_is_a_row_and_a_shot_without_one_too(tmp_path: Path) -> None:
    """Only what the ZIP of frames holds is named as a file."""
    project = board([board_take(tmp_path, 1)], [board_take(tmp_path, 2, is_saved=False)], [])

    assert rows(project, tmp_path) == [
        ["1", "1", "shot-01_take-01.png", WORDS, "00:00:02.640", "a-model", "64x36", "0.04", "yes", ""],
        ["2", "1", "", WORDS, "00:00:02.640", "a-model", "64x36", "0.04", "no", ""],
        ["3", "", "", WORDS, "", "", "", "", "no", "not shot yet"],
    ]


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@x", "  =1", "\uff1d1", "\n=1"])
def test_no_words_become_a_formula(tmp_path: Path, words: str) -> None:
    """An apostrophe stands before them, which spreadsheets do not show."""
    assert rows(board([board_take(tmp_path, 1, words)]), tmp_path)[0][3] == f"'{words}"


def test_words_keep_their_lines_and_quotes(tmp_path: Path) -> None:
    """In one cell each."""
    words = 'Wide, "low".\r\nMist; 日出'

    assert rows(board([board_take(tmp_path, 1, words)]), tmp_path)[0][3] == 'Wide, "low".\nMist; 日出'


def test_odd_takes_say_what_is_odd(tmp_path: Path) -> None:
    """An unknown cost is empty, no zero; a missing picture is no file."""
    take = replace(board_take(tmp_path, 1), cost_usd=None, is_stale=True, is_missing=True, frame=None, notes=("Cut to size.",))
    take.path.unlink()
    row = rows(board([take]), tmp_path)[0]

    assert (row[2], row[4], row[7]) == ("", "", "")
    assert row[9] == "Cut to size. The shot's words or its style have changed since. The picture's file is missing."


def test_the_table_for_reading_survives_any_words(tmp_path: Path) -> None:
    """Bars, new lines and HTML stay words; the file is a link to the picture beside it."""
    lines = markdown(board([board_take(tmp_path, 1, "a|b\n<b>*c*")], name="One|two\n# three"), tmp_path).splitlines()

    assert lines[0] == r"# One\|two<br>\# three"
    assert lines[4].startswith(r"| 1 | 1 | [shot-01_take-01.png](shot-01_take-01.png) | a\|b<br>&lt;b&gt;\*c\* |")
    assert {line.replace(r"\|", "").count("|") for line in lines[2:]} == {len(COLUMNS) + 1}


def test_without_a_shot_there_is_no_list(tmp_path: Path) -> None:
    """It says what to do."""
    with pytest.raises(WorkspaceError, match="no shot yet"):
        markdown(board(), tmp_path)
    assert list(tmp_path.iterdir()) == []
