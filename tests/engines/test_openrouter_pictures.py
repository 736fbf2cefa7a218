"""Pictures in every shape in which answers have been seen to hold them, and what is shown of the answer around them."""

import base64
import hashlib
import json

import pytest

from maestro.engines.openrouter import develop
from maestro.engines.openrouter.outline import Outline
from maestro.errors import AnswerError, NoPictureError
from tests import provider as wire
from tests.engines.line import PNG

JPEG = wire.picture("a lantern", "JPEG")
WEBP = wire.picture("a lantern", "WEBP")
BARE = base64.b64encode(PNG).decode()


def chat(*images: object, content: object = "") -> bytes:
    """A chat answer whose `images` are as given."""
    body = wire.chat_body(content)
    body["choices"][0]["message"]["images"] = list(images)
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("raw", "media_type", "picture"),
    [
        (json.dumps(wire.images_body(PNG)).encode(), "image/png", PNG),
        (json.dumps(wire.images_body(JPEG, media_type="image/png")).encode(), "image/jpeg", JPEG),
        (json.dumps(wire.images_body(WEBP)).encode(), "image/webp", WEBP),
        (json.dumps({"data": [{"b64_json": BARE}]}).encode(), "image/png", PNG),
        (json.dumps({"data": [{"b64_json": wire.data_url(PNG)}]}).encode(), "image/png", PNG),
        (json.dumps({"data": [{"url": wire.data_url(PNG)}]}).encode(), "image/png", PNG),
        (chat({"type": "image_url", "image_url": {"url": wire.data_url(PNG)}}), "image/png", PNG),
        (chat({"image_url": {"url": wire.data_url(JPEG)}}), "image/jpeg", JPEG),
        (chat({"image_url": {"url": BARE}}), "image/png", PNG),
        (chat({"image_url": wire.data_url(PNG)}), "image/png", PNG),
        (chat({"image_url": {"url": "data:image/png;base64," + wire.data_url(PNG)}}), "image/png", PNG),
        (chat({"image_url": {"url": wire.data_url(PNG, "image/jpg")}}), "image/png", PNG),
        (chat(content=[{"type": "image_url", "image_url": {"url": wire.data_url(PNG)}}]), "image/png", PNG),
        (chat(content=f"Here: ![frame]({wire.data_url(PNG)}) enjoy"), "image/png", PNG),
        (json.dumps(wire.images_body(PNG)).replace("/", "\\/").encode(), "image/png", PNG),
        (json.dumps({"data": [{"b64_json": base64.encodebytes(PNG).decode()}]}).encode(), "image/png", PNG),
        (json.dumps({"data": [{"b64_json": base64.urlsafe_b64encode(PNG).decode().rstrip("=")}]}).encode(), "image/png", PNG),
        (json.dumps({"data": [{"b64_json": f"{BARE[:4000]} {BARE[4000:]}"}]}).encode(), "image/png", PNG),
        (b"   \n\n" + json.dumps(wire.images_body(PNG)).encode(), "image/png", PNG),
        (chat({"image_url": {"url": "https://example.invalid/a"}}, {"image_url": {"url": BARE}}), "image/png", PNG),
    ],
)
def test_a_picture_is_found_in_every_known_shape(raw: bytes, media_type: str, picture: bytes) -> None:
    """Its bytes, not its label, say what it is."""
    result = develop(raw, 3)

    assert result.image_data_url == wire.data_url(picture, media_type)
    assert (result.shot_id, result.notes) == (3, ())


def test_of_two_pictures_both_are_kept() -> None:
    """In their order; the same picture sent twice is one."""
    result = develop(json.dumps(wire.images_body(PNG, JPEG, PNG)).encode(), 1)

    assert result.image_data_url == wire.data_url(PNG)
    assert result.more_data_urls == (wire.data_url(JPEG, "image/jpeg"),)
    assert "2 pictures" in result.notes[0]


def test_a_picture_in_two_places_of_an_answer_is_one() -> None:
    """Some servers put it in the words as well."""
    result = develop(chat({"image_url": {"url": wire.data_url(PNG)}}, content=f"![]({wire.data_url(PNG)})"), 1)

    assert result.more_data_urls == ()
    assert result.notes == ()


@pytest.mark.parametrize("cost", [None, "much", "", True, -1, pytest.param(10**400, id="huge"), float("nan"), float("inf")])
def test_a_cost_that_is_none_is_not_shown(cost: object) -> None:
    """Only a number of dollars counts."""
    assert develop(json.dumps(wire.images_body(PNG) | {"usage": {"cost": cost}}).encode(), 1).cost_usd is None


@pytest.mark.parametrize(("cost", "usd"), [(0, 0.0), ("0.04", 0.04), ("4e-2", 0.04), (1, 1.0)])
def test_a_cost_is_read_as_number_or_words(cost: object, usd: float) -> None:
    """Some servers write decimals as words; 0 is a cost."""
    assert develop(json.dumps(wire.images_body(PNG) | {"usage": {"cost": cost}}).encode(), 1).cost_usd == usd


def test_a_picture_beside_an_error_is_kept() -> None:
    """It was paid for."""
    body = wire.chat_body("", images=[wire.data_url(PNG)])
    body["choices"][0] |= {"finish_reason": "error", "error": {"code": 502, "message": "late"}}

    assert develop(json.dumps(body).encode(), 1).image_data_url == wire.data_url(PNG)


# --- what is shown of an answer


def test_an_answer_is_shown_with_its_picture_as_size_and_hash() -> None:
    """Everything else word for word."""
    result = develop(json.dumps(wire.images_body(PNG)).encode(), 1)

    size = f"{len(PNG):,}".replace(",", " ")
    assert f"(picture, {size} bytes, sha256 {hashlib.sha256(PNG).hexdigest()})" in result.answer
    assert json.loads(result.answer)["usage"]["cost"] == wire.PICTURE_COST_USD


LONG_WORDS = ["a" * 5000, "a" * 5000 + "\\", "\\" * 3000, '"' * 3000, "é" * 3000, "a" * 2000 + '"b', "x\n" * 2000]


@pytest.mark.parametrize("word", LONG_WORDS)
def test_long_words_are_words(word: str) -> None:
    """Whatever is lifted out of an answer is put back as it was."""
    outline = Outline(json.dumps({"choices": [{"message": {"content": word}}]}).encode())

    assert outline.whole(outline.value["choices"][0]["message"]["content"]) == word


def test_long_words_instead_of_a_picture_are_shown() -> None:
    """They are no picture, and no name stands for them on the page."""
    with pytest.raises(NoPictureError) as caught:
        develop(json.dumps(wire.chat_body("no" * 1000)).encode(), 1)

    assert caught.value.raw == "no" * 1000


def test_a_long_link_is_a_link() -> None:
    """However much of it looks like base64."""
    link = "https://example.invalid/a?signature=" + "a" * 1500
    with pytest.raises(NoPictureError, match="link") as caught:
        develop(json.dumps({"data": [{"url": link}]}).encode(), 1)

    assert caught.value.raw == link


def test_a_long_picture_that_is_cut_short_cannot_be_read() -> None:
    """It stays an error with the answer to look at."""
    body = {"data": [{"b64_json": "!" + BARE}]}
    with pytest.raises(AnswerError, match="cannot be read"):
        develop(json.dumps(body).encode(), 1)
