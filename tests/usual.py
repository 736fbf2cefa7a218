"""What the tests' provider answers when nothing is scripted."""

import json
from collections.abc import Callable

from tests.answers import (
    CONTEXT,
    PICTURE_COST_USD,
    SHOT_AGAIN,
    SHOTS,
    chat_body,
    data_url,
    endpoints_body,
    error_body,
    image_model_line,
    images_body,
    key_body,
    model_line,
    png,
)
from tests.scripts import Recorded

TEXT_MODELS = ("openai/gpt-5-mini", "~openai/gpt-mini-latest")
IMAGE_MODELS = ("google/gemini-nano-banana-2.1", "google/gemini-2.5-flash-image")


def good(request: Recorded, status: int = 200) -> tuple[int, object]:
    """Status and body of the answer that a request gets when nothing else is scripted."""
    if status != 200:
        return status, error_body(status, f"Scripted {status}")
    if not _has_key(request):
        return 401, error_body(401, "No auth credentials found")
    if request.method == "POST" and request.path == "/images":
        return 200, images_body(png(request.words))
    if request.method == "POST" and request.path == "/chat/completions":
        return 200, _chat_answer(request)
    return 404, error_body(404, "Not Found")


def lookup(request: Recorded, billed_usd: float, bill_of: Callable[[str], float | None]) -> tuple[int, object]:
    """What costs nothing: the key, the lists, what a call cost."""
    path, _, query = request.path.partition("?")
    if not _has_key(request):
        return 401, error_body(401, "No auth credentials found")
    drawing = (model_line(model, "image", "text", image_output="0.00003") for model in IMAGE_MODELS)
    call = query.removeprefix("id=")
    bodies: dict[str, object] = {
        "/key": key_body(billed_usd),
        "/models": {"data": [*map(model_line, TEXT_MODELS), *drawing]},
        "/images/models": {"data": [*map(image_model_line, IMAGE_MODELS)]},
        **{f"/images/models/{model}/endpoints": endpoints_body(model) for model in IMAGE_MODELS},
        "/generation": {"data": {"id": call, "total_cost": bill_of(call)}},
    }
    is_there = path in bodies and (path != "/generation" or bill_of(call) is not None)
    return (200, bodies[path]) if is_there else (404, error_body(404, "Not Found"))


def _has_key(request: Recorded) -> bool:
    return bool(request.headers.get("authorization", "").removeprefix("Bearer").strip())


def _chat_answer(request: Recorded) -> object:
    model = request.body["model"]
    if "modalities" in request.body:
        body = chat_body("", model=model, images=[data_url(png(request.words))], cost=PICTURE_COST_USD)
    else:
        answers: dict[str, object] = {"context": CONTEXT, "shots": SHOTS, "shot": SHOT_AGAIN}
        body = chat_body(json.dumps(answers.get(request.schema_name, {})), model=model)
    return body | {"id": request.generation_id}


def cost_usd(body: bytes) -> float:
    """What an answer says that it cost; one that says nothing sensible costs nothing."""
    try:
        usage = json.loads(body).get("usage")
    except (ValueError, AttributeError, RecursionError):
        return 0.0
    cost = usage.get("cost") if isinstance(usage, dict) else None
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not abs(cost) < 1e6:
        return 0.0
    return max(0.0, float(cost))
