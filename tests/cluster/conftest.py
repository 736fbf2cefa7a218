"""A scheduler and workers of one thread each, for all tests here, with the key for the scripted provider."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.crews import Crew
from tests.provider import Provider


@pytest.fixture(scope="session")
def _crew(_server: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    with Crew(folder, {"OPENROUTER_API_KEY": "loopback", "MAESTRO_BASE_URL": _server.url}) as crew:
        yield crew


@pytest.fixture
def crew(_crew: Crew) -> Crew:
    """One worker at least."""
    _crew.fill(1)
    return _crew


@pytest.fixture
def pair(_crew: Crew) -> Crew:
    """Two workers, so that one can die."""
    _crew.fill(2)
    return _crew
