"""Checks of stored signals in the database; each count must be zero."""

import sqlalchemy as sa

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.enrichment.choose import stored_text
from kelompok_core.enrichment.store import SIGNAL_TABLES


def count_unproven(connection: sa.Connection, descriptor: EntityDescriptor, origin: str) -> int:
    """Return how many evidence spans do not quote their text, among records whose text has not changed."""
    return sum(_count(connection, table, descriptor, origin) for table in SIGNAL_TABLES)


def _count(connection: sa.Connection, table: str, descriptor: EntityDescriptor, origin: str) -> int:
    cases = " ".join(f"WHEN '{name}' THEN {stored_text(descriptor, name)}" for name in descriptor.public_fields)
    query = f"""
        SELECT count(*) FROM {table} s
        JOIN {descriptor.entity} t ON t.id = s.record_id
        JOIN enriched_records m ON m.plugin = s.origin AND m.entity = s.entity AND m.record_id = s.record_id
          AND m.text_sha256 = s.text_sha256
        CROSS JOIN LATERAL jsonb_to_recordset(s.evidence) AS e (field text, "start" integer, "end" integer, quote text)
        CROSS JOIN LATERAL (SELECT CASE e.field {cases} END AS text) f
        WHERE s.entity = :entity AND s.origin = :origin AND t.updated_at <= s.updated_at
          AND substr(f.text, e."start" + 1, e."end" - e."start") IS DISTINCT FROM e.quote"""
    return int(connection.scalar(sa.text(query), {"entity": descriptor.entity, "origin": origin}) or 0)
