"""An answer on its way to the disk while it arrives: no byte waits in memory longer than it takes to see that it is not the key."""

from maestro.calls import Spool
from maestro.engines.openrouter.hiding import LOOK_CLOSER_BYTES, Hiding


class Intake:
    """The chunks of one body, in order. A body that holds the key leaves the spool: it is kept later, without the key."""

    def __init__(self, spool: Spool, hiding: Hiding) -> None:
        self._spool = spool
        self._hiding = hiding
        self._before = b""
        self._size_bytes = 0
        self._is_dropped = False

    def add(self, chunk: bytes) -> None:
        """The next bytes: on disk when it returns. It may be the last moment: a client closes before it says that this was all."""
        if self._is_dropped:
            return
        self._size_bytes += len(chunk)
        if self._has_key(chunk):
            self._is_dropped = True
            self._spool.drop()
            return
        self._spool.add(chunk)

    def _has_key(self, chunk: bytes) -> bool:
        """Of a small body, whole or as far as it came, pieces of the key are looked for too."""
        if self._size_bytes <= LOOK_CLOSER_BYTES:
            self._before += chunk
            return self._hiding.without_key(self._before) != self._before
        reach = self._hiding.reach_bytes
        tail = self._before[-reach:] if reach else b""
        self._before = (tail + chunk[-reach:])[-reach:] if reach else b""
        return self._hiding.is_in(tail + chunk[:reach]) or self._hiding.is_in(chunk)
