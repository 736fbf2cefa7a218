"""What the booth's child can be asked."""

from collections.abc import Callable

from maestro.services.video.choosing import around, pick, sharpest_near, strip
from maestro.services.video.reading import probe, sample, study

FUNCTIONS: dict[str, Callable[..., object]] = {
    function.__name__: function for function in (probe, sample, study, strip, around, pick, sharpest_near)
}
