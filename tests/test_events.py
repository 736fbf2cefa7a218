"""Nothing that was told is lost on who listens later."""

from concurrent.futures import ThreadPoolExecutor

from maestro.events import Events, topic


def test_numbers_only_grow() -> None:
    """A page that drew at a number knows whether it is out of date."""
    events = Events()
    name = topic("p", "shot-1")
    before = events.number(name)

    events.publish(name)

    assert events.number(name) > before


def test_a_late_listener_hears_what_it_missed() -> None:
    """What was told before `wait` is answered at once."""
    events = Events()
    events.publish("p/shot-1")
    events.publish("other/shot-1")

    newest, changed = events.wait(0, ["p/"], timeout_s=0)

    assert newest == 2
    assert changed == {"p/shot-1": 1}


def test_a_waiting_listener_is_woken() -> None:
    """From another thread, without polling."""
    events = Events()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(events.wait, 0, ["p/"], 60.0)
        events.publish("p/project")

        assert waiting.result(timeout=60)[1] == {"p/project": 1}


def test_silence_ends_with_nothing() -> None:
    """A wait has an end."""
    assert Events().wait(0, ["p/"], timeout_s=0) == (0, {})
