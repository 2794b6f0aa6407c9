"""How often Python looks for garbage: seldom while much is made that is none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (100_000, 50, 100)


def collect_seldom() -> None:
    """Let the collector look seldom from now on.

    Loading Dagster and pandas makes objects by the hundred thousand, and no garbage: looking for some as often as
    Python usually does takes a quarter of it.
    """
    gc.set_threshold(*_SELDOM)


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let the collector look seldom for as long as the block lasts, and at nothing that is there already.

    Reading makes lists of texts by the thousand, and no cycles: looking through them for some costs a sixth of staging.
    """
    usual = gc.get_threshold()
    gc.freeze()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
