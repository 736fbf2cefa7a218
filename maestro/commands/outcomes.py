"""What is wanted of a clip, and what became of it."""

from dataclasses import dataclass
from pathlib import Path

from maestro.commands.exits import State
from maestro.errors import Remedy
from maestro.types import SHOT_COUNT, StyleReference, Take


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of a clip. `name` is that of the project, empty: found or named by the clip; `out` gets the frames.

    `asks_again` makes calls anew of which nobody knows how they ended.
    """

    clip: Path
    style: StyleReference
    name: str = ""
    shot_ids: tuple[int, ...] = tuple(range(1, SHOT_COUNT + 1))
    is_saving: bool = True
    is_trimmed: bool = False
    asks_again: bool = False
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a clip. `cost_usd` is what this run cost as far as is known, `unknown_count` of its calls did not say."""

    clip: str
    state: State
    project_id: str = ""
    project: str = ""
    takes: tuple[Take, ...] = ()
    wanted: int = SHOT_COUNT
    cost_usd: float = 0.0
    unknown_count: int = 0
    duration_s: float = 0.0
    sentences: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    remedy: Remedy | None = None
    """What mends it, when it is not done."""
