"""What every test gets: an environment of its own, without the developer's settings or key; and what many ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desks import Desk, Opener, desks
from tests.provider import Provider


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of Maestro's, so that a developer's key is never spent by a test."""
    for name in list(os.environ):
        if name.startswith("MAESTRO_") or name in {"OPENROUTER_API_KEY", "MAX_CONCURRENT_REQUESTS"}:
            monkeypatch.delenv(name)


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[Opener]:
    """Opens desks over one workspace folder."""
    with desks(tmp_path / "workspace") as open_one:
        yield open_one


@pytest.fixture
def desk(open_desk: Opener) -> Desk:
    """One with places for five."""
    return open_desk()


@pytest.fixture(scope="session")
def _server() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(_server: Provider) -> Provider:
    """The session's provider, without scripts and memories."""
    _server.start_over()
    return _server
