"""What the tests of the OpenRouter engine ask for, and how they ask."""

import base64
from collections.abc import Callable

import pytest

from maestro.calls import Call
from maestro.engines.openrouter import OpenRouterEngine
from maestro.errors import EngineError
from maestro.types import Clip, Context, Footage, GenerationResult, Picture, Shot, ShotOrder, SourceFrame, StyleReference
from tests import provider as wire

Build = Callable[..., OpenRouterEngine]
KEY = "sk-or-v1-very-secret"
LIMIT_S = 60
CONTEXT = Context("A tower.", "A woman climbs.", ("tense",), "She climbs.")
FRAMES = tuple(SourceFrame(index, index / 5, wire.png(f"frame {index}"), 1024, 576) for index in range(3))
FOOTAGE = Footage(Clip("a.mp4", "0", 3.0, 24.0, 72, 1024, 576, 0, "h264", 1), FRAMES, FRAMES[1])
STYLE = StyleReference("style", "0", Picture(wire.picture("style", "JPEG"), "image/jpeg", 1024, 576))
ANCHOR = Picture(wire.png("anchor"), "image/png", 1024, 576)
WIRES = ("images", "chat")
MODEL, SECOND = "google/gemini-nano-banana-2.1", "google/gemini-2.5-flash-image"


def order(shot_id: int = 1, ratio: str = "16:9", size: str = "", anchor: Picture | None = None) -> ShotOrder:
    """A shot whose words name its number."""
    return ShotOrder(Shot(shot_id, f"Close-up of lantern {shot_id}."), STYLE, FRAMES[2], CONTEXT, ratio, size, anchor)


def shoot(engine: OpenRouterEngine, given: ShotOrder | None = None, call: Call | None = None) -> GenerationResult:
    """One picture, its raw answer thrown away."""
    return engine.shoot(given or order(), call or Call(LIMIT_S), lambda _: None)


def fault(ask: Callable[[], object]) -> EngineError:
    """The error that `ask` raises."""
    with pytest.raises(EngineError) as caught:
        ask()
    return caught.value


def encoded(result: GenerationResult) -> bytes:
    """The result's picture."""
    return base64.b64decode(result.image_data_url.partition(",")[2])
