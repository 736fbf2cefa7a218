"""The limiter in front of thousands of requests, on a clock that jumps; and in front of a real socket."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.benchmarks.simulation import SimulatedProvider, simulate
from tests.engines.asking import LIMIT_S, Build, order, shoot
from tests.provider import Provider

ALLOWED = 8
CLIPS = 60


@pytest.mark.parametrize("wanted", [ALLOWED, 2 * ALLOWED, 4 * ALLOWED])
def test_a_limit_is_used_to_nine_tenths_whether_it_is_known_or_not(wanted: int) -> None:
    """With faults on the way; nothing is lost, and the books agree."""
    provider = SimulatedProvider(allowed=ALLOWED)
    found = simulate(CLIPS, wanted, provider)

    assert found.share >= 0.9
    assert found.lost == 0
    assert found.is_balanced
    assert (found.refused == 0) == (wanted <= ALLOWED)


def test_what_was_too_many_is_remembered() -> None:
    """It is tried again only after a calm: hardly one in fifty is asked to wait."""
    provider = SimulatedProvider(allowed=ALLOWED, fault_share=0)
    simulate(CLIPS, 4 * ALLOWED, provider)

    assert provider.refused <= provider.answered / 50


def test_no_more_are_in_flight_than_the_settings_say(build: Build, provider: Provider) -> None:
    """Whoever asks."""
    provider.delay_s = 0.05
    engine = build(MAX_CONCURRENT_REQUESTS=3)
    with ThreadPoolExecutor(8) as executor:
        shots = [executor.submit(shoot, engine, order(number)) for number in range(1, 9)]
        assert {shot.result(LIMIT_S).shot_id for shot in shots} == set(range(1, 9))
    provider.delay_s = 0.0

    assert provider.most_in_flight == 3
