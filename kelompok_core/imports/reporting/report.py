"""The report of an import: the same numbers for the terminal, the API and Dagster's metadata."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.contracts import JsonValue
from kelompok_core.imports.shared.imports import DECISIONS, Import, get_import
from kelompok_core.imports.shared.superseded_rows import SUPERSEDED
from kelompok_core.issues.sentences import describe
from kelompok_core.issues.stored import StoredFinding, line_of, params_of
from kelompok_core.records.redaction import find_foreign, records_of, without_foreign
from kelompok_core.records.registry import get_descriptor


@dataclass(frozen=True, kw_only=True)
class RowIssue:
    """An issue of a row, or of the file if ``row_number`` is None."""

    row_number: int | None
    line: int | None
    column: str | None
    value: str | None
    code: str
    severity: str
    params: Mapping[str, JsonValue]

    def message(self, language: str = "en") -> str:
        return describe(
            self.code,
            language=language,
            column=self.column,
            value=self.value,
            line=self.line,
            row_number=self.row_number,
            params=self.params,
        )

    def to_json(self) -> dict[str, object]:
        return {
            "row_number": self.row_number,
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "code": self.code,
            "severity": self.severity,
            "params": dict(self.params),
            "message": {"en": self.message("en"), "id": self.message("id")},
        }


@dataclass(frozen=True, kw_only=True)
class IssueGroup:
    """The issues with the same code in the same column: their number, and the first few as examples."""

    code: str
    severity: str
    column: str | None
    count: int
    examples: Sequence[RowIssue]

    def to_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "severity": self.severity,
            "column": self.column,
            "count": self.count,
            "examples": [example.to_json() for example in self.examples],
        }


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import did, or in a dry run would do.

    ``reviewed`` counts the rows in review that people decided or later rows superseded.
    """

    import_: Import
    groups: Sequence[IssueGroup]
    reasons: Mapping[str, int]
    reviewed: int = 0

    @property
    def counts(self) -> Mapping[str, int]:
        return self.import_.counts or dict.fromkeys(("rows_read", *DECISIONS), 0)

    @property
    def seconds(self) -> float:
        return round(sum(self.import_.durations.values()), 3)

    @property
    def rows_per_second(self) -> float:
        return round(self.counts["rows_read"] / self.seconds, 1) if self.seconds else 0.0

    @property
    def needs_attention(self) -> bool:
        """Whether rows were rejected or wait for a person."""
        return bool(self.counts["rejected"] or self.waiting)

    @property
    def waiting(self) -> int:
        """Rows in review that nobody has decided yet, and that no later row superseded."""
        return self.counts["review"] - self.reviewed

    def to_json(self) -> dict[str, object]:
        import_ = self.import_
        return {
            "import": str(import_.id),
            "state": import_.state.value,
            "dry_run": import_.dry_run,
            "plugin": import_.plugin_label,
            "job": import_.job,
            "entity": import_.entity,
            "source": import_.source_name,
            "file": {"name": import_.file_name, "sha256": import_.file_sha256, "bytes": import_.file_bytes},
            "read_as": dict(import_.read_as),
            "mapping": dict(import_.mapping),
            "counts": dict(self.counts),
            "blank_lines": import_.blank_lines,
            "reasons": dict(self.reasons),
            "reviewed": self.reviewed,
            "issues": [group.to_json() for group in self.groups],
            "durations": dict(import_.durations),
            "seconds": self.seconds,
            "rows_per_second": self.rows_per_second,
            "run_id": import_.run_id,
            "failure": import_.failure,
        }


def get_report(connection: sa.Connection, import_id: UUID, *, sees: Sequence[UUID] | None = None) -> ImportReport:
    """Return the report of an import in any state.

    Hides records that do not belong to the organizations in ``sees``; None is all organizations.

    Raises:
        NotFound: When there is no such import.
    """
    import_ = get_import(connection, import_id)
    params = {"import": import_id, "revision": import_.plan_revision}
    groups = [_group(row) for row in connection.execute(_GROUPS, params)]
    groups = _without_foreign(connection, import_, groups, sees)
    reasons = {f"{row.decision}: {row.reason}": row.number for row in connection.execute(_REASONS, params)}
    reviewed = int(connection.scalar(_REVIEWED, params) or 0)
    return ImportReport(import_=import_, groups=_of_file(import_) + groups, reasons=reasons, reviewed=reviewed)


def iter_row_issues(connection: sa.Connection, import_: Import) -> Iterator[RowIssue]:
    """Yield all issues of the import's rows in file order."""
    params = {"import": import_.id, "revision": import_.plan_revision}
    for row in connection.execution_options(stream_results=True).execute(_ROW_ISSUES, params):
        yield issue_of_row(row.row_number, row.line, row.issue)


def issue_of_row(row_number: int | None, line: int | None, issue: StoredFinding) -> RowIssue:
    """Return an issue from its stored form."""
    return RowIssue(
        row_number=row_number,
        line=line,
        column=issue.get("column"),
        value=issue.get("value"),
        code=issue["code"],
        severity=issue["severity"],
        params=params_of(issue),
    )


def iter_file_issues(import_: Import) -> Iterator[RowIssue]:
    """Yield the issues of the file itself."""
    for issue in import_.issues:
        yield issue_of_row(None, line_of(issue), issue)


def _without_foreign(
    connection: sa.Connection, import_: Import, groups: Sequence[IssueGroup], sees: Sequence[UUID] | None
) -> list[IssueGroup]:
    mentioned = {one for group in groups for example in group.examples for one in records_of(example.params)}
    foreign = find_foreign(connection, get_descriptor(import_.entity), mentioned, sees)

    def shown(issue: RowIssue) -> RowIssue:
        return replace(issue, params=without_foreign(issue.params, foreign))

    return [replace(group, examples=[shown(one) for one in group.examples]) for group in groups]


def _of_file(import_: Import) -> list[IssueGroup]:
    return [
        IssueGroup(code=one.code, severity=one.severity, column=one.column, count=1, examples=[one])
        for one in iter_file_issues(import_)
    ]


def _group(row: sa.Row[Any]) -> IssueGroup:
    examples = [issue_of_row(one["row_number"], one["line"], one["issue"]) for one in row.examples]
    return IssueGroup(code=row.code, severity=row.severity, column=row.column, count=row.number, examples=examples)


FOUND = """
    SELECT r.row_number, r.line, x.issue, 1 AS step, x.number
    FROM import_rows r CROSS JOIN LATERAL jsonb_array_elements(r.issues) WITH ORDINALITY x (issue, number)
    WHERE r.import_id = :import AND r.issues IS NOT NULL
    UNION ALL
    SELECT d.row_number, r.line, x.issue, 2 AS step, x.number
    FROM import_decisions d
    JOIN import_rows r ON r.import_id = d.import_id AND r.row_number = d.row_number
    CROSS JOIN LATERAL jsonb_array_elements(d.issues) WITH ORDINALITY x (issue, number)
    WHERE d.import_id = :import AND d.revision = :revision AND d.issues IS NOT NULL
    UNION ALL
    SELECT c.row_number, r.line, jsonb_build_object(
             'code', 'review.superseded', 'severity', 'info',
             'params', jsonb_build_object('import', c.by_import, 'row', c.by_row_number)), 3 AS step, 1 AS number
    FROM import_superseded c
    JOIN imports b ON b.id = c.by_import AND b.state = 'applied'
    JOIN import_rows r ON r.import_id = c.import_id AND r.row_number = c.row_number
    WHERE c.import_id = :import"""
"""All issues of the rows of :import and of their decisions in :revision, with the step and the order within it."""

_ROW_ISSUES = sa.text(f"SELECT row_number, line, issue FROM ({FOUND}) found ORDER BY row_number, step, number")

_GROUPS = sa.text(f"""
    SELECT issue->>'code' AS code, issue->>'severity' AS severity, issue->>'column' AS column,
           count(*) AS number,
           (array_agg(jsonb_build_object('row_number', row_number, 'line', line, 'issue', issue)
                      ORDER BY row_number))[1:3] AS examples
    FROM ({FOUND}) found GROUP BY 1, 2, 3
    ORDER BY array_position(ARRAY['fatal', 'error', 'review', 'warning', 'info'], issue->>'severity'), 4 DESC, 1
""")

_REVIEWED = sa.text(f"""
    SELECT (SELECT count(*) FROM review_decisions WHERE import_id = :import) + count(*)
    FROM import_decisions d
    WHERE d.import_id = :import AND d.revision = :revision AND d.decision = 'review' AND {SUPERSEDED}
""")
_REASONS = sa.text("""
    SELECT decision, reason, count(*) AS number FROM import_decisions
    WHERE import_id = :import AND revision = :revision GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
""")
