"""An engine that is made when it is first asked something, so that a page can be drawn before its libraries are imported."""

import threading
from collections.abc import Callable, Sequence

from maestro.calls import Call
from maestro.engines import Engine, Keep, Wish
from maestro.types import Context, Described, Directed, EngineCard, Footage, GenerationResult, Redirected, Shot, ShotOrder, Survey


class LateEngine:
    """Meets `Engine` by the one that `make` makes, once; its `card` is known before."""

    def __init__(self, card: EngineCard, make: Callable[[], Engine]) -> None:
        self._card = card
        self._make = make
        self._made: Engine | None = None
        self._making = threading.Lock()

    @property
    def card(self) -> EngineCard:
        """As given; the engine is not made for it."""
        return self._card

    def describe(self, footage: Footage, call: Call) -> Described:
        """As the engine."""
        return self._engine().describe(footage, call)

    def direct(self, footage: Footage, context: Context, call: Call) -> Directed:
        """As the engine."""
        return self._engine().direct(footage, context, call)

    def redirect(self, footage: Footage, context: Context, shots: tuple[Shot, ...], wish: Wish, call: Call) -> Redirected:
        """As the engine."""
        return self._engine().redirect(footage, context, shots, wish, call)

    def shoot(self, order: ShotOrder, call: Call, keep: Keep) -> GenerationResult:
        """As the engine."""
        return self._engine().shoot(order, call, keep)

    def develop(self, raw: bytes, order_shot_id: int) -> GenerationResult:
        """As the engine."""
        return self._engine().develop(raw, order_shot_id)

    def survey(self, call: Call) -> Survey:
        """As the engine: asked when the app begins its work, it makes the engine then."""
        return self._engine().survey(call)

    def costs(self, generation_ids: Sequence[str], call: Call) -> dict[str, float]:
        """As the engine."""
        return self._engine().costs(generation_ids, call)

    def choose(self, step: str, model: str) -> None:
        """As the engine."""
        self._engine().choose(step, model)

    def close(self) -> None:
        """Nothing, when it was never made."""
        with self._making:
            made = self._made
        if made is not None:
            made.close()

    def _engine(self) -> Engine:
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made
