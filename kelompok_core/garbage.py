"""How often Python looks for garbage: seldom while much is made that is none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_SELDOM = (100_000, 50, 100)


def collect_seldom() -> None:
    """Let the collector look seldom from now on.

    Loading Dagster and pandas makes objects by the hundred thousand, and no garbage: looking for some as often as
    Python usually does takes a quarter of it.
    """
    gc.set_threshold(*_SELDOM)


def leave_the_rest() -> None:
    """Let the end of the process look at nothing that is there: the system takes it all back at once.

    To look through Dagster and pandas for cycles before leaving took a quarter of an import of ten rows.
    """
    gc.freeze()


class _Readers:
    """Who reads at the moment, in all threads: the first changes how often is looked, the last puts it back."""

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
    """Let the collector look seldom for as long as the block lasts, and at nothing that is there already.

    Reading makes lists of texts by the thousand, and no cycles: looking through them for some costs a sixth of staging.
    The collector is the whole process's: of blocks in several threads the last to end leaves it as the first found it.
    """
    _READERS.enter()
    try:
        yield
    finally:
        _READERS.leave()
