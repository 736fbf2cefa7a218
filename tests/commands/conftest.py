"""A shell for every test here, and a provider for those that pay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.shell import Shell, connect
from tests.provider import Provider


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """With an empty workspace, and nobody to pay."""
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.set(MAESTRO_WORKSPACE=str(shell.workspace), MAESTRO_CACHE=str(tmp_path / "cache"))
    return shell


@pytest.fixture
def provider(shell: Shell) -> Iterator[Provider]:
    """That the commands of `shell` ask."""
    with Provider() as provider:
        connect(shell, provider)
        yield provider
