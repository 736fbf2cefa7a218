"""The engine that costs nothing, on a crew: what it describes, directs and paints, the workers' engines do."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2

from maestro import crew
from maestro.calls import Call
from maestro.engines import Engine, Keep, Wish
from maestro.engines.offline import OfflineEngine
from maestro.services.video.afar import own_booth, with_clip
from maestro.services.video.parcels import Parcel
from maestro.types import Context, Described, Directed, EngineCard, Footage, GenerationResult, Redirected, Shot, ShotOrder, Survey


@dataclass(frozen=True, slots=True)
class _Sent:
    """A picture as a worker gives it back: its raw answer, and the result without it."""

    raw: bytes
    result: GenerationResult


class RemoteEngine:
    """Meets `Engine`; `own` is this process's, for everything but the work. Work whose worker dies is given to another."""

    def __init__(self, own: Engine, executor: Executor) -> None:
        self._own = own
        self._executor = executor

    @property
    def card(self) -> EngineCard:
        """That of the engine."""
        return self._own.card

    def describe(self, footage: Footage, call: Call) -> Described:
        """What the clip shows; a worker that does not see the clip gets it."""
        if footage.path is None:
            return crew.ask(self._executor, _describe, footage, call.left_s, call=call)
        still = replace(footage, path=None, frames=())  # it looks at the clip alone
        return with_clip(self._executor, _describe_clip, footage.path, still, call.left_s, call=call)

    def direct(self, footage: Footage, context: Context, call: Call) -> Directed:
        """Five shots."""
        return crew.ask(self._executor, _direct, replace(footage, path=None), context, call.left_s, call=call)

    def redirect(self, footage: Footage, context: Context, shots: tuple[Shot, ...], wish: Wish, call: Call) -> Redirected:
        """Another shot in the place of one."""
        asked = (replace(footage, path=None), context, shots, wish)
        return crew.ask(self._executor, _redirect, *asked, call.left_s, call=call)

    def shoot(self, order: ShotOrder, call: Call, keep: Keep) -> GenerationResult:
        """One picture; `keep` gets it here, where the store is."""
        sent = crew.ask(self._executor, _shoot, order, call.left_s, call=call)
        keep(sent.raw)
        return replace(sent.result, image_data_url=self.develop(sent.raw, order.shot.id).image_data_url)

    def develop(self, raw: bytes, order_shot_id: int) -> GenerationResult:
        """The picture in what `keep` got."""
        return self._own.develop(raw, order_shot_id)

    def survey(self, call: Call) -> Survey:
        """As the engine here."""
        return self._own.survey(call)

    def costs(self, generation_ids: Sequence[str], call: Call) -> dict[str, float]:
        """As the engine here."""
        return self._own.costs(generation_ids, call)

    def choose(self, step: str, model: str) -> None:
        """As the engine here."""
        self._own.choose(step, model)

    def close(self) -> None:
        """The executor stays."""
        self._own.close()


# --- on a worker


@lru_cache(maxsize=1)
def _engine() -> OfflineEngine:
    cv2.setNumThreads(1)  # the worker's threads are what is shared among its cores
    return OfflineEngine(study=own_booth().study)


def _describe(footage: Footage, limit_s: float) -> Described:
    with crew.standing_by(limit_s) as call:
        return _engine().describe(footage, call)


def _describe_clip(clip: Parcel, footage: Footage, limit_s: float) -> Described:
    with clip.opened() as path:
        return _describe(replace(footage, path=path), limit_s)


def _direct(footage: Footage, context: Context, limit_s: float) -> Directed:
    with crew.standing_by(limit_s) as call:
        return _engine().direct(footage, context, call)


def _redirect(footage: Footage, context: Context, shots: tuple[Shot, ...], wish: Wish, limit_s: float) -> Redirected:
    with crew.standing_by(limit_s) as call:
        return _engine().redirect(footage, context, shots, wish, call)


def _shoot(order: ShotOrder, limit_s: float) -> _Sent:
    kept: list[bytes] = []
    with crew.standing_by(limit_s) as call:
        result = _engine().shoot(order, call, kept.append)
    return _Sent(kept[0], replace(result, image_data_url=""))
