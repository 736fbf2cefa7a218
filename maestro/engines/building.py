"""Which engine answers: the one place that knows them all. Imports each only when it is wanted, so that the start stays quick."""

from concurrent.futures import Executor
from functools import partial

from maestro.config import Settings
from maestro.engines import Engine
from maestro.engines.late import LateEngine
from maestro.engines.offline import standing
from maestro.services import video
from maestro.types import GenerationResult


def build(settings: Settings, booth: video.Booth, executor: Executor | None = None) -> Engine:
    """The engine that the settings ask for; what it reads of a clip, it reads in the booth.

    With `executor`, its workers do what takes long.
    """
    if settings.is_offline:
        own = LateEngine(standing.card(standing.sound_files()), partial(_offline, booth))
        if executor is None:
            return own
        from maestro.engines.remote import RemoteEngine  # noqa: PLC0415

        return RemoteEngine(own, executor)
    from maestro.engines.openrouter import OpenRouterEngine  # noqa: PLC0415

    return OpenRouterEngine(settings, executor)


def _offline(booth: video.Booth) -> Engine:
    from maestro.engines.offline import OfflineEngine  # noqa: PLC0415

    return OfflineEngine(study=booth.study)


def develop(engine: str, raw: bytes, shot_id: int) -> GenerationResult:
    """The picture in a raw answer that the engine of that name (`EngineCard.name`) once gave.

    Raises EngineError when there is none.
    """
    if engine == "offline":
        from maestro.engines import offline  # noqa: PLC0415

        return offline.develop(raw, shot_id)
    from maestro.engines import openrouter  # noqa: PLC0415

    return openrouter.develop(raw, shot_id)
