"""Bodies as OpenRouter's wire has them, good and bad, and drawings whose colours tell them apart."""

import base64
import hashlib
import io
from typing import Any

from PIL import Image, ImageDraw

TEXT_COST_USD = 0.0021
PICTURE_COST_USD = 0.0393585
PICTURE_SIZE_PX = (1024, 576)

CONTEXT = {
    "setting": "A stone tower on a cliff above a grey sea, at dusk.",
    "main_action": "A woman in a red coat climbs the path to the tower.",
    "emotional_tone": ["tense", "lonely"],
    "summary": "A woman in a red coat climbs to a tower at dusk. She does not look back.",
}
_VIEWS = ("extreme wide shot", "wide shot", "medium shot", "close-up", "insert shot")
SHOTS = {
    "shots": [
        {
            "id": number,
            "size": size,
            "angle": "eye level",
            "camera": "static",
            "action": f"View number {number} of the woman in the red coat on the path",
            "composition": "The tower stands on the right third",
            "light": "Cold light from the left",
        }
        for number, size in enumerate(_VIEWS, start=1)
    ]
}

SHOT_AGAIN = {
    "size": "close-up",
    "angle": "low angle",
    "camera": "handheld",
    "action": "Another view: the woman's boots on the wet stones of the path",
    "composition": "The path leads out of the picture to the left",
    "light": "Warm light from a lantern",
}


def chat_body(
    content: object, *, model: str = "some/model", images: list[str] | None = None, cost: float = TEXT_COST_USD, **rest: object
) -> Any:
    """An answer of chat completions; `rest` goes into its message."""
    message: dict[str, object] = {"role": "assistant", "content": content, **rest}
    if images is not None:
        message["images"] = [{"type": "image_url", "image_url": {"url": url}} for url in images]
    choice = {"index": 0, "finish_reason": "stop", "native_finish_reason": "stop", "message": message}
    usage = {"prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500, "cost": cost}
    return {"id": "gen-1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": usage}


def images_body(*pictures: bytes, media_type: str = "image/png") -> Any:
    """An answer of POST /images."""
    entries = [{"b64_json": base64.b64encode(picture).decode(), "media_type": media_type} for picture in pictures]
    usage = {"prompt_tokens": 2000, "completion_tokens": 1290, "total_tokens": 3290, "cost": PICTURE_COST_USD}
    return {"created": 1748372400, "data": entries, "usage": usage}


def key_body(usage_usd: float, limit_usd: float | None = 100.0) -> Any:
    """An answer of GET /key."""
    left = None if limit_usd is None else limit_usd - usage_usd
    return {"data": {"label": "tests", "limit": limit_usd, "limit_remaining": left, "usage": usage_usd, "is_free_tier": False}}


def model_line(model: str, *outputs: str, expires: str | None = None, **pricing: str) -> Any:
    """A line of GET /models; prices per token, as words."""
    architecture = {"input_modalities": ["text", "image"], "output_modalities": list(outputs or ("text",))}
    prices = {"prompt": "0.00000025", "completion": "0.000002", "request": "0"} | pricing
    return {"id": model, "name": model, "architecture": architecture, "pricing": prices, "expiration_date": expires}


def image_model_line(model: str, **wishes: object) -> Any:
    """A line of GET /images/models; `wishes` beside or instead of the usual ones."""
    usual: dict[str, object] = {
        "aspect_ratio": {"type": "enum", "values": ["1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9", "21:9", "auto"]},
        "resolution": {"type": "enum", "values": ["1K", "2K", "4K"]},
        "input_references": {"type": "range", "min": 0, "max": 14},
    }
    parameters = {name: value for name, value in (usual | wishes).items() if value is not None}
    architecture = {"input_modalities": ["text", "image"], "output_modalities": ["image", "text"]}
    return {"id": model, "name": model, "architecture": architecture, "supported_parameters": parameters}


def endpoints_body(model: str, *pricing: object) -> Any:
    """An answer of GET /images/models/{author}/{slug}/endpoints."""
    usual = (
        {"billable": "input_text", "unit": "token", "cost_usd": 0.0000015},
        {"billable": "input_image", "unit": "token", "cost_usd": 0.0000015},
        {"billable": "output_image", "unit": "token", "cost_usd": 0.00003},
    )
    return {"id": model, "endpoints": [{"provider_name": "Tests", "pricing": list(pricing or usual)}]}


def error_body(code: int, message: str, **rest: object) -> Any:
    """An error as OpenRouter words it; `rest` goes beside code and message."""
    return {"error": {"code": code, "message": message, **rest}, "user_id": "user_1"}


def data_url(encoded: bytes, media_type: str = "image/png") -> str:
    """The picture as a data URL with that label, true or not."""
    return f"data:{media_type};base64,{base64.b64encode(encoded).decode()}"


def picture(words: str, encoding: str = "PNG", size_px: tuple[int, int] = PICTURE_SIZE_PX) -> bytes:
    """A drawing whose colours depend on `words`: a sky, a ground, a disc."""
    red, green, blue, *_ = hashlib.sha256(words.encode()).digest()
    width_px, height_px = size_px
    drawing = Image.new("RGB", size_px, (red, green, blue))
    pen = ImageDraw.Draw(drawing)
    pen.rectangle((0, height_px * 2 // 3, width_px, height_px), fill=(green, blue, red))
    pen.ellipse((width_px // 3, height_px // 6, width_px // 2, height_px // 2), fill=(255 - red, 255 - green, 255 - blue))
    encoded = io.BytesIO()
    drawing.save(encoded, encoding)
    return encoded.getvalue()


def png(words: str) -> bytes:
    """`picture` as PNG, 1024 x 576."""
    return picture(words)
