"""Who works on a project: one at a time, and no file is left of it."""

import fcntl
import os
from pathlib import Path

import pytest

from maestro.commands.holding import FOLDER, held, path_of
from maestro.errors import WorkspaceError


def test_what_another_one_holds_is_refused_and_what_a_dead_one_left_is_not(tmp_path: Path) -> None:
    """Afterwards nothing lies around."""
    (tmp_path / FOLDER).mkdir()
    descriptor = os.open(path_of(tmp_path, "clip", "lock"), os.O_CREAT | os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(WorkspaceError, match="Another command"), held(tmp_path, ["clip", "name"]):
        pass
    os.close(descriptor)
    with held(tmp_path, ["clip", "name"]):
        assert len(list((tmp_path / FOLDER).iterdir())) == 2

    assert not list((tmp_path / FOLDER).iterdir())
