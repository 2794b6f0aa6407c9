"""The changes of a plan, for readers without access to rows: only values of public fields without findings."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.imports.reporting.disclosure import HIDDEN, show_value
from kelompok_core.imports.shared.imports import Import
from kelompok_core.records.registry import get_descriptor

MOST_CHANGES = 100
_EXTRA = "extra"
_READ_CHARACTERS = 400
"""The number of characters read from the database; fewer are shown."""


@dataclass(frozen=True, kw_only=True)
class PublicChange:
    """A change of one field by one row, in an existing or a new record. Values that are not public are hidden.

    Attributes:
        record: The name of the record.
        is_new: Whether the record is new.
        line: The line where the row starts in the file.
        field: The field that changes.
        before: The current value; empty if there is none.
        after: The new value.
    """

    record: str
    is_new: bool
    line: int | None
    field: str
    before: str
    after: str


def list_public_changes(connection: sa.Connection, import_: Import) -> Sequence[PublicChange]:
    """Return the first changes of an import's plan in file order, at most :data:`MOST_CHANGES`.

    Unchanged and rejected rows, and rows that wait for review, have no changes.
    """
    counts = import_.counts or {}
    if not counts.get("accepted", 0) + counts.get("merged", 0):
        return []
    descriptor = get_descriptor(import_.entity)
    names = [*(one.name for one in descriptor.fields), _EXTRA]
    params = {
        "import": import_.id,
        "revision": import_.plan_revision,
        "limit": MOST_CHANGES,
        "read": _READ_CHARACTERS,
        "fields": names,
        "public": [name in descriptor.public_fields for name in names],
        "headers": json.dumps(_headers(descriptor, import_)),
    }
    return [_change(row) for row in connection.execute(sa.text(_changes(descriptor)), params)]


def _headers(descriptor: EntityDescriptor, import_: Import) -> dict[str, list[str]]:
    """Return the headers that each field is read from."""
    return {
        one.name: [header for header, target in import_.mapping.items() if target in one.read_from]
        for one in descriptor.fields
    }


def _change(row: sa.Row[Any]) -> PublicChange:
    return PublicChange(
        record=HIDDEN if row.label is None else show_value(row.label),
        is_new=row.decision == "accepted",
        line=row.line,
        field=row.field,
        before=show_value(row.before) if row.is_shown else HIDDEN,
        after=show_value(row.after) if row.is_shown else HIDDEN,
    )


def _changes(descriptor: EntityDescriptor) -> str:
    label = f"t.{descriptor.label}" if descriptor.label in descriptor.public_fields else "NULL"
    return f"""
    WITH planned AS (
      SELECT row_number, decision, target_id, changes FROM import_decisions
      WHERE import_id = :import AND revision = :revision AND decision IN ('accepted', 'merged')
      ORDER BY row_number LIMIT :limit)
    SELECT r.line, p.decision, f.name AS field, shown.field AS is_shown,
           CASE WHEN p.decision = 'merged' AND NOT w.is_unpublished THEN left({label}, :read)
                WHEN p.decision = 'accepted' AND shown.label THEN left(s.candidate->>'{descriptor.label}', :read)
           END AS label,
           CASE WHEN shown.field THEN left(e.before, :read) END AS before,
           CASE WHEN shown.field THEN left(e.after, :read) END AS after
    FROM planned p
    JOIN import_rows r ON r.import_id = :import AND r.row_number = p.row_number
    LEFT JOIN import_rows o ON o.import_id = r.as_import AND o.row_number = r.as_row_number
    LEFT JOIN {descriptor.entity} t ON t.id = p.target_id AND p.decision = 'merged'
    CROSS JOIN LATERAL (
      SELECT coalesce(r.candidate, o.candidate) AS candidate,
             coalesce(r.issues, '[]') AS issues) s  -- only rows without issues are read as an earlier row
    CROSS JOIN LATERAL (
      SELECT {_unpublished(descriptor)} AS is_unpublished,
             EXISTS (SELECT FROM jsonb_array_elements(s.issues) i WHERE starts_with(i->>'code', 'row.')) AS is_odd,
             ARRAY(SELECT i->>'column' FROM jsonb_array_elements(s.issues) i) AS doubted,
             string_to_array(coalesce(s.candidate->>'derived', ''), ',') AS derived) w
    CROSS JOIN unnest(CAST(:fields AS text[]), CAST(:public AS boolean[])) WITH ORDINALITY f (name, is_public, number)
    CROSS JOIN LATERAL (
      SELECT {_is_shown("f.name")} AND f.is_public AS field,
             {_is_shown(f"'{descriptor.label}'")} AND {label != "NULL"} AS label) shown
    CROSS JOIN LATERAL (
      SELECT p.changes->f.name->>0 AS before, p.changes->f.name->>1 AS after, p.changes ? f.name AS differs
      WHERE p.decision = 'merged'
      UNION ALL
      SELECT NULL, s.candidate->>f.name, coalesce(jsonb_strip_nulls(s.candidate->f.name) NOT IN ('null', '{{}}'), false)
      WHERE p.decision = 'accepted') e
    WHERE e.differs ORDER BY p.row_number, f.number LIMIT :limit"""


def _is_shown(field: str) -> str:
    """Return SQL: whether the row's value in this field may be shown, without findings or possibly shifted cells."""
    return f"""NOT w.is_unpublished AND NOT w.is_odd AND NOT {field} = ANY (w.derived)
             AND NOT w.doubted && ARRAY(SELECT jsonb_array_elements_text(CAST(:headers AS jsonb)->{field}))"""


def _unpublished(descriptor: EntityDescriptor) -> str:
    """Return SQL: whether the record is not public, before or after the change."""
    if descriptor.unpublished is None:
        return "false"
    name, value = descriptor.unpublished
    field = descriptor.field(name)
    new = f"CASE p.decision WHEN 'merged' THEN p.changes->'{name}'->>1 ELSE s.candidate->>'{name}' END"
    return f"""'{value}' IN (coalesce(t.{field.stored_in}, ''),
                 coalesce({new}, t.{field.stored_in}, '{field.default or value}'))"""
