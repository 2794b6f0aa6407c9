"""Response model of audit entries."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from kelompok_core.audit.trail import AuditEntry


class AuditView(BaseModel):
    """An audit entry: one recorded change."""

    id: int
    at: datetime
    action: str
    entity: str
    record_id: UUID
    actor: str
    origin: str
    import_id: UUID | None
    plugin: str | None
    changed: dict[str, list[object]] = Field(description="Old and new value by field.")


def audit_of(entry: AuditEntry) -> AuditView:
    return AuditView(
        id=entry.id, at=entry.occurred_at, action=entry.action, entity=entry.entity, record_id=entry.record_id,
        actor=entry.actor, origin=entry.origin, import_id=entry.import_id, plugin=entry.plugin,
        changed={name: list(pair) for name, pair in entry.changed().items()},
    )  # fmt: skip
