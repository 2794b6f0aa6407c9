"""An import's rows and findings page by page, for readers who cannot take them all at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.imports.records import ImportRecord
from kelompok_core.imports.report import FOUND, RowIssue, issue_of_row

BEGINNING = (0, 0, 0)
"""The place before the first finding."""


@dataclass(frozen=True, kw_only=True)
class DecidedRow:
    """One row and what was decided of it, by the plan or after it by a person; nothing until the plan is made."""

    record: int
    line: int | None
    raw: Mapping[str, Any]
    decision: str | None
    reason: str | None
    target_id: UUID | None
    changes: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class PlacedIssue:
    """A finding, and where it stands: its row, 1 for reading or 2 for deciding, and its number there."""

    place: tuple[int, int, int]
    issue: RowIssue


def list_rows(
    connection: sa.Connection, record: ImportRecord, *, after: int, limit: int, decision: str | None = None
) -> Sequence[DecidedRow]:
    """Return rows in file order behind the one numbered ``after``; all of them, or those decided so."""
    params = {"import": record.id, "revision": record.plan_revision, "after": after, "decision": decision}
    rows = connection.execute(_ROWS, params | {"limit": limit})
    return [DecidedRow(**row._asdict()) for row in rows]


def list_issues(
    connection: sa.Connection, record: ImportRecord, *, after: tuple[int, int, int], limit: int
) -> Sequence[PlacedIssue]:
    """Return findings in file order behind a place, those about the file itself first."""
    params = {"import": record.id, "revision": record.plan_revision, "limit": limit}
    params |= dict(zip(("record", "step", "number"), after, strict=True))
    return [
        PlacedIssue(place=(row.place, row.step, row.number), issue=issue_of_row(row.place or None, row.line, row.issue))
        for row in connection.execute(_ISSUES, params)
    ]


_ROWS = sa.text("""
    SELECT r.record, r.line, coalesce(r.raw, o.raw) AS raw,
           coalesce(p.decision, d.decision) AS decision, coalesce(p.reason, d.reason) AS reason,
           coalesce(p.target_id, d.target_id) AS target_id, coalesce(p.changes, d.changes) AS changes
    FROM import_rows r
    LEFT JOIN import_rows o ON o.import_id = r.as_import AND o.record = r.as_record
    LEFT JOIN import_decisions d ON d.import_id = r.import_id AND d.record = r.record AND d.revision = :revision
    LEFT JOIN import_decisions p ON p.import_id = r.import_id AND p.record = r.record AND p.revision = -r.record
    WHERE r.import_id = :import AND r.record > :after
      AND (CAST(:decision AS text) IS NULL OR coalesce(p.decision, d.decision) = :decision)
    ORDER BY r.record LIMIT :limit
""")
_ISSUES = sa.text(f"""
    SELECT place, step, number, line, issue FROM (
      SELECT 0 AS place, 1 AS step, x.number::int AS number, NULL::int AS line, x.issue
      FROM imports i CROSS JOIN LATERAL jsonb_array_elements(i.issues) WITH ORDINALITY x (issue, number)
      WHERE i.id = :import
      UNION ALL
      SELECT record AS place, step, number::int, line, issue FROM ({FOUND}) found) placed
    WHERE (place, step, number) > (:record, :step, :number)
    ORDER BY place, step, number LIMIT :limit
""")
