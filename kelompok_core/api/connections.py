"""Open connections: how many there may be, and which are closed so that a new one finds room."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Protocol


class Held(Protocol):
    """An open connection.

    Attributes:
        address: Of the other side.
        has_key: Whether its last request had a key that was valid before.
        is_idle: Whether nothing is done for it: no request has come in whole that has no answer yet.
    """

    address: str
    has_key: bool

    @property
    def is_idle(self) -> bool: ...

    def cut(self) -> None:
        """Close it at once."""


class Connections:
    """The open connections of one server.

    A new one takes the place of an idle one when there are too many: of one without a key before one with a key, of
    the address that has most, of the one that has been idle longest.
    """

    def __init__(self, most: int, most_each: int, exempt: Iterable[str] = ()) -> None:
        """Begin with none.

        Args:
            most: How many there may be.
            most_each: How many of one address.
            exempt: Addresses that may have all: proxies, which come for many.
        """
        self._most = most
        self._most_each = most_each
        self._exempt = frozenset(exempt)
        self._by_address: dict[str, dict[Held, None]] = {}
        """Of each address, first the one on which nothing has happened for longest."""
        self._number = 0

    def admit(self, one: Held) -> bool:
        """Count a new connection; return False when there is no room for it, and none can be made."""
        if not self._has_room_for(one.address):
            return False
        self._by_address.setdefault(one.address, {})[one] = None
        self._number += 1
        return True

    def touch(self, one: Held) -> None:
        """Note that something happened on a connection."""
        held = self._by_address.get(one.address, {})
        if one in held:
            del held[one]
            held[one] = None

    def leave(self, one: Held) -> None:
        """Forget a connection; nothing happens when it is forgotten already."""
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
        """Cut one that is idle, if there is one; return whether there was."""
        for has_key in (False, True):
            found = (one for one in chain.from_iterable(some) if one.has_key is has_key and one.is_idle)
            if (chosen := next(found, None)) is not None:
                self.leave(chosen)
                chosen.cut()
                return True
        return False
