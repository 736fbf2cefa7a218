"""A rectangle inside a picture, as fractions of its width and height."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """Fractions 0..1, y down."""

    left: float
    top: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """Across, down."""
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def size(self) -> float:
        """Share of the picture's area."""
        return self.width * self.height

    def inside(self, area: "Box") -> "Box":
        """Moved, and only if it must be made smaller, so that it lies in `area`."""
        width, height = min(self.width, area.width), min(self.height, area.height)
        left = min(max(self.left, area.left), area.left + area.width - width)
        top = min(max(self.top, area.top), area.top + area.height - height)
        return Box(left, top, width, height)


WHOLE = Box(0.0, 0.0, 1.0, 1.0)


def around(across: float, down: float, width: float, height: float) -> Box:
    """A box with its centre there."""
    return Box(across - width / 2, down - height / 2, width, height)
