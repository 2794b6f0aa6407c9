"""Column names from a header as written: unique and never empty, each change said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from kelompok_core.contracts import FreeNames, Issue, Severity
from kelompok_csv_import.header_words import HeaderWords

_UNNAMED = re.compile(r"Unnamed: \d+(_level_\d+)?")
"""What pandas writes over a column without a name."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """Names of the columns, the cells they were made of, and findings about them.

    ``width`` is how many cells the header has, those without a name at its end included.
    """

    names: tuple[str, ...]
    written: tuple[str, ...]
    issues: tuple[Issue, ...]
    width: int = 0


def name_columns(rows: Sequence[Sequence[str]], line: int, width: int, words: HeaderWords) -> Header:
    """Return names for the columns under header rows; a blank one becomes ``column N``, a repeated one gets a number.

    Args:
        rows: None, one, or several that are read together.
        line: Of the first of them.
        width: How many columns there are when no row names them.
        words: What knows headers: where it knows only the lower of two, the upper one only heads a group.
    """
    if not rows:
        return Header(names=further_columns((), width), written=(), issues=(), width=width)
    cells = [_joined(parts, words) for parts in zip_longest(*_filled_from_left(rows), fillvalue="")]
    wide = len(cells)
    while len(cells) > 1 and not cells[-1].strip():
        cells.pop()  # delimiters behind the last header are columns only where something stands under them
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
    """Return the names and, for cells behind the last header, ``column N`` up to that width."""
    free = FreeNames(names)
    return (*names, *(free.take(f"column {number}") for number in range(len(names) + 1, width + 1)))


def _filled_from_left(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """Return several header rows with the headers that span columns written over each of them."""
    filled = list(rows)
    for index, (above, below) in enumerate(pairwise(rows)):
        upper, last = [], ""
        for over, under in zip_longest(above, below, fillvalue=""):
            last = over if over.strip() or not under.strip() else last
            upper.append(last)
        filled[index] = upper
    return filled


def _joined(parts: Sequence[str], words: HeaderWords) -> str:
    """Return the cells of one column's header read downwards; the same word twice says no more than once."""
    if len(parts) == 1:
        return parts[0]
    together = " ".join(dict.fromkeys(part.strip() for part in parts if part.strip()))
    return parts[-1].strip() if words.know(parts[-1]) and not words.know(together) else together


def _issue(code: str, line: int, column: str, value: str | None, number: int) -> Issue:
    return Issue(code=code, severity=Severity.WARNING, line=line, column=column, value=value, params={"number": number})
