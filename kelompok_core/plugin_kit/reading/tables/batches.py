"""Collects records into batches: frames of unchanged text, locations, and the issues of rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import repeat

import pandas as pd

from kelompok_core.contracts import (
    Issue,
    PluginContext,
    Severity,
    SourceBatch,
    issue_table,
    location_table,
    no_records,
    text_table,
)
from kelompok_core.plugin_kit.reading.tables.header import further_columns
from kelompok_core.plugin_kit.reading.tables.table import Table
from kelompok_core.plugin_kit.reading.tables.table_reader import Records

_MOST_FURTHER = 64
"""Number of extra columns for cells after the last header. The last one holds all remaining cells as one text."""


def row_selector(row: int, line: int) -> str:
    """Return the selector of a row in delimited text, as RFC 7111 has it."""
    del line
    return f"#row={row}"


def read_batches(
    table: Table, context: PluginContext, select: Callable[[int, int], str] = row_selector, *, first: int = 1
) -> Iterator[SourceBatch]:
    """Yield the records of a table in batches, as an importer does.

    Args:
        table: The table.
        context: The reader's context.
        select: Returns the selector of a record from its row in the table and its line.
        first: The row number of the first record.
    """
    width = context.max_columns if table.may_be_wider else table.header.width
    maker = BatchMaker(table.header.names, width=width, delimiter=table.delimiter, select=select, first=first)
    passed = table.reader.passed
    issues, blank, is_first = list(table.issues), 0, True
    rows = context.rows_that_fit(len(table.header.names))
    while True:
        records = table.reader.read(rows)
        if not records:
            issues += [*passed.issues(), *([no_records()] if is_first and table.header.names else ())]
        if records or issues or passed.blank > blank or is_first:
            batch = maker.make(records)
            yield replace(
                batch,
                issues=_together(issue_table(issues), batch.issues),
                read_as=dict(table.read_as),
                blank_lines=passed.blank - blank,
            )
        if not records:
            return
        issues, blank, is_first = [], passed.blank, False


def _together(about_file: pd.DataFrame, about_rows: pd.DataFrame) -> pd.DataFrame:
    tables = [table for table in (about_file, about_rows) if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else about_rows


class BatchMaker:
    """Makes batches of records.

    Args:
        names: Names of the columns.
        width: Number of cells in the header, including unnamed ones at its end.
        delimiter: Joins the remaining cells of a row that has far too many.
        select: Returns the selector of a record from its row in the table and its line.
        first: The row number of the first record.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        width: int,
        delimiter: str,
        select: Callable[[int, int], str] = row_selector,
        first: int = 1,
    ) -> None:
        self._names = names
        self._width = max(width, len(names))
        self._unnamed = len(names)
        self._max_columns = len(names) + _MOST_FURTHER
        self._delimiter = delimiter
        self._select = select
        self._next = first

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
            locations=location_table(
                numbers, lines=records.lines, selectors=list(map(self._select, records.rows, records.lines))
            ),
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
