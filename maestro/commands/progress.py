"""What is going on, on standard error: a bar on a terminal, else a line for every change."""

import sys
import threading
from types import TracebackType
from typing import Self

import click

WIDTH = 30


class Progress:
    """Thread-safe. `is_quiet` says nothing at all; of several clips each line begins with the clip's name."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self._is_quiet = is_quiet
        self._is_terminal = sys.stderr.isatty()
        self._lock = threading.Lock()
        self._said: dict[str, str] = {}
        self._has_bar = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._clear()

    def tell(self, clip: str, says: str, done: int, of: int) -> None:
        """`done` of `of` steps are over."""
        now = f"{clip}: {says} ({done}/{of})"
        with self._lock:
            if self._is_quiet or self._said.get(clip) == now:
                return
            self._said[clip] = now
            if self._is_terminal:
                self._draw(says, done, of, clip)
            else:
                click.echo(now, err=True)

    def say(self, words: str) -> None:
        """A line that stays."""
        with self._lock:
            self._clear()
            if not self._is_quiet:
                click.echo(words, err=True)

    def _draw(self, says: str, done: int, of: int, clip: str) -> None:
        full = WIDTH * done // max(of, 1)
        sys.stderr.write(f"\r\x1b[K[{'#' * full}{'.' * (WIDTH - full)}] {clip}: {says}"[: WIDTH + 90])
        sys.stderr.flush()
        self._has_bar = True

    def _clear(self) -> None:
        if self._has_bar:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._has_bar = False
