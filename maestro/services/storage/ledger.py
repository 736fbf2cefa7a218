"""The ledger of the workspace: `ledger.jsonl`, a durable line for every step of a paid call, never changed afterwards.

One for all projects, those in the trash included, so that a day's cap is one sum. Several processes may write it: each line goes in
under a lock, and each process reads what was added since it looked last.
"""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from maestro.services.storage.book import Book, Entry, charge_line, mark_line
from maestro.services.storage.core import Ground
from maestro.services.storage.durable import append_line, open_regular, told
from maestro.services.storage.journal import require_call_id
from maestro.services.storage.locks import ProjectLock, is_alive, is_own, presence_of
from maestro.types import Charge, ChargeState

LEDGER_FILE = "ledger.jsonl"
LINE = "The ledger's line"
TAIL_BYTES = 128
SETTLED = {ChargeState.KNOWN, ChargeState.COVERED}


def fingerprint(key: str) -> str:
    """What the ledger calls a key: nobody can make the key from it."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


class Ledger:
    """Thread-safe; one for a workspace. A file that is gone begins anew; lines that cannot be read are passed over and left."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._writing = ProjectLock(ground.disk, ground.workspace, LEDGER_FILE)
        self._reading = threading.Lock()
        self._book = Book()
        self._read_to: tuple[int, int] = (0, 0)
        self._tail = b""
        self._charges: tuple[Charge, ...] | None = None
        self._begun: dict[str, Entry] = {}

    @property
    def path(self) -> Path:
        """The file."""
        return self._ground.workspace / LEDGER_FILE

    # --- writing

    def begin(self, charge: Charge, key: str = "") -> None:
        """On disk before it returns; `key` is the fingerprint of the key that will be charged. Raises WorkspaceError."""
        require_call_id(charge.call_id)
        with self.locked():
            entry = Entry(charge, key, presence_of(self._ground.disk, self._ground.workspace))
            self._append(charge_line(entry))
        with self._reading:
            self._begun[charge.call_id] = entry

    def settle(self, call_id: str, state: ChargeState, cost_usd: float | None = None, generation_id: str = "") -> None:
        """The call's end. The last word holds, but a cost that is known is not unknown again; the same word is written once.

        A call that never began here is none of ours. Raises WorkspaceError: then the call stays as it was.
        """
        with self.locked():
            entry = self.entry(call_id)
            if entry is None or (entry.charge.state in SETTLED and state not in SETTLED):
                return
            named = generation_id or entry.charge.generation_id
            charge = replace(entry.charge, state=state, cost_usd=cost_usd, generation_id=named)
            if charge != entry.charge:
                self._append(charge_line(replace(entry, charge=charge, ended_at=datetime.now(UTC))))
        with self._reading:
            self._begun.pop(call_id, None)

    def find(self, charge: Charge, key: str, covers: tuple[str, ...]) -> None:
        """Adds an unassigned charge, found on the key; it may be that of the calls that it covers. Raises WorkspaceError."""
        with self.locked():
            self._append(charge_line(Entry(charge, key, covers=covers)))

    def mark_key(self, key: str, usage_usd: float, *, is_late: bool = False) -> None:
        """From here on, what the key is charged is compared with this. Raises WorkspaceError.

        `is_late`: it holds nothing of the calls that are open now, so that it tells about them too.
        """
        with self.locked():
            self._append(mark_line(key, usage_usd, is_late=is_late))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Within it nobody else writes. Re-entrant in a thread. Raises WorkspaceError."""
        with told(LINE), self._writing:
            yield

    # --- reading

    def charges(self) -> tuple[Charge, ...]:
        """Every call as it stands, in the order of their beginnings, and what is unassigned."""
        with self._reading:
            book = self._caught_up()
            if self._charges is None:
                self._charges = tuple(entry.charge for entry in book.entries.values())
            return self._charges

    def entry(self, call_id: str) -> Entry | None:
        """One call; None when it never began here."""
        with self._reading:
            return self._caught_up().entries.get(call_id) or self._begun.get(call_id)

    def entries(self) -> tuple[Entry, ...]:
        """The same with what only the ledger needs."""
        with self._reading:
            return tuple(self._caught_up().entries.values())

    def waiting(self) -> tuple[Entry, ...]:
        """Those of which nobody knows what they cost: calls in flight, those of dead processes, and those that broke."""
        return tuple(entry for entry in self.entries() if entry.is_waiting)

    def key_mark(self, key: str) -> float | None:
        """What the key had been charged in all when it was marked last."""
        with self._reading:
            mark = self._caught_up().marks.get(key)
            return None if mark is None else mark.usage_usd

    def unseen_usd(self, key: str, usage_usd: float) -> float | None:
        """How much of `usage_usd` came since the mark and is in no charge; None without a mark."""
        with self._reading:
            return self._caught_up().unseen_usd(key, usage_usd)

    def is_covered(self, call_id: str) -> bool:
        """Whether an unassigned charge may be this call's."""
        with self._reading:
            return call_id in self._caught_up().covered

    def is_elsewhere(self, entry: Entry) -> bool:
        """Whether another living process is in the middle of the call."""
        if entry.charge.state is not ChargeState.OPEN or is_own(self._ground.workspace, entry.owner):
            return False
        return is_alive(self._ground.workspace, entry.owner)

    def version(self) -> tuple[int, int]:
        """Another one after every line."""
        with self._reading:
            self._caught_up()
            return self._read_to

    def since(self) -> datetime | None:
        """When it begins; None while it is empty."""
        with self._reading:
            return self._caught_up().since

    # --- under a lock

    def _append(self, line: bytes) -> None:
        append_line(self._ground.disk, self.path, line)

    def _caught_up(self) -> Book:
        try:
            descriptor = open_regular(self.path)
        except FileNotFoundError:
            self._start_over()
            return self._book
        except OSError:
            return self._book  # what was read stays true; nothing can be begun while it cannot be written either
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            inode, offset = self._read_to
            if inode != status.st_ino or not self._is_continued(descriptor, offset):
                self._start_over()
                offset = 0
            stream.seek(offset)
            added = stream.read() if status.st_size > offset else b""
        whole = added[: added.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._book.take_in(line)
        if whole:
            self._tail, self._charges = (self._tail + whole)[-TAIL_BYTES:], None
        self._read_to = (status.st_ino, offset + len(whole))
        return self._book

    def _is_continued(self, descriptor: int, offset: int) -> bool:
        """Whether what was read is still there: somebody may have edited the file by hand."""
        return os.pread(descriptor, len(self._tail), offset - len(self._tail)) == self._tail

    def _start_over(self) -> None:
        if self._read_to != (0, 0):
            self._book, self._read_to, self._tail, self._charges = Book(), (0, 0), b"", None
