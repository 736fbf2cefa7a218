"""`maestro watch`: every clip that arrives in a folder becomes a project.

What is done lies in `done/`, what was refused in `refused/` with its sentence beside it, and what is still to do in the folder
itself. That is all the memory there is: a watch that was killed goes on with what lies there, and a clip that already has a project
goes on from where that stands, so that nothing is lost and nothing is paid twice. The same clip copied in twice is one project.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from maestro.commands import reports
from maestro.commands.arrivals import BROKEN_S, Arrivals, is_clip_name
from maestro.commands.batch import ENDS_ALL
from maestro.commands.delivery import write_whole
from maestro.commands.desk import Desk, Ended, opened, refuse, style_or_exit
from maestro.commands.exits import CODES, State
from maestro.commands.finding import Finder
from maestro.commands.options import making
from maestro.commands.outcomes import Outcome
from maestro.commands.progress import Progress
from maestro.commands.run import order
from maestro.commands.running import ClipRun
from maestro.errors import WorkspaceError

Look = tuple[int, int, int]
"""By which a file is told from another one of its name."""
LOCK = ".maestro-watch.lock"
RESCAN_S = 0.5
"""How often the folder is looked at, events or not: they can be lost, and network folders send none."""


@click.command()
@click.argument("inbox", type=click.Path(exists=True, file_okay=False, path_type=Path))
@making
@click.option("--jobs", type=click.IntRange(1, 32), default=2, show_default=True, help="Clips that are worked on at once.")
@click.option(
    "--settle",
    "settle_s",
    type=click.FloatRange(min=0.1),
    default=3.0,
    show_default=True,
    help="Seconds that a clip must not have changed before it is taken.",
)
@click.option(
    "--broken-after",
    "broken_s",
    type=click.FloatRange(min=0.1),
    default=BROKEN_S,
    show_default=True,
    help="Seconds without a change after which a clip that is not whole is a bad one.",
)
@click.option("--until-empty", "ends_when_empty", is_flag=True, help="End when no clip is left to do.")
def watch(inbox: Path, style_path: Path, jobs: int, **wishes: Any) -> None:
    """Run every clip that arrives in the folder INBOX.

    A file that is still being written is not touched. Clips that are done go to INBOX/done, bad ones to INBOX/refused with the
    reason in a text file. What fails otherwise stays, and is tried again when the watch is started again. Ends on Ctrl-C or
    SIGTERM.
    """
    is_json = bool(wishes["is_json"])
    with opened() as desk, Progress(is_quiet=is_json) as progress:
        style, finder = style_or_exit(desk.studio, style_path), Finder(desk.studio)

        def begin(path: Path) -> ClipRun:
            return ClipRun(desk, order(path, style, wishes), finder, partial(progress.tell, path.name))

        def tell(outcome: Outcome) -> None:
            if is_json:
                click.echo(reports.as_line(reports.facts(outcome)))
            for line in reports.lines(outcome):
                progress.say(line)

        arrivals = Arrivals(inbox, wishes["settle_s"], wishes["broken_s"])
        try:
            with _alone(inbox), ThreadPoolExecutor(jobs, thread_name_prefix="maestro-inbox") as pool:
                cause = Inbox(desk, inbox, begin, pool).serve(arrivals, tell, ends_when_empty=wishes["ends_when_empty"])
        except WorkspaceError as error:
            refuse(error)
    if cause is not None:
        click.echo(f"The watch has ended: {' '.join(cause.sentences)}", err=True)
        raise Ended(CODES[State.FAILED])


class Heard(FileSystemEventHandler):
    """Notes what was renamed into the folder, and wakes who looks. Never touches a file."""

    def __init__(self) -> None:
        self.wake = threading.Event()
        self._lock = threading.Lock()
        self._placed: set[str] = set()

    def dispatch(self, event: FileSystemEvent) -> None:
        """Watchdog's entry."""
        if event.event_type not in {"created", "moved", "closed"} or event.is_directory:
            return
        name = Path(str(event.dest_path)).name if event.event_type == "moved" else ""
        if is_clip_name(name):
            with self._lock:
                self._placed.add(name)
        self.wake.set()

    def placed(self) -> frozenset[str]:
        """Since it was asked last."""
        with self._lock:
            placed, self._placed = frozenset(self._placed), set()
        return placed


@dataclass(eq=False)
class Inbox:
    """The folder and the clips of it that are being worked on. `begin` makes the run of a clip."""

    desk: Desk
    folder: Path
    begin: Callable[[Path], ClipRun]
    pool: ThreadPoolExecutor
    _flying: dict[str, tuple[ClipRun, Future[None], Look]] = field(default_factory=dict)
    _left: dict[str, Look] = field(default_factory=dict)
    """What failed, and how the file looked then."""
    _cause: Outcome | None = None

    def serve(self, arrivals: Arrivals, tell: Callable[[Outcome], None], *, ends_when_empty: bool) -> Outcome | None:
        """Until the end is wanted; the outcome that ended it when no clip at all can be done any more."""
        heard = Heard()
        with _observed(self.folder, heard):
            while self._goes_on():
                heard.wake.wait(RESCAN_S)
                heard.wake.clear()
                self._gather(tell)
                self._take(arrivals.ripe(heard.placed()))
                if ends_when_empty and not self._flying and not self._waiting():
                    break
        if self._flying:
            click.echo("Stopping: what is in flight is waited for, 10 s at most.", err=True)
        if self.desk.stop.is_wanted or self._cause:
            self.desk.studio.close()
        for _, future, _ in self._flying.values():
            future.result()
        self._gather(tell)
        return self._cause

    def _goes_on(self) -> bool:
        return not self.desk.stop.is_wanted and self._cause is None

    def _waiting(self) -> list[str]:
        names = [path.name for path in self.folder.iterdir() if is_clip_name(path.name) and path.is_file()]
        return [name for name in names if name not in self._left]

    def _take(self, ripe: list[Path]) -> None:
        for path in ripe:
            if path.name in self._flying or self._left.get(path.name) == _look(path):
                continue
            run = self.begin(path)
            self._flying[path.name] = run, self.pool.submit(run.work), _look(path)

    def _gather(self, tell: Callable[[Outcome], None]) -> None:
        for name, (run, future, look) in list(self._flying.items()):
            if not future.done():
                continue
            future.result()
            outcome = run.outcome()
            del self._flying[name]
            if _look(self.folder / name) == look:  # else another clip took its place meanwhile, and has its own turn
                outcome = self._put_away(name, outcome)
            if outcome.remedy in ENDS_ALL:
                self._cause = self._cause or outcome
            tell(outcome)

    def _put_away(self, name: str, outcome: Outcome) -> Outcome:
        path = self.folder / name
        self._left[name] = _look(path)
        try:
            if outcome.state is State.DONE:
                _move(path, self.folder / "done")
            elif outcome.state is State.REFUSED:
                moved = _move(path, self.folder / "refused")
                write_whole(moved.with_name(f"{moved.name}.txt"), "\n".join(outcome.sentences) + "\n")
        except OSError as error:
            sentence = f"{name} could not be moved away: {error.strerror}. It stays where it is."
            return replace(outcome, sentences=(*outcome.sentences, sentence))
        if outcome.state in {State.DONE, State.REFUSED}:
            del self._left[name]
        return outcome


@contextmanager
def _alone(inbox: Path) -> Iterator[None]:
    """Raises WorkspaceError when another watch holds the folder."""
    lock = FileLock(inbox / LOCK, timeout=0, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise WorkspaceError(
            f"{inbox} is being watched already.", next_step="End the other watch, or choose another folder."
        ) from None
    except OSError as error:
        raise WorkspaceError(f"{inbox} cannot be written to: {error.strerror}.", next_step="Choose another folder.") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _observed(folder: Path, heard: Heard) -> Iterator[None]:
    """Events make it quicker; without them the folder is looked at all the same."""
    observer = Observer()
    with suppress(OSError):
        observer.schedule(heard, str(folder), recursive=False)
        observer.start()
    try:
        yield
    finally:
        if observer.is_alive():
            observer.stop()
            observer.join(5)


def _move(path: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    names = (path.name if number == 1 else f"{path.stem} ({number}){path.suffix}" for number in count(1))
    target = next(folder / name for name in names if not (folder / name).exists())
    return path.rename(target)


def _look(path: Path) -> Look:
    try:
        status = path.stat()
    except OSError:
        return 0, 0, 0
    return status.st_ino, status.st_size, status.st_mtime_ns
