"""Sheets as all formats give them: rows of shown texts, and what is to be said about cells."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kelompok_core.contracts import JsonValue, Severity

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
"""The size of a sheet."""

_LETTERS = 26


class CellFinding(NamedTuple):
    """What is to be said about a cell; line and column are numbers from 1 and from 0."""

    line: int
    column: int
    code: str
    severity: Severity
    value: str | None
    params: Mapping[str, JsonValue]


class Merge(NamedTuple):
    """Merged cells: lines from 1, columns from 0, all inclusive."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(kw_only=True)
class SheetRows:
    """Consecutive rows of a sheet that have content. Rows without content may be left out.

    Attributes:
        lines: Their lines, ascending from 1.
        cells: Their shown texts; "" for blank cells, none behind the last filled one.
        findings: What is to be said about cells.
        hidden: Lines of hidden rows.
        dates: Lines of cells with a true date, by column.
    """

    lines: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    findings: list[CellFinding] = field(default_factory=list)
    hidden: set[int] = field(default_factory=set)
    dates: dict[int, list[int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Around:
    """What a sheet has besides its cells.

    Attributes:
        merges: Merged cells.
        links: Targets of links, by line and column.
        comments: Number of comments.
        hidden_columns: Number of hidden columns.
    """

    merges: Sequence[Merge] = ()
    links: Mapping[tuple[int, int], str] = field(default_factory=dict)
    comments: int = 0
    hidden_columns: int = 0


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet of an open workbook.

    Attributes:
        name: Its name.
        is_hidden: Whether people do not see it.
        read: Yields its rows, from the beginning each time.
        look_around: Returns what it has besides its cells.
    """

    name: str
    is_hidden: bool
    read: Callable[[], Iterator[SheetRows]]
    look_around: Callable[[], Around] = Around


@dataclass(frozen=True, kw_only=True)
class Workbook:
    """An open workbook.

    Attributes:
        kind: The name of its format, for the report.
        sheets: Its sheets, in their order.
        ranges: Named ranges and tables: the name of the sheet, and the cells.
        has_macros: Whether it has programs, which are never opened.
    """

    kind: str
    sheets: Sequence[Sheet]
    ranges: Callable[[], Mapping[str, tuple[str, Merge]]] = dict
    has_macros: bool = False


def column_letters(column: int) -> str:
    """Return the letters of a column that is numbered from 0, such as ``AA`` for 26."""
    letters = ""
    number = column + 1
    while number:
        number, rest = divmod(number - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """Return the number of a column from 0; letters in any case."""
    number = 0
    for letter in letters.upper():
        number = number * _LETTERS + ord(letter) - ord("A") + 1
    return number - 1
