"""Writes single organizations as a person. Only the import engine writes them, too."""

from datetime import UTC, datetime
from uuid import UUID

from kelompok_core.audit.context import announce
from kelompok_core.organizations.entity import DESCRIPTOR
from kelompok_core.organizations.models import Organization
from kelompok_core.record_service import RecordService


class OrganizationService(RecordService[Organization]):
    """Writes organizations and their claim status."""

    model = Organization
    descriptor = DESCRIPTOR

    def set_claim(self, organization_id: UUID, *, status: str, user_id: UUID | None) -> None:
        """Write the claim status and the user who claimed the organization; the service of claims authorizes it."""
        organization = self.get_locked(organization_id)
        announce(self._session, self._audit)
        organization.claim_status = status
        organization.claimed_by_user_id = user_id
        organization.claimed_at = datetime.now(UTC) if user_id else None
        self._session.flush()
