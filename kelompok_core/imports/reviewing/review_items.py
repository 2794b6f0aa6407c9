"""Reads review items: rows that wait for a person, compared with the existing records that they may be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.errors import NotFound
from kelompok_core.imports.deciding import matching_sql
from kelompok_core.imports.deciding.field_changes_sql import compared_values
from kelompok_core.imports.reporting.report import issue_of_row
from kelompok_core.imports.shared.imports import Import, ImportState
from kelompok_core.imports.shared.repeated_rows_sql import OWN_ID
from kelompok_core.imports.shared.superseded_rows import UNDECIDED
from kelompok_core.issues.stored import StoredFinding, params_of
from kelompok_core.record_queries import SHORT_ID, SHORTEST_ID
from kelompok_core.records import field_sql
from kelompok_core.records.redaction import find_foreign, without_foreign
from kelompok_core.records.registry import get_descriptor
from kelompok_core.records.visibility_sql import sees as sees_sql
from kelompok_core.records.visibility_sql import sees_params
from kelompok_core.values.conventions import DEFAULT_ZONE


@dataclass(frozen=True, kw_only=True)
class ReviewItem:
    """A row that waits for a person.

    Attributes:
        reason: The reason code: why it waits.
        candidate: The normalized row.
        raw: The row as its source sent it.
        findings: The findings that need a person, as stored in the database.
        candidates: Ids of the records that it might have been when it was sent to review.
        appeared: Ids of further records that it may be now.
        organization_id: The owner of the row's record, if it has one.
        confined_to: The organization its import is confined to, or None.
        hides: Whether it may match a record that the reader may not see.
    """

    import_id: UUID
    row_number: int
    line: int | None
    source_name: str
    entity: str
    reason: str
    label: str | None
    candidate: Mapping[str, Any]
    raw: Mapping[str, object]
    findings: Sequence[StoredFinding]
    candidates: Sequence[UUID]
    organization_id: UUID | None
    confined_to: UUID | None
    appeared: Sequence[UUID] = ()
    hides: bool = False

    @property
    def may_be(self) -> Sequence[UUID]:
        """Ids of all existing records that it may be."""
        return [*self.candidates, *self.appeared]

    @property
    def ref(self) -> str:
        return f"{self.import_id}:{self.row_number}"

    def message(self, language: str = "en") -> str:
        """Return sentences that explain why it waits and what to do."""
        findings = self.findings or [{"code": self.reason, "severity": "review"}]
        return " ".join(issue_of_row(self.row_number, self.line, one).message(language) for one in findings)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One field of a row and of an existing record; ``set_by`` is who set the record's value."""

    field: str
    incoming: object
    existing: object
    set_by: str | None


@dataclass(frozen=True, kw_only=True)
class StoredRecord:
    """An existing record: its fields in the form of candidates, their origins, and its extra data."""

    stored: Mapping[str, str | None]
    origins: Mapping[str, str]
    extra: Mapping[str, Any]
    organization_id: UUID


def list_review_items(  # noqa: PLR0913  (filters and rights)
    connection: sa.Connection, *, import_id: UUID | None = None, organizations: Sequence[UUID] | None = None,
    after: tuple[UUID, int] | None = None, limit: int = 100, sees: Sequence[UUID] | None = None,
) -> list[ReviewItem]:  # fmt: skip
    """Return review items, oldest import first.

    Args:
        connection: To the database.
        import_id: Only of this import.
        organizations: Only of imports confined to these, or rows that they own; None is all.
        after: Only rows after this one, an import and a row number.
        limit: The maximum number.
        sees: The organizations whose records the reader may see; None is all.
    """
    behind, number = after or (None, None)
    params: dict[str, object] = {
        "import": import_id,
        "row_number": None,
        "limit": limit,
        "behind": behind,
        "number": number,
    }
    params |= {"everywhere": organizations is None, "owners": list(organizations or ())}
    return _for_reader(connection, [_item(row) for row in connection.execute(_WAITING, params)], sees)


def get_review_item(
    connection: sa.Connection, import_id: UUID, row_number: int, *, sees: Sequence[UUID] | None = None
) -> ReviewItem:
    """Return a review item with its candidate records in the organizations ``sees``; None is all.

    Raises:
        NotFound: When there is no such row, it was decided, or a later row superseded it.
    """
    params = {"import": import_id, "row_number": row_number, "limit": 1, "behind": None, "number": None}
    row = connection.execute(_WAITING, params | {"everywhere": True, "owners": []}).one_or_none()
    if row is None:
        hint = _superseded_by(connection, params) or "See which wait: kelompok import review list"
        raise NotFound("waiting row", f"{import_id}:{row_number}", hint=hint)
    return _for_reader(connection, [_item(row)], sees)[0]


def get_owner(connection: sa.Connection, import_id: UUID, row_number: int) -> UUID | None:
    """Return the organization that a row belongs to, or None."""
    owner: UUID | None = connection.scalar(_OWNER, {"import": import_id, "row_number": row_number})
    return owner


def _superseded_by(connection: sa.Connection, params: Mapping[str, object]) -> str | None:
    """Return a hint that names the row that superseded this one, if one did."""
    later = connection.execute(_SUPERSEDING, params).one_or_none()
    return None if later is None else f"Row {later.by_row_number} of import {later.by_import} superseded it."


def _for_reader(
    connection: sa.Connection, items: Sequence[ReviewItem], sees: Sequence[UUID] | None
) -> list[ReviewItem]:
    """Return the items with their current candidate records, without those hidden from the reader."""

    def place(one: ReviewItem) -> tuple[str, str, str]:
        return one.entity, one.source_name, str(one.confined_to)

    shown: dict[str, ReviewItem] = {}
    for (entity, source, _), group in groupby(sorted(items, key=place), key=place):
        rows, descriptor = list(group), get_descriptor(entity)
        visible = _visible_to_both(rows[0].confined_to, sees)
        now = _find_current_candidates(connection, descriptor, source, visible, rows)
        some = {one for row in rows for one in (*row.candidates, *now.get(row.ref, ()))}
        foreign = find_foreign(connection, descriptor, some, visible)
        shown |= {row.ref: _visible_part(row, foreign, now.get(row.ref, ())) for row in rows}
    return [shown[one.ref] for one in items]


def _visible_to_both(confined_to: UUID | None, sees: Sequence[UUID] | None) -> Sequence[UUID] | None:
    """Return the organizations visible to both the import and the reader."""
    if confined_to is None:
        return sees
    return [confined_to] if sees is None or confined_to in sees else []


def _visible_part(row: ReviewItem, foreign: frozenset[UUID], now: Sequence[UUID]) -> ReviewItem:
    findings: list[StoredFinding] = [
        {**one, "params": without_foreign(params_of(one), foreign)} for one in row.findings
    ]
    return replace(
        row, candidates=[one for one in row.candidates if one not in foreign], findings=findings,
        appeared=[one for one in now if one not in foreign and one not in row.candidates],
        hides=not foreign.isdisjoint([*row.candidates, *now]),
    )  # fmt: skip


def _find_current_candidates(
    connection: sa.Connection, descriptor: EntityDescriptor, source: str, sees: Sequence[UUID] | None,
    rows: Iterable[ReviewItem],
) -> dict[str, Sequence[UUID]]:  # fmt: skip
    """Return the visible records that each row of a source may be now."""
    keys = [(one.import_id, one.row_number, one.organization_id) for one in rows]
    names = ("imports", "records", "owners")
    params: dict[str, object] = {
        name: list(values) for name, values in zip(names, zip(*keys, strict=True), strict=True)
    }
    params |= {"source": source} | sees_params(sees)
    found = connection.execute(sa.text(_may_be_now(descriptor)), params)
    return {f"{row.import_id}:{row.row_number}": row.ids for row in found}


def _may_be_now(descriptor: EntityDescriptor) -> str:
    """Select the records that rows may be: found by id, else by a key, else by name alone."""
    ruled = [column for rule in descriptor.rules for column in rule.columns]
    columns = ", ".join(
        f"(i.candidate->>'{name}')::{descriptor.kind_of(name)} AS {name}"
        for name in dict.fromkeys([descriptor.name_key, *descriptor.discriminators, *ruled])
    )
    fits = [matching_sql.found_by(rule, descriptor)[0] for rule in descriptor.rules]
    by_key = " UNION ALL ".join(f"(SELECT 2, t.id FROM {descriptor.entity} t WHERE {one} LIMIT 3)" for one in fits)
    return f"""
        SELECT import_id, row_number, array_agg(DISTINCT id) AS ids FROM (
          SELECT k.import_id, k.row_number, x.id,
                 rank() OVER (PARTITION BY k.import_id, k.row_number ORDER BY x.tier) AS place
          FROM (
            SELECT w.import_id, w.row_number, w.owner, i.identity, i.external_id IS NOT NULL AS explicit,
                   CASE WHEN i.external_id ~ {OWN_ID} THEN i.external_id::uuid END AS own_id,
                   {matching_sql.nameless(descriptor)} AS nameless, {columns}
            FROM unnest(CAST(:imports AS uuid[]), CAST(:records AS integer[]), CAST(:owners AS uuid[]))
                 w (import_id, row_number, owner)
            JOIN import_rows i ON i.import_id = w.import_id AND i.row_number = w.row_number) k
          CROSS JOIN LATERAL (
            SELECT 1 AS tier, t.id
            FROM source_records s JOIN {descriptor.entity} t ON t.id = s.record_id
            WHERE s.entity = '{descriptor.entity}' AND s.source_name = :source AND s.identity = k.identity
              AND {matching_sql.at_owner(descriptor)} AND {matching_sql.not_judged_different(descriptor)}
            UNION ALL
            SELECT 1, t.id FROM {descriptor.entity} t WHERE t.id = k.own_id AND {matching_sql.at_owner(descriptor)}
            UNION ALL {by_key}
            UNION ALL (SELECT 3, n.id FROM ({matching_sql.namesakes(descriptor)} LIMIT 3) n)) x) found
        WHERE place = 1 GROUP BY import_id, row_number"""


def compare(connection: sa.Connection, item: ReviewItem, target_id: UUID) -> list[Comparison]:
    """Return every field in which the row or the record has a value.

    Raises:
        NotFound: When the record does not exist.
    """
    descriptor = get_descriptor(item.entity)
    now = get_stored(connection, descriptor, target_id)
    pairs = [
        Comparison(
            field=field.name,
            incoming=item.candidate.get(field.compared_as),
            existing=now.stored[field.compared_as],
            set_by=now.origins.get(field.name),
        )
        for field in descriptor.fields
    ]
    return [one for one in pairs if one.incoming is not None or one.existing is not None]


def list_candidates(connection: sa.Connection, item: ReviewItem) -> Mapping[str, UUID]:
    """Return the existing records that the row may be, by slug or by the end of their id."""
    descriptor = get_descriptor(item.entity)
    called = "slug" if descriptor.has_slug else f"right(id::text, {SHORT_ID})"
    query = sa.text(f"SELECT {called} AS ref, id FROM {descriptor.entity} WHERE id = ANY (:ids) ORDER BY 1, 2")
    return {row.ref: row.id for row in connection.execute(query, {"ids": list(item.may_be)})}


def find_by_ref(connection: sa.Connection, item: ReviewItem, ref: str, *, sees: Sequence[UUID] | None = None) -> UUID:
    """Return the record of the row's entity and organization with this slug or end of its id.

    Searches only these organizations; None is all.

    Raises:
        NotFound: When there is none, or more than one.
    """
    descriptor = get_descriptor(item.entity)
    called = "slug = :ref" if descriptor.has_slug else "false"
    owner = f"{descriptor.organization_column} = :owner" if descriptor.belongs else "true"
    by_id = f"length(:ref) >= {SHORTEST_ID} AND right(id::text, length(:ref)) = lower(:ref)"
    there = f"{owner} AND {sees_sql(descriptor.organization_column)}"
    query = f"SELECT id FROM {descriptor.entity} WHERE ({called} OR {by_id}) AND {there} LIMIT 2"
    params = {"ref": ref, "owner": item.organization_id} | sees_params(sees)
    found = list(connection.scalars(sa.text(query), params))
    if len(found) != 1:
        raise NotFound(f"record of {descriptor.entity}", ref)
    return UUID(str(found[0]))


def get_stored(
    connection: sa.Connection, descriptor: EntityDescriptor, record_id: UUID, *, lock: bool = False
) -> StoredRecord:
    """Return an existing record of any entity; with ``lock``, lock it until the transaction ends.

    Raises:
        NotFound: When it does not exist.
    """
    query = f"""
        SELECT {field_sql.stored_texts(descriptor.fields)} AS stored, t.field_origins AS origins,
               t.{descriptor.extra_column} AS extra, t.{descriptor.organization_column} AS organization_id
        FROM {descriptor.entity} t WHERE t.id = :id {"FOR UPDATE" if lock else ""}"""
    found = connection.execute(sa.text(query), {"id": record_id}).one_or_none()
    if found is None:
        raise NotFound(f"record of {descriptor.entity}", record_id)
    return StoredRecord(**found._asdict())


def get_compared_values(
    connection: sa.Connection, item: ReviewItem, target_id: UUID, imported: Import
) -> Mapping[str, str | None]:
    """Return the row's values as compared with an existing record; None where the record's is more detailed."""
    descriptor = get_descriptor(item.entity)
    fields = descriptor.mapped_fields(imported.mapping.values())
    params = {
        "import": item.import_id, "row_number": item.row_number, "id": target_id, "origin": imported.origin,
        "timezone": imported.options.timezone or DEFAULT_ZONE,
    }  # fmt: skip
    values: Mapping[str, str | None] = connection.execute(
        sa.text(compared_values(descriptor, fields)), params
    ).scalar_one()
    return values


def _item(row: sa.Row[Any]) -> ReviewItem:
    values = row._asdict()
    candidates = [UUID(one) for one in values.pop("ids") or []]
    target = values.pop("target_id")
    known = candidates or ([target] if target else [])
    found = [*(values.pop("issues") or ()), *(values.pop("more") or ())]
    values["findings"] = [one for one in found if one["severity"] == "review"]
    values["label"] = values["candidate"].get(get_descriptor(values["entity"]).label)
    return ReviewItem(**values, candidates=known)


_WAITING = sa.text(f"""
    SELECT d.import_id, d.row_number, r.line, m.source_name, m.entity, d.reason, r.candidate, r.raw, d.target_id,
           d.organization_id, m.organization_id AS confined_to, r.issues, d.issues AS more,
           (SELECT i.value->'params'->'candidates' FROM jsonb_array_elements(d.issues) i
            WHERE i.value->'params' ? 'candidates' LIMIT 1) AS ids
    FROM import_decisions d
    JOIN imports m ON m.id = d.import_id AND m.plan_revision = d.revision
    JOIN import_rows r ON r.import_id = d.import_id AND r.row_number = d.row_number
    WHERE d.decision = 'review' AND m.state = '{ImportState.APPLIED.value}'
      AND (CAST(:import AS uuid) IS NULL OR d.import_id = :import)
      AND (CAST(:row_number AS integer) IS NULL OR d.row_number = :row_number)
      AND (CAST(:behind AS uuid) IS NULL OR (d.import_id, d.row_number) > (:behind, :number))
      AND (:everywhere OR m.organization_id = ANY (CAST(:owners AS uuid[]))
           OR d.organization_id = ANY (CAST(:owners AS uuid[])))
      AND {UNDECIDED}
    ORDER BY d.import_id, d.row_number LIMIT :limit""")
_OWNER = sa.text("""
    SELECT coalesce(m.organization_id, d.organization_id) FROM imports m
    LEFT JOIN import_decisions d ON d.import_id = m.id AND d.revision = m.plan_revision AND d.row_number = :row_number
    WHERE m.id = :import""")
_SUPERSEDING = sa.text(f"""
    SELECT c.by_import, c.by_row_number FROM import_superseded c JOIN imports b ON b.id = c.by_import
    WHERE c.import_id = :import AND c.row_number = :row_number AND b.state = '{ImportState.APPLIED.value}'
    ORDER BY c.created_at DESC LIMIT 1""")
