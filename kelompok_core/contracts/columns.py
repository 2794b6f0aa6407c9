"""Columns of a source: each with a name of its own, and no more of them than an installation takes."""

from collections.abc import Container, Iterable

from kelompok_core.contracts.errors import UnreadableSource
from kelompok_core.contracts.findings import Issue, Severity

MOST_COLUMNS = 2_000
"""Of one source, where the installation says nothing else."""


def free_name(name: str, taken: Container[str]) -> str:
    """Return the name, or the first of ``name (2)``, ``name (3)`` … that is not taken: columns have one name each.

    For many names at once, :class:`FreeNames`.
    """
    free, number = name, 2
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free


class FreeNames:
    """Names columns one after the other as :func:`free_name` does, in a time that grows with their number alone."""

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
