"""Records of a CSV text with their physical lines, as a stream of blocks."""

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from math import ceil

from kelompok_core.contracts import Issue, JsonValue, Severity
from kelompok_core.plugin_kit.reading.delimited.dialect import STAND_IN, Dialect, make_parser, prepared
from kelompok_core.plugin_kit.reading.delimited.plain import cut, is_simple
from kelompok_core.plugin_kit.reading.delimited.repair import Reading, are_rows, read_anyway, read_first_line
from kelompok_core.plugin_kit.reading.tables.blocks import COMMENT, Block, Cells

_LONGEST_CELL = 10_000_000
"""A longer «cell» comes from an unclosed quotation mark."""

_LOOK_AHEAD = 50
_WORTH_A_LOOK = 500
"""Fewer records are read one at a time."""

_MOST_CHARACTERS = 1 << 22
"""Characters split into columns at once; splitting holds about four copies of them in memory."""


_WITHIN = 20
"""A comment's mark is searched for in this many characters of a line; blanks may precede it."""


def _begins(line: str, mark: str) -> bool:
    return line.lstrip(" \t").startswith(mark)


class _Misread(csv.Error):
    """The parser read several records as one."""

    def __init__(self, reading: Reading) -> None:
        super().__init__("several records read as one")
        self.reading = reading


class RecordReader:
    """Reads records from lines, and recovers from unpaired quotation marks.

    Args:
        lines: Physical lines with their ends; the first is line ``first_line`` of the file.
        width: The expected number of cells, used to repair broken records.
        comment: What a comment begins with.
    """

    def __init__(
        self, lines: Iterable[str], dialect: Dialect, *, first_line: int, width: int, comment: str = COMMENT
    ) -> None:
        self._source = prepared(lines, dialect)
        self._dialect = dialect
        self._width = width
        self._comment = comment
        self._next_line = first_line
        self._pending: deque[str] = deque()
        self._taken: list[str] = []
        self._may_be_plain = is_simple(dialect, width)
        self._lines_a_record = 1.0
        self._passing_by, self._patience = 0, 1
        self._is_after_broken = False
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
        self._read_plain(block, limit)
        while (wanted := limit - len(block.lines)) > 0:
            try:
                self._read_regular(block, wanted)
            except _Misread as misread:
                self._take(block, misread.reading)
            except csv.Error:
                # A value with marks inside may continue in the lines after the one where the error occurred.
                deque(islice(self._lines(), _LOOK_AHEAD), maxlen=0)
                is_alone = not self._is_after_broken
                self._take(block, read_anyway(self._taken, self._dialect, self._width, is_alone=is_alone))
            else:
                break
        if len(self._dialect.delimiter) > 1:
            delimiter = self._dialect.delimiter
            block.cells = Cells([[cell.replace(STAND_IN, delimiter) for cell in row] for row in block.rows])
        return block

    def _read_plain(self, block: Block, limit: int) -> None:
        """Read records by the fast path as long as they are unambiguous.

        After an ambiguous one, wait before trying the fast path again, twice as long each time.
        """
        if not self._may_be_plain or limit < _WORTH_A_LOOK:
            return
        if self._passing_by:
            self._passing_by -= 1
            return
        while (wanted := limit - len(block.lines)) > 0:
            lines = self._next_lines(max(_WORTH_A_LOOK, ceil(wanted * self._lines_a_record)))
            if not lines:
                return
            plain = cut(lines, self._dialect, self._width, wanted)
            self._give_back(lines[plain.lines if plain else 0 :])
            if plain is None:
                self._passing_by, self._patience = self._patience, 2 * self._patience
                return
            self._note_comments(block, (lines[begin] for begin in plain.begins))
            self._note_swallowed_rows(block, lines, [*plain.begins, plain.lines])
            block.cells.extend(Cells(columns=plain.columns))
            block.lines += [self._next_line + begin for begin in plain.begins]
            self._next_line += plain.lines
            self._lines_a_record = plain.lines / len(plain.begins)

    def _note_comments(self, block: Block, beginnings: Iterable[str]) -> None:
        """Note which of the records to be added to the block begin like comments."""
        mark = self._comment
        here = len(block.lines)
        block.marked |= {
            here + at for at, line in enumerate(beginnings) if mark in line[:_WITHIN] and _begins(line, mark)
        }

    def _note_swallowed_rows(self, block: Block, lines: list[str], bounds: Sequence[int]) -> None:
        """Note which of the records to be added to the block, each between two bounds, may be several rows."""
        if bounds[-1] == len(bounds) - 1:
            return
        cell_ends, delimiter = self._width - 1, self._dialect.delimiter
        for at, (begin, end) in enumerate(pairwise(bounds)):
            if end - begin > 1 and lines[begin].count(delimiter) == cell_ends:
                self._note_if_rows(block, len(block.lines) + at, lines[begin:end], self._next_line + begin)

    def _note_if_rows(self, block: Block, index: int, lines: list[str], line: int) -> None:
        if self._width and are_rows(lines, self._dialect, self._width):
            params: dict[str, JsonValue] = {"line": line, "lines": len(lines), "last": line + len(lines) - 1}
            issue = Issue(code="row.lines_swallowed", severity=Severity.REVIEW, line=line, params=params)
            block.oddities[index] = issue

    def _next_lines(self, number: int) -> list[str]:
        """Return up to that many further lines, limited in characters, too."""
        given_back = [self._pending.popleft() for _ in range(min(number, len(self._pending)))]
        lines, size = given_back, sum(map(len, given_back))
        for line in islice(self._source, number - len(lines)):
            lines.append(line)
            size += len(line)
            if size > _MOST_CHARACTERS:
                break
        return lines

    def _give_back(self, lines: Sequence[str]) -> None:
        """Return lines to the input, and start a new parser with them."""
        self._pending.extendleft(reversed(lines))
        self._start()

    def _read_regular(self, block: Block, wanted: int) -> None:
        parser, taken, width = self._parser, self._taken, self._width
        rows, lines, mark = block.rows, block.lines, self._comment
        for cells in islice(parser, wanted):
            number = len(taken)
            if number > 1 and len(cells) != width:
                reading = read_first_line(taken, self._dialect, width)
                if reading is not None:
                    raise _Misread(reading)
            if number > 1:
                self._note_if_rows(block, len(rows), taken, self._next_line)
            if cells and mark in taken[0][:_WITHIN] and _begins(taken[0], mark):
                block.marked.add(len(rows))
            rows.append(cells)
            lines.append(self._next_line)
            self._next_line += number
            self._is_after_broken = False
            taken.clear()

    def _take(self, block: Block, reading: Reading) -> None:
        """Add a repaired record, and return the lines after it to the input."""
        line = self._next_line
        self._is_after_broken = not reading.is_proven
        code, severity = (
            ("row.quote_repaired", Severity.WARNING) if reading.is_proven else ("row.quote_broken", Severity.ERROR)
        )
        if (
            self._dialect.quote and self._dialect.quote in self._taken[0]
        ):  # otherwise a cell is only too long, which the host reports
            block.oddities[len(block.rows)] = Issue(code=code, severity=severity, line=line, params={"line": line})
        block.rows.append(reading.cells)
        block.lines.append(line)
        self._next_line += reading.lines
        behind = self._taken[reading.lines :]
        self._taken.clear()
        self._give_back(behind)
