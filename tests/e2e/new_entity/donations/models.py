"""Table of donations."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kelompok_core.database.orm import Base, CoreRecord


class Donation(CoreRecord, Base):
    """What somebody gave to an organization."""

    __tablename__ = "donations"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    receipt: Mapped[str | None]
    donor: Mapped[str]
    amount: Mapped[Decimal | None]
    currency: Mapped[str] = mapped_column(server_default="IDR")
    donated_on: Mapped[date | None]
    donation_data: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    donor_key: Mapped[str]
    receipt_key: Mapped[str | None]
    field_origins: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
