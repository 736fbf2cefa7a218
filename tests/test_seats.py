"""How many may be at it at once."""

import math
import threading

from maestro.seats import Seats

LIMIT_S = 60.0


def test_who_leaves_early_makes_room_for_one_and_no_more() -> None:
    """However often it says so."""
    seats, came = Seats(1), threading.Semaphore(0)
    stays = threading.Event()

    def sit() -> None:
        with seats.taken():
            came.release()
            stays.wait(LIMIT_S)

    threads = [threading.Thread(target=sit, daemon=True) for _ in range(2)]
    with seats.taken() as leave:
        for thread in threads:
            thread.start()
        assert not came.acquire(blocking=False)
        leave()
        leave()
        assert came.acquire(timeout=LIMIT_S)
    assert not came.acquire(blocking=False)
    stays.set()
    for thread in threads:
        thread.join(LIMIT_S)
    assert came.acquire(timeout=LIMIT_S)


def test_without_a_limit_nobody_waits() -> None:
    """All sit."""
    seats = Seats(math.inf)
    with seats.taken(), seats.taken(), seats.taken() as leave:
        leave()
