"""A process to be killed or to compete: `python -m tests.services.victim <task> <workspace> <project id> <name> <count>`.

Every line that it prints was acknowledged by the store before.
"""

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from maestro.services.storage import Intent, ProjectFolder, Workspace
from tests.services.storage_samples import picture, result


def edit(folder: ProjectFolder, name: str, count: int) -> None:
    """Long and short edits of shot 1 in turn, each acknowledged by its number."""
    text = folder.read().sheet(1).shot.text
    for number in range(count):
        new = f"{name}-{number} " + ("long " * 400 if number % 2 else "")
        folder.edit(1, new, text)
        text = new
        print(number, flush=True)


def shoot(folder: ProjectFolder, name: str, count: int) -> None:
    """Takes of shot 2, each acknowledged by its call."""
    for number in range(count):
        call_id = f"{name}-{number}"
        folder.begin(Intent(call_id, 2, "r", "offline", "m", "sha", "text", 0, datetime.now(UTC)))
        folder.mark_sent(call_id)
        folder.keep_answer(call_id, b"answer")
        print("answered", call_id, flush=True)
        folder.add_take(call_id, result(2), picture(number % 250))
        print("kept", call_id, flush=True)


def compete(folder: ProjectFolder, name: str, count: int) -> None:
    """Takes of shot 3 by four threads, `count` each."""
    threads = [threading.Thread(target=_add, args=(folder, f"{name}-{thread}", count)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wait(folder: ProjectFolder, name: str, _count: int) -> None:
    """A call in flight, until standard input ends."""
    folder.begin(Intent(name, 4, "r", "offline", "m", "sha", "text", 0, datetime.now(UTC)))
    folder.mark_sent(name)
    print("sent", flush=True)
    sys.stdin.read()


def _add(folder: ProjectFolder, name: str, count: int) -> None:
    for number in range(count):
        folder.add_take(f"{name}-{number}", result(3), picture(7))


TASKS = {"edit": edit, "shoot": shoot, "compete": compete, "wait": wait}

if __name__ == "__main__":
    task, workspace, project_id, name, count = sys.argv[1:]
    TASKS[task](Workspace(Path(workspace), "0.1.0").open(project_id), name, int(count))
