"""Where uploaded clips lie: a folder of our own, swept; what a user called a clip never becomes a path."""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import streamlit as st

from maestro.clips import kept_name
from maestro.errors import FootageError
from maestro.ui.studio import studio

KEPT_S = 24 * 3600
"""An uploaded clip older than this is swept: after Analyze it is needed only to choose other frames."""
CHUNK_BYTES = 1 << 20
AT_RANDOM = "[0-9a-f]" * 32 + ".mp4"
AFTER_CONTENTS = "[0-9a-f]" * 64 + ".mp4"


def keep(uploaded: BinaryIO) -> Path:
    """A copy under a random name. Raises FootageError when it cannot be made."""
    folder = _folder(studio().settings.cache)
    _sweep(folder)
    path = folder / f"{uuid4().hex}.mp4"
    try:
        with path.open("xb") as kept:
            shutil.copyfileobj(uploaded, kept, CHUNK_BYTES)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise FootageError(
            "The clip could not be put into the cache folder.", next_step="Free some space, then choose it again."
        ) from error
    return path


def settle(path: Path, sha256: str) -> Path:
    """Calls the clip after its contents, so that the project finds it again later; its path from now on."""
    if not is_ours_alone(path):
        return path
    settled = path.with_name(kept_name(sha256))
    try:
        os.utime(path)  # its time until it is swept begins anew
        path.replace(settled)
    except OSError:
        return path  # it can be read where it is, just not found again after a restart
    return settled


def is_ours_alone(path: Path) -> bool:
    """Whether it is an upload that no project was made from."""
    return path.match(AT_RANDOM) and path.parent == _folder(studio().settings.cache)


def release(path: Path) -> None:
    """Takes away an upload that no project was made from; any other stays."""
    if is_ours_alone(path):
        path.unlink(missing_ok=True)


@st.cache_resource(show_spinner=False)
def _folder(cache: Path | None) -> Path:
    """Private to this user. The system's temporary folder gets one of its own for each process."""
    if cache is None:
        for old in Path(tempfile.gettempdir()).glob("maestro-clips-*"):
            _sweep(old)
        return Path(tempfile.mkdtemp(prefix="maestro-clips-"))
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    return cache


def _sweep(folder: Path) -> None:
    """Takes away what earlier uploads left, only files that bear our names."""
    for path in (*folder.glob(AT_RANDOM), *folder.glob(AFTER_CONTENTS)):
        try:
            if time.time() - path.stat().st_mtime > KEPT_S:
                path.unlink()
        except OSError:
            continue  # another process swept it, or it is another user's: neither concerns this upload
