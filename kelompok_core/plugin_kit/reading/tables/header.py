"""Unique, non-empty column names from a header; every change is reported."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from kelompok_core.contracts import FreeNames, Issue, Severity
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords

_UNNAMED = re.compile(r"Unnamed: \d+(_level_\d+)?")
"""What pandas writes as the header of an unnamed column."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """Column names, the header cells they come from, and findings about them.

    ``width`` is the number of cells in the header, including unnamed ones at its end.
    """

    names: tuple[str, ...]
    written: tuple[str, ...]
    issues: tuple[Issue, ...]
    width: int = 0


def name_columns(rows: Sequence[Sequence[str]], line: int, width: int, words: HeaderWords) -> Header:
    """Return the column names of a header; blank ones become ``column N``, repeated ones get a number.

    Args:
        rows: The header's rows: none, one, or several that are joined.
        line: Physical line of the first row.
        width: The number of columns when there is no header.
        words: Recognizes headers; where it knows only the lower of two rows' cells, the upper one names a group.
    """
    if not rows:
        return Header(names=further_columns((), width), written=(), issues=(), width=width)
    cells = [_joined(parts, words) for parts in zip_longest(*_filled_from_left(rows), fillvalue="")]
    wide = len(cells)
    while len(cells) > 1 and not cells[-1].strip():
        cells.pop()  # delimiters after the last header are columns only if they have values
    names: list[str] = []
    issues: list[Issue] = []
    free = FreeNames()
    for number, cell in enumerate(cells, start=1):
        bare = "" if _UNNAMED.fullmatch(cell.strip()) else cell.strip()
        name = free.take(bare or f"column {number}")
        if name != bare:
            code = "header.duplicate" if bare else "header.blank"
            issues.append(_issue(code, line, name, bare or None, number))
        names.append(name)
    return Header(names=tuple(names), written=tuple(cells), issues=tuple(issues), width=wide)


def further_columns(names: Sequence[str], width: int) -> tuple[str, ...]:
    """Return the names, extended to ``width`` by ``column N`` for cells after the last header."""
    free = FreeNames(names)
    return (*names, *(free.take(f"column {number}") for number in range(len(names) + 1, width + 1)))


def _filled_from_left(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """Return the header rows with each spanning header repeated over all its columns."""
    filled = list(rows)
    for index, (above, below) in enumerate(pairwise(rows)):
        upper, last = [], ""
        for over, under in zip_longest(above, below, fillvalue=""):
            last = over if over.strip() or not under.strip() else last
            upper.append(last)
        filled[index] = upper
    return filled


def _joined(parts: Sequence[str], words: HeaderWords) -> str:
    """Return the header cells of one column joined from top to bottom, without repetitions."""
    if len(parts) == 1:
        return parts[0]
    together = " ".join(dict.fromkeys(part.strip() for part in parts if part.strip()))
    return parts[-1].strip() if words.know(parts[-1]) and not words.know(together) else together


def _issue(code: str, line: int, column: str, value: str | None, number: int) -> Issue:
    return Issue(code=code, severity=Severity.WARNING, line=line, column=column, value=value, params={"number": number})
