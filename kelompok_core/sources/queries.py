"""Queries of evidence."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kelompok_core.sources.models import SourceRecord


def list_source_records(session: Session, record_id: UUID) -> Sequence[SourceRecord]:
    """Return the source records about a record, the most recently found first."""
    query = sa.select(SourceRecord).where(SourceRecord.record_id == record_id)
    return session.scalars(query.order_by(SourceRecord.last_seen_at.desc(), SourceRecord.id.desc())).all()
