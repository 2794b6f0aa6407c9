"""Routes of records of every entity: lists, single records, their changes, and goals."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, authorize, list_organizations_where, list_visible_organizations
from kelompok_core.api.audit_views import AuditView, audit_of
from kelompok_core.api.caller import CoreSession, holding
from kelompok_core.api.pages import CursorText, Limit, One, Page, page, read_cursor
from kelompok_core.api.problems import may_answer
from kelompok_core.api.words import NO_NUL, EntityWord
from kelompok_core.audit.trail import list_for_record
from kelompok_core.errors import NotFound
from kelompok_core.organizations.queries import get_organization_id
from kelompok_core.record_queries import RecordQueries
from kelompok_core.records.registry import get_queries
from kelompok_core.sdgs.signals import GoalSignal, list_goals

router = APIRouter(prefix="/api/v1", tags=["records"])

Reader = Annotated[Actor, holding(Action.RECORD_READ)]
Ref = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        pattern=NO_NUL,
        description="Slug, e-mail address, or the last digits of the id.",
    ),
]
OwnerSlug = Annotated[
    str | None,
    Query(alias="organization", max_length=200, pattern=NO_NUL, description="Slug of the organization it belongs to."),
]
_READING = may_answer(401, 403, 404, 422, 429, 503)


class RecordView(BaseModel):
    """One record of any entity."""

    id: UUID
    entity: str = Field(examples=["organizations"])
    organization_id: UUID | None = Field(description="The organization it belongs to; null for organizations.")
    slug: str | None
    label: str = Field(description="Its name or title.")
    values: dict[str, object] = Field(description="Values by field. Imported text is untrusted.")
    set_by: dict[str, str] = Field(description="Who set each field: `source:NAME` or `person:ID`.")
    version: int
    created_at: datetime
    updated_at: datetime


class Evidence(BaseModel):
    """A quoted text that shows a signal."""

    field: str | None = None
    start: int | None = None
    end: int | None = None
    quote: str | None = None


class GoalView(BaseModel):
    """A Sustainable Development Goal that a text is about."""

    goal: int = Field(ge=1, le=17)
    title: str
    entity: str
    record: UUID
    label: str
    confidence: float
    field: str
    evidence: list[Evidence]
    origin: str = Field(description="The plugin that found it, or `person`.")
    origin_version: str | None
    status: str = Field(description="present or removed.")


@router.get("/{entity}", operation_id="list_records", summary="List records", responses=_READING)
def list_all(
    entity: Annotated[EntityWord, Path()],
    caller: Reader,
    session: CoreSession,
    organization: OwnerSlug = None,
    search: Annotated[
        str | None, Query(max_length=200, pattern=NO_NUL, description="Part of the name or slug.")
    ] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[RecordView]:
    """Return the records that the key may read, in the order of their creation."""
    place = read_cursor(cursor, (UUID,))
    actor = caller.acting_on(entity)
    owners = list_organizations_where(session, actor, Action.RECORD_READ)
    if organization is not None:
        owners = [_get_owner(session, actor, organization)]
        authorize(session, actor, Action.RECORD_READ, owners[0])
    queries = get_queries(entity, session)
    found = queries.page(owners, after=place[0] if place else None, search=search, limit=limit + 1)
    return page(found, limit, lambda record: _view(queries, record), lambda record: (record.id,))


@router.get("/{entity}/{ref}", operation_id="get_record", summary="Get a record", responses=_READING)
def get_one(
    entity: Annotated[EntityWord, Path()],
    ref: Ref,
    caller: Reader,
    session: CoreSession,
    organization: OwnerSlug = None,
) -> One[RecordView]:
    queries, record = _find(session, caller, Action.RECORD_READ, (entity, ref, organization))
    return One(data=_view(queries, record))


@router.get(
    "/{entity}/{ref}/audit", operation_id="list_record_audit", summary="List a record's changes", responses=_READING
)
def list_audit(
    entity: Annotated[EntityWord, Path()],
    ref: Ref,
    caller: Annotated[Actor, holding(Action.AUDIT_READ)],
    session: CoreSession,
    organization: OwnerSlug = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Page[AuditView]:
    """Return who changed what, newest first."""
    _, record = _find(session, caller, Action.AUDIT_READ, (entity, ref, organization))
    place = read_cursor(cursor, (int,))
    before = place[0] if place else None
    found = list_for_record(session.connection(), record.id, limit=limit + 1, before=before)
    return page(found, limit, audit_of, lambda one: (one.id,))


goals = APIRouter(prefix="/api/v1", tags=["records"])


@goals.get(
    "/organizations/{ref}/sdgs",
    operation_id="list_goals",
    summary="Get an organization's goals (SDGs)",
    responses=_READING,
)
def list_of_goals(ref: Ref, caller: Reader, session: CoreSession) -> One[list[GoalView]]:
    """Return the goals found in the texts of an organization, its posts and its events, with the evidence."""
    _, record = _find(session, caller, Action.RECORD_READ, ("organizations", ref, None))
    found = list_goals(session, record.slug)
    return One(data=[_goal(one) for one in found])


def _goal(signal: GoalSignal) -> GoalView:
    return GoalView.model_validate(signal.to_json())


def _find(
    session: Session, caller: Actor, action: Action, named: tuple[str, str, str | None]
) -> tuple[RecordQueries[Any], Any]:
    """Return a record on which the caller may perform the action, and the queries of its entity.

    Raises:
        NotFound: When it does not exist, or the caller cannot see it.
        NotPermitted: When the caller can see it but may not perform the action.
    """
    entity, ref, organization = named
    actor = caller.acting_on(entity)
    queries = get_queries(entity, session)
    owner = None if organization is None else _get_owner(session, actor, organization)
    record = queries.get(ref, owner, within=list_visible_organizations(session, actor))
    authorize(session, actor, action, getattr(record, queries.descriptor.organization_column))
    return queries, record


def _get_owner(session: Session, actor: Actor, slug: str) -> UUID:
    """Return the id of an organization that the caller can see.

    Raises:
        NotFound: When it does not exist, or the caller cannot see it.
    """
    found = get_organization_id(session, slug)
    visible = list_visible_organizations(session, actor)
    if visible is not None and found not in visible:
        raise NotFound("organization", slug)
    return found


def _view(queries: RecordQueries[Any], record: Any) -> RecordView:
    descriptor = queries.descriptor
    return RecordView(
        id=record.id,
        entity=descriptor.entity,
        organization_id=getattr(record, descriptor.organization_column) if descriptor.belongs else None,
        slug=record.slug if descriptor.has_slug else None,
        label=getattr(record, descriptor.label),
        values=queries.values(record),
        set_by=dict(record.field_origins),
        version=record.version,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )
