"""Memory that pictures took, given back. Five answers of 40 MB left 200 MB behind, which the allocator kept for each thread."""

import ctypes
import sys

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 4_000_000


def give_back_at_once() -> None:
    """Where the C library is glibc: blocks above 4 MB go back to the system when they are freed. Elsewhere it does nothing.

    Left alone, glibc raises that limit to 32 MB as soon as a large block was freed.
    """
    if not sys.platform.startswith("linux"):
        return
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:
        adjust(_M_MMAP_THRESHOLD, _LARGE_BYTES)
