"""Shot + style reference + source frame -> picture: the prompt, and the generator that shoots several at once."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from queue import SimpleQueue

from maestro.errors import CancelledError
from maestro.types import GenerationResult, ShotOrder

PROMPT = (
    "Draw one storyboard frame.\n"
    "Picture 1 is the style reference: take its medium, palette, line, texture, contrast and light, and nothing of what it shows.\n"
    "Picture 2 is a frame of the footage: take from it who and where, that is the people and animals with their faces, hair, "
    "clothes and colours, the place and its objects. They must be recognisable as the same. Its camera position is not binding.\n"
    "{anchor}"
    "The shot to draw: {text}\n"
    "{context}"
    "Follow the shot's size, angle and action exactly; where they differ from picture 2, the shot's words win.\n"
    "Aspect ratio {ratio}, the picture filled to its edges: no border, no frame, no panel grid, no caption, no letters or numbers, "
    "no logo, no arrows. One single picture."
)
ANCHOR = (
    "Picture 3 is another frame of the same storyboard, already drawn: the same people, animals and things look in yours as they "
    "do there. Its view and its moment are not binding.\n"
)
PICTURES_WITH_ANCHOR = 3
"""How many pictures an order has that has an anchor."""
CONTEXT = "The scene it belongs to: {setting} {main_action} Mood: {tone}.\n"


@dataclass(frozen=True, slots=True)
class GenerationFailure:
    """A shot that gave no picture, and why: a MaestroError where somebody knew, else whatever was raised."""

    shot_id: int
    error: BaseException


def prompt(order: ShotOrder) -> str:
    """What an image model is told beside the pictures: first the style reference, second the source frame, third the anchor."""
    context = order.context
    scene = ""
    if context is not None:
        scene = CONTEXT.format(setting=context.setting, main_action=context.main_action, tone=", ".join(context.emotional_tone))
    anchor = ANCHOR if order.anchor else ""
    return PROMPT.format(text=order.shot.text, context=scene, ratio=order.aspect_ratio, anchor=anchor)


def as_finished(
    orders: Iterable[ShotOrder], shoot: Callable[[ShotOrder], GenerationResult], executor: Executor
) -> Iterator[GenerationResult | GenerationFailure]:
    """One result or failure an order, as they finish. All begin at the first `next`; never raises for what a shot did."""
    finished: SimpleQueue[Future[GenerationResult]] = SimpleQueue()
    shot_ids = {_begun(order, shoot, executor): order.shot.id for order in orders}
    for future in shot_ids:
        future.add_done_callback(finished.put)  # as_completed would wait for ever for what a shutdown of the pool cancelled
    for _ in range(len(shot_ids)):
        future = finished.get()
        yield _outcome(future, shot_ids[future])


def _begun(order: ShotOrder, shoot: Callable[[ShotOrder], GenerationResult], executor: Executor) -> Future[GenerationResult]:
    try:
        return executor.submit(shoot, order)
    except RuntimeError:  # the pool takes no more
        refused: Future[GenerationResult] = Future()
        refused.cancel()
        return refused


def _outcome(future: Future[GenerationResult], shot_id: int) -> GenerationResult | GenerationFailure:
    if future.cancelled():
        return GenerationFailure(shot_id, CancelledError("The shot was cancelled before it was asked for.", may_be_charged=False))
    error = future.exception()
    return future.result() if error is None else GenerationFailure(shot_id, error)
