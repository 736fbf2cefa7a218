"""Engines that ask the scripted provider."""

from collections.abc import Iterator
from typing import Any

import pytest

from maestro.config import Settings
from maestro.engines.openrouter import OpenRouterEngine
from tests.engines.asking import KEY, Build
from tests.engines.line import Line
from tests.provider import Provider


@pytest.fixture
def build(provider: Provider) -> Iterator[Build]:
    """Builds engines for the provider, and closes them."""
    engines: list[OpenRouterEngine] = []

    def built(**settings: Any) -> OpenRouterEngine:
        wanted = {"OPENROUTER_API_KEY": KEY, "base_url": provider.url} | settings
        engines.append(OpenRouterEngine(Settings(**wanted)))
        return engines[-1]

    yield built
    for engine in engines:
        engine.close()


@pytest.fixture(scope="module")
def _line() -> Iterator[Line]:
    with Provider() as provider:
        common: dict[str, Any] = {"OPENROUTER_API_KEY": KEY, "base_url": provider.url}
        engines = {name: OpenRouterEngine(Settings(image_wire=name, **common)) for name in ("images", "chat")}
        yield Line(provider, engines)
        for engine in engines.values():
            engine.close()


@pytest.fixture
def line(_line: Line) -> Line:
    """The module's line, without scripts and memories."""
    _line.provider.start_over()
    return _line
