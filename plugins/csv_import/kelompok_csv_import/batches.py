"""Records gathered into batches: frames of text as written, locations, and what is odd about a row."""

from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contracts import Issue, JsonValue, Severity, SourceBatch, issue_table
from kelompok_csv_import.header import further_columns
from kelompok_csv_import.records import NUL_PICTURE, Record

_SHOWN_CHARACTERS = 100


def make_batch(records: Sequence[Record], names: Sequence[str], first: int, max_cell_chars: int) -> SourceBatch:
    """Return the records as one batch; ``first`` is the number of the first of them."""
    issues = _ragged_rows(records, len(names), first)
    width = max([len(names), *(_content_width(record.cells) for record in records)])
    columns = further_columns(names, width)
    rows = [_fitted(record.cells, width) for record in records]
    arrays = [pa.array(cells, pa.large_string()) for cells in zip(*rows, strict=True)] if rows else []
    arrays = arrays or [pa.array([], pa.large_string()) for _ in columns]
    for name, array in zip(columns, arrays, strict=True):
        issues += _odd_cells(name, array, records, first, max_cell_chars)
    issues.sort(key=lambda issue: issue.record or 0)
    return SourceBatch(
        cells=pd.DataFrame({name: pd.array(array, dtype="str") for name, array in zip(columns, arrays, strict=True)}),
        locations=_locations(records, first),
        issues=issue_table(issues),
        blank_lines=sum(record.blank_before for record in records),
    )


def complete(
    batch: SourceBatch, *, read_as: Mapping[str, JsonValue], issues: Sequence[Issue], blank_lines: int = 0
) -> SourceBatch:
    """Return the batch with how the file was read, findings about the file, and further blank lines."""
    table = batch.issues
    if issues:
        table = pd.concat([issue_table(issues), table], ignore_index=True) if len(table) else issue_table(issues)
    return SourceBatch(
        cells=batch.cells,
        locations=batch.locations,
        issues=table,
        read_as=read_as,
        blank_lines=batch.blank_lines + blank_lines,
    )


def _locations(records: Sequence[Record], first: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "record": pd.array(range(first, first + len(records)), dtype="int64"),
            "line": pd.array([record.line for record in records], dtype="Int64"),
            "selector": pd.array([f"#row={record.row}" for record in records], dtype="str"),
        }
    )


def _content_width(cells: Sequence[str]) -> int:
    """Return how many cells there are up to the last that is not blank."""
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return width


def _fitted(cells: list[str], width: int) -> "list[str] | list[str | None]":
    missing = width - len(cells)
    if missing > 0:
        return [*cells, *([None] * missing)]
    return cells[:width] if missing else cells


def _ragged_rows(records: Sequence[Record], width: int, first: int) -> list[Issue]:
    issues = []
    for number, record in enumerate(records, start=first):
        found = len(record.cells)
        if found == width:
            continue
        if found < width:
            code, severity = "row.too_few_cells", Severity.WARNING
        elif _content_width(record.cells) > width:
            code, severity = "row.too_many_cells", Severity.ERROR
        else:
            continue  # delimiters at the end of the line
        params = {"expected": width, "found": found}
        issues.append(Issue(code=code, severity=severity, record=number, line=record.line, params=params))
    return issues


def _odd_cells(name: str, array: pa.Array, records: Sequence[Record], first: int, max_cell_chars: int) -> list[Issue]:
    """Return findings about cells with NULs in them, and cells that are too long."""
    with_nul = pc.indices_nonzero(pc.fill_null(pc.match_substring(array, NUL_PICTURE), False)).to_pylist()
    lengths = pc.utf8_length(array)
    longer = pc.indices_nonzero(pc.fill_null(pc.greater(lengths, max_cell_chars), False)).to_pylist()
    found: list[tuple[int, str, Severity, dict[str, int]]] = [
        (at, "value.control_chars", Severity.WARNING, {}) for at in with_nul
    ]
    found += [
        (at, "value.too_long", Severity.ERROR, {"limit": max_cell_chars, "found": lengths[at].as_py()}) for at in longer
    ]
    return [
        Issue(
            code=code,
            severity=severity,
            record=first + at,
            line=records[at].line,
            column=name,
            value=array[at].as_py()[:_SHOWN_CHARACTERS],
            params=params,
        )
        for at, code, severity, params in found
    ]
