"""Reads the signals of a record, from plugins and from people."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True)
class StoredSignal:
    """A stored signal. For a goal, the property is «sdg» and the value is the goal's number.

    Attributes:
        evidence: The evidence spans: field, start, end, quote. Empty for signals from people.
        origin: The plugin, or «person».
        status: «present» or «removed».
    """

    property: str
    value: str
    confidence: float
    evidence: Sequence[dict[str, object]]
    origin: str
    origin_version: str | None
    status: str

    def to_json(self) -> dict[str, object]:
        return {
            "property": self.property,
            "value": self.value,
            "confidence": round(self.confidence, 3),
            "evidence": list(self.evidence),
            "origin": self.origin,
            "origin_version": self.origin_version,
            "status": self.status,
        }


def list_signals(session: Session, record_id: UUID) -> list[StoredSignal]:
    """Return a record's signals: goals first, then by property and value."""
    return [StoredSignal(**row._asdict()) for row in session.execute(_LIST, {"record": record_id})]


_LIST = sa.text("""
    SELECT * FROM (
      SELECT 'sdg' AS property, goal::text AS value, confidence, evidence, origin, origin_version, status
      FROM sdgs_signals WHERE record_id = :record
      UNION ALL
      SELECT property, value, confidence, evidence, origin, origin_version, status
      FROM profile_signals WHERE record_id = :record) s
    ORDER BY property <> 'sdg', property, lpad(value, 2), value, origin
""")
