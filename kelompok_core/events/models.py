"""Table of events."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kelompok_core.database.orm import Base, CoreRecord


class Event(CoreRecord, Base):
    """An event of an organization. Dates and times are UTC; ``timezone`` is the zone of the place."""

    __tablename__ = "events"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    title: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    timezone: Mapped[str] = mapped_column(server_default="Asia/Jakarta")
    all_day: Mapped[bool] = mapped_column(server_default="false")
    location_name: Mapped[str | None]
    address: Mapped[str | None]
    city: Mapped[str | None]
    region: Mapped[str | None]
    country: Mapped[str | None]
    url: Mapped[str | None]
    external_uid: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default="planned")
    tags: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    event_data: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    title_key: Mapped[str]
    url_key: Mapped[str | None]
    field_origins: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
