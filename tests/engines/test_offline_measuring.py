"""What the offline engine measures, on pictures whose truth is known."""

import numpy as np

from maestro.engines.offline.describing import describe
from maestro.engines.offline.measuring import Moment, measure
from maestro.engines.offline.pixels import Bgr, resized


def _noise(seed: int = 3, *, base: tuple[int, int, int] = (110, 120, 130), width_px: int = 480) -> Bgr:
    """Soft blotches that optical flow can follow."""
    coarse = np.random.default_rng(seed).integers(-60, 60, (34, width_px // 8, 1))
    return resized(np.clip(coarse + np.array(base), 0, 255).astype(np.uint8), width_px, 270)


def _pan(step_px: int) -> list[Moment]:
    """Eight moments of a camera that moves right by `step_px` of 480 between two frames."""
    world = _noise(width_px=960)
    views = [world[:, start : start + 480] for start in range(0, 200, 20)]
    return [measure(number / 4, view, world[:, number * 20 + step_px :][:, :480]) for number, view in enumerate(views[:8])]


def test_a_dark_blue_still_is_called_dark_cool_and_still() -> None:
    """Light, tint and movement in the words."""
    frame = np.full((270, 480, 3), (60, 20, 10), np.uint8)
    context = describe([measure(0.0, frame, frame), measure(1.0, frame, frame)], 2.0)

    assert context.setting.startswith("A dark, cool-toned scene, mostly blue")
    assert context.main_action == "Over 2.0 s the camera holds still, and very little moves."
    assert "still" in context.emotional_tone


def test_a_pan_to_the_right_is_told_as_the_cameras() -> None:
    """What is filmed moves left; the camera moves right."""
    assert "the camera moves to the right" in describe(_pan(6), 2.0).main_action


def test_what_moves_before_a_still_camera_is_told_with_its_way() -> None:
    """A block goes down."""
    before, after = _noise(), _noise()
    block = _noise(9, base=(200, 60, 60))[:120, :160]
    before[40:160, 160:320], after[52:172, 160:320] = block, block

    action = describe([measure(0.5, before, after), measure(1.5, before, after)], 2.0).main_action

    assert "the camera holds still, and there is strong movement downwards" in action


def test_a_cut_is_counted() -> None:
    """Two scenes, two colours."""
    red, green = _noise(1, base=(40, 40, 200)), _noise(2, base=(40, 180, 40))
    moments = [measure(time_s, frame, frame) for time_s, frame in enumerate([red, red, green, green])]

    assert "sequence of about 2 scenes" in describe(moments, 4.0).setting


def test_source_frames_alone_say_nothing_about_movement() -> None:
    """Honest about what was not measured."""
    moments = [measure(0.0, _noise(1)), measure(1.0, _noise(2))]

    assert "movement between them was not measured" in describe(moments, 2.0).main_action
    assert not {"still", "energetic"} & set(describe(moments, 2.0).emotional_tone)
    assert "nothing is known of its movement" in describe(moments[:1], 0.1).main_action
