"""Rules of the house that no import contract can say."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from maestro.config import ROOT

PAGES = (ROOT / "Home.py", *sorted((ROOT / "pages").glob("*.py")))
SOURCES = (*PAGES, *sorted((ROOT / "maestro").rglob("*.py")))
MEMORY = ROOT / "maestro/ui/state"


def named(path: Path, *owners: str) -> Iterator[str]:
    """Every `owner.name` in a source file, for these owners, and every name imported from them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in owners:
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module in owners:
            yield from (alias.name for alias in node.names)


def imported(path: Path) -> Iterator[str]:
    """Every module that a source file imports, `a.b` for `from a import b` too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_only_the_settings_look_at_the_environment() -> None:
    """Whoever wants to know what can be set reads one file; config.py itself leaves the reading to pydantic-settings."""
    looking = {"environ", "environb", "getenv", "putenv"}

    assert [path for path in SOURCES if looking & set(named(path, "os"))] == []
    assert [path.name for path in SOURCES if any("pydantic_settings" in name for name in imported(path))] == ["config.py"]


def test_only_one_room_knows_the_tabs_memory() -> None:
    """No key of st.session_state and no part of the URL is named elsewhere."""
    remembering = {"session_state", "query_params"}

    assert {path.parent for path in SOURCES if remembering & set(named(path, "st", "streamlit"))} == {MEMORY}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_imports_what_is_drawn_and_the_vocabulary(page: Path) -> None:
    """Home.py is in no package, so that the import contracts do not see it."""
    assert [name for name in imported(page) if not name.startswith(("maestro.ui.", "maestro.types.", "maestro.errors."))] == []
