"""The table of claims: who asks to manage an organization, and the decision."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kelompok_core.database.orm import Base, CoreRecord


class ClaimRequest(CoreRecord, Base):
    """A person's request to manage an organization."""

    __tablename__ = "claim_requests"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id"))
    message: Mapped[str | None]
    evidence_url: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default="pending")
    decided_by_user_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None]
