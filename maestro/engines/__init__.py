"""Who answers the three questions; all meet one Protocol."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from maestro.calls import Call
from maestro.types import Context, Described, Directed, EngineCard, Footage, GenerationResult, Redirected, Shot, ShotOrder, Survey

Keep = Callable[[bytes], None]
"""Puts a raw answer on disk, before anybody parses it. Raises WorkspaceError."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which shot the user wants anew, and a hint in their own words, which may be empty."""

    shot_id: int
    hint: str = ""


class Engine(Protocol):
    """Describes, directs and shoots. Every method may be called from any thread, and raises EngineError for what went wrong."""

    @property
    def card(self) -> EngineCard:
        """Who it is, for the page."""
        ...

    def describe(self, footage: Footage, call: Call) -> Described:
        """What the clip shows."""
        ...

    def direct(self, footage: Footage, context: Context, call: Call) -> Directed:
        """Five shots, from the director's source frame and the context."""
        ...

    def redirect(self, footage: Footage, context: Context, shots: tuple[Shot, ...], wish: Wish, call: Call) -> Redirected:
        """Another shot in the place of one of `shots`, the others kept, as `wish` hints."""
        ...

    def shoot(self, order: ShotOrder, call: Call, keep: Keep) -> GenerationResult:
        """One picture. `keep` gets the raw answer before it is read, so that what was paid for survives a crash."""
        ...

    def develop(self, raw: bytes, order_shot_id: int) -> GenerationResult:
        """The picture in a raw answer that `keep` once got. Raises EngineError when there is none."""
        ...

    def survey(self, call: Call) -> Survey:
        """What is known of key and models; costs nothing. Raises CancelledError only: what is wrong is in `Survey.troubles`."""
        ...

    def costs(self, generation_ids: Sequence[str], call: Call) -> dict[str, float]:
        """What these calls cost in dollars, as far as the provider tells afterwards; costs nothing, raises CancelledError only."""
        ...

    def choose(self, step: str, model: str) -> None:
        """From now on asks this model for `step`, "text" or "image"; empty: the first of the settings."""
        ...

    def close(self) -> None:
        """Lets go of connections and threads."""
        ...
