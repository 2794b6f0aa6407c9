"""Table of members: people in an organization, with their position and dates."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kelompok_core.database.orm import Base, CoreRecord


class Member(CoreRecord, Base):
    """A person in an organization; the same person in another organization is another member."""

    __tablename__ = "members"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    user_id: Mapped[UUID | None]
    name: Mapped[str]
    position: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    started_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(server_default="active")
    social_links: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    profile_data: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    name_key: Mapped[str]
    email_key: Mapped[str | None]
    field_origins: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
