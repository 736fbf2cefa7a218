"""Who wants to know what changed: numbers that grow, one a topic, and a way to wait for them.

A topic is `project/part`, for example "k3x9/shot-2". A page draws at number n and is out of date as soon as the topic's number is
greater: nothing is lost when it was not listening in between.
"""

import secrets
import threading
from collections.abc import Iterable


def topic(project_id: str, part: str) -> str:
    """The name under which a part of a project is told about: "project", "analysis", "batch", "shot-1".."shot-5", "list"."""
    return f"{project_id}/{part}"


class Events:
    """Process-wide and thread-safe. `epoch` names this process, since its numbers begin at 0."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(4)
        self._changed = threading.Condition()
        self._numbers: dict[str, int] = {}
        self._total = 0

    def publish(self, *topics: str) -> None:
        """Tells that each of `topics` has changed."""
        with self._changed:
            for name in topics:
                self._total += 1
                self._numbers[name] = self._total
            self._changed.notify_all()

    def number(self, name: str) -> int:
        """The topic's present number; 0 when nothing was ever told about it."""
        with self._changed:
            return self._numbers.get(name, 0)

    def numbers(self, prefix: str) -> dict[str, int]:
        """The present numbers of all topics that begin with `prefix`."""
        with self._changed:
            return {name: number for name, number in self._numbers.items() if name.startswith(prefix)}

    def wait(self, seen: int, prefixes: Iterable[str], timeout_s: float) -> tuple[int, dict[str, int]]:
        """Waits until something under `prefixes` was told after `seen`, at most `timeout_s`; (newest number, topics told since)."""
        wanted = tuple(prefixes)
        with self._changed:
            self._changed.wait_for(lambda: bool(self._since(seen, wanted)), timeout_s)
            return self._total, self._since(seen, wanted)

    def _since(self, seen: int, prefixes: tuple[str, ...]) -> dict[str, int]:
        return {name: number for name, number in self._numbers.items() if number > seen and name.startswith(prefixes)}
