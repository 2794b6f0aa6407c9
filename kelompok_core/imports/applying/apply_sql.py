"""The SQL of applying a plan: set-based, built from an entity's descriptor, never from values."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from kelompok_core.descriptor import EntityDescriptor, Field, Kind
from kelompok_core.imports.applying.chosen_decisions import ChosenDecisions
from kelompok_core.imports.deciding.decide_sql import WITHDRAWN
from kelompok_core.records import field_sql
from kelompok_core.records.owners_sql import DECISIONS_DEPEND_ON

# In the order of their ids, so that two writers over the same records queue instead of deadlocking.
LOCK_TARGETS = """
    SELECT t.id FROM {table} t
    JOIN import_decisions d ON d.target_id = t.id
    WHERE d.import_id = :import AND d.revision = :revision AND d.decision = 'merged'
    ORDER BY t.id FOR UPDATE OF t"""

# Runs once, when all records are locked: each change increments the version of its record.
COUNT_CHANGED = """
    SELECT count(*) FROM import_decisions d LEFT JOIN {table} t ON t.id = d.target_id
    WHERE d.import_id = :import AND d.revision = :revision AND d.decision = 'merged'
      AND d.base_version IS NOT NULL AND d.base_version IS DISTINCT FROM t.version"""

MERGE_ORDER = """
    SELECT apply_order, count(*) AS rows FROM import_decisions
    WHERE import_id = :import AND revision = :revision AND decision = 'merged'
    GROUP BY apply_order ORDER BY apply_order"""


def _by_column(fields: Sequence[Field]) -> Sequence[tuple[str, Sequence[Field]]]:
    ordered = sorted(fields, key=lambda field: field.stored_in)
    return [(column, list(group)) for column, group in groupby(ordered, key=lambda field: field.stored_in)]


def add_terms(field: Field, chosen: ChosenDecisions) -> str:
    """Add the rows' new terms to the field's vocabulary."""
    term = f"r.candidate->>'{field.compared_as}'"
    return f"""
        INSERT INTO {field.vocabulary} (slug, name)
        SELECT DISTINCT ON ({term}) {term}, r.candidate->>'{field.name}'
        FROM {chosen.with_rows}
        WHERE {chosen.condition} AND {term} IS NOT NULL
          AND (d.decision = 'accepted' OR d.decision = 'merged' AND d.changes ? '{field.name}')
        ORDER BY {term}, d.row_number
        ON CONFLICT (slug) DO NOTHING"""


def insert_accepted(descriptor: EntityDescriptor, fields: Sequence[Field], chosen: ChosenDecisions) -> str:
    """Insert the accepted rows as new records, in file order."""
    columns = {"id": "d.target_id", "field_origins": _new_origins(fields)}
    if descriptor.belongs:
        columns[descriptor.organization_column] = "d.organization_id"
    columns[descriptor.extra_column] = "'{}'::jsonb"
    for column, group in _by_column(fields):
        columns[column] = _json_of(group) if group[0].key else _value(group[0])
    for derived in descriptor.derived:
        columns[derived.name] = f"r.candidate->>'{derived.name}'"
    columns[descriptor.extra_column] += """ || CASE WHEN coalesce(r.candidate->'extra', '{}') = '{}' THEN '{}'
        ELSE jsonb_set('{"extra": {}}', ARRAY['extra', :source], jsonb_strip_nulls(r.candidate->'extra')) END"""
    if descriptor.has_slug:
        columns["slug"] = "d.slug"
    return f"""
        INSERT INTO {descriptor.entity} ({", ".join(columns)})
        SELECT {", ".join(columns.values())}
        FROM {chosen.with_rows}
        WHERE {chosen.condition} AND d.decision = 'accepted'"""


def _value(field: Field) -> str:
    return field_sql.written(field, f"r.candidate->>'{field.compared_as}'")


def _json_of(fields: Sequence[Field]) -> str:
    # Texts use two arrays, because jsonb_build_object looks up the type of each argument for every row.
    lists = [field for field in fields if field.kind is Kind.LIST]
    texts = [field for field in fields if field.kind is not Kind.LIST]
    parts = []
    if lists:
        pairs = ", ".join(f"'{field.key}', {_value(field)}" for field in lists)
        parts.append(f"jsonb_build_object({pairs})")
    if texts:
        values = ", ".join(_value(field) for field in texts)
        parts.append(f"jsonb_object({_array(field.key for field in texts)}, ARRAY[{values}])")
    return f"jsonb_strip_nulls({' || '.join(parts)})"


def _new_origins(fields: Sequence[Field]) -> str:
    """Return SQL of a row's origins: the import's source for each field in which the row has a value.

    A derived value has no origin, so that any source may replace it.
    """
    names = _array(field.name for field in fields)
    absent = ", ".join(f"CASE WHEN {_is_absent(field)} THEN '{field.name}' END" for field in fields)
    return f"jsonb_object({names}, array_fill(CAST(:origin AS text), ARRAY[{len(fields)}])) - ARRAY[{absent}]::text[]"


def _is_absent(field: Field) -> str:
    missing = f"r.candidate->>'{field.name}' IS NULL"
    if field.derived_from is None:
        return missing
    return f"{missing} OR coalesce('{field.name}' = ANY (string_to_array(r.candidate->>'derived', ',')), false)"


def _array(names: Iterable[str | None]) -> str:
    quoted = ", ".join(f"'{name}'" for name in names)
    return f"ARRAY[{quoted}]::text[]"


def update_merged(descriptor: EntityDescriptor, fields: Sequence[Field], chosen: ChosenDecisions) -> str:
    """Write the changes to their locked records; a record has at most one of the chosen decisions."""
    extra = descriptor.extra_column
    columns = {extra: f"t.{extra}"}
    columns |= {column: _changed(column, group) for column, group in _by_column(fields)}
    columns |= {
        derived.name: f"CASE WHEN d.changes ? '{derived.field}'"
        f" THEN r.candidate->>'{derived.name}' ELSE t.{derived.name} END"
        for derived in descriptor.derived
    }
    columns[extra] = f"""
        CASE WHEN d.changes ? 'extra' THEN jsonb_set(
            jsonb_set({columns[extra]}, '{{extra}}', coalesce(t.{extra}->'extra', '{{}}')),
            ARRAY['extra', :source], d.changes->'extra'->1) ELSE {columns[extra]} END"""
    derives = any(field.derived_from for field in fields)
    not_derived = "AND key <> ALL (string_to_array(coalesce(r.candidate->>'derived', ''), ','))" if derives else ""
    columns["field_origins"] = f"""
        t.field_origins || coalesce((
            SELECT jsonb_object_agg(key, CAST(:origin AS text))
            FROM jsonb_object_keys(d.changes) key WHERE key <> 'extra' {not_derived}), '{{}}')"""
    return f"""
        UPDATE {descriptor.entity} t SET {", ".join(f"{column} = {value}" for column, value in columns.items())}
        FROM {chosen.with_rows}
        WHERE {chosen.condition} AND d.decision = 'merged' AND t.id = d.target_id"""


def _changed(column: str, fields: Sequence[Field]) -> str:
    def new(field: Field) -> str:
        return field_sql.written(field, f"d.changes->'{field.name}'->>1")

    if fields[0].key:
        pairs = ", ".join(f"'{field.key}', {new(field)}" for field in fields)
        return f"t.{column} || jsonb_strip_nulls(jsonb_build_object({pairs}))"
    return f"CASE WHEN d.changes ? '{fields[0].name}' THEN {new(fields[0])} ELSE t.{column} END"


def withdraw(descriptor: EntityDescriptor, field: Field) -> str:
    """Record the consent withdrawals of rows that are not applied; their other values have no effect.

    A note of the decision names the record.
    """
    stored = field_sql.stored(field)
    return f"""
        UPDATE {descriptor.entity} t
        SET {field.stored_in} = t.{field.stored_in}
              || jsonb_build_object('{field.key}', jsonb_list_union({stored}, w.ways)),
            field_origins = t.field_origins || jsonb_build_object('{field.name}', CAST(:origin AS text))
        FROM (
          SELECT (x.value->'params'->>'record')::uuid AS record, jsonb_agg(e.value) AS ways
          FROM import_decisions d CROSS JOIN LATERAL jsonb_array_elements(d.issues) x
          CROSS JOIN LATERAL jsonb_array_elements(x.value->'params'->'ways') e
          WHERE d.import_id = :import AND d.revision = :revision AND d.decision IN ('rejected', 'review')
            AND d.issues IS NOT NULL AND x.value->>'code' = '{WITHDRAWN}'
          GROUP BY 1) w
        WHERE t.id = w.record AND NOT coalesce({stored}, '[]') @> w.ways"""


# The database copies evidence from the import's own rows and decisions: the runtime role cannot write it.
RECORD_REPEATED_ROWS = "SELECT record_repeated_rows(:import, :revision)"
RECORD_EVIDENCE = "SELECT record_evidence(:import, :revision, is_first => :is_first)"
"""Keeps the first row for each value; ``is_first`` when the source is new."""
RECORD_REVIEWED_EVIDENCE = "SELECT record_reviewed_evidence(:import, :row_number)"

# The first transaction the plan may not have seen, with the audit's numbering. No row for a plan made before a restore
# or on another server: its transaction ids cannot be compared.
PLANNED_BEFORE = """
    SELECT pg_snapshot_xmin(i.plan_snapshot)::text::bigint + n.transaction_offset AS since,
           n.transaction_offset AS shift
    FROM imports i JOIN installation n ON n.epoch = i.plan_epoch
    WHERE i.id = :import AND n.epoch = current_epoch()"""

# Whether a transaction that the plan could not see wrote anything these decisions depend on. ``since`` is a parameter
# instead of a join, so that the planner knows how few these are and uses the index of transactions.
RECORDS_CHANGED = f"""
    SELECT EXISTS (
      SELECT FROM audit_logs a JOIN imports i ON i.id = :import
      WHERE a.entity IN (:entity, {DECISIONS_DEPEND_ON})
        AND a.transaction_id >= :since
        AND NOT pg_visible_in_snapshot(greatest(a.transaction_id - :shift, 0)::text::xid8, i.plan_snapshot))"""
