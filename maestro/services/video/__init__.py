"""The clip: what it is, source frames from it, ways to choose others, and pairs of frames to measure. Only this room decodes video.

Frames are exact: frame i of a clip is the i-th that a player shows, whatever the header, edit lists or fragments say. Memory
follows the size of one frame, not the length of the clip. `Booth` does the same in a child process, where a crash, a hang or a
memory bomb of the decoder takes nobody along; the functions themselves run where they are called, and bring the decoder with them
when they are first asked for.
"""

from typing import TYPE_CHECKING

from maestro.services.video.booth import Booth
from maestro.services.video.studies import Study

if TYPE_CHECKING:
    from maestro.services.video.reading import probe, sample, study

__all__ = ["Booth", "Study", "probe", "sample", "study"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from maestro.services.video import reading  # noqa: PLC0415

    return getattr(reading, name)
