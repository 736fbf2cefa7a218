"""The real Studio, from the settings; and how it is closed when the program ends without anybody having done so."""

import atexit
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from maestro import __version__, cluster
from maestro.config import Settings
from maestro.engines import building
from maestro.events import Events
from maestro.services import video
from maestro.services.storage import Workspace
from maestro.services.video.afar import FarBooth
from maestro.studio import PATIENCE_S, Hands, Studio

MOST_AT_ONCE = 64
SPARE = 2
"""While this many are being put on disk, others are asked for."""


def open_studio(settings: Settings, events: Events, *, is_watching: bool = True) -> Studio:
    """The real one, at work; otherwise as `built_studio`. `is_watching` as in `Studio.begin`."""
    studio = built_studio(settings, events)
    studio.begin(is_watching=is_watching)
    return studio


def built_studio(settings: Settings, events: Events) -> Studio:
    """The real one, before it begins. It is closed when the interpreter ends, if nobody did that before.

    A workspace that was named and never made is made now if the folder around it is there; one that vanishes later is not.
    """
    with suppress(OSError):  # the page says what is the matter with it
        settings.workspace.mkdir(mode=0o700, exist_ok=True)
    workspace = Workspace(settings.workspace, __version__, settings.min_free_mb * 1_000_000)
    hands = hired(settings)
    booth = FarBooth(hands.workers) if hands.workers else video.Booth()
    studio = Studio(settings, workspace, building.build(settings, booth, hands.workers), events, booth, hands)
    close_at_exit(studio)
    return studio


def hired(settings: Settings) -> Hands:
    """This process's threads, or a cluster's workers and as many threads as keep them busy. Raises SettingError."""
    workers = cluster.connected(settings)
    if workers is None:
        return Hands()
    if not settings.is_offline:  # of paid calls no more begin than here
        return Hands(workers=workers)
    many = min(workers.width, MOST_AT_ONCE) + SPARE
    shooting = ThreadPoolExecutor(many, thread_name_prefix="maestro-shoot")
    return Hands(shooting, ThreadPoolExecutor(many, thread_name_prefix="maestro-analyse"), workers=workers)


def close_at_exit(studio: Studio, patience_s: float = PATIENCE_S) -> None:
    """Closes it before the interpreter waits for its threads, which would be for as long as the slowest call takes."""
    # atexit comes too late: pools are joined before it. The hook that concurrent.futures itself uses comes in time.
    register = getattr(threading, "_register_atexit", atexit.register)
    register(studio.close, patience_s)
