"""Evidence: source records with their raw rows, and when their source last had them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kelompok_core.database.orm import Base


class SourceRecord(Base):
    """A raw row of a source, and the record that it is evidence for; from the view ``evidence``."""

    __tablename__ = "evidence"

    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    entity: Mapped[str]
    record_id: Mapped[UUID]
    source_name: Mapped[str]
    identity: Mapped[str]
    external_id: Mapped[str | None]
    raw: Mapped[dict[str, Any]]
    raw_sha256: Mapped[bytes]
    file_name: Mapped[str]
    file_sha256: Mapped[bytes]
    row_number: Mapped[int]
    line: Mapped[int | None]
    selector: Mapped[str | None]
    plugin: Mapped[str]
    plugin_version: Mapped[str]
    import_id: Mapped[UUID]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    last_import_id: Mapped[UUID]
    last_row_number: Mapped[int]
    reading_sha256: Mapped[bytes]
