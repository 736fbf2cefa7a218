"""Which engine answers: the one place that knows them all. Imports each only when it is wanted, so that the start stays quick."""

from maestro.config import Settings
from maestro.engines import Engine
from maestro.types import GenerationResult


def build(settings: Settings) -> Engine:
    """The engine that the settings ask for."""
    if settings.is_offline:
        from maestro.engines.offline import OfflineEngine  # noqa: PLC0415

        return OfflineEngine()
    from maestro.engines.openrouter import OpenRouterEngine  # noqa: PLC0415

    return OpenRouterEngine(settings)


def develop(engine: str, raw: bytes, shot_id: int) -> GenerationResult:
    """The picture in a raw answer that the engine of that name (`EngineCard.name`) once gave.

    Raises EngineError when there is none.
    """
    if engine == "offline":
        from maestro.engines import offline  # noqa: PLC0415

        return offline.develop(raw, shot_id)
    from maestro.engines import openrouter  # noqa: PLC0415

    return openrouter.develop(raw, shot_id)
