"""Reads organizations."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kelompok_core.errors import NotFound
from kelompok_core.organizations.entity import DESCRIPTOR
from kelompok_core.organizations.models import Organization
from kelompok_core.record_queries import RecordQueries


class OrganizationQueries(RecordQueries[Organization]):
    """Reads organizations."""

    model = Organization
    descriptor = DESCRIPTOR


def get_organization(session: Session, slug: str) -> Organization:
    """Return the organization with this slug.

    Raises:
        NotFound: When there is none.
    """
    organization = session.scalar(sa.select(Organization).where(Organization.slug == slug))
    if organization is None:
        raise NotFound("organization", slug)
    return organization


def get_organization_id(connection: sa.Connection | Session, slug: str) -> UUID:
    """Return the id of the organization with this slug.

    Raises:
        NotFound: When there is none.
    """
    found = connection.scalar(sa.select(Organization.id).where(Organization.slug == slug))
    if found is None:
        raise NotFound("organization", slug)
    return found


def get_slug(connection: sa.Connection | Session, organization_id: UUID) -> str:
    """Return the slug of the organization with this id.

    Raises:
        NotFound: When there is none.
    """
    slug = connection.scalar(sa.select(Organization.slug).where(Organization.id == organization_id))
    if slug is None:
        raise NotFound("organization", organization_id)
    return slug


def get_names(connection: sa.Connection, organization_id: UUID) -> frozenset[str]:
    """Return the slug and the name of an organization; empty if there is none with this id."""
    query = sa.select(Organization.slug, Organization.name).where(Organization.id == organization_id)
    return frozenset(name for row in connection.execute(query) for name in row)


def get_country(connection: sa.Connection, organization_id: UUID) -> str | None:
    """Return the ISO 3166 code of the organization's country, or None if it is not known."""
    country: str | None = connection.scalar(sa.select(Organization.country).where(Organization.id == organization_id))
    return country
