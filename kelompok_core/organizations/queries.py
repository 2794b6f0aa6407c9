"""Reading organizations."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kelompok_core.errors import NotFound
from kelompok_core.organizations.models import Organization


def get_organization(session: Session, slug: str) -> Organization:
    """Return the organization with this slug.

    Raises:
        NotFound: When there is none.
    """
    organization = session.scalar(sa.select(Organization).where(Organization.slug == slug))
    if organization is None:
        raise NotFound("organization", slug)
    return organization


def list_organizations(session: Session, *, search: str | None = None, limit: int = 50) -> Sequence[Organization]:
    """Return organizations by name; ``search`` keeps those whose name or slug contains it."""
    query = sa.select(Organization).order_by(Organization.name, Organization.slug).limit(limit)
    if search:
        pattern = f"%{search.replace('%', '').strip()}%"
        query = query.where(Organization.name.ilike(pattern) | Organization.slug.ilike(pattern))
    return session.scalars(query).all()


def count_organizations(session: Session) -> int:
    """Return how many there are."""
    return session.scalar(sa.select(sa.func.count()).select_from(Organization)) or 0
