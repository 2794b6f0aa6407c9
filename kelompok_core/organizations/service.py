"""Writing organizations, one at a time and as a person: the only writer but for the import engine."""

from datetime import UTC, datetime
from uuid import UUID

from kelompok_core.audit.context import announce
from kelompok_core.organizations.entity import DESCRIPTOR
from kelompok_core.organizations.models import Organization
from kelompok_core.record_service import RecordService


class OrganizationService(RecordService[Organization]):
    """Writes organizations, and how far they are claimed."""

    model = Organization
    descriptor = DESCRIPTOR

    def set_claim(self, organization_id: UUID, *, status: str, user_id: UUID | None) -> None:
        """Write how far an organization is claimed, and by whom; the claims' service has authorized that."""
        organization = self.get_locked(organization_id)
        announce(self._session, self._audit)
        organization.claim_status = status
        organization.claimed_by_user_id = user_id
        organization.claimed_at = datetime.now(UTC) if user_id else None
        self._session.flush()
