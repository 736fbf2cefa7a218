"""`maestro batch`: many clips, one report, and a cap for all of them together."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click

from maestro.commands import reports
from maestro.commands.budget import Budget
from maestro.commands.desk import Desk, Ended, opened, style_or_exit
from maestro.commands.exits import CODES, EPILOG, State, code_of_all
from maestro.commands.finding import Finder
from maestro.commands.options import making
from maestro.commands.outcomes import Order, Outcome
from maestro.commands.progress import Progress
from maestro.commands.run import order
from maestro.commands.running import TICK_S, ClipRun
from maestro.errors import Remedy

CLIP_SUFFIX = ".mp4"
LEAST_AT_ONCE = 4
"""Fewer clips at once than requests leave places empty while questions in words are asked."""
ENDS_ALL = frozenset({Remedy.KEY, Remedy.CREDIT})
"""What is the same for every clip to come."""


@click.command(epilog=EPILOG)
@click.argument("source", metavar="DIR_OR_GLOB")
@making
@click.option("--cap", "cap_usd", type=click.FloatRange(min=0), help="What the whole batch may cost at most, in dollars.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    show_default="MAX_CONCURRENT_REQUESTS, 4 at least",
    help="Clips that are worked on at once.",
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="A file for the report: .json, .csv, else a table.")
def batch(source: str, style_path: Path, cap_usd: float | None, jobs: int | None, report: Path | None, **wishes: Any) -> None:
    """Run all clips of a folder, or of a pattern such as "takes/*.mp4".

    A clip that is refused stops no other. A refused key and missing credit stop the batch. Run again, it goes on where it stopped;
    what its projects have cost so far counts against --cap.
    """
    paths = clips_of(source)
    with opened() as desk, Progress() as progress:
        style = style_or_exit(desk.studio, style_path)
        line = Line(desk, progress, None if cap_usd is None else Budget(cap_usd, desk.studio.money))
        at_once = jobs or max(LEAST_AT_ONCE, desk.settings.max_concurrent_requests)
        with ThreadPoolExecutor(at_once, thread_name_prefix="maestro-batch") as pool:
            runs = line.work([order(path, style, wishes) for path in paths], pool, at_once)
        if desk.stop.is_wanted:
            progress.say("Stopping: what is in flight is waited for, 10 s at most.")
            desk.studio.close()
        outcomes = [run.outcome() if isinstance(run, ClipRun) else run for run in runs]
    _write(report, outcomes)
    click.echo(reports.as_json(reports.facts_of_all(outcomes)) if wishes["is_json"] else reports.table(outcomes))
    raise Ended(code_of_all([outcome.state for outcome in outcomes]))


def clips_of(source: str) -> list[Path]:
    """In order of their names. Raises click.UsageError when there is none."""
    folder = Path(source)
    found = folder.iterdir() if folder.is_dir() else Path(folder.anchor).glob(str(folder.relative_to(folder.anchor)))
    paths = sorted(path for path in found if path.suffix.lower() == CLIP_SUFFIX and path.is_file() and path.name[0] != ".")
    if not paths:
        raise click.UsageError(f"There is no {CLIP_SUFFIX} file in {source}.")
    return paths


@dataclass(eq=False)
class Line:
    """Clips that wait for their turn."""

    desk: Desk
    progress: Progress
    budget: Budget | None
    _cause: Outcome | None = None
    _finder: Finder = field(init=False)

    def __post_init__(self) -> None:
        self._finder = Finder(self.desk.studio)

    def work(self, orders: Sequence[Order], pool: Executor, at_once: int) -> list[ClipRun | Outcome]:
        """Works on `at_once` of them at a time, until all are done or nothing more may be begun; one for each, in their order."""
        made: dict[int, ClipRun | Outcome] = {}
        waiting = iter(enumerate(orders))
        flying: dict[Future[None], int] = {}
        while True:
            while len(flying) < at_once and self._may_begin():
                if not self._begin(waiting, pool, flying, made):
                    break
            if not flying:
                break
            done, _ = wait(flying, TICK_S, FIRST_COMPLETED)
            for future in done:
                future.result()
                number = flying.pop(future)
                made[number] = self._end(made[number])
        return [made.get(number) or self._left_out(each) for number, each in enumerate(orders)]

    def _may_begin(self) -> bool:
        return self._cause is None and not self.desk.stop.is_wanted

    def _begin(
        self,
        waiting: Iterator[tuple[int, Order]],
        pool: Executor,
        flying: dict[Future[None], int],
        made: dict[int, ClipRun | Outcome],
    ) -> bool:
        number, wanted = next(waiting, (-1, None))
        if wanted is None:
            return False
        run = ClipRun(self.desk, wanted, self._finder, partial(self.progress.tell, wanted.clip.name), self.budget)
        made[number] = run
        flying[pool.submit(run.work)] = number
        return True

    def _end(self, run: ClipRun | Outcome) -> ClipRun | Outcome:
        outcome = run.outcome() if isinstance(run, ClipRun) else run
        if outcome.remedy in ENDS_ALL and self._cause is None:
            self._cause = outcome
        self.progress.say(reports.lines(outcome)[0])
        return run if outcome.state is State.STOPPED else outcome  # more of it is there once the studio is closed

    def _left_out(self, wanted: Order) -> Outcome:
        if self._cause is None:
            says, state = "Not begun: the batch was interrupted first.", State.STOPPED
        else:
            says, state = f"Not begun, because of {self._cause.clip}: {' '.join(self._cause.sentences)}", State.FAILED
        return Outcome(wanted.clip.name, state, wanted=len(wanted.shot_ids), sentences=(says,))


def _write(report: Path | None, outcomes: Sequence[Outcome]) -> None:
    if report is None:
        return
    try:
        reports.write(report, outcomes)
    except OSError as error:
        click.echo(f"The report could not be written to {report}: {error.strerror}. It follows here.\n", err=True)
        click.echo(reports.table(outcomes), err=True)
        raise Ended(CODES[State.UNUSABLE]) from None
