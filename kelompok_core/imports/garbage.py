"""How often Python looks for garbage while a source is read."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_USUAL = gc.get_threshold()
_SELDOM = (20_000, 20, 20)


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Let the collector look seldom, and at nothing that is there already.

    Reading makes lists of texts by the thousand, and no cycles: looking through them for some costs a sixth of staging.
    """
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*_USUAL)
        gc.unfreeze()
