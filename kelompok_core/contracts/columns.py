"""Columns of a source: each with a name of its own, and no more of them than an installation takes."""

from collections.abc import Iterable

from kelompok_core.contracts.errors import UnreadableSource
from kelompok_core.contracts.findings import Issue, Severity

MOST_COLUMNS = 2_000
"""Of one source, where the installation says nothing else."""


class FreeNames:
    """Gives each column its own name: the one asked for, or the first of ``name (2)``, ``name (3)`` … that is free.

    The time grows with the number of columns alone, however many ask for one name.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def take(self, name: str) -> str:
        """Return the name, or the first numbered one that is not taken; from now on it is."""
        free, number = name, self._next.get(name, 2)
        while free in self._taken:
            free, number = f"{name} ({number})", number + 1
        self._next[name] = number
        self._taken.add(free)
        return free


def require_columns(found: int, limit: int, *, line: int | None) -> None:
    """See that a source has no more columns than are taken. Ask before a table of them is made.

    Args:
        found: How many there are, in all of what was read so far.
        limit: The context's ``max_columns``, or less.
        line: Where the last of them came up.

    Raises:
        UnreadableSource: ``header.too_many_columns``.
    """
    if found > limit:
        params = {"found": found, "limit": limit}
        issue = Issue(code="header.too_many_columns", severity=Severity.FATAL, line=line, params=params)
        raise UnreadableSource(issue)
