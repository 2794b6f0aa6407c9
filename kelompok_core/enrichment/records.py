"""Enrichment runs: their requests, states and counts, in the table ``enrichments``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from kelompok_core.contracts import JsonValue
from kelompok_core.errors import NotFound

COUNTS = ("records", "unchanged", "enriched", "with_signals", "created", "updated", "deleted")
"""Records selected, unchanged since the last run, enriched, and with signals; signals created, updated and deleted."""


class EnrichmentState(StrEnum):
    RECEIVED = "received"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


@dataclass(frozen=True, kw_only=True)
class Enrichment:
    """One run of one enricher.

    Attributes:
        organization_id: The organization that it is limited to, or None.
        import_id: Only records that this import wrote, or None.
        changed_since: Only records changed since then, or None.
        again: Whether it also enriches records whose text and method have not changed since the last run.
        config: Settings of the plugin for this run.
        counts: The counts of :data:`COUNTS`, by entity.
    """

    id: UUID
    state: EnrichmentState
    plugin: str
    plugin_version: str
    job: str
    actor_id: UUID
    organization_id: UUID | None
    import_id: UUID | None
    changed_since: datetime | None
    dry_run: bool
    again: bool
    config: Mapping[str, JsonValue] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    failure: str | None
    failure_trace: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def plugin_label(self) -> str:
        return f"{self.plugin}@{self.plugin_version}"

    def to_json(self) -> dict[str, object]:
        return {
            "enrichment": str(self.id),
            "state": self.state.value,
            "plugin": self.plugin_label,
            "job": self.job,
            "dry_run": self.dry_run,
            "counts": {entity: dict(counts) for entity, counts in self.counts.items()},
            "failure": self.failure,
            "created_at": self.created_at.isoformat(),
        }


TABLE = sa.table(
    "enrichments",
    *(
        sa.column(name, kind)
        for name, kind in (
            ("id", PG_UUID(as_uuid=True)),
            ("state", sa.Text),
            ("plugin", sa.Text),
            ("plugin_version", sa.Text),
            ("job", sa.Text),
            ("actor_id", PG_UUID(as_uuid=True)),
            ("organization_id", PG_UUID(as_uuid=True)),
            ("import_id", PG_UUID(as_uuid=True)),
            ("changed_since", sa.DateTime(timezone=True)),
            ("dry_run", sa.Boolean),
            ("again", sa.Boolean),
            ("config", JSONB),
            ("counts", JSONB),
            ("failure", sa.Text),
            ("failure_trace", sa.Text),
            ("created_at", sa.DateTime(timezone=True)),
            ("finished_at", sa.DateTime(timezone=True)),
        )
    ),
)
_UNDONE = sa.table("enrichments", sa.column("id"), sa.column("undone_by", PG_UUID(as_uuid=True)))


def add_enrichment(connection: sa.Connection, **values: object) -> UUID:
    """Add a run; return its id."""
    found: UUID = connection.execute(sa.insert(TABLE).values(**values).returning(TABLE.c.id)).scalar_one()
    return found


def update_enrichment(connection: sa.Connection, enrichment_id: UUID, **values: object) -> None:
    connection.execute(sa.update(TABLE).where(TABLE.c.id == enrichment_id).values(**values))


def mark_undone(connection: sa.Connection, enrichment_id: UUID, actor_id: UUID) -> None:
    update_enrichment(connection, enrichment_id, state=EnrichmentState.UNDONE)
    connection.execute(sa.update(_UNDONE).where(_UNDONE.c.id == enrichment_id).values(undone_by=actor_id))


def get_enrichment(connection: sa.Connection, enrichment_id: UUID) -> Enrichment:
    """Return the run.

    Raises:
        NotFound: When there is no such run.
    """
    row = connection.execute(sa.select(TABLE).where(TABLE.c.id == enrichment_id)).one_or_none()
    if row is None:
        raise NotFound("enrichment", enrichment_id)
    return _enrichment(row)


def list_enrichments(connection: sa.Connection, *, limit: int) -> Sequence[Enrichment]:
    """Return the latest runs, newest first."""
    query = sa.select(TABLE).order_by(TABLE.c.created_at.desc(), TABLE.c.id).limit(limit)
    return [_enrichment(row) for row in connection.execute(query)]


def find_previous(connection: sa.Connection, enrichment: Enrichment) -> Enrichment | None:
    """Return the last run of the same job before this one that ended without failure and was no dry run, or None."""
    query = (
        sa.select(TABLE)
        .where(
            TABLE.c.plugin == enrichment.plugin,
            TABLE.c.job == enrichment.job,
            TABLE.c.state == EnrichmentState.DONE,
            TABLE.c.dry_run.is_(False),
            TABLE.c.created_at < enrichment.created_at,
        )
        .order_by(TABLE.c.created_at.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _enrichment(row)


def _enrichment(row: sa.Row[Any]) -> Enrichment:
    values = row._asdict()
    return Enrichment(**values | {"state": EnrichmentState(values["state"])})
