"""Records gathered into batches: frames of text as written, locations, and what is odd about a row."""

from collections.abc import Sequence
from itertools import repeat

import pandas as pd
import pyarrow as pa

from kelompok_core.contracts import Issue, Severity, SourceBatch, issue_table, location_table
from kelompok_csv_import.header import further_columns
from kelompok_csv_import.tables import Records

_MOST_FURTHER = 64
"""Cells behind the last header that get a column of their own; those behind are kept in the last one, as one text."""


class BatchMaker:
    """Makes one batch after the other.

    Args:
        names: Of the columns.
        delimiter: What joins the cells of a row that has far too many.
    """

    def __init__(self, names: Sequence[str], *, delimiter: str) -> None:
        self._names = names
        self._max_columns = len(names) + _MOST_FURTHER
        self._delimiter = delimiter
        self._next = 1

    def make(self, records: Records) -> SourceBatch:
        """Return the records as one batch, and number them on."""
        numbers = range(self._next, self._next + len(records))
        self._next = numbers.stop
        issues = [*_of_quotes(records, numbers), *self._ragged(records, numbers)]
        rows = self._fitted(records.cells)
        width = len(rows[0]) if rows else len(self._names)
        columns = zip(*rows, strict=True) if rows else repeat((), width)
        names = further_columns(self._names, width)
        return SourceBatch(
            cells=pd.DataFrame(
                {
                    name: pd.array(pa.array(cells, pa.large_string()), dtype="str")
                    for name, cells in zip(names, columns, strict=True)
                }
            ),
            locations=location_table(numbers, lines=records.lines, selectors=[f"#row={row}" for row in records.rows]),
            issues=issue_table(sorted(issues, key=lambda issue: issue.record or 0)),
        )

    def _fitted(self, rows: Sequence[list[str]]) -> "Sequence[list[str] | list[str | None]]":
        """Return the rows at one width: that of the names, or of the longest row that has something behind it."""
        usual = len(self._names)
        odd = [index for index, row in enumerate(rows) if len(row) != usual]
        if not odd:
            return rows
        fitted: list[list[str] | list[str | None]] = list(rows)
        width = usual
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

    def _ragged(self, records: Records, numbers: range) -> list[Issue]:
        width = len(self._names)
        issues = []
        for index, cells in enumerate(records.cells):
            found = len(cells)
            if found == width:
                continue
            if found < width:
                code, severity = "row.too_few_cells", Severity.WARNING
            elif _content_width(cells) > width:
                code, severity = "row.too_many_cells", Severity.ERROR
            else:
                continue  # delimiters at the end of the line
            params = {"expected": width, "found": found}
            line = records.lines[index]
            issues.append(Issue(code=code, severity=severity, record=numbers[index], line=line, params=params))
        return issues


def _of_quotes(records: Records, numbers: range) -> list[Issue]:
    return [
        Issue(code=one.code, severity=one.severity, record=numbers[index], line=one.line, params=one.params)
        for index, one in records.oddities.items()
    ]


def _content_width(cells: Sequence[str]) -> int:
    """Return how many cells there are up to the last that is not blank."""
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return width
