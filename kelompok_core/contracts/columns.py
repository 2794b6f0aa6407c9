"""Columns of a source: unique names, and a limit on their number."""

from collections.abc import Iterable

from kelompok_core.contracts.errors import UnreadableSource
from kelompok_core.contracts.findings import Issue, Severity

MOST_COLUMNS = 2_000
"""Default limit of columns per source."""


class FreeNames:
    """Makes column names unique: a repeated name becomes ``name (2)``, ``name (3)`` and so on.

    Takes linear time, even if many columns have the same name.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def take(self, name: str) -> str:
        """Return the name or its first unused numbered form, and mark that as used."""
        free, number = name, self._next.get(name, 2)
        while free in self._taken:
            free, number = f"{name} ({number})", number + 1
        self._next[name] = number
        self._taken.add(free)
        return free


def require_columns(found: int, limit: int, *, line: int | None) -> None:
    """Check the limit on columns. Call this before building a table.

    Args:
        found: Number of columns read so far.
        limit: The context's ``max_columns``, or a lower limit.
        line: Line on which the last of them appeared.

    Raises:
        UnreadableSource: ``header.too_many_columns``.
    """
    if found > limit:
        params = {"found": found, "limit": limit}
        issue = Issue(code="header.too_many_columns", severity=Severity.FATAL, line=line, params=params)
        raise UnreadableSource(issue)
