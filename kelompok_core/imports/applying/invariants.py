"""Checks of an import in the database; each count must be zero."""

from uuid import UUID

import sqlalchemy as sa

_PLAN = """
    import_decisions d JOIN imports i ON i.id = d.import_id AND i.plan_revision = d.revision
    WHERE i.id = :import"""

_INVALID = "SELECT count(*) FROM import_rows WHERE import_id = :import AND verdict = 'error'"

_UNDECIDED = f"""
    SELECT abs((SELECT count(*) FROM import_rows WHERE import_id = :import) - (SELECT count(*) FROM {_PLAN}))
         + (SELECT count(*) FROM imports WHERE id = :import
              AND rows_read IS DISTINCT FROM accepted + merged + unchanged + rejected + review)"""

# A record may be merged into more than once by one import: as many entries as decisions.
_UNAUDITED = f"""
    SELECT count(*) FROM (
      SELECT target_id, CASE decision WHEN 'accepted' THEN 'create' ELSE 'update' END AS action, count(*) AS planned
      FROM {_PLAN} AND decision IN ('accepted', 'merged') GROUP BY 1, 2) w
    LEFT JOIN (
      SELECT record_id, action, count(*) AS entries FROM audit_logs
      WHERE import_id = :import AND origin = 'import' GROUP BY 1, 2) a
      ON a.record_id = w.target_id AND a.action = w.action
    WHERE a.entries IS DISTINCT FROM w.planned"""

_WITHOUT_EVIDENCE = """
    SELECT count(*) FROM (
      SELECT DISTINCT d.target_id, r.raw_sha256, i.source_name, i.entity
      FROM import_decisions d JOIN imports i ON i.id = d.import_id AND i.plan_revision = d.revision
      JOIN import_rows r ON r.import_id = d.import_id AND r.row_number = d.row_number
      WHERE i.id = :import AND d.decision IN ('accepted', 'merged')) w
    LEFT JOIN source_records s
      ON s.record_id = w.target_id AND s.entity = w.entity AND s.source_name = w.source_name
     AND s.raw_sha256 = w.raw_sha256
    WHERE s.id IS NULL"""


def count_invalid_rows(connection: sa.Connection, import_id: UUID) -> int:
    """Return how many rows have an error from reading or validation."""
    return _count(connection, _INVALID, import_id)


def count_undecided_rows(connection: sa.Connection, import_id: UUID) -> int:
    """Return how many decisions are missing or surplus, plus one if the import's counts do not add up."""
    return _count(connection, _UNDECIDED, import_id)


def count_unaudited_writes(connection: sa.Connection, import_id: UUID) -> int:
    """Return how many records the import wrote without one audit entry for each write."""
    return _count(connection, _UNAUDITED, import_id)


def count_writes_without_evidence(connection: sa.Connection, import_id: UUID) -> int:
    """Return how many written rows have no source record."""
    return _count(connection, _WITHOUT_EVIDENCE, import_id)


def _count(connection: sa.Connection, query: str, import_id: UUID) -> int:
    return int(connection.scalar(sa.text(query), {"import": import_id}) or 0)
