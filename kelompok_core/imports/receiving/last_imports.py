"""The last import of each source of a job, and its last successful one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.records.owners_sql import OWNER


@dataclass(frozen=True, kw_only=True)
class SourceImport:
    """The last import of a source.

    Attributes:
        import_id: The import.
        source: The source's name.
        organization: Slug of the organization that its imports are limited to, or None.
    """

    import_id: UUID
    source: str
    organization: str | None


@dataclass(frozen=True, kw_only=True)
class LastApplied(SourceImport):
    """The last successful import of a source, even if it changed nothing.

    Attributes:
        applied_at: When it was applied.
        age_days: Its age in days, by the database's clock.
    """

    applied_at: datetime
    age_days: float


def list_last_imports(connection: sa.Connection, plugin: str, job: str) -> list[SourceImport]:
    """Return the last import of each source of a job, except cancelled and undone imports."""
    rows = connection.execute(_LAST, {"plugin": plugin, "job": job})
    return [SourceImport(import_id=row.id, source=row.source_name, organization=row.slug) for row in rows]


def list_last_applied(connection: sa.Connection, plugin: str, job: str) -> list[LastApplied]:
    """Return the last applied import of each source of a job, except imports that were undone."""
    return [
        LastApplied(
            import_id=row.id, source=row.source_name, organization=row.slug, applied_at=row.applied_at,
            age_days=float(row.age_days),
        )
        for row in connection.execute(_LAST_APPLIED, {"plugin": plugin, "job": job})
    ]  # fmt: skip


def _last(counts: str, newest: str) -> sa.TextClause:
    return sa.text(f"""
        SELECT DISTINCT ON (i.source_name, i.organization_id) i.id, i.source_name, o.slug, i.applied_at,
               extract(epoch FROM now() - i.applied_at) / 86400 AS age_days
        FROM imports i LEFT JOIN {OWNER} o ON o.id = i.organization_id
        WHERE i.plugin = :plugin AND i.job = :job AND {counts}
        ORDER BY i.source_name, i.organization_id, i.{newest} DESC
    """)


_LAST = _last("i.state NOT IN ('cancelled', 'undone')", "id")
_LAST_APPLIED = _last("i.state = 'applied'", "applied_at")
