"""Five rows, again and again, while every fifth request goes wrong in some way, over two projects and a restart in the middle."""

import random
from pathlib import Path

import pytest

from maestro.services.storage import ProjectFolder
from maestro.types import RowState
from tests.bench import Bench, benches
from tests.fault import WIRES, told
from tests.faults import PICTURES, SLOW
from tests.provider import Answer, Provider, Recorded

ROUNDS = 5
TIMEOUT_S = 3.0
ABOUT_THE_KEY = {401, 402}
"""Statuses that stop a whole batch: what is queued is then not asked for at all."""


class Weather:
    """Which requests go wrong, and how; remembers those that went well."""

    def __init__(self, seed: int, wire: str) -> None:
        self._chance = random.Random(seed)
        failing = [fault for fault in (*PICTURES, *SLOW) if fault.remedy and wire in fault.wires]
        self._answers = [fault.answers[0] for fault in failing if fault.answers[0].status not in ABOUT_THE_KEY]
        self.went_well = 0

    def is_bad(self, request: Recorded) -> bool:
        """One in five."""
        is_bad = request.method == "POST" and self._chance.random() < 0.2
        self.went_well += request.method == "POST" and not is_bad
        return is_bad

    def answers(self, count: int) -> list[Answer]:
        """So many faults."""
        return [told(answer, "http://127.0.0.1:1") for answer in self._chance.choices(self._answers, k=count)]


@pytest.mark.parametrize("wire", WIRES)
def test_in_a_storm_every_picture_that_was_paid_is_kept_and_every_cent_is_known(tmp_path: Path, wire: str) -> None:
    """Every row ends, in time; the ledger says in the end what the provider billed."""
    weather = Weather(len(wire), wire)
    with Provider() as provider, benches(tmp_path) as open_bench:
        provider.script(weather.is_bad, *weather.answers(1000))
        folders: list[ProjectFolder] = []
        for _ in range(2):
            bench = open_bench(provider, image_wire=wire, timeout_s=TIMEOUT_S, MAX_CONCURRENT_REQUESTS=10)
            folders.append(bench.project(*(f"View {number} of project {len(folders)}" for number in range(1, 6))))
            for _ in range(ROUNDS):
                play(bench, folders)
            bench.until_it_adds_up()
            bench.studio.close(patience_s=0)

        bench = open_bench(provider, image_wire=wire)
        takes = [take for folder in folders for number in range(1, 6) for take in bench.takes(folder, number)]
        assert len(takes) == weather.went_well
        assert not any(take.is_missing or take.cost_usd is None for take in takes)


def play(bench: Bench, folders: list[ProjectFolder]) -> None:
    """One take of every shot, or a sentence why there is none."""
    for folder in folders:
        bench.studio.generate(folder.id)
    bench.wait(folders)
    for folder in folders:
        for number in range(1, 6):
            row = bench.row(folder, number)
            assert row.state is RowState.IDLE or (row.state is RowState.FAILED and row.message and row.next_step)
