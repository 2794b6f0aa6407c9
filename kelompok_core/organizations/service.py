"""Writing organizations, one at a time and as a person: the only writer but for the import engine."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, authorize
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.contracts import Severity
from kelompok_core.errors import NotFound, UsageError
from kelompok_core.issues.sentences import describe
from kelompok_core.organizations.entity import DESCRIPTOR
from kelompok_core.organizations.models import Organization
from kelompok_core.values.slug import first_free, slug_of

_BAD = (Severity.ERROR.value, Severity.FATAL.value)


class OrganizationService:
    """Writes as one actor, over one session; each value is marked as set by this person."""

    def __init__(self, session: Session, actor: Actor, *, origin: str = "cli") -> None:
        self._session = session
        self._actor = actor
        self._audit = AuditContext(actor=str(actor.id), origin=origin)

    def create(self, values: Mapping[str, str]) -> Organization:
        """Create an organization from field values.

        Raises:
            NotPermitted: When the actor may not create one.
            UsageError: When a value is not valid, or the name is missing.
        """
        authorize(self._session, self._actor, Action.RECORD_CREATE, None)
        if not values.get("name"):
            raise UsageError("an organization needs a name")
        organization = Organization(social_links={}, profile_data={}, sdgs_data={}, field_origins={})
        self._set(organization, values)
        organization.slug = organization.slug or self._free_slug(organization.name)
        announce(self._session, self._audit)
        self._session.add(organization)
        self._session.flush()
        self._session.refresh(organization)
        return organization

    def update(self, organization_id: UUID, values: Mapping[str, str]) -> Organization:
        """Change fields of an organization; an empty value clears one that is optional.

        Raises:
            NotFound: When there is no such organization.
            NotPermitted: When the actor may not change it.
            UsageError: When a value is not valid.
        """
        organization = self.get_locked(organization_id)
        authorize(self._session, self._actor, Action.RECORD_UPDATE, organization_id)
        announce(self._session, self._audit)
        self._set(organization, values)
        self._session.flush()
        self._session.refresh(organization)
        return organization

    def delete(self, organization_id: UUID) -> None:
        """Delete an organization; its evidence and its audit stay.

        Raises:
            NotFound: When there is no such organization.
            NotPermitted: When the actor may not delete it.
            UsageError: When members, roles or other records still belong to it.
        """
        organization = self.get_locked(organization_id)
        authorize(self._session, self._actor, Action.RECORD_DELETE, organization_id)
        announce(self._session, self._audit)
        slug = organization.slug
        self._session.delete(organization)
        try:
            self._session.flush()
        except IntegrityError as error:
            holding = getattr(getattr(error.orig, "diag", None), "table_name", None) or "other records"
            raise UsageError(
                f"{slug} cannot be deleted: {holding} still belong to it",
                hint="Remove those first.",
            ) from error

    def get_locked(self, organization_id: UUID) -> Organization:
        """Return the organization, held until the transaction ends.

        Raises:
            NotFound: When there is no such organization.
        """
        query = sa.select(Organization).where(Organization.id == organization_id).with_for_update()
        organization = self._session.scalar(query)
        if organization is None:
            raise NotFound("organization", organization_id)
        return organization

    def set_claim(self, organization_id: UUID, *, status: str, user_id: UUID | None) -> None:
        """Write how far an organization is claimed, and by whom; the claims' service has authorized that."""
        organization = self.get_locked(organization_id)
        announce(self._session, self._audit)
        organization.claim_status = status
        organization.claimed_by_user_id = user_id
        organization.claimed_at = datetime.now(UTC) if user_id else None
        self._session.flush()

    def _set(self, organization: Organization, values: Mapping[str, str]) -> None:
        origins = dict(organization.field_origins)
        for name, written in values.items():
            value = _normalize(name, written)
            field = DESCRIPTOR.field(name)
            if field.key is not None:
                links = {**getattr(organization, field.stored_in), field.key: value}
                kept = {key: link for key, link in links.items() if link is not None}
                setattr(organization, field.stored_in, kept)
            else:
                setattr(organization, field.stored_in, value)
            for derived in DESCRIPTOR.derived:
                if derived.field == name:
                    setattr(organization, derived.name, _only(derived.derive(pd.Series([value], dtype="str"))))
            origins[name] = f"person:{self._actor.id}"
        organization.field_origins = origins

    def _free_slug(self, name: str) -> str:
        base = str(slug_of(pd.Series([name], dtype="str")).iloc[0])
        taken = set(
            self._session.scalars(
                sa.select(Organization.slug).where(
                    sa.or_(Organization.slug == base, Organization.slug.startswith(base + "-", autoescape=True))
                )
            )
        )
        return first_free(base, taken)


def _normalize(name: str, written: str) -> str | None:
    if name not in {field.name for field in DESCRIPTOR.fields}:
        raise UsageError(f"organizations have no field {name!r}")
    field = DESCRIPTOR.field(name)
    normalized = field.normalize(pd.Series([written], dtype="str"))
    for finding in normalized.findings.itertuples():
        if finding.severity in _BAD:
            raise UsageError(describe(str(finding.code), column=name, value=written))
    value = _only(normalized.values)
    if value is None and field.required:
        raise UsageError(describe("value.required", column=name, value=written))
    return value


def _only(values: pd.Series) -> str | None:
    value = values.iloc[0]
    return None if pd.isna(value) else str(value)
