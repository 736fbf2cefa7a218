"""Other programs' changes are heard of, each project once."""

from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from maestro.errors import ProjectMissingError
from maestro.types import Project
from maestro.watch import News, Watch
from tests.ui import shown_project

LIMIT_S = 60.0


@pytest.fixture
def told(tmp_path: Path) -> Iterator["Queue[str]"]:
    """What a watch over `tmp_path` tells."""
    (tmp_path / "meadow-1" / "takes").mkdir(parents=True)
    queue: Queue[str] = Queue()
    watch = Watch(tmp_path, queue.put, pause_s=0.01)
    watch.start()
    yield queue
    watch.stop()


def _replace(path: Path) -> None:
    part = path.with_name(f".part-{path.name}")
    part.write_text("{}")
    part.replace(path)


def test_a_replaced_record_is_told(told: "Queue[str]", tmp_path: Path) -> None:
    """An atomic replacement arrives as a move."""
    _replace(tmp_path / "meadow-1" / "project.json")

    assert told.get(timeout=LIMIT_S) == "meadow-1"


def test_a_take_of_another_program_is_told(told: "Queue[str]", tmp_path: Path) -> None:
    """By its record."""
    _replace(tmp_path / "meadow-1" / "takes" / "shot-01_take-01.json")

    assert told.get(timeout=LIMIT_S) == "meadow-1"


def test_small_copies_and_hidden_folders_are_not_told(told: "Queue[str]", tmp_path: Path) -> None:
    """Only what is told after them arrives."""
    (tmp_path / "meadow-1" / "takes" / "shot-01_take-01.png").write_bytes(b"x")
    (tmp_path / ".trash").mkdir()
    _replace(tmp_path / ".trash" / "project.json")
    (tmp_path / "later").mkdir()

    assert told.get(timeout=LIMIT_S) == "later"


def test_a_missing_workspace_is_no_fault(tmp_path: Path) -> None:
    """It is said on the page by others; stopping works all the same."""
    watch = Watch(tmp_path / "gone", lambda _project: None)
    watch.start()
    watch.stop()


def _news(now: Project | None) -> tuple[News, list[str]]:
    told: list[str] = []

    def read(project_id: str) -> Project:
        if now is None:
            raise ProjectMissingError(f"There is no {project_id}.")
        return now

    return News(read, lambda *topics: told.extend(topics)), told


def test_only_what_differs_from_the_page_is_told(tmp_path: Path) -> None:
    """Another program saved the take of shot 2: its row is drawn anew, the others are left alone."""
    news, told = _news(shown_project(tmp_path, saved=[2]))
    news.shown(shown_project(tmp_path))

    news.heard("meadow-1")

    assert told == ["meadow-1/shot-2", "meadow-1/batch", "list/projects"]


def test_what_the_pages_show_already_is_not_told_again(tmp_path: Path) -> None:
    """Our own writes come back from the observer too."""
    project = shown_project(tmp_path)
    news, told = _news(project)
    news.shown(project)

    news.heard("meadow-1")

    assert told == []


def test_a_project_that_is_gone_is_told(tmp_path: Path) -> None:
    """The page then says so."""
    news, told = _news(None)
    news.shown(shown_project(tmp_path))

    news.heard("meadow-1")

    assert told == ["meadow-1/project", "list/projects"]


def test_another_copys_spending_and_choices_are_told(tmp_path: Path) -> None:
    """The files that belong to no project are no project's change."""
    published: list[str] = []
    news = News(lambda _project_id: shown_project(tmp_path), lambda *topics: published.extend(topics))
    news.heard("ledger.jsonl")
    news.heard("preferences.json")

    assert published == ["list/money", "list/models", "list/money"]
