"""Lists an import's rows and issues page by page."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.imports.reporting.report import FOUND, RowIssue, issue_of_row
from kelompok_core.imports.shared.imports import Import
from kelompok_core.record_queries import SHORT_ID
from kelompok_core.records.redaction import find_foreign, records_of, without_foreign
from kelompok_core.records.registry import get_descriptor
from kelompok_core.records.visibility_sql import sees as sees_sql
from kelompok_core.records.visibility_sql import sees_params

BEGINNING = (0, 0, 0)
"""The place before the first issue."""


@dataclass(frozen=True, kw_only=True)
class DecidedRow:
    """A row with its decision: the plan's, or a person's if there is one. None before the plan is made.

    Attributes:
        target_id: The record that it creates or is merged into.
        name: The name of that record, or else the name in the row.
        ref: How commands refer to that record: by its slug, or by the end of its id.
        changes: Old and new value by field; for an accepted row, all its values.
    """

    row_number: int
    line: int | None
    raw: Mapping[str, object]
    decision: str | None
    reason: str | None
    target_id: UUID | None
    name: str | None
    ref: str | None
    changes: Mapping[str, Any] | None

    def to_json(self) -> dict[str, object]:
        return {
            "row_number": self.row_number,
            "line": self.line,
            "decision": self.decision,
            "reason": self.reason,
            "name": self.name,
            "ref": self.ref,
            "record_id": str(self.target_id) if self.target_id else None,
            "changes": dict(self.changes) if self.changes else None,
        }


@dataclass(frozen=True, kw_only=True)
class PlacedIssue:
    """An issue and its place: row number (0 for the file), step, and order within the step.

    Step 1 is reading, 2 is deciding, and 3 is a later row that superseded this one.
    """

    place: tuple[int, int, int]
    issue: RowIssue


def list_rows(  # noqa: PLR0913  (which rows, and for whom)
    connection: sa.Connection,
    import_: Import,
    *,
    after: int,
    limit: int,
    decisions: Collection[str] | None = None,
    sees: Sequence[UUID] | None = None,
) -> Sequence[DecidedRow]:
    """Return rows in file order after row number ``after``: all of them, or only those with one of the decisions.

    Hides records that do not belong to the organizations in ``sees``; None is all organizations.
    """
    descriptor = get_descriptor(import_.entity)
    params = {"import": import_.id, "revision": import_.plan_revision, "after": after, "limit": limit}
    params |= {"all": decisions is None, "decisions": list(decisions or ())} | sees_params(sees)
    rows = connection.execute(sa.text(_rows(descriptor)), params)
    return [_decided(descriptor, row) for row in rows]


def iter_rows(
    connection: sa.Connection, import_: Import, *, sees: Sequence[UUID] | None = None
) -> Iterator[DecidedRow]:
    """Yield every row and its decision in file order; see :func:`list_rows`."""
    after = 0
    while rows := list_rows(connection, import_, after=after, limit=_PAGE, sees=sees):
        yield from rows
        after = rows[-1].row_number


def _decided(descriptor: EntityDescriptor, row: sa.Row[Any]) -> DecidedRow:
    values = row._asdict()
    candidate, label, slug, is_foreign = (values.pop(name) for name in ("candidate", "label", "slug", "is_foreign"))
    if is_foreign:
        label, values["target_id"], values["changes"] = None, None, None
    target_id = values["target_id"]
    if values["decision"] == "accepted" and not is_foreign:
        values["changes"] = _as_changes(descriptor, candidate)
    ref = (slug if descriptor.has_slug else str(target_id)[-SHORT_ID:]) if target_id else None
    return DecidedRow(**values, name=label or candidate.get(descriptor.label), ref=ref)


def _as_changes(descriptor: EntityDescriptor, candidate: Mapping[str, Any]) -> dict[str, object]:
    """Return the values of a new record as changes of an empty one."""
    names = [one.name for one in descriptor.fields if candidate.get(one.name) is not None]
    extra = {name: cell for name, cell in (candidate.get("extra") or {}).items() if cell is not None}
    return {name: [None, candidate[name]] for name in names} | ({"extra": [{}, extra]} if extra else {})


def list_issues(
    connection: sa.Connection, import_: Import, *, after: tuple[int, int, int], limit: int,
    sees: Sequence[UUID] | None = None,
) -> Sequence[PlacedIssue]:  # fmt: skip
    """Return issues in file order after a place, those of the file itself first; see :func:`list_rows`."""
    params = {"import": import_.id, "revision": import_.plan_revision, "limit": limit}
    params |= dict(zip(("row_number", "step", "number"), after, strict=True))
    found = [
        PlacedIssue(place=(row.place, row.step, row.number), issue=issue_of_row(row.place or None, row.line, row.issue))
        for row in connection.execute(_ISSUES, params)
    ]
    mentioned = {one for each in found for one in records_of(each.issue.params)}
    foreign = find_foreign(connection, get_descriptor(import_.entity), mentioned, sees)
    return [replace(one, issue=replace(one.issue, params=without_foreign(one.issue.params, foreign))) for one in found]


_PAGE = 1_000


def _rows(descriptor: EntityDescriptor) -> str:
    slug = "coalesce(t.slug, d.slug)" if descriptor.has_slug else "NULL"
    return f"""
    SELECT r.row_number, r.line, coalesce(r.raw, o.raw) AS raw, coalesce(r.candidate, o.candidate) AS candidate,
           coalesce(p.decision, d.decision) AS decision, coalesce(p.reason, d.reason) AS reason,
           coalesce(p.target_id, d.target_id) AS target_id, coalesce(p.changes, d.changes) AS changes,
           t.{descriptor.label} AS label, {slug} AS slug,
           coalesce(NOT {sees_sql(f"t.{descriptor.organization_column}")} AND t.id IS NOT NULL, false) AS is_foreign
    FROM import_rows r
    LEFT JOIN import_rows o ON o.import_id = r.as_import AND o.row_number = r.as_row_number
    LEFT JOIN import_decisions d ON d.import_id = r.import_id AND d.row_number = r.row_number AND d.revision = :revision
    LEFT JOIN review_decisions p ON p.import_id = r.import_id AND p.row_number = r.row_number
    LEFT JOIN {descriptor.entity} t ON t.id = coalesce(p.target_id, d.target_id)
    WHERE r.import_id = :import AND r.row_number > :after
      AND (:all OR coalesce(p.decision, d.decision) = ANY (CAST(:decisions AS text[])))
    ORDER BY r.row_number LIMIT :limit"""


_ISSUES = sa.text(f"""
    SELECT place, step, number, line, issue FROM (
      SELECT 0 AS place, 1 AS step, x.number::int AS number, NULL::int AS line, x.issue
      FROM imports i CROSS JOIN LATERAL jsonb_array_elements(i.issues) WITH ORDINALITY x (issue, number)
      WHERE i.id = :import
      UNION ALL
      SELECT row_number AS place, step, number::int, line, issue FROM ({FOUND}) found) placed
    WHERE (place, step, number) > (:row_number, :step, :number)
    ORDER BY place, step, number LIMIT :limit
""")
