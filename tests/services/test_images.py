"""The picture's prompt, and several shots at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

from maestro.errors import CancelledError, ProviderError
from maestro.services import images
from maestro.services.images import GenerationFailure
from maestro.types import Context, GenerationResult, Picture, Shot, ShotOrder, SourceFrame, StyleReference

CONTEXT = Context("A tower at dusk.", "A woman climbs.", ("tense",), "She climbs.")
LIMIT_S = 60


def order(shot_id: int) -> ShotOrder:
    """A small order."""
    style = StyleReference("style", "0", Picture(b"style", "image/png", 16, 9))
    return ShotOrder(
        Shot(shot_id, f"Close-up {{of}} hand {shot_id}."), style, SourceFrame(0, 0.0, b"frame", 16, 9), CONTEXT, "16:9"
    )


def result(shot_id: int) -> GenerationResult:
    """A small result."""
    return GenerationResult(shot_id, "data:", datetime.now(UTC), "fake", "fake", "", 0.0)


def test_the_prompt_holds_the_shot_the_scene_and_the_ratio() -> None:
    """Style from picture 1, people and place from picture 2."""
    prompt = images.prompt(order(3))

    assert all(
        part in prompt
        for part in ("Close-up {of} hand 3.", "A tower at dusk.", "16:9", "Picture 1 is the style", "Picture 2 is a frame")
    )


def test_a_prompt_without_context_is_complete() -> None:
    """The scene is simply not told."""
    assert "scene it belongs to" not in images.prompt(replace(order(3), context=None))


def test_an_anchor_is_picture_three() -> None:
    """Told only when there is one."""
    anchored = replace(order(3), anchor=Picture(b"earlier", "image/png", 16, 9))

    assert "Picture 3 is another frame of the same storyboard" in images.prompt(anchored)
    assert "Picture 3" not in images.prompt(order(3))


def test_results_come_as_they_finish() -> None:
    """The first shot waits for the second to be seen."""
    second_is_seen = threading.Event()

    def shoot(given: ShotOrder) -> GenerationResult:
        if given.shot.id == 1:
            assert second_is_seen.wait(LIMIT_S)
        return result(given.shot.id)

    with ThreadPoolExecutor(2) as executor:
        outcomes = images.as_finished([order(1), order(2)], shoot, executor)
        first = next(outcomes)
        second_is_seen.set()
        last = next(outcomes)

    assert [first.shot_id, last.shot_id] == [2, 1]


def test_one_bad_shot_does_not_cost_the_others() -> None:
    """A failure names its shot; the other four have their pictures."""

    def shoot(given: ShotOrder) -> GenerationResult:
        if given.shot.id == 2:
            raise ProviderError("The provider failed.")
        if given.shot.id == 4:
            raise ZeroDivisionError
        return result(given.shot.id)

    with ThreadPoolExecutor(3) as executor:
        outcomes = sorted(
            images.as_finished([order(number) for number in range(1, 6)], shoot, executor), key=lambda each: each.shot_id
        )

    failures = [each for each in outcomes if isinstance(each, GenerationFailure)]
    assert [each.shot_id for each in outcomes] == [1, 2, 3, 4, 5]
    assert [(each.shot_id, type(each.error)) for each in failures] == [(2, ProviderError), (4, ZeroDivisionError)]


def test_a_shot_that_never_began_is_a_failure_that_cost_nothing() -> None:
    """The pool is shut down while a shot still waits in it."""
    began, may_end = threading.Event(), threading.Event()

    def shoot(given: ShotOrder) -> GenerationResult:
        began.set()
        assert may_end.wait(LIMIT_S)
        return result(given.shot.id)

    outcomes: list[GenerationResult | GenerationFailure] = []
    executor = ThreadPoolExecutor(1)
    reader = threading.Thread(
        target=lambda: outcomes.extend(images.as_finished([order(1), order(2)], shoot, executor)), daemon=True
    )
    reader.start()
    assert began.wait(LIMIT_S)
    executor.shutdown(wait=False, cancel_futures=True)
    may_end.set()
    reader.join(LIMIT_S)

    (failure,) = [each for each in outcomes if isinstance(each, GenerationFailure)]
    assert isinstance(failure.error, CancelledError)
    assert not failure.error.may_be_charged
