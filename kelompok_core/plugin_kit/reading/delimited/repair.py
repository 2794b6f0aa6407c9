"""Repairs records with unpaired quotation marks by finding the reading that has the table's width."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from kelompok_core.plugin_kit.reading.delimited.closings import Closings
from kelompok_core.plugin_kit.reading.delimited.dialect import STAND_IN, Dialect

_MOST_OPENERS = 50
_MOST_CHARACTERS = 1_000_000
_EVERY = -2
_NONE = -1


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A reading of a record at the beginning of some lines.

    Attributes:
        cells: The record's cells.
        lines: The number of lines it takes.
        is_proven: Whether it has the table's width; otherwise it is only the best guess.
    """

    cells: list[str]
    lines: int
    is_proven: bool


def read_anyway(lines: list[str], dialect: Dialect, width: int, *, is_alone: bool = True) -> Reading:
    """Return the best reading of the record that begins with the first line.

    Tries, in this order: undoubled quotation marks inside values; one mark that is literal and opens no value; values
    over several lines with undoubled marks; undoubled marks before delimiters, if only one split has the table's width;
    all marks literal. Prefers readings after which the next line can begin a record, and excludes readings that swallow
    a line that is a complete record.

    Args:
        lines: The record's first line and those after it.
        dialect: The file's dialect.
        width: The expected number of cells.
        is_alone: Whether the previous record was intact. After a broken one, a literal mark proves nothing, because it
            may close a value of the previous record.
    """
    cutter = _Cutter(dialect)
    first = lines[0]
    ways = _ways(lines, cutter, width, is_alone=is_alone) if width else ()
    fitting = [way for way in ways if len(way[0]) == width]
    most = max((way[1] for way in fitting), default=1)
    ends = next((at for at, line in enumerate(lines[1:most], 1) if _is_record(line, cutter, width)), most)
    fitting = [way for way in fitting if way[1] <= ends]
    if fitting:
        cells, number = next((way for way in fitting if _goes_on(lines[way[1] :], cutter, width)), fitting[0])
        return Reading(cells=cells, lines=number, is_proven=True)
    least = cutter.cut(first, _NONE) or cutter.cut(first, _EVERY) or ([first], 0)
    return Reading(cells=least[0], lines=1, is_proven=False)


def _is_record(line: str, cutter: "_Cutter", width: int) -> bool:
    """Return whether a line is a complete record that begins with a quoted cell."""
    found = cutter.cut(line, _NONE) if cutter.opens(line) else None
    return found is not None and len(found[0]) == width and found[1] >= len(line.rstrip("\r\n"))


def _goes_on(lines: list[str], cutter: "_Cutter", width: int) -> bool:
    """Return whether a record can begin with the first of these lines."""
    if not lines or not lines[0].strip():
        return True
    found = cutter.cut(lines[0], _NONE)
    return found is None or len(found[0]) == width


def _ways(lines: list[str], cutter: "_Cutter", width: int, *, is_alone: bool) -> Iterator[tuple[list[str], int]]:
    """Yield each reading of the first record: its cells, and the number of lines it takes."""
    first, text = lines[0], "".join(lines)
    for literal in (_NONE, *(range(min(cutter.count_marks(first), _MOST_OPENERS)) if is_alone else ())):
        if found := cutter.cut(first, literal, most=width):
            yield found[0], 1
    if len(text) <= _MOST_CHARACTERS:
        for one in (cutter, cutter.closing_tightly()):
            if found := one.cut(text, _NONE, most=width):
                yield found[0], _count_lines(lines, found[1])
    if is_alone:
        yield from ((cells, 1) for cells in cutter.last_resorts(first, width))


def read_first_line(lines: list[str], dialect: Dialect, width: int) -> Reading | None:
    """Return the first line as a record if it and the next line have the table's width.

    This undoes a literal mark that was read as an opening one, and joined several lines up to the next mark.
    """
    cutter = _Cutter(dialect)
    after = cutter.cut(lines[1], _NONE) or cutter.cut(lines[1], _EVERY)
    if after is None or len(after[0]) != width:
        return None
    for opener in range(min(cutter.count_marks(lines[0]), _MOST_OPENERS)):
        found = cutter.cut(lines[0], opener, most=width)
        if found is not None and len(found[0]) == width:
            return Reading(cells=found[0], lines=1, is_proven=True)
    return None


def are_rows(lines: list[str], dialect: Dialect, width: int) -> bool:
    """Return whether the lines of one record with a single pair of marks are rows if those marks are literal.

    Requires that no blank follows a delimiter, unless the dialect pads cells: a comma in a sentence has a blank after
    it, one between cells mostly has none.
    """
    delimiter = dialect.delimiter if len(dialect.delimiter) == 1 else STAND_IN
    others = width - 1
    if width == 1 or lines[0].count(delimiter) != others or any(line.count(delimiter) != others for line in lines):
        return False
    is_pair = sum(line.count(dialect.quote) for line in lines) == 2  # noqa: PLR2004  (one that opens, one that closes)
    return is_pair and (dialect.padded or not any(f"{delimiter} " in line for line in lines))


def _count_lines(lines: list[str], characters: int) -> int:
    number = 0
    while number < len(lines) and characters > 0:
        characters -= len(lines[number])
        number += 1
    return number


class _Cutter:
    """Splits text into cells; a mark closes a value only before a delimiter or the end of the line."""

    def __init__(self, dialect: Dialect, *, blanks: bool = True) -> None:
        self._dialect = dialect
        delimiter = dialect.delimiter if len(dialect.delimiter) == 1 else STAND_IN
        self._delimiter = delimiter
        self._edge = re.compile(rf"[{re.escape(delimiter)}\r\n]|\Z")
        between = " *" if blanks and delimiter != " " else ""
        self._closed = re.compile(rf"{re.escape(dialect.quote)}{between}(?=[{re.escape(delimiter)}\r\n]|\Z)")
        self._marks = re.compile(f"(?:{re.escape(dialect.quote)})+")
        self._blanks = re.compile(" *" if dialect.skips_blanks or dialect.padded else "")
        self._closings = Closings()
        escape = re.escape(dialect.escape)
        self._escaped = re.compile(f"{escape}(.)", re.DOTALL) if dialect.escape else None

    def closing_tightly(self) -> "_Cutter":
        """Return a cutter for which a mark followed by blanks does not close a value."""
        return _Cutter(self._dialect, blanks=False)

    def opens(self, text: str) -> bool:
        """Return whether the text begins with a quoted cell."""
        return self._opens(text, self._start_of_cell(text, 0))

    def cut(self, text: str, literal: int, *, most: int | None = None) -> tuple[list[str], int] | None:
        """Return the first record and its length in characters; None if a value never closes, or it is too wide.

        Args:
            text: One or more lines.
            literal: Index of the opening mark to read literally; or :data:`_EVERY` or :data:`_NONE`.
            most: The most cells a record may have.
        """
        cells: list[str] = []
        at, opener = 0, -1
        while most is None or len(cells) < most:
            at = self._start_of_cell(text, at)
            is_opened = self._opens(text, at)
            opener += is_opened
            is_quoted = is_opened and literal not in (_EVERY, opener)
            end = self._closing(text, at + 1) if is_quoted else self._edge.search(text, at)
            if end is None:
                return None
            cells.append(self._value(text[at + 1 : end.start()]) if is_quoted else self._bare(text[at : end.start()]))
            at = end.end() if is_quoted else end.start()
            if not text.startswith(self._delimiter, at):
                return cells, at + (2 if text.startswith("\r\n", at) else 1)
            at += 1
        return None

    def last_resorts(self, line: str, width: int) -> Iterator[list[str]]:
        """Yield the line's only split of this width, if there is exactly one, then the line with all marks literal."""
        if self.count_marks(line) <= _MOST_OPENERS and (only := self.only_way(line, width)):
            yield only
        if found := self.cut(line, _EVERY):
            yield found[0]

    def only_way(self, line: str, width: int) -> list[str] | None:
        """Return the line split into ``width`` cells, a value ending at any mark before an edge; None if ambiguous."""
        found = list(islice(self._splits(line, 0, width, set()), 2))
        return found[0] if len(found) == 1 else None

    def _splits(self, line: str, at: int, left: int, dead: set[tuple[int, int]]) -> Iterator[list[str]]:
        """Yield the splits of the rest into ``left`` cells; ``dead`` caches where there are none."""
        if (at, left) in dead:
            return
        is_dead = True
        for way in self._ways_on(line, at, left, dead):
            is_dead = False
            yield way
        if is_dead:
            dead.add((at, left))

    def _ways_on(self, line: str, at: int, left: int, dead: set[tuple[int, int]]) -> Iterator[list[str]]:
        at = self._start_of_cell(line, at)
        is_quoted = self._opens(line, at)
        edges = self._closed.finditer(line, at + 1) if is_quoted else islice(self._edge.finditer(line, at), 1)
        for edge in edges:
            cell = self._value(line[at + 1 : edge.start()]) if is_quoted else self._bare(line[at : edge.start()])
            stop = edge.end() if is_quoted else edge.start()
            if not line.startswith(self._delimiter, stop):
                if left == 1:
                    yield [cell]
            elif left > 1:
                yield from ([cell, *rest] for rest in self._splits(line, stop + 1, left - 1, dead))

    def count_marks(self, text: str) -> int:
        """Return the number of quotation marks in the text."""
        return text.count(self._dialect.quote) if self._dialect.quote else 0

    def _start_of_cell(self, text: str, at: int) -> int:
        """Return where a cell begins, after blanks that belong to the delimiter."""
        blanks = self._blanks.match(text, at)
        return blanks.end() if blanks else at

    def _opens(self, text: str, at: int) -> bool:
        return bool(self._dialect.quote) and text.startswith(self._dialect.quote, at)

    def _closing(self, text: str, at: int) -> re.Match[str] | None:
        """Return the mark that closes a value, or None: the last of an odd number of marks, before an edge."""
        escape, since = self._dialect.escape, None
        while marks := self._marks.search(text, at):
            start, at = marks.span()
            if text[start - 1 : start] != self._dialect.quote:  # not the rest of a run that the opening mark is in
                since = start if since is None else since
                if known := self._closings.find(text, start):
                    return self._closings.note(text, since, known.mark)
            number = at - start - bool(escape and _is_odd(text, start, escape))
            if number % 2 and (closed := self._closed.match(text, at - 1)):
                return self._closings.note(text, since, closed)
        return self._closings.note(text, since, None)

    def _value(self, text: str) -> str:
        return self._bare(text.replace(self._dialect.quote * 2, self._dialect.quote))

    def _bare(self, text: str) -> str:
        return self._escaped.sub(r"\1", text) if self._escaped else text


def _is_odd(text: str, at: int, escape: str) -> bool:
    """Return whether an odd number of escape characters precedes the position, so that it is escaped."""
    number = 0
    while at - number > 0 and text[at - number - 1] == escape:
        number += 1
    return number % 2 == 1
