"""Who answers the three questions; all meet one Protocol."""

from collections.abc import Callable
from typing import Protocol

from maestro.calls import Call
from maestro.types import Context, Described, Directed, EngineCard, Footage, GenerationResult, ShotOrder

Keep = Callable[[bytes], None]
"""Puts a raw answer on disk, before anybody parses it. Raises WorkspaceError."""


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

    def shoot(self, order: ShotOrder, call: Call, keep: Keep) -> GenerationResult:
        """One picture. `keep` gets the raw answer before it is read, so that what was paid for survives a crash."""
        ...

    def develop(self, raw: bytes, order_shot_id: int) -> GenerationResult:
        """The picture in a raw answer that `keep` once got. Raises EngineError when there is none."""
        ...

    def close(self) -> None:
        """Lets go of connections and threads."""
        ...
