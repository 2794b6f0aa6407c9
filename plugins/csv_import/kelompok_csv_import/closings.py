"""What is known of where quoted values close, so that no part of a text is looked through twice."""

import re
from bisect import bisect_left, insort
from dataclasses import dataclass


@dataclass(frozen=True)
class Closing:
    """What closes every value that is open somewhere behind a place and before the mark.

    Attributes:
        since: The first mark of the first run of marks that was passed on the way.
        mark: What closes the values, or None where nothing does.
    """

    since: int
    mark: re.Match[str] | None


class Closings:
    """Remembers of one text which mark closes a value, whatever place it was looked for from.

    Marks that stand together are passed together, and whoever comes from before them enters such a run at its first
    mark. So what was found from one run on holds for all runs up to there.
    """

    def __init__(self) -> None:
        self._text = ""
        self._ends: list[int] = []
        self._known: dict[int, Closing] = {}

    def find(self, text: str, start: int) -> Closing | None:
        """Return what closes a value that is open before the run of marks that begins here; None if unknown."""
        place = bisect_left(self._ends, start) if text is self._text else len(self._ends)
        known = self._known[self._ends[place]] if place < len(self._ends) else None
        return known if known is not None and known.since <= start else None

    def note(self, text: str, since: int | None, mark: re.Match[str] | None) -> re.Match[str] | None:
        """Note what was found from a run of marks on, if any was passed from its beginning; return it."""
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
