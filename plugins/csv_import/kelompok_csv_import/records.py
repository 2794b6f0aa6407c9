"""Records of a CSV text with their physical lines: a stream of blocks, however long the file is."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from kelompok_core.contracts import Issue, Severity
from kelompok_csv_import.dialect import STAND_IN, Dialect, make_parser, prepared
from kelompok_csv_import.repair import Reading, read_anyway, read_first_line

_LONGEST_CELL = 10_000_000
"""A longer «cell» is a quotation mark nobody closed."""


_LOOK_AHEAD = 50


@dataclass(kw_only=True)
class Block:
    """Consecutive records, blank ones among them.

    Attributes:
        rows: Cells of each.
        lines: First physical line of each.
        oddities: What is odd about a record's quotation marks, by its index.
    """

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    oddities: dict[int, Issue] = field(default_factory=dict)

    def taken_from(self, start: int, stop: int | None = None) -> "Block":
        """Return a part of the block."""
        end = len(self.rows) if stop is None else stop
        return Block(
            rows=self.rows[start:end],
            lines=self.lines[start:end],
            oddities={at - start: one for at, one in self.oddities.items() if start <= at < end},
        )


class _Misread(csv.Error):
    """The parser made one record out of several."""

    def __init__(self, reading: Reading) -> None:
        super().__init__("several records read as one")
        self.reading = reading


class RecordReader:
    """Reads records from lines, and goes on behind one whose quotation marks do not pair.

    Args:
        lines: Physical lines with their ends; the first is line ``first_line`` of the file.
        width: How many cells a record should have, which tells how a broken one is meant.
    """

    def __init__(self, lines: Iterable[str], dialect: Dialect, *, first_line: int, width: int) -> None:
        self._source = prepared(lines, dialect)
        self._dialect = dialect
        self._width = width
        self._next_line = first_line
        self._pending: deque[str] = deque()
        self._taken: list[str] = []
        self._start()

    def _start(self) -> None:
        csv.field_size_limit(_LONGEST_CELL)
        self._parser = make_parser(self._lines(), self._dialect, is_strict=True)

    def _lines(self) -> Iterator[str]:
        taken, pending = self._taken, self._pending
        while pending:
            taken.append(line := pending.popleft())
            yield line
        for line in self._source:
            taken.append(line)
            yield line

    def read(self, limit: int) -> Block:
        """Return up to that many further records; none when there are no more."""
        block = Block()
        while (wanted := limit - len(block.rows)) > 0:
            try:
                self._read_regular(block, wanted)
            except _Misread as misread:
                self._take(block, misread.reading)
            except csv.Error:
                # A value with marks inside may go on in lines behind the one where that was noticed.
                deque(islice(self._lines(), _LOOK_AHEAD), maxlen=0)
                self._take(block, read_anyway(self._taken, self._dialect, self._width))
            else:
                break
        if len(self._dialect.delimiter) > 1:
            delimiter = self._dialect.delimiter
            block.rows = [[cell.replace(STAND_IN, delimiter) for cell in row] for row in block.rows]
        return block

    def _read_regular(self, block: Block, wanted: int) -> None:
        parser, taken, width = self._parser, self._taken, self._width
        rows, lines = block.rows, block.lines
        for cells in islice(parser, wanted):
            number = len(taken)
            if number > 1 and len(cells) != width:
                reading = read_first_line(taken, self._dialect, width)
                if reading is not None:
                    raise _Misread(reading)
            rows.append(cells)
            lines.append(self._next_line)
            self._next_line += number
            taken.clear()

    def _take(self, block: Block, reading: Reading) -> None:
        """Add a record that is broken, and give back the lines that do not belong to it."""
        line = self._next_line
        code, severity = (
            ("row.quote_repaired", Severity.WARNING) if reading.is_proven else ("row.quote_broken", Severity.ERROR)
        )
        if (
            self._dialect.quote and self._dialect.quote in self._taken[0]
        ):  # else it is only longer than any cell: the host says so
            block.oddities[len(block.rows)] = Issue(code=code, severity=severity, line=line, params={"line": line})
        block.rows.append(reading.cells)
        block.lines.append(line)
        self._next_line += reading.lines
        self._pending.extendleft(reversed(self._taken[reading.lines :]))
        self._taken.clear()
        self._start()
