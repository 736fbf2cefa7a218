"""What a model is asked for once it is known what it takes: ratio, size, pictures."""

from typing import Any

import pytest

from maestro.calls import Call
from tests import provider as wire
from tests.engines.asking import ANCHOR, FRAMES, LIMIT_S, MODEL, STYLE, WIRES, Build, order, shoot
from tests.provider import Answer, Provider


def surveyed(build: Build, provider: Provider, image_wire: str = "images", **wishes: object) -> Any:
    """An engine that knows what its image model takes."""
    provider.script("/images/models", Answer(body={"data": [wire.image_model_line(MODEL, **wishes)]}))
    engine = build(image_wire=image_wire)
    engine.survey(Call(LIMIT_S))
    return engine


def enum(*values: str) -> dict[str, object]:
    """A wish with these values."""
    return {"type": "enum", "values": list(values)}


@pytest.mark.parametrize(
    ("wanted", "offered", "sent"),
    [
        ("16:9", ("1:1", "16:9", "9:16"), "16:9"),
        ("1920:1080", ("4:3", "21:9", "3:2"), "3:2"),
        ("9:16", ("1:1", "16:9", "4:5"), "4:5"),
        ("5:4", ("1:1", "21:9"), "21:9"),
        ("16:9", ("1:1", "9:16"), "1:1"),
        ("1:1", ("16:9", "5:4"), "5:4"),
    ],
)
def test_the_nearest_ratio_that_the_model_takes_is_sent(
    build: Build, provider: Provider, wanted: str, offered: tuple[str, ...], sent: str
) -> None:
    """Lying stays lying."""
    shoot(surveyed(build, provider, aspect_ratio=enum(*offered)), order(ratio=wanted))

    assert provider.requests[0].body["aspect_ratio"] == sent


@pytest.mark.parametrize("image_wire", WIRES)
def test_what_the_model_does_not_take_is_not_sent(build: Build, provider: Provider, image_wire: str) -> None:
    """No ratio, no size, and a note about the size."""
    engine = surveyed(build, provider, image_wire, aspect_ratio=None, resolution=None)
    result = shoot(engine, order(size="4K"))

    assert not {"aspect_ratio", "resolution", "image_config"} & set(provider.requests[0].body)
    assert "4K" in result.notes[0]


@pytest.mark.parametrize("image_wire", WIRES)
def test_a_size_that_the_model_has_is_sent(build: Build, provider: Provider, image_wire: str) -> None:
    """In the words of each wire."""
    shoot(surveyed(build, provider, image_wire), order(size="2K"))

    body = provider.requests[0].body
    assert (body["resolution"] if image_wire == "images" else body["image_config"]["image_size"]) == "2K"


@pytest.mark.parametrize(("limit", "left_out"), [(3, ""), (2, "earlier take"), (1, "source frame"), (0, "style picture")])
def test_as_many_pictures_as_the_model_takes_are_sent(build: Build, provider: Provider, limit: int, left_out: str) -> None:
    """The anchor goes first, then the frame; a note says so."""
    engine = surveyed(build, provider, input_references={"type": "range", "min": 0, "max": limit})
    result = shoot(engine, order(anchor=ANCHOR))

    assert provider.requests[0].pictures == [STYLE.picture.encoded, FRAMES[2].png, ANCHOR.encoded][:limit]
    assert left_out in "".join(result.notes)
    assert bool(result.notes) == bool(left_out)
