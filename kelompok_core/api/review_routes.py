"""Routes of the review queue: list review items, and decide them."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, list_organizations_where, list_visible_organizations
from kelompok_core.api.caller import (
    Connection,
    InstallationHere,
    find_review_item,
    holding,
    organizations_read,
)
from kelompok_core.api.pages import CursorText, Limit, One, Page, page, read_cursor
from kelompok_core.api.problems import may_answer
from kelompok_core.api.words import NO_NUL, ReasonWord
from kelompok_core.imports.reviewing.review import Reviewer, Verdict
from kelompok_core.imports.reviewing.review_items import (
    ReviewItem,
    compare,
    find_by_ref,
    list_candidates,
    list_review_items,
)
from kelompok_core.imports.shared.imports import get_import

router = APIRouter(prefix="/api/v1/review", tags=["review"])

Reader = Annotated[Actor, holding(Action.IMPORT_READ)]
Decider = Annotated[Actor, holding(Action.REVIEW_DECIDE)]
Number = Annotated[int, Path(ge=1, le=2_147_483_647, description="The row number.")]
Text = Annotated[str, Field(max_length=1_000, pattern=NO_NUL)]
_READING = may_answer(401, 403, 404, 422, 429, 503)
_DOING = may_answer(401, 403, 404, 408, 409, 413, 422, 429, 503)


class ReviewItemView(BaseModel):
    """A row that waits for review."""

    import_id: UUID
    row_number: int
    line: int | None
    source: str
    entity: str
    organization_id: UUID | None
    reason: ReasonWord
    message: str
    label: str | None
    raw: dict[str, object] = Field(description="The row as received: untrusted text.")
    candidates: list[UUID] = Field(description="Records that the row may match.")


class FieldView(BaseModel):
    """A field of the row, with the record's value."""

    field: str
    incoming: object
    existing: object
    set_by: str | None


class BesideView(BaseModel):
    """A record that the row may match."""

    ref: str
    id: UUID
    fields: list[FieldView]


class ReviewItemDetails(ReviewItemView):
    """A row that waits for review, compared with each record it may match."""

    beside: list[BesideView]


class Acceptance(BaseModel):
    """How to accept the row: as a new record, or merged into the named record or the only candidate."""

    model_config = ConfigDict(extra="forbid")

    as_new: bool = False
    merge_into: Text | None = Field(default=None, description="Slug, or the last digits of the id.")
    fields: dict[str, Literal["incoming", "existing"]] = Field(default={}, description="The value to use, by field.")
    note: Text | None = None


class Rejection(BaseModel):
    """Why the row is rejected."""

    model_config = ConfigDict(extra="forbid")

    note: Text | None = None


class VerdictView(BaseModel):
    """The review decision."""

    import_id: UUID
    row_number: int
    decision: str
    record_id: UUID | None
    changed: list[str]


@router.get("", operation_id="list_review_items", summary="List rows that wait for review", responses=_READING)
def list_all(
    caller: Reader, connection: Connection,
    import_id: Annotated[UUID | None, Query(alias="import", description="Only rows of this import.")] = None,
    limit: Limit = 50, cursor: CursorText = None,
) -> Page[ReviewItemView]:  # fmt: skip
    """Return the rows, those of the oldest import first."""
    place = read_cursor(cursor, (UUID, int))
    organizations = list_organizations_where(connection, caller, Action.IMPORT_READ)
    found = list_review_items(
        connection, import_id=import_id, organizations=organizations, after=place, limit=limit + 1,
        sees=organizations_read(connection, caller),
    )  # fmt: skip
    return page(found, limit, _view, lambda one: (one.import_id, one.row_number))


@router.get(
    "/{import_id}/{row_number}",
    operation_id="get_review_item",
    summary="Get a row that waits for review",
    responses=_READING,
)
def get_one(import_id: UUID, row_number: Number, caller: Reader, connection: Connection) -> One[ReviewItemDetails]:
    """Return the row and each record it may match, if the key may read that record."""
    sees = organizations_read(connection, caller.acting_on(get_import(connection, import_id).entity))
    item = find_review_item(connection, caller, (import_id, row_number), Action.IMPORT_READ, sees=sees)
    return One(data=ReviewItemDetails(**_view(item).model_dump(), beside=_beside(connection, item)))


@router.post("/{import_id}/{row_number}/accept", operation_id="accept_row", summary="Accept the row", responses=_DOING)
def accept(
    import_id: UUID, row_number: Number, how: Acceptance, caller: Decider, installation: InstallationHere
) -> One[VerdictView]:
    """Create a record from the row, or merge it into an existing one. The change is written and audited at once."""
    with installation.database.connect() as connection:
        item, sees = _find(connection, caller, import_id, row_number)
        target = find_by_ref(connection, item, how.merge_into, sees=sees) if how.merge_into is not None else None
    reviewer = Reviewer(installation, caller)
    if how.as_new:
        return _response(import_id, row_number, reviewer.accept_as_new(import_id, row_number, note=how.note))
    verdict = reviewer.accept_into(import_id, row_number, target, choices=dict(how.fields), note=how.note)
    return _response(import_id, row_number, verdict)


@router.post("/{import_id}/{row_number}/reject", operation_id="reject_row", summary="Reject the row", responses=_DOING)
def reject(
    import_id: UUID, row_number: Number, why: Rejection, caller: Decider, installation: InstallationHere
) -> One[VerdictView]:
    """Reject the row. If it is imported again unchanged, it is rejected automatically."""
    with installation.database.connect() as connection:
        _find(connection, caller, import_id, row_number)
    return _response(import_id, row_number, Reviewer(installation, caller).reject(import_id, row_number, note=why.note))


def _find(
    connection: sa.Connection, caller: Actor, import_id: UUID, row_number: int
) -> tuple[ReviewItem, Sequence[UUID] | None]:
    """Return a row the caller may decide and the organizations it may see; raises like find_review_item."""
    sees = list_visible_organizations(connection, caller)
    return find_review_item(connection, caller, (import_id, row_number), Action.REVIEW_DECIDE, sees=sees), sees


def _response(import_id: UUID, row_number: int, verdict: Verdict) -> One[VerdictView]:
    view = VerdictView(
        import_id=import_id, row_number=row_number, decision=verdict.decision, record_id=verdict.target_id,
        changed=list(verdict.changed),
    )  # fmt: skip
    return One(data=view)


def _view(item: ReviewItem) -> ReviewItemView:
    return ReviewItemView(
        import_id=item.import_id, row_number=item.row_number, line=item.line, source=item.source_name,
        entity=item.entity, organization_id=item.organization_id, reason=item.reason,
        message=item.message(), label=item.label,
        raw=dict(item.raw), candidates=list(item.may_be),
    )  # fmt: skip


def _beside(connection: sa.Connection, item: ReviewItem) -> list[BesideView]:
    return [
        BesideView(ref=ref, id=record_id, fields=[FieldView(**vars(pair)) for pair in pairs])
        for ref, record_id in list_candidates(connection, item).items()
        if (pairs := compare(connection, item, record_id))
    ]
