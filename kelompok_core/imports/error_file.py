"""The error file: rows handed back as they came, with what was found, ready to be corrected and sent again."""

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TextIO

import sqlalchemy as sa

from kelompok_core.contracts import SourceBatch
from kelompok_core.headers.mapping import OUR_COLUMNS
from kelompok_core.imports.records import ImportRecord
from kelompok_core.issues.sentences import describe

_FORMULA = re.compile(r"^'*[=+\-@\t\r]")
_GUARDED = re.compile(r"^'('*[=+\-@\t\r])")


def guard_formula(cell: str | None) -> str:
    """Return the cell so that a spreadsheet takes it for text; :func:`unguard_formula` takes that back."""
    if cell is None:
        return ""
    return "'" + cell if _FORMULA.match(cell) else cell


def unguard_formula(cell: str) -> str:
    """Return a cell of an error file as it was in the original."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def take_back(batch: SourceBatch) -> SourceBatch:
    """Return a batch of an error file with its cells as they were in the original; any other batch as it is."""
    if not set(OUR_COLUMNS) <= set(batch.cells.columns):
        return batch
    cells = batch.cells.apply(lambda column: column.str.replace(_GUARDED, r"\1", regex=True))
    return replace(batch, cells=cells.rename(columns=unguard_formula))


def write_error_file(connection: sa.Connection, record: ImportRecord, target: TextIO, *, language: str = "en") -> int:
    """Write the rejected and parked rows as CSV; return how many there are."""
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow([*(guard_formula(name) for name in record.header), *OUR_COLUMNS])
    number = 0
    for row in _iter_rows(connection, record):
        cells = [guard_formula(row.raw.get(name)) for name in record.header]
        writer.writerow([*cells, *(guard_formula(cell) for cell in _findings(row, language))])
        number += 1
    return number


def _findings(row: sa.Row[Any], language: str) -> tuple[str, str, str, str]:
    issues = [*(row.issues or ()), *(row.more or ())]
    telling = [issue for issue in issues if issue["severity"] in ("error", "review")]
    messages = [
        describe(
            issue["code"],
            language=language,
            column=issue.get("column"),
            value=issue.get("value"),
            line=row.line,
            record=row.record,
            params=issue.get("params") or {},
        )
        for issue in telling
    ]
    codes = " ".join(dict.fromkeys(issue["code"] for issue in telling))
    return str(row.line or ""), row.decision, codes, " ".join(messages)


def _iter_rows(connection: sa.Connection, record: ImportRecord) -> Iterator[sa.Row[Any]]:
    params = {"import": record.id, "revision": record.plan_revision}
    yield from connection.execution_options(stream_results=True).execute(_ROWS, params)


_ROWS = sa.text("""
    SELECT r.record, r.line, r.raw, r.issues, d.decision, d.issues AS more
    FROM import_decisions d JOIN import_rows r ON r.import_id = d.import_id AND r.record = d.record
    WHERE d.import_id = :import AND d.revision = :revision AND d.decision IN ('rejected', 'review')
      AND NOT EXISTS (SELECT FROM import_decisions p
                      WHERE p.import_id = d.import_id AND p.record = d.record AND p.revision = -d.record)
    ORDER BY r.record
""")
