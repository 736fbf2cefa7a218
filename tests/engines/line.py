"""A provider and an engine for each wire, and the errors that their answers end in."""

from dataclasses import dataclass

import pytest

from maestro.calls import Call
from maestro.engines.openrouter import OpenRouterEngine
from maestro.errors import EngineError
from maestro.types import Clip, Footage, Picture, Shot, ShotOrder, SourceFrame, StyleReference
from tests import provider as wire
from tests.engines.asking import LIMIT_S
from tests.provider import Answer, Provider

FRAME = SourceFrame(0, 0.0, wire.png("frame"), 1024, 576)
FOOTAGE = Footage(Clip("a.mp4", "0", 3.0, 24.0, 72, 1024, 576, 0, "h264", 1), (FRAME,), FRAME)
ORDER = ShotOrder(
    Shot(2, "Close-up of a lantern."), StyleReference("s", "0", Picture(wire.png("s"), "image/png", 1024, 576)), FRAME, None, "16:9"
)
PNG = wire.png("a lantern")


@dataclass(frozen=True)
class Line:
    """A provider and an engine for each wire."""

    provider: Provider
    engines: dict[str, OpenRouterEngine]

    def fault(self, answer: Answer, image_wire: str = "images") -> EngineError:
        """The error of a shot that gets this answer, each time that it asks."""
        self.provider.script("lantern", answer, is_repeated=True)
        with pytest.raises(EngineError) as caught:
            self.engines[image_wire].shoot(ORDER, Call(LIMIT_S), lambda _: None)
        return caught.value

    def text_fault(self, answer: Answer) -> EngineError:
        """The error of a description that gets this answer."""
        self.provider.script("schema:context", answer, is_repeated=True)
        with pytest.raises(EngineError) as caught:
            self.engines["images"].describe(FOOTAGE, Call(LIMIT_S))
        return caught.value
