"""Stores signals: inserts new ones, updates changed ones, and deletes those that were not found again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from kelompok_core.enrichment.choose import Page
from kelompok_core.enrichment.records import Enrichment
from kelompok_core.enrichment.signals import GOAL_PROPERTY, Signal
from kelompok_core.sdgs.signals import PERSON


@dataclass(frozen=True, kw_only=True)
class _SignalTable:
    """A table of signals.

    Attributes:
        name: The table.
        columns: The columns that identify a signal of a record.
        values: SQL of their values for a proposed signal ``p``.
        condition: SQL: whether the table stores a proposed signal ``p``.
    """

    name: str
    columns: tuple[str, ...]
    values: tuple[str, ...]
    condition: str


_TABLES = (
    _SignalTable(
        name="sdgs_signals",
        columns=("goal",),
        values=("p.value::smallint",),
        condition=f"p.property = '{GOAL_PROPERTY}'",
    ),
    _SignalTable(
        name="profile_signals",
        columns=("property", "value"),
        values=("p.property", "p.value"),
        condition=f"p.property <> '{GOAL_PROPERTY}'",
    ),
)
SIGNAL_TABLES = tuple(table.name for table in _TABLES)


def store(
    connection: sa.Connection, enrichment: Enrichment, entity: str, method: str, found: tuple[Page, Sequence[Signal]]
) -> dict[str, int]:
    """Store the signals found on a page; return how many were created, updated and deleted.

    Records that changed since they were read are skipped; the next run enriches them. A signal that a person removed
    stays removed until the text changes, or forever if the person chose so.
    """
    page, signals = found
    facts = page.facts.astype({"id": "str", "organization_id": "str"}).to_dict("records")
    params = {
        "entity": entity,
        "origin": enrichment.plugin,
        "method": method,
        "enrichment": enrichment.id,
        "records": json.dumps(facts),
        "signals": json.dumps([signal.to_json() for signal in signals], ensure_ascii=False),
    }
    connection.execute(sa.text("DROP TABLE IF EXISTS enriching, proposed"))
    connection.execute(sa.text(_ENRICHING.format(entity=entity)), params)
    connection.execute(_PROPOSED, params)
    counts = {"created": 0, "updated": 0, "deleted": 0}
    for table in _TABLES:
        for kind, statement in _statements(table):
            counts[kind] += connection.execute(sa.text(statement), params).rowcount
    connection.execute(_RECORD_ENRICHED, params)
    return counts


_ENRICHING = """
    CREATE TEMPORARY TABLE enriching ON COMMIT DROP AS
    SELECT r.id, r.organization_id, decode(r.text_sha256, 'hex') AS text_sha256
    FROM jsonb_to_recordset(CAST(:records AS jsonb))
           AS r (id uuid, organization_id uuid, version integer, text_sha256 text)
    JOIN {entity} t ON t.id = r.id AND t.version = r.version"""
_PROPOSED = sa.text("""
    CREATE TEMPORARY TABLE proposed ON COMMIT DROP AS
    SELECT p.*, e.organization_id, e.text_sha256
    FROM jsonb_to_recordset(CAST(:signals AS jsonb))
           AS p (id uuid, property text, value text, confidence real, field text, evidence jsonb)
    JOIN enriching e ON e.id = p.id""")
_RECORD_ENRICHED = sa.text("""
    INSERT INTO enriched_records (plugin, entity, record_id, method, text_sha256, enrichment_id)
    SELECT :origin, :entity, id, :method, text_sha256, :enrichment FROM enriching
    ON CONFLICT (plugin, entity, record_id) DO UPDATE
      SET method = excluded.method, text_sha256 = excluded.text_sha256, enrichment_id = excluded.enrichment_id
      WHERE (enriched_records.method, enriched_records.text_sha256)
            IS DISTINCT FROM (excluded.method, excluded.text_sha256)""")


def _statements(table: _SignalTable) -> Sequence[tuple[str, str]]:
    same = " AND ".join(f"s.{column} = {value}" for column, value in zip(table.columns, table.values, strict=True))
    removed = f"""
        CASE WHEN EXISTS (
          SELECT FROM {table.name} s WHERE s.entity = :entity AND s.record_id = p.id AND s.origin = '{PERSON}'
            AND s.status = 'removed' AND {same} AND coalesce(s.text_sha256, p.text_sha256) = p.text_sha256)
        THEN 'removed' ELSE 'present' END"""
    delete = f"""
        DELETE FROM {table.name} s USING enriching e
        WHERE s.entity = :entity AND s.record_id = e.id AND s.origin = :origin
          AND NOT EXISTS (SELECT FROM proposed p WHERE p.id = e.id AND {table.condition} AND {same})"""
    update = f"""
        UPDATE {table.name} s
        SET confidence = p.confidence, field = p.field, evidence = p.evidence, origin_version = :method,
            text_sha256 = p.text_sha256, status = p.status
        FROM (SELECT p.*, {removed} AS status FROM proposed p WHERE {table.condition}) p
        WHERE s.entity = :entity AND s.record_id = p.id AND s.origin = :origin AND {same}
          AND (s.confidence, s.field, s.evidence, s.origin_version, s.text_sha256, s.status)
              IS DISTINCT FROM (p.confidence, p.field, p.evidence, :method, p.text_sha256, p.status)"""
    insert = f"""
        INSERT INTO {table.name} (entity, record_id, organization_id, {", ".join(table.columns)}, confidence, field,
                                  evidence, origin, origin_version, text_sha256, status)
        SELECT :entity, p.id, p.organization_id, {", ".join(table.values)}, p.confidence, p.field, p.evidence,
               :origin, :method, p.text_sha256, {removed}
        FROM proposed p WHERE {table.condition}
        ON CONFLICT DO NOTHING"""
    return (("deleted", delete), ("updated", update), ("created", insert))
