"""Which frames stand for a clip's scenes: arithmetic, without the clip."""

from collections.abc import Iterable
from itertools import pairwise


def one_per_cut(cuts: Iterable[int], frame_count: int, count: int) -> tuple[int, ...]:
    """Frames of `count` scenes, spread over all of them; `cuts` are the first frames after each cut.

    With fewer scenes than that the longest give several. Fewer frames come back only when the clip has fewer.
    """
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < frame_count}), frame_count]
    scenes = list(pairwise(edges))
    if len(scenes) > count:
        scenes = [scenes[int((place + 0.5) * len(scenes) / count)] for place in range(count)]
    shares = [1] * len(scenes)
    for _ in range(min(count, frame_count) - len(scenes)):
        lengths = [
            (end - begin) / (share + 1) if share < end - begin else 0 for (begin, end), share in zip(scenes, shares, strict=True)
        ]
        shares[lengths.index(max(lengths))] += 1
    return tuple(
        begin + (2 * number + 1) * (end - begin) // (2 * share)
        for (begin, end), share in zip(scenes, shares, strict=True)
        for number in range(share)
    )
