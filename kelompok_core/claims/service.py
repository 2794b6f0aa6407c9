"""Claims: a person asks to manage an organization, and somebody with the right decides."""

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kelompok_core.access.actors import Actor, get_actor_by_id
from kelompok_core.access.rules import Action, authorize, require_active
from kelompok_core.access.service import AccessService
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.claims.models import ClaimRequest
from kelompok_core.errors import NotFound, NotPermitted, UsageError
from kelompok_core.organizations.service import OrganizationService


class ClaimService:
    """Opens and decides claims as one actor."""

    def __init__(self, session: Session, actor: Actor, *, origin: str = "cli") -> None:
        self._session = session
        self._actor = actor
        self._origin = origin

    def request(
        self, organization_id: UUID, *, message: str | None = None, evidence_url: str | None = None
    ) -> ClaimRequest:
        """Claim an organization; any active user may.

        Raises:
            NotPermitted: When the account is not active, or the actor uses a key.
            NotFound: When there is no such organization.
            UsageError: When it is already claimed, or a claim of this person is waiting.
        """
        require_active(self._session, self._actor)
        if self._actor.key_id is not None:
            raise NotPermitted(self._actor.email, "claim.request", "a person asks, not a key")
        organization = self._organizations().get_locked(organization_id)
        if organization.claim_status == "claimed":
            raise UsageError(f"{organization.slug} is claimed already", hint="Ask its owners for a role there.")
        claim = ClaimRequest(
            organization_id=organization_id, user_id=self._actor.id, message=message, evidence_url=evidence_url
        )
        self._announce()
        try:
            with self._session.begin_nested():
                self._session.add(claim)
        except IntegrityError as error:
            raise UsageError(f"your claim of {organization.slug} waits already") from error
        self._organizations().set_claim(organization_id, status="pending", user_id=None)
        return claim

    def approve(self, claim_id: UUID, *, note: str | None = None) -> ClaimRequest:
        """Make the claimant the organization's owner, and reject other waiting claims of it.

        Raises:
            NotPermitted: When the actor may not decide claims.
            NotFound: When no claim with this id is waiting.
            UsageError: When the organization is already claimed.
        """
        claim = self._waiting(claim_id)
        organization = self._organizations().get_locked(claim.organization_id)
        if organization.claim_status == "claimed":
            raise UsageError(f"{organization.slug} is claimed already")
        claimant = get_actor_by_id(self._session, claim.user_id)
        self._decide(claim, "approved", note)
        self._organizations().set_claim(organization.id, status="claimed", user_id=claimant.id)
        AccessService(self._session, self._actor, origin=self._origin).make_owner(claimant.id, organization.id)
        for other in self._others(claim):
            self._decide(other, "rejected", "another claim was approved")
        return claim

    def reject(self, claim_id: UUID, *, note: str | None = None) -> ClaimRequest:
        """Reject a claim.

        Raises:
            NotPermitted: When the actor may not decide claims.
            NotFound: When no claim with this id is waiting.
        """
        claim = self._waiting(claim_id)
        self._decide(claim, "rejected", note)
        self._forget_if_last(claim)
        return claim

    def withdraw(self, claim_id: UUID) -> ClaimRequest:
        """Withdraw the actor's own claim.

        Raises:
            NotFound: When no claim with this id is waiting.
            NotPermitted: When it is another user's claim.
        """
        claim = self._get(claim_id)
        if claim.user_id != self._actor.id:
            raise NotPermitted(self._actor.email, "claim.withdraw", "it is somebody else's claim")
        self._announce()
        claim.status = "withdrawn"
        self._session.flush()
        self._forget_if_last(claim)
        return claim

    def _waiting(self, claim_id: UUID) -> ClaimRequest:
        claim = self._get(claim_id)
        authorize(self._session, self._actor, Action.CLAIM_DECIDE, None)
        return claim

    def _get(self, claim_id: UUID) -> ClaimRequest:
        query = sa.select(ClaimRequest).where(ClaimRequest.id == claim_id, ClaimRequest.status == "pending")
        claim = self._session.scalar(query.with_for_update())
        if claim is None:
            raise NotFound("claim that waits", claim_id)
        return claim

    def _others(self, claim: ClaimRequest) -> list[ClaimRequest]:
        query = sa.select(ClaimRequest).where(
            ClaimRequest.organization_id == claim.organization_id,
            ClaimRequest.status == "pending",
            ClaimRequest.id != claim.id,
        )
        return list(self._session.scalars(query.order_by(ClaimRequest.id).with_for_update()))

    def _decide(self, claim: ClaimRequest, status: str, note: str | None) -> None:
        self._announce()
        claim.status = status
        claim.decided_by_user_id = self._actor.id
        claim.decided_at = datetime.now(UTC)
        claim.decision_note = note
        self._session.flush()

    def _forget_if_last(self, claim: ClaimRequest) -> None:
        organization = self._organizations().get_locked(claim.organization_id)
        if organization.claim_status == "pending" and not self._others(claim):
            self._organizations().set_claim(organization.id, status="unclaimed", user_id=None)

    def _organizations(self) -> OrganizationService:
        return OrganizationService(self._session, self._actor, origin=self._origin)

    def _announce(self) -> None:
        announce(self._session, AuditContext(actor=str(self._actor.id), origin=self._origin))
