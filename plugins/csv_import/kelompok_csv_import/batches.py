"""Collects records into batches: frames of unchanged text, locations, and the issues of rows."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import repeat

from kelompok_core.contracts import Issue, Severity, SourceBatch, issue_table, location_table, text_table
from kelompok_csv_import.header import further_columns
from kelompok_csv_import.tables import Records

_MOST_FURTHER = 64
"""Number of extra columns for cells after the last header. The last one holds all remaining cells as one text."""


class BatchMaker:
    """Makes batches of records.

    Args:
        names: Names of the columns.
        width: Number of cells in the header, including unnamed ones at its end.
        delimiter: Joins the remaining cells of a row that has far too many.
    """

    def __init__(self, names: Sequence[str], *, width: int, delimiter: str) -> None:
        self._names = names
        self._width = max(width, len(names))
        self._unnamed = len(names)
        self._max_columns = len(names) + _MOST_FURTHER
        self._delimiter = delimiter
        self._next = 1

    def make(self, records: Records) -> SourceBatch:
        """Return the records as one batch; continue the row numbers of the last batch."""
        numbers = range(self._next, self._next + len(records))
        self._next = numbers.stop
        odd = self._odd(records)
        columns = records.cells.columns or self._columns(records.cells.rows, odd)
        issues = [*self._without_name(len(columns)), *_of_quotes(records, numbers)]
        issues += self._ragged(records, odd, numbers)
        return SourceBatch(
            cells=text_table(dict(zip(further_columns(self._names, len(columns)), columns, strict=True))),
            locations=location_table(numbers, lines=records.lines, selectors=[f"#row={row}" for row in records.rows]),
            issues=issue_table(sorted(issues, key=lambda issue: issue.row_number or 0)),
        )

    def _odd(self, records: Records) -> list[int]:
        """Return the indexes of rows that have more or fewer cells than the header has names."""
        if len(records.cells.columns) == len(self._names):
            return []
        return [index for index, row in enumerate(records.cells.rows) if len(row) != len(self._names)]

    def _columns(self, rows: Sequence[list[str]], odd: list[int]) -> Sequence[Sequence[str | None]]:
        fitted = self._fitted(rows, odd)
        return list(zip(*fitted, strict=True)) if fitted else [()] * len(self._names)

    def _fitted(self, rows: Sequence[list[str]], odd: list[int]) -> "Sequence[list[str] | list[str | None]]":
        """Return the rows at the same width: that of the names or, if larger, of the row with the most content."""
        if not odd:
            return rows
        fitted: list[list[str] | list[str | None]] = list(rows)
        width = usual = len(self._names)
        for index in odd:
            bounded = self._bounded(rows[index])
            fitted[index] = bounded
            width = max(width, _content_width(bounded))
        for index in range(len(rows)) if width > usual else odd:
            row = fitted[index]
            fitted[index] = [*row[:width], *repeat(None, width - len(row))]
        return fitted

    def _bounded(self, row: list[str]) -> list[str]:
        last = self._max_columns - 1
        return row if len(row) <= self._max_columns else [*row[:last], self._delimiter.join(row[last:])]

    def _without_name(self, columns: int) -> Iterator[Issue]:
        """Yield a finding for each unnamed column of the header, when a value first occurs in it."""
        names = further_columns(self._names, min(columns, self._width))
        for number in range(self._unnamed + 1, len(names) + 1):
            params = {"number": number}
            yield Issue(code="header.blank", severity=Severity.WARNING, column=names[number - 1], params=params)
        self._unnamed = max(self._unnamed, len(names))

    def _ragged(self, records: Records, odd: list[int], numbers: range) -> Iterator[Issue]:
        expected = len(self._names)
        for index in odd:
            found = len(records.cells.rows[index])
            if found < expected:
                code, severity = "row.too_few_cells", Severity.WARNING
            elif _content_width(records.cells.rows[index]) > self._width:
                code, severity = "row.too_many_cells", Severity.ERROR
            else:
                continue  # delimiters at the end of the line
            yield Issue(
                code=code,
                severity=severity,
                row_number=numbers[index],
                line=records.lines[index],
                params={"expected": expected, "found": found},
            )


def _of_quotes(records: Records, numbers: range) -> list[Issue]:
    return [replace(issue, row_number=numbers[index]) for index, issue in records.oddities.items()]


def _content_width(cells: Sequence[str]) -> int:
    """Return the number of cells up to the last non-blank one."""
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return width
