"""Relations between organizations, read «FROM is KIND of TO»: «Cabang Bandung» is member of «Forum Nasional»."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, authorize
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.errors import NotFound, UsageError
from kelompok_core.organizations.models import OrganizationRelationship

KINDS = ("parent", "member", "partner", "predecessor")


class RelationshipService:
    """Writes relations as one actor, who needs the right to change the first organization."""

    def __init__(self, session: Session, actor: Actor, *, origin: str = "cli") -> None:
        self._session = session
        self._actor = actor
        self._audit = AuditContext(actor=str(actor.id), origin=origin)

    def create(self, from_id: UUID, kind: str, to_id: UUID) -> OrganizationRelationship:
        """Add a relation between two organizations.

        Raises:
            NotPermitted: When the actor may not change the first one.
            UsageError: When the kind is unknown, both are the same organization, the relation exists or makes a circle.
        """
        authorize(self._session, self._actor, Action.RECORD_UPDATE, from_id)
        if kind not in KINDS:
            raise UsageError(f"there is no relation {kind!r}", hint=f"There are: {', '.join(KINDS)}.")
        if from_id == to_id:
            raise UsageError("an organization has no relation to itself")
        self._session.execute(_LOCK, {"kind": kind})
        if self._session.scalar(_LEADS_BACK, {"from": from_id, "to": to_id, "kind": kind}):
            raise UsageError(f"that would go in a circle: the other is {kind} of it already, directly or by others")
        made = OrganizationRelationship(from_organization_id=from_id, to_organization_id=to_id, kind=kind)
        announce(self._session, self._audit)
        try:
            with self._session.begin_nested():
                self._session.add(made)
        except IntegrityError as error:
            raise UsageError("this relation exists already") from error
        return made

    def remove(self, from_id: UUID, kind: str, to_id: UUID) -> None:
        """Remove a relation.

        Raises:
            NotPermitted: When the actor may not change the first one.
            NotFound: When there is no such relation.
        """
        authorize(self._session, self._actor, Action.RECORD_UPDATE, from_id)
        table = OrganizationRelationship
        query = sa.select(table).where(
            table.from_organization_id == from_id, table.kind == kind, table.to_organization_id == to_id
        )
        found = self._session.scalar(query.with_for_update())
        if found is None:
            raise NotFound("relation", kind)
        announce(self._session, self._audit)
        self._session.delete(found)
        self._session.flush()


def list_relationships(session: Session, *, slug: str | None = None) -> Sequence[sa.Row[Any]]:
    """Return relations, all or those of one organization: columns from_slug, kind, to_slug."""
    return session.execute(_LIST, {"slug": slug}).all()


_LIST = sa.text("""
    SELECT f.slug AS from_slug, r.kind, t.slug AS to_slug
    FROM organization_relationships r
    JOIN organizations f ON f.id = r.from_organization_id JOIN organizations t ON t.id = r.to_organization_id
    WHERE CAST(:slug AS text) IS NULL OR :slug IN (f.slug, t.slug) ORDER BY f.slug, r.kind, t.slug
""")
# Without this lock, two transactions could each add half of a circle.
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('relation:' || :kind, 0))")
# Partnership has no direction; a relation with a direction must not lead back to its first organization.
_LEADS_BACK = sa.text("""
    WITH RECURSIVE above (id) AS (
      SELECT CAST(:to AS uuid)
      UNION
      SELECT r.to_organization_id FROM organization_relationships r JOIN above a ON a.id = r.from_organization_id
      WHERE r.kind = :kind AND r.kind <> 'partner')
    SELECT EXISTS (SELECT FROM above WHERE id = :from AND :kind <> 'partner')
""")
