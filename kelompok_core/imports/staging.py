"""Staging: batches read by a plugin become rows in the database, as written and as understood."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.csv
import sqlalchemy as sa

from kelompok_core.contracts import Issue, Severity, SourceBatch
from kelompok_core.headers.mapping import HeaderMapping
from kelompok_core.imports.candidates import Candidates, candidate_json, to_json
from kelompok_core.imports.row_json import present_cells

_COLUMNS = (
    "import_id", "record", "line", "selector", "raw", "raw_sha256", "identity", "external_id", "candidate",
    "verdict", "reason", "issues",
)  # fmt: skip
_CSV = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")


def copy_rows(connection: sa.Connection, table: pa.Table) -> None:
    """Copy a batch's table into ``import_rows``; the caller commits."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("staging needs psycopg's COPY")
    statement = f"COPY import_rows ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT csv)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        sink = pa.BufferOutputStream()
        pyarrow.csv.write_csv(table, sink, _CSV)
        copy.write(memoryview(sink.getvalue()))


def staged_table(import_id: UUID, batch: SourceBatch, candidates: Candidates, mapping: HeaderMapping) -> pa.Table:
    """Return one batch as rows of ``import_rows``, as written and as understood."""
    raw = present_cells(batch.cells[[column for column in batch.cells if column not in mapping.dropped]])
    issues = _issues_by_position(batch, candidates)
    verdicts = {position: _verdict(found) for position, found in issues.items()}
    size = len(batch.cells)
    return pa.table(
        {
            "import_id": pa.array([str(import_id)] * size, pa.string()),
            "record": pa.array(batch.locations["record"], pa.int64()),
            "line": pa.array(batch.locations["line"], pa.int64()),
            "selector": pa.array(batch.locations["selector"], pa.string()),
            "raw": raw,
            "raw_sha256": pa.array([_bytea(text) for text in raw.to_pylist()], pa.string()),
            "identity": pa.array(candidates.identity, pa.string()),
            "external_id": pa.array(candidates.external_id, pa.string()),
            "candidate": candidate_json(candidates),
            "verdict": _sparse({at: verdict[0] for at, verdict in verdicts.items()}, size),
            "reason": _sparse({at: verdict[1] for at, verdict in verdicts.items()}, size),
            "issues": _sparse({at: to_json(found) for at, found in issues.items()}, size),
        }
    )


def _bytea(text: str) -> str:
    return "\\x" + hashlib.sha256(text.encode()).hexdigest()


def _sparse(values: Mapping[int, str | None], size: int) -> pa.Array:
    return pa.array([values.get(position) for position in range(size)], pa.string())


def _verdict(issues: list[dict[str, Any]]) -> tuple[str | None, str | None]:
    """Return what the row's worst finding makes of it, and that finding's code."""
    for severity in (Severity.ERROR, Severity.REVIEW):
        for issue in issues:
            if issue["severity"] == severity:
                return severity.value, issue["code"]
    return None, None


def _issues_by_position(batch: SourceBatch, candidates: Candidates) -> dict[int, list[dict[str, Any]]]:
    """Gather the reader's and the core's findings of each row, in that order."""
    found: dict[int, list[dict[str, Any]]] = {}
    of_rows = batch.issues[batch.issues["record"].notna()]
    first = int(batch.locations["record"].iloc[0]) if len(batch.locations) else 1
    for position, issue in zip(of_rows["record"] - first, issue_dicts(of_rows), strict=True):
        found.setdefault(int(position), []).append(issue)
    for position, issue in zip(candidates.findings["position"], issue_dicts(candidates.findings), strict=True):
        found.setdefault(int(position), []).append(issue)
    return found


_ISSUE_KEYS = ["code", "severity", "column", "value", "params"]


def issue_dicts(findings: pd.DataFrame) -> list[dict[str, Any]]:
    """Return findings as they are stored, nulls as None."""
    rows = findings[_ISSUE_KEYS].astype("object")
    known = rows.where(rows.notna(), None)
    return [dict(zip(_ISSUE_KEYS, row, strict=True)) for row in known.itertuples(index=False, name=None)]


def fatal_issues(batch: SourceBatch) -> list[Issue]:
    """Return the findings for which nothing of the source may be imported."""
    found = issue_dicts(batch.issues[batch.issues["severity"] == Severity.FATAL])
    return [Issue(**one | {"severity": Severity.FATAL}) for one in found]


def file_issues(batch: SourceBatch) -> list[dict[str, Any]]:
    """Return the reader's findings about the file as a whole."""
    return issue_dicts(batch.issues[batch.issues["record"].isna()])
