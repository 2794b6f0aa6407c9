"""Records of a CSV text with their physical lines: a stream, however long the file is."""

import csv
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from kelompok_core.contracts import Issue, Severity, UnreadableSource
from kelompok_csv_import.dialect import Dialect

NUL_PICTURE = "\u2400"
"""Stands for a NUL, which no database takes; the original byte stays in the kept file."""

_LONGEST_CELL = 10_000_000
"""A longer «cell» is a quotation mark nobody closed."""


class Record(NamedTuple):
    """One record that has content.

    Attributes:
        line: Its first physical line.
        row: Its row in the table, the header being row 1; blank lines count.
        blank_before: Blank lines passed over before it.
    """

    cells: list[str]
    line: int
    row: int
    blank_before: int


class RecordReader:
    """Iterates once over the records behind a dialect's skipped lines, the header first."""

    def __init__(self, path: Path, codec: str, dialect: Dialect) -> None:
        self._path = path
        self._codec = codec
        self._dialect = dialect
        self._record_lines: list[str] = []
        self.blank_at_end = 0

    def __iter__(self) -> Generator[Record]:
        """Yield the records.

        Raises:
            UnreadableSource: When a quotation mark swallows the rest of the file.
        """
        csv.field_size_limit(_LONGEST_CELL)
        # The file is closed when the records are, not when the collector comes by.
        with closing(self._lines()) as lines:
            yield from self._records(lines)

    def _records(self, lines: Iterator[str]) -> Iterator[Record]:
        reader = csv.reader(lines, delimiter=self._dialect.delimiter, quotechar=self._dialect.quote)
        start, row, blank = self._dialect.skipped_lines + 1, 0, 0
        last_lines: list[str] = []
        last_start = start
        try:
            for cells in reader:
                row += 1
                if _is_blank(cells):
                    blank += 1
                else:
                    yield Record(cells=cells, line=start, row=row, blank_before=blank)
                    blank = 0
                last_lines, self._record_lines = self._record_lines, []
                last_start, start = start, self._dialect.skipped_lines + reader.line_num + 1
        except csv.Error as error:
            raise _broken(start + self._opening_line(self._record_lines)) from error
        if self._ends_inside_quotes(last_lines):
            raise _broken(last_start + self._opening_line(last_lines))
        self.blank_at_end = blank

    def _lines(self) -> Generator[str]:
        with self._path.open(encoding=self._codec, newline="") as file:
            for number, line in enumerate(file):
                if number < self._dialect.skipped_lines:
                    continue
                shown = line.replace("\0", NUL_PICTURE) if "\0" in line else line
                self._record_lines.append(shown)
                yield shown

    def _ends_inside_quotes(self, lines: list[str]) -> bool:
        """Return whether the last record is open still; the reader itself closes it without a word."""
        quote = self._dialect.quote
        if sum(line.count(quote) for line in lines) % 2 == 0:
            return False
        strict = csv.reader(lines, delimiter=self._dialect.delimiter, quotechar=quote, strict=True)
        try:
            list(strict)
        except csv.Error as error:
            return "unexpected end" in str(error)
        return False

    def _opening_line(self, lines: list[str]) -> int:
        """Return the index of the line whose quotation mark is the one still open."""
        opened, is_open = 0, False
        for index, line in enumerate(lines):
            if line.count(self._dialect.quote) % 2:
                is_open = not is_open
                opened = index if is_open else opened
        return opened


def _is_blank(cells: list[str]) -> bool:
    return not cells or ((not cells[0] or cells[0].isspace()) and not any(cell.strip() for cell in cells))


def _broken(line: int) -> UnreadableSource:
    return UnreadableSource(Issue(code="row.quote_broken", severity=Severity.FATAL, line=line, params={"line": line}))
