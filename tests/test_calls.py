"""A call can be cancelled at any moment, from any thread."""

from maestro.calls import Call


def test_cancel_closes_what_is_open() -> None:
    """Whatever was registered is closed once."""
    closed: list[str] = []
    call = Call()
    call.on_cancel(lambda: closed.append("connection"))

    call.cancel()
    call.cancel()

    assert closed == ["connection"]


def test_a_call_cancelled_before_it_began_closes_at_once() -> None:
    """A connection opened too late does not stay open."""
    closed: list[str] = []
    call = Call()
    call.cancel()

    call.on_cancel(lambda: closed.append("connection"))

    assert closed == ["connection"]


def test_a_deadline_in_the_past_leaves_no_time() -> None:
    """Never a negative time-out."""
    assert Call(timeout_s=-5).left_s == 0
