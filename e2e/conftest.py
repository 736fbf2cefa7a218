"""One browser for all journeys; one app on each engine, each journey in a project of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from e2e.stage import App, browser
from tests import clips
from tests.provider import Provider

KEY = "a-key-that-only-loopback-sees"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real Chromium; a missing one fails the journeys."""
    with browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app as a newcomer has it: no key."""
    with App(tmp_path_factory.mktemp("offline")) as app:
        yield app


@pytest.fixture(scope="session")
def wire() -> Iterator[Provider]:
    """The provider's wire on loopback."""
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(wire: Provider) -> Provider:
    """The provider with nothing scripted and nothing recorded."""
    wire.start_over()
    return wire


def keyed(provider: Provider, **settings: str) -> dict[str, str]:
    """The variables of an app that asks that provider."""
    return {"OPENROUTER_API_KEY": KEY, "MAESTRO_BASE_URL": provider.url, "MAX_CONCURRENT_REQUESTS": "5", **settings}


@pytest.fixture(scope="session")
def paid(wire: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with a key, in front of the provider."""
    with App(tmp_path_factory.mktemp("paid"), keyed(wire)) as app:
        yield app


@pytest.fixture
def own_folder(tmp_path: Path) -> Path:
    """For a journey that needs an app of its own."""
    return tmp_path


@pytest.fixture(scope="session")
def own_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of the user's own."""
    return clips.make(tmp_path_factory.mktemp("own") / "meadow.mp4", clips.Recipe(frames=90, size=(320, 180)))


@pytest.fixture(scope="session")
def too_long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty seconds."""
    return clips.make(tmp_path_factory.mktemp("long") / "long.mp4", clips.Recipe(frames=400, fps=10))


@pytest.fixture(scope="session")
def phone_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a telephone held upright: stored lying, with a flag that says how to turn them."""
    recipe = clips.Recipe(frames=90, size=(240, 432), turned_deg=90)
    return clips.make(tmp_path_factory.mktemp("phone") / "telephone.mp4", recipe)


@pytest.fixture(scope="session")
def own_style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small picture with an ending in capitals."""
    path = tmp_path_factory.mktemp("style") / "LOOK.JPG"
    Image.radial_gradient("L").convert("RGB").save(path, "JPEG")
    return path
