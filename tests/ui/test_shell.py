"""What surrounds every page, as AppTest sees it over a fake studio."""

from collections.abc import Iterator
from dataclasses import replace as changed
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from maestro.config import Settings
from maestro.types import EngineCard
from maestro.ui import studio
from tests.ui import FakeStudio, shown_project
from tests.ui.test_gallery import html, links

SCRIPT = "import streamlit as st\nfrom maestro.ui import shell\nst.text(f'on {shell.page(\"Home\")}')\n"


@pytest.fixture(name="held")
def _held(tmp_path: Path) -> Iterator[FakeStudio]:
    held = FakeStudio(tmp_path, shown_project(tmp_path, "meadow-1", saved=(1, 2, 3)), shown_project(tmp_path, "harbour-2"))
    studio.replace(held)
    yield held
    studio.replace(None)


def page(folder: Path, project: str | None = None) -> AppTest:
    """A page with nothing but the shell, which says what the shell gave it."""
    (folder / "pages").mkdir(exist_ok=True)
    for name in ("Home.py", "pages/1_Shots.py", "pages/2_Gallery.py"):
        (folder / name).write_text(SCRIPT, encoding="utf-8")
    drawn = AppTest.from_file(str(folder / "Home.py"), default_timeout=90)
    if project is not None:
        drawn.query_params["project"] = project
    drawn.run()
    assert not drawn.exception
    return drawn


def in_url(drawn: AppTest) -> str:
    """The project that the URL names."""
    value = drawn.query_params["project"]
    return value if isinstance(value, str) else value[0]


@pytest.mark.usefixtures("held")
def test_the_project_of_the_url_is_opened(tmp_path: Path) -> None:
    """A bookmark leads to it."""
    assert page(tmp_path, "harbour-2").text[0].value == "on harbour-2"


@pytest.mark.usefixtures("held")
def test_without_one_in_the_url_the_last_is_opened_and_named_there(tmp_path: Path) -> None:
    """So that a reload and a copied address stay with it."""
    drawn = page(tmp_path)

    assert (drawn.text[0].value, in_url(drawn)) == ("on meadow-1", "meadow-1")


@pytest.mark.usefixtures("held")
def test_a_new_project_is_not_the_last_one(tmp_path: Path) -> None:
    """An empty page can be asked for."""
    assert page(tmp_path, "new").text[0].value == "on None"


@pytest.mark.usefixtures("held")
def test_a_project_that_is_gone_is_not_replaced_by_another(tmp_path: Path) -> None:
    """The page says so and shows the list."""
    drawn = page(tmp_path, "gone-9")

    assert (drawn.text[0].value, in_url(drawn)) == ("on None", "gone-9")
    assert "There is no such project." in html(drawn)


@pytest.mark.usefixtures("held")
def test_every_link_carries_the_project(tmp_path: Path) -> None:
    """Built-in links would lose it."""
    linked = page(tmp_path, "meadow-1").sidebar.get("page_link")

    assert [(link.proto.label, link.proto.query_string) for link in linked[:3]] == [
        ("Home", "project=meadow-1"),
        ("Shots", "project=meadow-1"),
        ("Gallery", "project=meadow-1"),
    ]


@pytest.mark.usefixtures("held")
def test_the_shelf_tells_how_far_each_project_is(tmp_path: Path) -> None:
    """In words."""
    drawn = html(page(tmp_path, "meadow-1"))

    assert "3 of 5 saved · " in drawn
    assert "5 takes · " in drawn


def test_a_long_shelf_can_be_searched(held: FakeStudio, tmp_path: Path) -> None:
    """Case does not matter."""
    first = held.open("meadow-1")
    held.held = {f"p-{number}": changed(first, id=f"p-{number}", name=f"Take {number}") for number in range(1, 9)}
    held.held["p-8"] = changed(held.held["p-8"], name="Harbour")
    drawn = page(tmp_path, "p-1")

    drawn.text_input(key="shelf-words").set_value("HARB").run()

    assert [label for label in links(drawn) if label.startswith("Open")] == ["Open Harbour"]


def test_the_engine_is_named_honestly(held: FakeStudio, tmp_path: Path) -> None:
    """In its own words, never as markup."""
    held.shown_card = EngineCard(
        "openrouter", "OpenRouter", "Asks <your> provider.", is_paid=True, text_models=("a/b", "c/d"), image_models=("e/f",)
    )

    drawn = html(page(tmp_path))

    assert "Asks &lt;your&gt; provider." in drawn


def test_a_setting_that_is_not_allowed_is_said_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain `streamlit run Home.py` has no other place to say it."""
    monkeypatch.setenv("MAESTRO_TIMEOUT_S", "soon")

    drawn = page(tmp_path)

    assert "MAESTRO_TIMEOUT_S is not allowed" in html(drawn)
    assert not drawn.text


def test_where_others_can_come_in_it_is_said(held: FakeStudio, tmp_path: Path) -> None:
    """And with a key nothing is shown without the user's word."""
    open_to_all = "import streamlit as st\nfrom streamlit import config\nconfig.set_option('server.address', '0.0.0.0')\n"
    drawn = page(tmp_path)
    (tmp_path / "Home.py").write_text(open_to_all + SCRIPT, encoding="utf-8")
    try:
        assert "Other computers in your network can open this page" in html(drawn.run())

        held.settings = Settings.model_validate({"OPENROUTER_API_KEY": "sk-secret"})
        drawn.run()

        assert "your key with it" in html(drawn)
        assert not drawn.text
    finally:
        (tmp_path / "Home.py").write_text(open_to_all.replace("0.0.0.0", "127.0.0.1"), encoding="utf-8")
        drawn.run()
