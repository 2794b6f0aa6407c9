"""Tables of organizations and their relations."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kelompok_core.database.orm import Base, CoreRecord


class Organization(CoreRecord, Base):
    """An organization. ``field_origins`` has the source or person that set each value last."""

    __tablename__ = "organizations"

    name: Mapped[str]
    slug: Mapped[str]
    legal_name: Mapped[str | None]
    description: Mapped[str | None]
    history: Mapped[str | None]
    category: Mapped[str | None]
    country: Mapped[str | None]
    region: Mapped[str | None]
    city: Mapped[str | None]
    address: Mapped[str | None]
    website_url: Mapped[str | None]
    official_email: Mapped[str | None]
    phone: Mapped[str | None]
    founded_on: Mapped[str | None]
    dissolved_on: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(sa.Computed("dissolved_on IS NULL"))
    social_links: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    profile_data: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    sdgs_data: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    claim_status: Mapped[str] = mapped_column(server_default="unclaimed")
    claimed_by_user_id: Mapped[UUID | None]
    claimed_at: Mapped[datetime | None]
    name_key: Mapped[str]
    website_key: Mapped[str | None]
    email_key: Mapped[str | None]
    field_origins: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class OrganizationRelationship(CoreRecord, Base):
    """A relation between two organizations: «FROM is KIND of TO»."""

    __tablename__ = "organization_relationships"

    from_organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    to_organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    kind: Mapped[str]
