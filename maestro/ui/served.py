"""Whether our own server is around the pages; known before anything of them is imported."""

_is_served = False


def is_served() -> bool:
    """Then pictures and events have addresses."""
    return _is_served


def mark_served(*, is_served: bool = True) -> None:
    """Told by the server when it takes up its work."""
    global _is_served  # noqa: PLW0603 - one server a process
    _is_served = is_served
