"""Undoes an enrichment run: deletes created signals, restores changed and deleted ones, keeps later changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, authorize
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.database.locks import working_on
from kelompok_core.enrichment.records import Enrichment, EnrichmentState, get_enrichment, mark_undone
from kelompok_core.enrichment.store import SIGNAL_TABLES
from kelompok_core.errors import UsageError
from kelompok_core.installation import Installation


@dataclass(frozen=True, kw_only=True)
class EnrichmentUndo:
    """What an undo did, or in a dry run would do: counts of signals deleted, restored, and kept because of changes."""

    enrichment: Enrichment
    counts: Mapping[str, int]
    dry_run: bool

    def to_json(self) -> dict[str, object]:
        return {"enrichment": str(self.enrichment.id), "dry_run": self.dry_run, "counts": dict(self.counts)}


def undo_enrichment(
    installation: Installation, enrichment_id: UUID, actor: Actor, *, dry_run: bool = False
) -> EnrichmentUndo:
    """Undo the run in one transaction. To enrich the same texts again later, request a run with ``again``.

    Raises:
        NotPermitted: When the actor may not enrich these records.
        UsageError: When the run has not ended, was a dry run, or is undone already.
    """
    with (
        working_on(installation.database.engine, enrichment_id),
        installation.database.connect() as connection,
        connection.begin() as transaction,
    ):
        enrichment = get_enrichment(connection, enrichment_id)
        authorize(connection, actor, Action.ENRICHMENT_RUN, enrichment.organization_id)
        if enrichment.dry_run or enrichment.state not in (EnrichmentState.DONE, EnrichmentState.FAILED):
            raise UsageError(f"enrichment {enrichment_id} is {_state(enrichment)}, so there is nothing to undo")
        announce(
            connection,
            AuditContext(
                actor=str(actor.id), origin="undo", plugin=enrichment.plugin_label, request_id=str(enrichment.id)
            ),
        )
        counts = dict.fromkeys(("deleted", "restored", "kept"), 0)
        for table in SIGNAL_TABLES:
            for kind, statement in _STATEMENTS:
                found = connection.execute(sa.text(statement.format(table=table)), {"run": str(enrichment_id)})
                counts[kind] += found.rowcount if kind != "kept" else int(found.scalar_one())
        mark_undone(connection, enrichment_id, actor.id)
        report = EnrichmentUndo(enrichment=enrichment, counts=counts, dry_run=dry_run)
        if dry_run:
            transaction.rollback()
        return report


def _state(enrichment: Enrichment) -> str:
    return "a dry run" if enrichment.dry_run else enrichment.state.value


_WRITTEN = """
    SELECT record_id AS id, (array_agg(action ORDER BY id))[1] AS first, (array_agg(before ORDER BY id))[1] AS before,
           (array_agg(action ORDER BY id DESC))[1] AS last, (array_agg(after ORDER BY id DESC))[1] AS after
    FROM audit_logs WHERE request_id = :run AND origin = 'enrichment' AND entity = '{table}' GROUP BY record_id"""
_AS_LEFT = "(s.version = (w.after->>'version')::integer)"
_KEPT = f"""
    SELECT count(*) FROM ({_WRITTEN}) w LEFT JOIN {{table}} s ON s.id = w.id
    WHERE (w.last <> 'delete' AND {_AS_LEFT} IS NOT TRUE) OR (w.last = 'delete' AND s.id IS NOT NULL)"""
_DELETE = f"""
    DELETE FROM {{table}} s USING ({_WRITTEN}) w WHERE s.id = w.id AND w.first = 'create' AND {_AS_LEFT}"""
_RESTORE = f"""
    UPDATE {{table}} s SET confidence = b.confidence, field = b.field, evidence = b.evidence, status = b.status,
           origin_version = b.origin_version, text_sha256 = b.text_sha256
    FROM ({_WRITTEN}) w CROSS JOIN LATERAL jsonb_populate_record(NULL::{{table}}, w.before) b
    WHERE s.id = w.id AND w.first = 'update' AND {_AS_LEFT}"""
_RECREATE = f"""
    INSERT INTO {{table}} SELECT b.* FROM ({_WRITTEN}) w
    CROSS JOIN LATERAL jsonb_populate_record(NULL::{{table}}, w.before) b
    WHERE w.first <> 'create' AND w.last = 'delete' ON CONFLICT DO NOTHING"""
_STATEMENTS = (("kept", _KEPT), ("deleted", _DELETE), ("restored", _RESTORE), ("restored", _RECREATE))
