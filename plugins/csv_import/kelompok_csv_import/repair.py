"""Records whose quotation marks do not pair, read in the one way that gives as many cells as the table has."""

import re
from dataclasses import dataclass

from kelompok_csv_import.dialect import STAND_IN, Dialect

_MOST_OPENERS = 50
_MOST_CHARACTERS = 1_000_000
_EVERY = -2
_NONE = -1


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One way to read the beginning of some lines.

    Attributes:
        cells: Of the first record.
        lines: How many lines it takes.
        is_proven: Whether it has as many cells as the table; else it is the least bad.
    """

    cells: list[str]
    lines: int
    is_proven: bool


def read_anyway(lines: list[str], dialect: Dialect, width: int) -> Reading:
    """Return how to read the record that begins with the first line.

    Tried in this order: marks inside the value that were not doubled; one mark that opens nothing; a value over
    several lines with such marks inside; marks that mean nothing at all.
    """
    cutter = _Cutter(dialect)
    first = lines[0]
    for opener in (_NONE, *range(min(first.count(dialect.quote), _MOST_OPENERS))):
        found = cutter.cut(first, opener)
        if found is not None and len(found[0]) == width:
            return Reading(cells=found[0], lines=1, is_proven=True)
    text = "".join(lines)
    whole = cutter.cut(text, _NONE) if len(text) <= _MOST_CHARACTERS else None
    if whole is not None and len(whole[0]) == width:
        return Reading(cells=whole[0], lines=_count_lines(lines, whole[1]), is_proven=True)
    plain = cutter.cut(first, _EVERY) or ([first], len(first))
    if len(plain[0]) == width:
        return Reading(cells=plain[0], lines=1, is_proven=True)
    least = cutter.cut(first, _NONE) or plain
    return Reading(cells=least[0], lines=1, is_proven=False)


def read_first_line(lines: list[str], dialect: Dialect, width: int) -> Reading | None:
    """Return the first line as a record of its own when it and the next then have the table's width.

    So it is when a mark that opens nothing made one record out of several lines, up to the next mark.
    """
    cutter = _Cutter(dialect)
    for opener in range(min(lines[0].count(dialect.quote), _MOST_OPENERS)):
        found = cutter.cut(lines[0], opener)
        after = cutter.cut(lines[1], _NONE) or cutter.cut(lines[1], _EVERY)
        if found is not None and after is not None and len(found[0]) == len(after[0]) == width:
            return Reading(cells=found[0], lines=1, is_proven=True)
    return None


def _count_lines(lines: list[str], characters: int) -> int:
    number = 0
    while number < len(lines) and characters > 0:
        characters -= len(lines[number])
        number += 1
    return number


class _Cutter:
    """Cuts text where a mark only closes a value when a delimiter or the line's end stands behind it."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        delimiter = dialect.delimiter if len(dialect.delimiter) == 1 else STAND_IN
        self._delimiter = delimiter
        self._edge = re.compile(f"[{re.escape(delimiter)}\r\n]")
        blanks = " *" if delimiter != " " else ""
        self._closed = re.compile(rf"{re.escape(dialect.quote)}{blanks}(?=[{re.escape(delimiter)}\r\n]|\Z)")
        escape = re.escape(dialect.escape)
        self._escaped = re.compile(f"{escape}(.)", re.DOTALL) if dialect.escape else None

    def cut(self, text: str, literal: int) -> tuple[list[str], int] | None:
        """Return the first record and the characters it takes, or None when a value stays open.

        Args:
            text: One line or more.
            literal: Which opening mark is none, counted from 0; :data:`_EVERY` or :data:`_NONE` of them.
        """
        cells: list[str] = []
        at, opener = 0, -1
        while True:
            while self._dialect.padded and text.startswith(" ", at):
                at += 1
            is_opened = self._opens(text, at)
            opener += is_opened
            if is_opened and literal not in (_EVERY, opener):
                closed = self._closing(text, at + 1)
                if closed is None:
                    return None
                cells.append(self._value(text[at + 1 : closed.start()]))
                at = closed.end()
            else:
                edge = self._edge.search(text, at)
                end = edge.start() if edge else len(text)
                cells.append(self._bare(text[at:end]))
                at = end
            if not text.startswith(self._delimiter, at):
                break
            at += 1
        return cells, at + (2 if text.startswith("\r\n", at) else 1)

    def _opens(self, text: str, at: int) -> bool:
        return bool(self._dialect.quote) and text.startswith(self._dialect.quote, at)

    def _closing(self, text: str, at: int) -> re.Match[str] | None:
        quote, escape = self._dialect.quote, self._dialect.escape
        while (at := text.find(quote, at)) >= 0:
            if escape and _is_odd(text, at, escape):
                at += 1
            elif text.startswith(quote, at + 1):
                at += 2
            elif closed := self._closed.match(text, at):
                return closed
            else:
                at += 1
        return None

    def _value(self, text: str) -> str:
        return self._bare(text.replace(self._dialect.quote * 2, self._dialect.quote))

    def _bare(self, text: str) -> str:
        return self._escaped.sub(r"\1", text) if self._escaped else text


def _is_odd(text: str, at: int, escape: str) -> bool:
    """Return whether an odd number of escapes stands before the place, so that the last of them is one."""
    number = 0
    while at - number > 0 and text[at - number - 1] == escape:
        number += 1
    return number % 2 == 1
