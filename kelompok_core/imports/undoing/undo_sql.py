"""The SQL of undoing an import: set-based, built from an entity's descriptor, never from values.

The audit log has each record before and after the import. Where the record's current value is the import's, the value
before the import is restored. ``undoing`` has the records, ``undoing_units`` the changes to records that the import did
not create, ``undoing_outcomes`` each record's outcome.

An undo that left records can be repeated for these: ``:undone_at`` is the time of the first undo, or null.
"""

from collections.abc import Iterator, Sequence

from kelompok_core.descriptor import EntityDescriptor, Field

_EXTRA = "extra"
# The summary of goals is derived from signals.
_BOOKKEEPING = "ARRAY['version', 'updated_at', 'sdgs_data']"

# Ordered by id, so that two writers of the same records wait for each other instead of deadlocking.
LOCK_RECORDS = """
    SELECT t.id FROM {entity} t
    WHERE t.id IN (SELECT record_id FROM audit_logs
                   WHERE import_id = :import AND entity = '{entity}' AND origin IN ('import', 'review'))
    ORDER BY t.id FOR UPDATE OF t"""


def statements(descriptor: EntityDescriptor, references: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the statements that determine each record's outcome; their parameters are import and source.

    ``references`` are tables and columns with foreign keys to the entity's records.
    """
    yield _RECORDS.format(entity=descriptor.entity, label=descriptor.label)
    yield "ANALYZE undoing"
    yield _changed_fields(descriptor)
    yield "ANALYZE undoing_units"
    yield _outcomes(references)


# The state of each record of an undone import: its latest reversal.
STANDING = """
    SELECT DISTINCT ON (record_id) record_id, label, outcome, reason, restored, kept
    FROM import_reversals WHERE import_id = :import ORDER BY record_id, attempt DESC"""
_LEFT = f"SELECT record_id FROM ({STANDING}) standing WHERE reason IS NOT NULL"

_RECORDS = f"""
    CREATE TEMPORARY TABLE undoing ON COMMIT DROP AS
    SELECT u.*, to_jsonb(t) AS now, coalesce(to_jsonb(t), u.after)->>'{{label}}' AS label
    FROM (SELECT record_id, bool_or(action = 'create') AS created, max(id) AS last_entry,
                 (array_agg(before ORDER BY id))[1] AS before, (array_agg(after ORDER BY id DESC))[1] AS after
          FROM audit_logs WHERE import_id = :import AND entity = '{{entity}}' AND origin IN ('import', 'review')
            AND (CAST(:undone_at AS timestamptz) IS NULL OR record_id IN ({_LEFT}))
          GROUP BY record_id) u
    LEFT JOIN {{entity}} t ON t.id = u.record_id"""


def _changed_fields(descriptor: EntityDescriptor) -> str:
    """One row per field (or the source's extra data) that the import changed in a record it did not create."""
    fields = " UNION ALL ".join(_changed_field(field) for field in descriptor.fields)
    path = f"'{{{descriptor.extra_column},{_EXTRA}}}'::text[] || CAST(:source AS text)"
    return f"""
        CREATE TEMPORARY TABLE undoing_units ON COMMIT DROP AS
        SELECT u.record_id, f.name, {_taken(descriptor)} AS taken,
               f.now IS NOT DISTINCT FROM f.after AND f.now_origin IS NOT DISTINCT FROM f.after_origin AS as_left
        FROM undoing u CROSS JOIN LATERAL (
          {fields} UNION ALL
          SELECT '{_EXTRA}', u.before#>({path}), u.after#>({path}), u.now#>({path}), NULL, NULL, NULL) f
        WHERE NOT u.created AND u.now IS NOT NULL
          AND (f.before, f.before_origin) IS DISTINCT FROM (f.after, f.after_origin)
          AND (f.before, f.before_origin) IS DISTINCT FROM (f.now, f.now_origin)"""


def _taken(descriptor: EntityDescriptor) -> str:
    """Whether another record has the slug that would be restored; nothing else is unique."""
    if not descriptor.has_slug:
        return "false"
    owner = f" AND x.{descriptor.organization_column} = t.{descriptor.organization_column}"
    return f"""
        (f.name = 'slug' AND EXISTS (
          SELECT FROM {descriptor.entity} x JOIN {descriptor.entity} t ON t.id = u.record_id
          WHERE x.slug = u.before->>'slug' AND x.id <> t.id{owner if descriptor.belongs else ""}))"""


def _changed_field(field: Field) -> str:
    def of(state: str) -> str:
        value = f"u.{state}->'{field.stored_in}'"
        return f"nullif({value}->'{field.key}', 'null')" if field.key else f"nullif({value}, 'null')"

    origins = ", ".join(
        f"u.{state}->'field_origins'->>'{field.name}' AS {state}_origin" for state in ("before", "after", "now")
    )
    values = ", ".join(f"{of(state)} AS {state}" for state in ("before", "after", "now"))
    return f"SELECT '{field.name}' AS name, {values}, {origins}"


def _outcomes(references: Sequence[tuple[str, str]]) -> str:
    held = " ".join(
        f"WHEN EXISTS (SELECT FROM {table} x WHERE x.{column} = u.record_id) THEN '{table}'"
        for table, column in references
    )
    holder = f"CASE {held} END" if held else "NULL::text"
    return f"""
        CREATE TEMPORARY TABLE undoing_outcomes ON COMMIT DROP AS
        SELECT u.record_id, u.label,
               CASE WHEN u.now IS NULL OR g.sent_again THEN 'kept'
                    WHEN u.created AND (u.now - {_BOOKKEEPING}) <> (u.after - {_BOOKKEEPING}) THEN 'kept'
                    WHEN u.created AND h.holder IS NOT NULL THEN 'refused'
                    WHEN u.created THEN 'deleted'
                    WHEN cardinality(s.restored) > 0 THEN 'restored'
                    ELSE 'kept' END AS outcome,
               CASE WHEN u.now IS NULL THEN 'deleted since'
                    WHEN g.sent_again THEN 'sent again since'
                    WHEN s.taken THEN 'another record has its old slug'
                    WHEN u.created AND (u.now - {_BOOKKEEPING}) <> (u.after - {_BOOKKEEPING})
                      OR cardinality(s.kept) > 0 THEN 'changed since by ' || coalesce(l.actor, 'nobody known')
                    WHEN u.created AND h.holder IS NOT NULL THEN h.holder || ' still belong to it' END AS reason,
               CASE WHEN g.sent_again THEN '{{}}' ELSE coalesce(s.restored, '{{}}') END AS restored,
               CASE WHEN u.created AND u.now IS NOT NULL THEN ARRAY(
                      SELECT e.key FROM jsonb_each(u.now - {_BOOKKEEPING} - 'field_origins') e
                      WHERE e.value IS DISTINCT FROM u.after->e.key ORDER BY e.key)
                    ELSE coalesce(s.kept, '{{}}') END AS kept
        FROM undoing u
        LEFT JOIN (
          SELECT record_id, array_agg(name ORDER BY name) FILTER (WHERE as_left AND NOT taken) AS restored,
                 array_agg(name ORDER BY name) FILTER (WHERE NOT as_left OR taken) AS kept, bool_or(taken) AS taken
          FROM undoing_units GROUP BY record_id) s ON s.record_id = u.record_id
        CROSS JOIN LATERAL (SELECT CASE WHEN u.created THEN {holder} END AS holder) h
        CROSS JOIN LATERAL (SELECT EXISTS (
          SELECT FROM evidence e JOIN imports i ON i.id = e.last_import_id AND i.state = 'applied'
          WHERE e.record_id = u.record_id AND e.last_seen_at > CAST(:undone_at AS timestamptz)) AS sent_again) g
        LEFT JOIN LATERAL (
          SELECT coalesce(p.email, a.actor) || ' (' || a.origin || ')' AS actor
          FROM audit_logs a LEFT JOIN users p ON p.id::text = a.actor
          WHERE a.record_id = u.record_id AND a.id > u.last_entry ORDER BY a.id DESC LIMIT 1) l ON true"""


def delete_created(descriptor: EntityDescriptor) -> str:
    """Delete the records that the import created and that have not changed since."""
    return f"""
        DELETE FROM {descriptor.entity} t USING undoing_outcomes o
        WHERE o.record_id = t.id AND o.outcome = 'deleted'"""


def restore_changed(descriptor: EntityDescriptor) -> str:
    """Restore the old values and origins of fields, and their derived columns."""
    extra, path = descriptor.extra_column, f"ARRAY['{_EXTRA}', CAST(:source AS text)]"
    columns = {extra: f"t.{extra}", **dict(_plain_columns(descriptor)), **dict(_json_columns(descriptor))}
    columns[extra] = f"""
        CASE WHEN NOT '{_EXTRA}' = ANY (o.restored) THEN {columns[extra]}
             WHEN u.before->'{extra}'#>{path} IS NULL THEN ({columns[extra]}) #- {path}
             ELSE jsonb_set({columns[extra]}, {path}, u.before->'{extra}'#>{path}) END"""
    columns["field_origins"] = _with_old_entries("field_origins", "o.restored")
    return f"""
        UPDATE {descriptor.entity} t SET {", ".join(f"{column} = {value}" for column, value in columns.items())}
        FROM undoing_outcomes o JOIN undoing u ON u.record_id = o.record_id
        CROSS JOIN LATERAL jsonb_populate_record(NULL::{descriptor.entity}, u.before) b
        WHERE o.record_id = t.id AND o.outcome = 'restored'"""


def _plain_columns(descriptor: EntityDescriptor) -> Iterator[tuple[str, str]]:
    sources = {field.stored_in: field.name for field in descriptor.fields if not field.key}
    sources |= {derived.name: derived.field for derived in descriptor.derived}
    for column, name in sources.items():
        yield column, f"CASE WHEN '{name}' = ANY (o.restored) THEN b.{column} ELSE t.{column} END"


def _json_columns(descriptor: EntityDescriptor) -> Iterator[tuple[str, str]]:
    columns = dict.fromkeys(field.stored_in for field in descriptor.fields if field.key)
    for column in columns:
        keys = ", ".join(
            f"CASE WHEN '{field.name}' = ANY (o.restored) THEN '{field.key}' END"
            for field in descriptor.fields
            if field.key and field.stored_in == column
        )
        yield column, _with_old_entries(column, f"array_remove(ARRAY[{keys}]::text[], NULL)")


def _with_old_entries(column: str, keys: str) -> str:
    """The column's object with these keys restored, or removed if they did not exist before."""
    return f"""
        (t.{column} - {keys}) || coalesce((
          SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(u.before->'{column}') e
          WHERE e.key = ANY ({keys})), '{{}}')"""


# Makes the next import compare the source's rows again instead of skipping them as unchanged.
FORGET_READING = "SELECT forget_reading(:import, ARRAY(SELECT record_id FROM undoing_outcomes))"

# A repeated undo records only what it changed.
RECORD_REVERSALS = f"""
    INSERT INTO import_reversals (import_id, record_id, attempt, label, outcome, reason, restored, kept)
    SELECT :import, o.record_id,
           (SELECT coalesce(max(attempt), 0) + 1 FROM import_reversals WHERE import_id = :import),
           o.label, o.outcome, o.reason, o.restored, o.kept
    FROM undoing_outcomes o LEFT JOIN ({STANDING}) s ON s.record_id = o.record_id
    WHERE o.outcome IN ('deleted', 'restored') OR (s.reason, s.kept) IS DISTINCT FROM (o.reason, o.kept)"""

REFERENCES = """
    SELECT c.conrelid::regclass::text AS child, a.attname AS child_column
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confdeltype <> 'c' AND c.confrelid = to_regclass(:entity) ORDER BY 1, 2"""
