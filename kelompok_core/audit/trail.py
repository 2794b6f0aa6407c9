"""Reads the audit log: the changes of a record, of an import, or the latest changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One recorded change; ``before`` is None for a creation, ``after`` for a deletion."""

    id: int
    occurred_at: datetime
    action: str
    entity: str
    record_id: UUID
    actor: str
    origin: str
    import_id: UUID | None
    plugin: str | None
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None

    def changed(self) -> dict[str, tuple[object, object]]:
        """Return the changed fields as ``{field: (before, after)}``, without technical columns."""
        before, after = self.before or {}, self.after or {}
        names = [name for name in {**before, **after} if name not in _BOOKKEEPING]
        pairs = {name: (before.get(name), after.get(name)) for name in names}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


_BOOKKEEPING = frozenset(
    {
        "version",
        "created_at",
        "updated_at",
        "field_origins",
        "name_key",
        "website_key",
        "email_key",
        "title_key",
        "url_key",
    }
)

_LIST = """
    SELECT a.id, a.occurred_at, a.action, a.entity, a.record_id, coalesce(u.email, a.actor) AS actor, a.origin,
           a.import_id, a.plugin, a.before, a.after
    FROM audit_logs a LEFT JOIN users u ON u.id::text = a.actor
    WHERE {where} ORDER BY a.id DESC LIMIT :limit
"""


def list_for_record(
    connection: sa.Connection, record_id: UUID, *, limit: int = 50, before: int | None = None
) -> Sequence[AuditEntry]:
    """Return the newest changes of a record, or the newest before an entry."""
    return _list(connection, "a.record_id = :record_id", {"record_id": record_id}, limit, before)


def list_for_import(
    connection: sa.Connection, import_id: UUID, *, limit: int = 50, before: int | None = None
) -> Sequence[AuditEntry]:
    """Return the newest changes by an import, or the newest before an entry."""
    return _list(connection, "a.import_id = :import_id", {"import_id": import_id}, limit, before)


def list_latest(connection: sa.Connection, *, limit: int = 50) -> Sequence[AuditEntry]:
    """Return the newest changes."""
    return _list(connection, "true", {}, limit)


def count_for_import(connection: sa.Connection, import_id: UUID) -> int:
    """Return the number of changes by an import."""
    return int(connection.scalar(_COUNT, {"import_id": import_id}) or 0)


def _list(
    connection: sa.Connection, where: str, params: Mapping[str, object], limit: int, before: int | None = None
) -> Sequence[AuditEntry]:
    if before is not None:
        where = f"{where} AND a.id < :before"
        params = {**params, "before": before}
    rows = connection.execute(sa.text(_LIST.format(where=where)), {**params, "limit": limit})
    return [AuditEntry(**row._asdict()) for row in rows]


_COUNT = sa.text("SELECT count(*) FROM audit_logs WHERE import_id = :import_id")
