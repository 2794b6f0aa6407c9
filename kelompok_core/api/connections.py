"""Connection limits: how many may be open, and which idle ones to close for a new one."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Protocol


class Held(Protocol):
    """An open connection.

    Attributes:
        address: Address of the client.
        has_key: Whether its last request sent a key seen to be valid before.
        is_idle: Whether no complete request on it awaits a response.
    """

    address: str
    has_key: bool

    @property
    def is_idle(self) -> bool: ...

    def cut(self) -> None:
        """Close the connection at once."""


class Connections:
    """The open connections of one server.

    When there are too many, a new one replaces an idle one: one without a key before one with a key, from the address
    with the most connections, the one idle for longest.
    """

    def __init__(self, most: int, most_each: int, exempt: Iterable[str] = ()) -> None:
        """Start with no connections.

        Args:
            most: Limit on open connections.
            most_each: Limit per address.
            exempt: Addresses without that limit: proxies, which serve many clients.
        """
        self._most = most
        self._most_each = most_each
        self._exempt = frozenset(exempt)
        self._by_address: dict[str, dict[Held, None]] = {}
        """Connections by address, least recently used first."""
        self._number = 0

    def admit(self, one: Held) -> bool:
        """Count a new connection; return False when there is no room and no idle one to close."""
        if not self._has_room_for(one.address):
            return False
        self._by_address.setdefault(one.address, {})[one] = None
        self._number += 1
        return True

    def touch(self, one: Held) -> None:
        """Mark a connection as just used."""
        held = self._by_address.get(one.address, {})
        if one in held:
            del held[one]
            held[one] = None

    def leave(self, one: Held) -> None:
        """Forget a connection; forgetting it twice is harmless."""
        held = self._by_address.get(one.address, {})
        if one in held:
            del held[one]
            self._number -= 1
        if not held:
            self._by_address.pop(one.address, None)

    def _has_room_for(self, address: str) -> bool:
        own = self._by_address.get(address, {})
        if len(own) >= self._most_each and address not in self._exempt and not self._cut_one_of([own]):
            return False
        if self._number < self._most:
            return True
        addresses = list(self._by_address.values())
        addresses.sort(key=len, reverse=True)
        return self._cut_one_of(addresses)

    def _cut_one_of(self, some: Sequence[Iterable[Held]]) -> bool:
        """Close an idle connection; return whether there was one."""
        for has_key in (False, True):
            found = (one for one in chain.from_iterable(some) if one.has_key is has_key and one.is_idle)
            if (chosen := next(found, None)) is not None:
                self.leave(chosen)
                chosen.cut()
                return True
        return False
