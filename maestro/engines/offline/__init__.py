"""The offline engine: measure, direct, frame and paint on this computer; its model files are in `models`."""

from maestro.engines.offline.engine import OfflineEngine, develop

__all__ = ["OfflineEngine", "develop"]
