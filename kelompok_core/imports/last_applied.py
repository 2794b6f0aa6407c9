"""When each source was last imported successfully."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.imports.homes_sql import HOME


@dataclass(frozen=True, kw_only=True)
class LastApplied:
    """The last successful import of a source; one that changed nothing counts too.

    Attributes:
        import_id: The import.
        source: The source's name.
        organization: Slug of the organization that imports of it are confined to, or None.
        applied_at: When it was applied.
        age_days: How long ago that was, by the database's clock.
    """

    import_id: UUID
    source: str
    organization: str | None
    applied_at: datetime
    age_days: float


def list_last_applied(connection: sa.Connection, plugin: str, job: str) -> list[LastApplied]:
    """Return the last applied import of each source by a job. Failed, cancelled and undone ones do not count."""
    return [
        LastApplied(
            import_id=row.id, source=row.source_name, organization=row.slug, applied_at=row.applied_at,
            age_days=float(row.age_days),
        )
        for row in connection.execute(_LAST, {"plugin": plugin, "job": job})
    ]  # fmt: skip


_LAST = sa.text(f"""
    SELECT DISTINCT ON (i.source_name, i.organization_id) i.id, i.source_name, o.slug, i.applied_at,
           extract(epoch FROM now() - i.applied_at) / 86400 AS age_days
    FROM imports i LEFT JOIN {HOME} o ON o.id = i.organization_id
    WHERE i.plugin = :plugin AND i.job = :job AND i.state = 'applied'
    ORDER BY i.source_name, i.organization_id, i.applied_at DESC
""")
