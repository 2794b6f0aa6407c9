"""Writes batches to the table ``import_rows``: each row as the source has it, and as a normalized candidate."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.csv
import sqlalchemy as sa

from kelompok_core.contracts import Issue, Severity, SourceBatch
from kelompok_core.headers.mapping import HeaderMapping
from kelompok_core.imports.staging.candidates import Candidates, candidate_json, to_json
from kelompok_core.imports.staging.new_ids import draw_ids
from kelompok_core.imports.staging.reused_rows import Known
from kelompok_core.imports.staging.row_json import present_cells
from kelompok_core.issues.stored import StoredFinding, params_of

_COLUMNS = (
    "import_id", "row_number", "line", "selector", "raw", "raw_sha256", "identity", "external_id", "candidate",
    "verdict", "reason", "issues", "as_import", "as_row_number", "evidence_id", "new_record_id",
)  # fmt: skip
_CSV = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")


def copy_rows(connection: sa.Connection, tables: Iterable[pa.Table]) -> None:
    """Copy a batch's tables into ``import_rows``; the caller commits.

    Raises:
        psycopg.errors.ObjectNotInPrerequisiteState: When the import is not in the staging state.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("staging needs psycopg's COPY")
    statement = f"COPY import_rows ({', '.join(_COLUMNS)}) FROM STDIN (FORMAT csv)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for table in tables:
            sink = pa.BufferOutputStream()
            pyarrow.csv.write_csv(table, sink, _CSV)
            copy.write(memoryview(sink.getvalue()))


@dataclass(frozen=True, kw_only=True)
class RawRows:
    """Rows as the source has them: each as a JSON object, with its digest."""

    objects: pa.Array
    digests: Sequence[bytes]

    @classmethod
    def of(cls, batch: SourceBatch, mapping: HeaderMapping) -> "RawRows":
        """Return the batch's rows without the cells of columns that the mapping leaves out."""
        objects = present_cells(batch.cells[[column for column in batch.cells if column not in mapping.dropped]])
        return cls(objects=objects, digests=_digests(objects))

    def only(self, keep: pd.Series) -> "RawRows":
        """Return these rows."""
        chosen = [digest for digest, kept in zip(self.digests, keep, strict=True) if kept]
        return RawRows(objects=self.objects.filter(pa.array(keep)), digests=chosen)


def _digests(texts: pa.Array) -> Sequence[bytes]:
    """Return the SHA-256 of each text, computed from the array's buffer; no text may be null."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1].tolist()
    view = memoryview(data)
    return [hashlib.sha256(view[start:end]).digest() for start, end in pairwise(ends)]


def staged_table(import_id: UUID, batch: SourceBatch, raw: RawRows, candidates: Candidates) -> pa.Table:
    """Return a batch as rows of ``import_rows``, with the raw rows and the candidates."""
    issues = _issues_by_position(batch, candidates)
    verdicts = {position: _verdict(found) for position, found in issues.items()}
    size = len(batch.cells)
    return pa.table(
        _placed(import_id, batch)
        | {
            "raw": raw.objects,
            "raw_sha256": _bytea(raw.digests),
            "identity": pa.array(candidates.identity, pa.string()),
            "external_id": pa.array(candidates.external_id, pa.string()),
            "candidate": candidate_json(candidates),
            "verdict": _sparse({at: verdict[0] for at, verdict in verdicts.items()}, size),
            "reason": _sparse({at: verdict[1] for at, verdict in verdicts.items()}, size),
            "issues": _sparse({at: to_json(found) for at, found in issues.items()}, size),
            "as_import": pa.nulls(size, pa.string()),
            "as_row_number": pa.nulls(size, pa.int64()),
            "evidence_id": pa.nulls(size, pa.int64()),
            "new_record_id": draw_ids(size),
        }
    )


def referring_table(import_id: UUID, batch: SourceBatch, raw: RawRows, known: Known) -> pa.Table:
    """Return the batch's known rows as rows of ``import_rows`` that refer to the rows of earlier imports."""
    at = sorted(known.places)
    nothing = pa.nulls(len(at), pa.large_string())
    return pa.table(
        {name: column.take(pa.array(at)) for name, column in _placed(import_id, batch).items()}
        | {
            "raw": nothing,
            "raw_sha256": _bytea([raw.digests[position] for position in at]),
            "identity": pa.array(known.identity.iloc[at], pa.string()),
            "external_id": pa.array(known.external_id.iloc[at], pa.string()),
            **dict.fromkeys(("candidate", "verdict", "reason", "issues"), nothing),
            "as_import": pa.array([known.places[position].import_id for position in at], pa.string()),
            "as_row_number": pa.array([known.places[position].row_number for position in at], pa.int64()),
            "evidence_id": pa.array([known.places[position].evidence_id for position in at], pa.int64()),
            "new_record_id": nothing,
        }
    )


def _placed(import_id: UUID, batch: SourceBatch) -> dict[str, pa.Array]:
    return {
        "import_id": pa.array([str(import_id)] * len(batch.cells), pa.string()),
        "row_number": pa.array(batch.locations["row_number"], pa.int64()),
        "line": pa.array(batch.locations["line"], pa.int64()),
        "selector": pa.array(batch.locations["selector"], pa.string()),
    }


def _bytea(digests: Sequence[bytes]) -> pa.Array:
    return pa.array(["\\x" + digest.hex() for digest in digests], pa.string())


def _sparse(values: Mapping[int, str | None], size: int) -> pa.Array:
    if not values:
        return pa.nulls(size, pa.string())
    return pa.array([values.get(position) for position in range(size)], pa.string())


def _verdict(issues: list[StoredFinding]) -> tuple[str | None, str | None]:
    """Return the severity and the code of the row's worst issue, if it is an error or needs review."""
    for severity in (Severity.ERROR, Severity.REVIEW):
        for issue in issues:
            if issue["severity"] == severity:
                return severity.value, issue["code"]
    return None, None


def _issues_by_position(batch: SourceBatch, candidates: Candidates) -> dict[int, list[StoredFinding]]:
    """Return the issues of each row by its position: first the reader's, then the core's."""
    found: dict[int, list[StoredFinding]] = {}
    of_rows = batch.issues[batch.issues["row_number"].notna()]
    positions = {row_number: position for position, row_number in enumerate(batch.locations["row_number"])}
    for row_number, issue in zip(of_rows["row_number"], issue_dicts(of_rows), strict=True):
        found.setdefault(positions[row_number], []).append(issue)
    for position, issue in zip(candidates.findings["position"], issue_dicts(candidates.findings), strict=True):
        found.setdefault(int(position), []).append(issue)
    return found


_ISSUE_KEYS = ["code", "severity", "column", "value", "params"]


def issue_dict(issue: Issue) -> StoredFinding:
    """Return an issue in the form that is stored."""
    return {
        "code": issue.code,
        "severity": issue.severity.value,
        "column": issue.column,
        "value": issue.value,
        "params": issue.params,
    }


def issue_dicts(findings: pd.DataFrame) -> list[StoredFinding]:
    """Return issues in the form that is stored, with nulls as None."""
    if findings.empty:
        return []
    rows = findings[_ISSUE_KEYS].astype("object")
    known = rows.where(rows.notna(), None)
    return [
        StoredFinding(code=code, severity=severity, column=column, value=value, params=params)
        for code, severity, column, value, params in known.itertuples(index=False, name=None)
    ]


def fatal_issues(batch: SourceBatch) -> list[Issue]:
    """Return the issues because of which nothing of the source may be imported."""
    found = issue_dicts(batch.issues[batch.issues["severity"] == Severity.FATAL])
    return [
        Issue(
            code=one["code"],
            severity=Severity.FATAL,
            column=one["column"],
            value=one["value"],
            params=dict(params_of(one)),
        )
        for one in found
    ]


def file_issues(batch: SourceBatch) -> list[StoredFinding]:
    """Return the reader's issues about the file as a whole."""
    return issue_dicts(batch.issues[batch.issues["row_number"].isna()])
