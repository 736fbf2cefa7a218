"""The offline engine: measure, direct, frame and paint on this computer; its model files are in `models`.

It comes when it is asked for, with numpy and OpenCV: `standing` can be had without them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maestro.engines.offline.engine import OfflineEngine, develop

__all__ = ["OfflineEngine", "develop"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from maestro.engines.offline import engine  # noqa: PLC0415

    return getattr(engine, name)
