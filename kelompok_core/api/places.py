"""Concurrency slots, shared fairly among callers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from kelompok_core.api.problems import Busy, TooManyRequests
from kelompok_core.errors import KelompokError

_WAIT_SECONDS = 5
"""The Retry-After of a refused caller."""

_MOST_WAITING = 16
"""Waiting requests per holder; the rest are refused at once."""


class Places:
    """A pool of slots. A holder gets another slot only while more are free than it holds, so some stay for others.

    A single holder gets at most half of them, a second one half of the rest, and so on. The last free slot goes to a
    holder that has none.
    """

    def __init__(self, most: int, what: str, *, most_each: int | None = None) -> None:
        """Create the pool.

        Args:
            most: Number of slots.
            what: What the slots are for, as the refusal names it.
            most_each: Upper limit per holder, however many are free.
        """
        self._free = most
        self._each = most if most_each is None else most_each
        self._what = what
        self._taken: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._waiters: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def taken(self, holder: str, *, patience: float = 0.0) -> AsyncIterator[None]:
        """Hold a slot for the duration of the block; wait up to ``patience`` seconds for it.

        Raises:
            TooManyRequests: When the holder already has its share.
            Busy: When other holders use all slots.
        """
        await self._wait(holder, monotonic() + patience)
        self._free -= 1
        self._taken[holder] += 1
        try:
            yield
        finally:
            self._give_back(holder)

    def _give_back(self, holder: str) -> None:
        self._free += 1
        _count_down(self._taken, holder)
        for waiter in list(self._waiters):
            waiter.get_loop().call_soon_threadsafe(_wake, waiter)

    async def _wait(self, holder: str, until: float) -> None:
        """Return once the holder may take a slot."""
        while (refusal := self._refusal(holder)) is not None:
            seconds = until - monotonic()
            if seconds <= 0 or self._waiting[holder] >= _MOST_WAITING:
                raise refusal
            await self._next_return(holder, seconds)

    async def _next_return(self, holder: str, seconds: float) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._waiting[holder] += 1
        try:
            await asyncio.wait([waiter], timeout=seconds)
        finally:
            self._waiters.remove(waiter)
            _count_down(self._waiting, holder)

    def _refusal(self, holder: str) -> KelompokError | None:
        held = self._taken[holder]
        if held and held >= min(self._free, self._each):
            return TooManyRequests(f"you already have {held} {self._what} in progress", wait=_WAIT_SECONDS, hint=_HINT)
        if not self._free:
            return Busy(f"the server is busy with other {self._what}", wait=_WAIT_SECONDS, hint=_HINT)
        return None


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _count_down(counted: Counter[str], holder: str) -> None:
    """Decrement the count; drop the holder at zero."""
    counted[holder] -= 1
    if not counted[holder]:
        del counted[holder]


_HINT = "Try again after Retry-After."
