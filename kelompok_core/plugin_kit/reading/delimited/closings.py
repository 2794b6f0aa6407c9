"""A cache of closing quotation marks, so that no part of a text is searched twice."""

import re
from bisect import bisect_left, insort
from dataclasses import dataclass


@dataclass(frozen=True)
class Closing:
    """The mark that closes any value open at some point from ``since`` up to the mark.

    Attributes:
        since: Start of the first run of marks that the search passed.
        mark: The closing mark, or None when the values never close.
    """

    since: int
    mark: re.Match[str] | None


class Closings:
    """Caches which mark closes a value, for one text.

    A search passes adjacent marks (a run) together, and enters each run at its first mark. So every search that reaches
    a run between ``since`` and the closing mark ends at the same mark.
    """

    def __init__(self) -> None:
        self._text = ""
        self._ends: list[int] = []
        self._known: dict[int, Closing] = {}

    def find(self, text: str, start: int) -> Closing | None:
        """Return what closes a value that is open before the run of marks at ``start``; None if not cached."""
        place = bisect_left(self._ends, start) if text is self._text else len(self._ends)
        known = self._known[self._ends[place]] if place < len(self._ends) else None
        return known if known is not None and known.since <= start else None

    def note(self, text: str, since: int | None, mark: re.Match[str] | None) -> re.Match[str] | None:
        """Cache the closing mark found by a search, and return it.

        Args:
            text: The text; a new one clears the cache.
            since: Start of the first run of marks that the search entered at its first mark; None caches nothing.
            mark: The closing mark, or None when there is none.
        """
        if text is not self._text:
            self._text, self._ends, self._known = text, [], {}
        if since is not None:
            end = mark.start() if mark else len(text)
            if end not in self._known:
                insort(self._ends, end)
            elif self._known[end].since < since:
                return mark
            self._known[end] = Closing(since, mark)
        return mark
