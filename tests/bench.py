"""A studio that asks the tests' provider by the real wire, with as many projects as a test wants."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from maestro.config import Settings
from maestro.engines.openrouter import OpenRouterEngine
from maestro.events import Events
from maestro.services.storage import ProjectFolder, Workspace
from maestro.studio import Studio
from maestro.types import Charge, RowState, RowStatus, Take
from tests.fakes import CONTEXT, directed_project, until
from tests.fault import KEY
from tests.provider import Provider

BUSY = {RowState.QUEUED, RowState.RUNNING}


class Bench:
    """The studio, its workspace, and the provider that answers it."""

    def __init__(self, folder: Path, provider: Provider, **settings: Any) -> None:
        given: dict[str, Any] = {"OPENROUTER_API_KEY": KEY, "base_url": provider.url, "min_free_mb": 0, "day_cap_usd": 0} | settings
        self.provider = provider
        self.folder = folder
        self.events = Events()
        self.workspace = Workspace(folder, "1.0")
        wanted = Settings(**given)
        self.studio = Studio(wanted, self.workspace, OpenRouterEngine(wanted), self.events)

    def project(self, *words: str) -> ProjectFolder:
        """A directed project whose shots have these words."""
        folder = directed_project(self.workspace)
        for sheet, text in zip(folder.read().sheets, words, strict=False):
            folder.edit(sheet.shot.id, text, sheet.shot.text)
        return folder

    def directed(self, setting: str) -> ProjectFolder:
        """A project whose director is told of this setting."""
        folder = directed_project(self.workspace)
        folder.edit_context(replace(CONTEXT, setting=setting), CONTEXT)
        return folder

    def row(self, folder: ProjectFolder, shot_id: int) -> RowStatus:
        """Where it stands."""
        return self.studio.row(folder.id, shot_id)

    def takes(self, folder: ProjectFolder, shot_id: int) -> tuple[Take, ...]:
        """The shot's."""
        return self.studio.open(folder.id).sheet(shot_id).takes

    def wait(self, folders: Sequence[ProjectFolder]) -> None:
        """Until nothing of these is in flight."""
        until(self.events, lambda: not any(self.is_busy(folder) for folder in folders))

    def is_busy(self, folder: ProjectFolder) -> bool:
        """Whether anything of it is in flight."""
        rows = (self.row(folder, shot_id) for shot_id in range(1, 6))
        return bool(self.studio.analysis(folder.id).step) or any(row.state in BUSY for row in rows)

    @property
    def charges(self) -> tuple[Charge, ...]:
        """Of all projects."""
        return self.workspace.ledger.charges()

    @property
    def ledger_usd(self) -> float:
        """The sum of everything."""
        return math.fsum(charge.cost_usd or 0.0 for charge in self.charges)

    def until_it_adds_up(self) -> None:
        """Waits for the ledger to say what the provider billed, to a hundredth of a cent."""
        until(self.events, lambda: abs(self.ledger_usd - self.provider.billed_usd) < 1e-4)

    def written(self) -> Iterator[tuple[Path, bytes]]:
        """Every file of the workspace."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield path, path.read_bytes()


@contextmanager
def benches(folder: Path) -> Iterator[Callable[..., Bench]]:
    """Opens benches over one workspace; closes them."""
    opened: list[Bench] = []

    def open_one(provider: Provider, **settings: Any) -> Bench:
        opened.append(Bench(folder, provider, **settings))
        return opened[-1]

    yield open_one
    for bench in opened:
        bench.studio.close(patience_s=0)
