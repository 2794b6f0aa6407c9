"""Reads claims."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session


def list_claims(session: Session, *, status: str | None = "pending") -> Sequence[sa.Row[Any]]:
    """Return claims, oldest first: id, organization, email, message, evidence_url, status, note, created_at."""
    return session.execute(_LIST, {"status": status}).all()


_LIST = sa.text("""
    SELECT c.id, o.slug AS organization, u.email, c.message, c.evidence_url, c.status, c.decision_note AS note,
           c.created_at
    FROM claim_requests c JOIN organizations o ON o.id = c.organization_id JOIN users u ON u.id = c.user_id
    WHERE CAST(:status AS text) IS NULL OR c.status = :status ORDER BY c.created_at, c.id
""")
