"""What every test gets: an environment of its own, without the developer's settings or key."""

import os

import pytest


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of Maestro's, so that a developer's key is never spent by a test."""
    for name in list(os.environ):
        if name.startswith("MAESTRO_") or name in {"OPENROUTER_API_KEY", "MAX_CONCURRENT_REQUESTS"}:
            monkeypatch.delenv(name)
