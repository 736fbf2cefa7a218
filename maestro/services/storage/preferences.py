"""What the user chose for the whole workspace: `preferences.json`. Whatever in it is no such choice counts as not chosen."""

import json
import math
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from maestro.services.storage.core import Ground
from maestro.services.storage.durable import StatKey, place, read_bytes, stat_key, told
from maestro.services.storage.locks import ProjectLock
from maestro.types import Preferences

PREFERENCES_FILE = "preferences.json"
LIMIT_BYTES = 1 << 20
CAP_LIMIT_USD = 100_000.0
MODEL_LIMIT = 200


class PreferenceFile:
    """Thread-safe; one for a workspace. Sees what other processes choose."""

    def __init__(self, ground: Ground) -> None:
        self._path = ground.workspace / PREFERENCES_FILE
        self._disk = ground.disk
        self._writing = ProjectLock(ground.disk, ground.workspace, PREFERENCES_FILE)
        self._lock = threading.Lock()
        self._read: tuple[StatKey | None, Preferences] = (None, Preferences())

    def read(self) -> Preferences:
        """What holds now; a file that is missing or damaged chooses nothing."""
        key = stat_key(self._path)
        with self._lock:
            if key is None or key != self._read[0]:
                self._read = (key, _preferences(self._spelled()))
            return self._read[1]

    def change(self, change: Callable[[Preferences], Preferences]) -> None:
        """Keeps what `change` makes of the choices that hold now. Raises WorkspaceError."""
        with told("Your choice"), self._writing:
            spelled = self._spelled()
            chosen = {**spelled, **asdict(change(_preferences(spelled)))}
            place(self._disk, self._path, json.dumps(chosen, indent=2).encode())

    def _spelled(self) -> dict[str, Any]:
        try:
            spelled = json.loads(read_bytes(self._path, LIMIT_BYTES)[0])
        except (OSError, ValueError, RecursionError):
            return {}
        return spelled if isinstance(spelled, dict) else {}


def _preferences(spelled: dict[str, Any]) -> Preferences:
    return Preferences(
        text_model=_model(spelled.get("text_model")),
        image_model=_model(spelled.get("image_model")),
        project_cap_usd=_cap(spelled.get("project_cap_usd")),
        day_cap_usd=_cap(spelled.get("day_cap_usd")),
    )


def _model(value: object) -> str:
    is_name = isinstance(value, str) and len(value) <= MODEL_LIMIT and value.isprintable()
    return str(value).strip() if is_name else ""


def _cap(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= CAP_LIMIT_USD else None
