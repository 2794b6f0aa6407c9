"""Reduces how often Python's garbage collector runs while many objects without cycles are created."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_SELDOM = (100_000, 50, 100)


def collect_seldom() -> None:
    """Let the garbage collector run seldom from now on.

    Importing Dagster and pandas creates hundreds of thousands of objects but no garbage. With Python's default
    thresholds, the collector takes a quarter of the import time.
    """
    gc.set_threshold(*_SELDOM)


def skip_final_collection() -> None:
    """Exclude all existing objects from collection, because the system frees their memory when the process ends.

    Searching Dagster and pandas for cycles at exit took a quarter of the time of an import of ten rows.
    """
    gc.freeze()


class _Readers:
    """Counts the current readers of all threads: the first changes the thresholds, the last restores them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reading = 0
        self._usual = gc.get_threshold()

    def enter(self) -> None:
        with self._lock:
            if not self._reading:
                self._usual = gc.get_threshold()
                gc.freeze()
                collect_seldom()
            self._reading += 1

    def leave(self) -> None:
        with self._lock:
            self._reading -= 1
            if not self._reading:
                gc.set_threshold(*self._usual)
                gc.unfreeze()


_READERS = _Readers()


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let the garbage collector run seldom during the block, without the objects that exist already.

    Reading creates thousands of lists of texts but no cycles: searching them takes a sixth of the time of staging. The
    collector's settings apply to the whole process, so the last of several concurrent blocks restores them.
    """
    _READERS.enter()
    try:
        yield
    finally:
        _READERS.leave()
