"""The OpenRouter engine against the scripted provider: what is sent, and good answers."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from maestro.calls import Call
from maestro.config import Settings
from maestro.engines import Wish, building
from maestro.engines.openrouter import develop
from maestro.errors import KeyRefusedError
from maestro.services.video import Booth
from maestro.types import Shot
from tests import provider as wire
from tests.engines.asking import (
    ANCHOR,
    CONTEXT,
    FOOTAGE,
    FRAMES,
    KEY,
    LIMIT_S,
    STYLE,
    WIRES,
    Build,
    encoded,
    fault,
    order,
    shoot,
)
from tests.provider import Answer, Provider

SHOTS = tuple(Shot(number, f"Old view number {number}.") for number in range(1, 6))


# --- what is sent


def test_describe_asks_with_the_frames_and_a_strict_schema(build: Build, provider: Provider) -> None:
    """Words first, then the PNG frames in order; nothing that lets the schema be dropped."""
    described = build().describe(FOOTAGE, Call(LIMIT_S))

    (request,) = provider.requests
    content = request.body["messages"][1]["content"]
    assert (request.method, request.path) == ("POST", "/chat/completions")
    assert [part["type"] for part in content] == ["text", "image_url", "image_url", "image_url"]
    assert content[1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert request.pictures == [frame.png for frame in FRAMES]
    assert request.body["response_format"]["json_schema"]["strict"] is True
    assert request.body["provider"] == {"require_parameters": True}
    assert request.body["max_tokens"] > 1000
    assert described.context.emotional_tone == ("tense", "lonely")
    assert (described.model, described.cost_usd) == ("openai/gpt-5-mini", wire.TEXT_COST_USD)


def test_direct_asks_with_the_directors_frame_and_the_context(build: Build, provider: Provider) -> None:
    """One frame; five shots come back."""
    directed = build().direct(FOOTAGE, CONTEXT, Call(LIMIT_S))

    (request,) = provider.requests
    assert request.pictures == [FRAMES[1].png]
    assert "A woman climbs." in request.words
    assert [shot.id for shot in directed.shots] == [1, 2, 3, 4, 5]


def test_the_images_wire_sends_style_and_frame_as_references(build: Build, provider: Provider) -> None:
    """Exactly the fields that the endpoint takes."""
    shoot(build(), order(ratio="683:384"))

    (request,) = provider.requests
    assert request.path == "/images"
    assert set(request.body) == {"model", "prompt", "input_references", "aspect_ratio"}
    assert request.pictures == [STYLE.picture.encoded, FRAMES[2].png]
    assert request.body["input_references"][0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert request.body["aspect_ratio"] == "16:9"
    assert "Close-up of lantern 1." in request.body["prompt"]


def test_the_chat_wire_asks_for_a_picture_by_modalities(build: Build, provider: Provider) -> None:
    """The same pictures and words, as message parts."""
    shoot(build(image_wire="chat"))

    (request,) = provider.requests
    assert request.path == "/chat/completions"
    assert request.body["modalities"] == ["image", "text"]
    assert request.body["image_config"] == {"aspect_ratio": "16:9"}
    assert request.pictures == [STYLE.picture.encoded, FRAMES[2].png]


@pytest.mark.parametrize("image_wire", WIRES)
def test_the_key_is_in_one_header_only(build: Build, provider: Provider, image_wire: str) -> None:
    """Not in the body, the path, the card or the engine's own words; and no header tells more than the wire needs."""
    engine = build(image_wire=image_wire)
    shoot(engine)

    (request,) = provider.requests
    assert request.headers.pop("authorization") == f"Bearer {KEY}"
    assert request.headers.pop("x-openrouter-title") == "Maestro"
    assert KEY not in json.dumps([request.headers, request.path, request.body]) + repr(engine) + repr(engine.card)
    assert not [name for name in request.headers if name.startswith(("x-", "openai-", "http-referer"))]


def test_an_app_name_is_sent_only_when_it_is_set(build: Build, provider: Provider) -> None:
    """An empty setting keeps the app to itself."""
    shoot(build(app_name=""))

    assert "x-openrouter-title" not in provider.requests[0].headers


@pytest.mark.parametrize("key", ["", "sk with blanks", "clé-secrète"])
def test_a_key_that_cannot_be_one_is_never_sent(build: Build, provider: Provider, key: str) -> None:
    """Said before anything leaves."""
    error = fault(lambda: shoot(build(OPENROUTER_API_KEY=key, engine="openrouter")))

    assert isinstance(error, KeyRefusedError)
    assert provider.requests == []


def test_the_settings_choose_the_engine(provider: Provider) -> None:
    """A key asks the provider, and raw answers of either engine are developed by name."""
    wanted: dict[str, Any] = {"OPENROUTER_API_KEY": KEY, "base_url": provider.url}
    engine = building.build(Settings(**wanted), Booth(is_apart=False))
    kept: list[bytes] = []
    result = engine.shoot(order(), Call(LIMIT_S), kept.append)
    engine.close()

    assert engine.card.name == "openrouter"
    assert building.develop("openrouter", kept[0], 1).image_data_url == result.image_data_url
    assert building.develop("offline", wire.png("a take"), 1).image_data_url == wire.data_url(wire.png("a take"))


# --- good answers


@pytest.mark.parametrize("image_wire", WIRES)
def test_a_picture_comes_with_its_model_cost_and_prompt(build: Build, provider: Provider, image_wire: str) -> None:
    """And its raw answer was kept before, from which the same picture can be developed again."""
    kept: list[bytes] = []
    result = build(image_wire=image_wire).shoot(order(4), Call(LIMIT_S), kept.append)

    assert encoded(result) == wire.png(provider.requests[0].words)
    assert (result.shot_id, result.engine, result.model) == (4, "openrouter", "google/gemini-nano-banana-2.1")
    assert (result.cost_usd, result.notes) == (wire.PICTURE_COST_USD, ())
    assert "lantern 4" in result.prompt
    assert encoded(develop(kept[0], 4)) == encoded(result)


def test_five_at_once_share_nothing(build: Build, provider: Provider) -> None:
    """Five requests wait together; each gets the picture of its own words."""
    gate = threading.Event()
    provider.script("lantern", *[Answer(gate=gate)] * 5)
    engine = build()
    with ThreadPoolExecutor(5) as executor:
        results = [executor.submit(shoot, engine, order(number)) for number in range(1, 6)]
        requests = provider.wait_for(5)
        gate.set()
        pictures = {encoded(future.result(LIMIT_S)) for future in results}

    assert provider.most_in_flight == 5
    assert pictures == {wire.png(request.words) for request in requests}
    assert len(pictures) == 5


def test_one_shot_is_asked_for_anew_with_the_wish_and_the_other_four(build: Build, provider: Provider) -> None:
    """So that it differs; the answer is one shot with the old one's number, and everything that was said is kept."""
    again = build().redirect(FOOTAGE, CONTEXT, SHOTS, Wish(3, "From the ground, please."), Call(LIMIT_S))

    (request,) = provider.requests
    words = request.body["messages"][1]["content"][0]["text"]
    assert all(f"Shot {number}: Old view number {number}." in words for number in (1, 2, 4, 5))
    assert "Shot 3: " not in words
    assert "From the ground, please." in words
    assert "Old view number 3." in words
    assert request.pictures == [FRAMES[1].png]
    assert again.shot.id == 3
    assert "boots on the wet stones" in again.shot.text
    assert again.cost_usd == wire.TEXT_COST_USD
    assert words in again.prompt
    assert again.answer == json.dumps(wire.SHOT_AGAIN)


def test_an_anchor_is_the_third_picture(build: Build, provider: Provider) -> None:
    """After style and frame, on both wires."""
    for image_wire in WIRES:
        shoot(build(image_wire=image_wire), order(anchor=ANCHOR))

    assert [request.pictures for request in provider.requests] == [[STYLE.picture.encoded, FRAMES[2].png, ANCHOR.encoded]] * 2


@pytest.mark.parametrize("image_wire", WIRES)
def test_what_was_asked_and_answered_is_told_word_for_word(build: Build, provider: Provider, image_wire: str) -> None:
    """The prompt as it was sent, the answer with its picture as size and hash."""
    result = shoot(build(image_wire=image_wire))
    described = build().describe(FOOTAGE, Call(LIMIT_S))

    assert result.prompt == provider.requests[0].words.strip()
    assert "(picture, " in result.answer
    assert "sha256" in result.answer
    assert str(wire.PICTURE_COST_USD) in result.answer
    assert len(result.answer) < 1000
    system, user = provider.requests[1].body["messages"]
    assert described.prompt == f"{system['content']}\n\n{user['content'][0]['text']}"
    assert described.answer == json.dumps(wire.CONTEXT)
