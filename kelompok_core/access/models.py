"""Tables of users, their roles in organizations, and their API keys."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kelompok_core.database.orm import Base, CoreRecord


class User(CoreRecord, Base):
    """A user; ``platform_role`` is admin, steward or None."""

    __tablename__ = "users"

    email: Mapped[str]
    name: Mapped[str]
    platform_role: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default="active")
    password_hash: Mapped[str | None]


class OrganizationUserRole(CoreRecord, Base):
    """A user's role in an organization: owner, editor or viewer."""

    __tablename__ = "organization_user_roles"

    organization_id: Mapped[UUID]
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id"))
    role: Mapped[str]


class ApiKey(CoreRecord, Base):
    """An API key with which a program acts as a user; only its hash is stored."""

    __tablename__ = "api_keys"

    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("users.id"))
    organization_id: Mapped[UUID | None]
    name: Mapped[str]
    prefix: Mapped[str]
    key_sha256: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(sa.Text), server_default="{}")
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
