"""The declarative base, and the columns of all core tables."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of all mapped tables; migrations define the schema."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: sa.DateTime(timezone=True),
        dict[str, Any]: JSONB,
    }


class CoreRecord:
    """Id, version and times of a core table's row. The database sets all of them."""

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.text("new_id()"))
    version: Mapped[int] = mapped_column(server_default="1", server_onupdate=sa.FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), server_onupdate=sa.FetchedValue())
