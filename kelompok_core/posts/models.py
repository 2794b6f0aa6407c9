"""Tables of posts, their categories and their tags."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kelompok_core.database.orm import Base, CoreRecord


class PostCategory(CoreRecord, Base):
    """A category of posts, shared by all organizations."""

    __tablename__ = "post_categories"

    name: Mapped[str]
    slug: Mapped[str]


class Post(CoreRecord, Base):
    """A post of an organization. The database updates ``post_tags`` when its tags change."""

    __tablename__ = "posts"

    organization_id: Mapped[UUID] = mapped_column(sa.ForeignKey("organizations.id"))
    category_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("post_categories.id"))
    title: Mapped[str]
    slug: Mapped[str]
    excerpt: Mapped[str | None]
    content: Mapped[str | None]
    canonical_url: Mapped[str | None]
    language: Mapped[str | None]
    written_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(server_default="draft")
    published_at: Mapped[datetime | None] = mapped_column(server_onupdate=sa.FetchedValue())
    tags: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    post_data: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    title_key: Mapped[str]
    url_key: Mapped[str | None]
    field_origins: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
