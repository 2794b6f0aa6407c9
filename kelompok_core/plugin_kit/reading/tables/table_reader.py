"""Separates a table's records from blank lines, comments, repeated headers, footers and further tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kelompok_core.contracts import Issue
from kelompok_core.plugin_kit.reading.tables.blocks import Block, Cells, RowReader
from kelompok_core.plugin_kit.reading.tables.broken_rows import BrokenRows
from kelompok_core.plugin_kit.reading.tables.cell_kinds import Kind, count_filled, is_ruler, kind_of
from kelompok_core.plugin_kit.reading.tables.footers import (
    is_footer,
    is_page_mark,
    is_total,
    may_be_footer,
    may_start_footer,
)
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords
from kelompok_core.plugin_kit.reading.tables.odd_rows import OddRows
from kelompok_core.plugin_kit.reading.tables.skipped_rows import Count, Passed

_ALIKE = 0.6
_SAMPLED_ROWS = 3
_MOST_HELD = 50
_NARROW = 2
_RARELY = 2
_START = 3
"""The first letters (this many, then twice as many) quickly tell most records from headers, headings and footers."""
_ROWS_OF_FOOTER = 5
"""The most consecutive rows in a footer of which only the first has a footer word."""


class Record(NamedTuple):
    """One record.

    Attributes:
        cells: Its cells.
        line: Its first physical line.
        row: Its row in the table, where the header is row 1.
        oddity: The problem with its quotation marks, or None.
        is_marked: Whether it begins like a comment.
    """

    cells: list[str]
    line: int
    row: int
    oddity: Issue | None
    is_marked: bool = False


@dataclass(kw_only=True)
class Records:
    """Non-blank records, by column: cells, first physical lines, rows in the table; oddities by index."""

    cells: Cells = field(default_factory=Cells)
    lines: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    oddities: dict[int, Issue] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def add(self, record: Record) -> None:
        """Add one record."""
        if record.oddity is not None:
            self.oddities[len(self)] = record.oddity
        self.cells.rows.append(record.cells)
        self.lines.append(record.line)
        self.rows.append(record.row)

    def add_all(self, block: Block, start: int, stop: int, first_row: int) -> None:
        """Add a part of a block; ``first_row`` is the row of its first record."""
        for index in range(start, stop) if block.oddities else ():
            if index in block.oddities:
                self.oddities[len(self) + index - start] = block.oddities[index]
        self.cells.extend(block.cells if stop - start == len(block.lines) else Cells(block.rows[start:stop]))
        self.lines += block.lines[start:stop]
        self.rows += range(first_row, first_row + stop - start)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A table's layout, known before its records are read.

    Attributes:
        header: The header's cells as written, if there is one.
        width: The expected number of cells.
        first_row: Row of the first record, where the header is row 1.
        comment: The start of a comment's line, or "".
        last_line: The table's last line, 0 for the end of the file, or None to detect it.
        broken: Reassembles rows split by line breaks.
        odd: Decides which rows need a person's decision.
        words: Recognizes headers.
        may_end: Whether a row as wide as the table may be its footer.
        is_filled: Whether most rows have more than one filled cell.
    """

    header: Sequence[str]
    width: int
    first_row: int
    comment: str
    last_line: int | None
    broken: BrokenRows
    odd: OddRows
    words: HeaderWords
    may_end: bool
    is_filled: bool


class _ByStart(dict[str, bool]):
    """A cached predicate of the letters that rows begin with."""

    def __init__(self, find_out: Callable[[str], bool]) -> None:
        self._find_out = find_out

    def __missing__(self, start: str) -> bool:
        self[start] = found = self._find_out(start)
        return found


class TableReader:
    """Reads a table's records, and counts every row that is not a record.

    Args:
        reader: Reads the records after ``first``.
        first: Records after the header that were already read to detect it.
    """

    def __init__(self, reader: RowReader, first: Block, shape: Shape) -> None:
        self._reader = reader
        self._first = first
        self._header = _filled(shape.header)
        self._words = shape.words
        # A «header» that keeps repeating is data, unless its cells are known headers.
        again = sum(1 for row in first.rows if self._is_alike(row))
        is_header = again <= _RARELY or self._words.are_mostly_header(self._header)
        self._repeats = len(self._header) > 1 and is_header
        self._first_header = self._header[0].casefold() if self._header else ""
        self._width = shape.width
        self._row = shape.first_row
        self._comment = shape.comment
        self._last_line = shape.last_line
        self._broken = shape.broken
        self._odd = shape.odd
        self._may_end = shape.may_end
        self._is_filled = shape.is_filled
        self._likely = _ByStart(self._may_start_special)
        self._held: list[Record] = []
        self._possible_footer: list[Record] = []
        self._is_after_blank = False
        self._is_over = False
        self.passed = Passed()

    def read(self, limit: int) -> Records:
        """Return about that many further records; none at the end of the table."""
        records = Records()
        while len(records) < limit:
            block = self._next(limit - len(records))
            if not block.lines:
                self._end(records)
                break
            self._sort_out(block, records)
        return records

    def _next(self, limit: int) -> Block:
        if not self._first.lines:
            return self._reader.read(limit)
        block, self._first = self._first.taken_from(0, limit), self._first.taken_from(limit)
        return block

    def _sort_out(self, block: Block, records: Records) -> None:
        start, plain_from = self._row, 0
        special = self._special(block)
        rows = block.rows if special else []
        for index in special:
            if index > plain_from:
                self._give(block, plain_from, index, records)
            if rows[index]:
                oddity, is_marked = block.oddities.get(index), index in block.marked
                self._look_at(Record(rows[index], block.lines[index], start + index, oddity, is_marked), records)
            else:
                self._pass_blank(records)
            plain_from = index + 1
        if plain_from < len(block.lines):
            self._give(block, plain_from, len(block.lines), records)
        self._row += len(block.lines)

    def _give(self, block: Block, start: int, stop: int, records: Records) -> None:
        if self._is_over:
            self.passed.further.add(*block.lines[start:stop])
            return
        self._release(records)
        records.add_all(block, start, stop, self._row + start)

    def _special(self, block: Block) -> Sequence[int]:
        """Return the rows to inspect: all except those of the table's width that begin like any record."""
        if self._is_over or self._last_line is not None:
            return range(len(block.lines))
        stripped = list(map(str.strip, block.firsts(self._width)))
        likely, capitals = self._likely, self._odd.checks_capitals
        special = {
            index
            for index, first in enumerate(stripped)
            if (
                (likely[first[:_START]] and likely[first[: 2 * _START]])
                or "," in first
                or (capitals and first.isupper())
            )
            and self._is_special(first)
        }
        special |= block.marked
        # A short row after a blank row may be a footer, and a row after a total may be a signature.
        ends = [index for index in special if index + 1 not in special]
        special |= {index + further for index in ends for further in range(1, _ROWS_OF_FOOTER)}
        if self._is_after_blank or self._broken.waits or self._possible_footer:
            special.update(range(_ROWS_OF_FOOTER - 1))
        return sorted(index for index in special if index < len(stripped))

    def _may_start_special(self, start: str) -> bool:
        """Return whether a row that begins with these letters may need inspection."""
        folded = start.casefold()
        if not start or may_start_footer(folded) or self._odd.may_start_heading(folded):
            return True
        return self._words.may_start(folded) or self._first_header.startswith(folded)

    def _is_special(self, first: str) -> bool:
        if not first or self._words.know(first) or may_be_footer(first):
            return True
        return self._odd.may_be_heading(first) or first.casefold() == self._first_header

    def _look_at(self, record: Record, records: Records) -> None:
        if count_filled(record.cells) == 0:
            self._pass_blank(records)
        elif (passed := self._passed_as(record)) is not None:
            passed.add(record.line)
        elif self._last_line is not None:
            records.add(self._odd.judged(record))
        elif self._could_be_last(record.cells):
            self._give_all(self._broken.give_up(), records)
            self._possible_footer.append(record)
        elif not self._held and not self._is_after_blank and self._broken.takes(record):
            self._give_possible_footer(records)
            self._give_all(self._broken.put_together(record), records)
        else:
            self._hold_or_give(record, records)

    def _pass_blank(self, records: Records) -> None:
        if self._broken.waits:
            self._give_all(self._broken.give_up(), records)
        self._is_after_blank = True
        self.passed.blank += 1

    def _passed_as(self, record: Record) -> Count | None:
        """Return the count for a row that is not a record of the table; None if it may be one."""
        if self._is_behind(record):
            self._is_over = True
            return self.passed.footer if self._last_line else self.passed.further
        if self._is_comment(record):
            return self.passed.comments
        if self._last_line is not None:
            return None
        if self._is_header_again(record.cells):
            return self.passed.headers
        if self._may_end and self._is_no_record(_filled(record.cells)):
            return self.passed.footer
        return self.passed.rulers if is_ruler(record.cells) else None

    def _is_no_record(self, filled: Sequence[str]) -> bool:
        """Return whether a row is a page number or a total, at any position."""
        return is_page_mark(filled) or (self._width > _NARROW and is_total(filled))

    def _is_behind(self, record: Record) -> bool:
        if self._is_over:
            return True
        if self._last_line is None:
            return self._is_other_header(record.cells)
        return 0 < self._last_line < record.line

    def _is_header_again(self, cells: Sequence[str]) -> bool:
        return self._repeats and self._is_alike(cells)

    def _is_alike(self, cells: Sequence[str]) -> bool:
        filled = _filled(cells)
        if filled == self._header:
            return True
        alike = [cell.casefold() for cell in filled] == [cell.casefold() for cell in self._header]
        return alike and self._words.are_mostly_header(filled)

    def _is_comment(self, record: Record) -> bool:
        return record.is_marked and (bool(self._comment) or len(record.cells) == 1 < self._width)

    def _could_be_last(self, cells: Sequence[str]) -> bool:
        """Return whether the row is a total or a source note, provided that no record follows."""
        filled = _filled(cells)
        if self._held or not self._may_end:
            return False
        if is_footer(cells, self._width):
            return True
        is_short_note = len(filled) == 1 and self._width > _NARROW and self._is_filled
        return is_short_note and (bool(self._possible_footer) or (self._is_after_blank and len(cells) == self._width))

    def _is_other_header(self, cells: Sequence[str]) -> bool:
        """Return whether most cells are known headers: the header of a table with other columns."""
        filled = _filled(cells)
        if self._words.are_header(filled) and not self._is_header_again(cells):
            return True
        if len(cells) == self._width or len(filled) < _NARROW:
            return False
        known = set(self._header)
        return sum(cell in known for cell in filled) >= _ALIKE * len(filled)

    def _hold_or_give(self, record: Record, records: Records) -> None:
        """Add a record, or hold it if it could begin a footer or another table: after a blank row, of another width."""
        self._give_all(self._broken.give_up(), records)
        self._give_possible_footer(records)
        is_alike = len(record.cells) == self._width
        could_begin = self._is_after_blank and not is_alike and self._width > _NARROW
        if not self._held and not could_begin:
            self._is_after_blank = False
            records.add(self._odd.judged(record))
            return
        self._held.append(record)
        if is_alike or len(self._held) > _MOST_HELD:
            self._release(records)
        elif _is_table(self._held):
            self.passed.further.add(*(one.line for one in self._held))
            self._held = []
            self._is_over = True

    def _release(self, records: Records) -> None:
        self._give_all(self._broken.give_up(), records)
        self._give_possible_footer(records)
        self._give_all(self._held, records)
        self._held, self._is_after_blank = [], False

    def _give_possible_footer(self, records: Records) -> None:
        """Add rows that looked like a footer, because a record follows."""
        self._give_all(self._possible_footer, records)
        self._possible_footer = []

    def _give_all(self, some: Sequence[Record], records: Records) -> None:
        for record in some:
            records.add(self._odd.judged(record))

    def _end(self, records: Records) -> None:
        """Add the held rows unless they are a footer: after a blank row and without delimiters, or with its words."""
        self._give_all(self._broken.give_up(), records)
        self.passed.footer.add(*(record.line for record in self._possible_footer))
        self._possible_footer = []
        if self._held and all(len(record.cells) == 1 for record in self._held):
            self.passed.footer.add(*(record.line for record in self._held))
            self._held = []
        self._release(records)


def _filled(cells: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in cells if cell.strip()]


def _is_table(held: Sequence[Record]) -> bool:
    """Return whether the rows have the same width of several cells, and the first could be a header."""
    last = [record.cells for record in held[-_SAMPLED_ROWS:]]
    widths = {len(row) for row in last}
    is_even = len(last) == _SAMPLED_ROWS and len(widths) == 1 and widths != {1}
    return is_even and all(kind_of(cell) is Kind.TEXT for cell in last[0])
