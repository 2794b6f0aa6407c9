"""Reads the goals that plugins and people assigned to records, and writes the goals that people assign."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, authorize
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.errors import NotFound, UsageError
from kelompok_core.organizations.queries import get_organization

GOALS = 17
PERSON = "person"
"""The origin of signals from people, which override those of plugins."""

TITLES = (
    "No poverty", "Zero hunger", "Good health and well-being", "Quality education", "Gender equality",
    "Clean water and sanitation", "Affordable and clean energy", "Decent work and economic growth",
    "Industry, innovation and infrastructure", "Reduced inequalities", "Sustainable cities and communities",
    "Responsible consumption and production", "Climate action", "Life below water", "Life on land",
    "Peace, justice and strong institutions", "Partnerships for the goals",
)  # fmt: skip
"""Short titles of goals 1 to 17, as the United Nations write them."""


@dataclass(frozen=True, kw_only=True)
class GoalSignal:
    """One goal of one record, from one origin.

    Attributes:
        label: The record's name or title.
        evidence: The evidence spans: field, start, end, quote.
        origin: The plugin, or «person».
        status: «present» or «removed».
    """

    goal: int
    entity: str
    record_id: UUID
    label: str
    confidence: float
    field: str
    evidence: Sequence[dict[str, object]]
    origin: str
    origin_version: str | None
    status: str

    def to_json(self) -> dict[str, object]:
        return {
            "goal": self.goal,
            "title": TITLES[self.goal - 1],
            "entity": self.entity,
            "record": str(self.record_id),
            "label": self.label,
            "confidence": round(self.confidence, 3),
            "field": self.field,
            "evidence": list(self.evidence),
            "origin": self.origin,
            "origin_version": self.origin_version,
            "status": self.status,
        }


def list_goals(session: Session, slug: str, *, limit: int = 1_000) -> list[GoalSignal]:
    """Return the goals of an organization, its posts and events, ordered by goal, the organization's own first.

    Raises:
        NotFound: When there is no such organization.
    """
    organization = get_organization(session, slug)
    rows = session.execute(_LIST, {"organization": organization.id, "limit": limit})
    return [GoalSignal(**row._asdict()) for row in rows]


class GoalService:
    """Adds and removes goals of organizations as a person, which overrides plugins."""

    def __init__(self, session: Session, actor: Actor, *, origin: str = "cli") -> None:
        self._session = session
        self._actor = actor
        self._audit = AuditContext(actor=str(actor.id), origin=origin)

    def add(self, slug: str, goal: int) -> None:
        """Add a goal to the organization. It stays, whatever plugins find.

        Raises:
            NotFound: When there is no such organization.
            NotPermitted: When the actor may not change it.
            UsageError: When there is no such goal.
        """
        organization_id = self._organization(slug, goal)
        params = {"organization": organization_id, "goal": goal, "status": "present", "good": False}
        self._session.execute(_DELETE_REMOVALS, params)
        self._session.execute(_ASSIGN, params)
        self._session.execute(_SET_STATUS, params)

    def remove(self, slug: str, goal: int, *, for_good: bool = False) -> None:
        """Remove a goal from the organization. Plugins cannot add it again for the same text, or ``for_good`` for any.

        Raises:
            NotFound: When there is no such organization, or it has no such goal to remove.
            NotPermitted: When the actor may not change it.
            UsageError: When there is no such goal.
        """
        organization_id = self._organization(slug, goal)
        params = {"organization": organization_id, "goal": goal, "status": "removed", "good": for_good}
        if not for_good and not self._session.scalar(_HAS, params):
            raise NotFound(f"goal of {slug} called", goal)
        self._session.execute(_ASSIGN, params)
        self._session.execute(_SET_STATUS, params)

    def _organization(self, slug: str, goal: int) -> UUID:
        if not 1 <= goal <= GOALS:
            raise UsageError(f"there is no goal {goal}", hint=f"Goals are 1 to {GOALS}.")
        organization_id = get_organization(self._session, slug).id
        authorize(self._session, self._actor, Action.RECORD_UPDATE, organization_id)
        announce(self._session, self._audit)
        return organization_id


_LIST = sa.text("""
    SELECT s.goal, s.entity, s.record_id, coalesce(o.name, p.title, e.title, '') AS label, s.confidence, s.field,
           s.evidence, s.origin, s.origin_version, s.status
    FROM sdgs_signals s
    LEFT JOIN organizations o ON s.entity = 'organizations' AND o.id = s.record_id
    LEFT JOIN posts p ON s.entity = 'posts' AND p.id = s.record_id
    LEFT JOIN events e ON s.entity = 'events' AND e.id = s.record_id
    WHERE s.organization_id = :organization
    ORDER BY s.goal, s.entity <> 'organizations', s.origin <> 'person', s.confidence DESC, s.record_id LIMIT :limit
""")
_HAS = sa.text("""
    SELECT EXISTS (SELECT FROM sdgs_signals WHERE organization_id = :organization AND goal = :goal
                                              AND status = 'present')
""")
# A removal is valid for the text in which the goal was found; without a digest, for any text.
_ASSIGN = sa.text(f"""
    INSERT INTO sdgs_signals (entity, record_id, organization_id, goal, confidence, field, origin, text_sha256, status)
    SELECT r.entity, r.record_id, :organization, :goal, 1, '{PERSON}', '{PERSON}', r.text_sha256, :status
    FROM (SELECT 'organizations' AS entity, CAST(:organization AS uuid) AS record_id,
                 (SELECT CASE WHEN :status = 'removed' AND NOT :good THEN max(text_sha256) END FROM sdgs_signals
                  WHERE entity = 'organizations' AND record_id = :organization AND goal = :goal
                    AND origin <> '{PERSON}') AS text_sha256
          UNION ALL
          SELECT entity, record_id, CASE WHEN NOT :good THEN max(text_sha256) END FROM sdgs_signals
          WHERE organization_id = :organization AND goal = :goal AND entity <> 'organizations'
            AND origin <> '{PERSON}' AND :status = 'removed' GROUP BY entity, record_id) r
    ON CONFLICT (entity, record_id, goal, origin) DO UPDATE
      SET status = excluded.status, text_sha256 = excluded.text_sha256, field = excluded.field
      WHERE (sdgs_signals.status, sdgs_signals.text_sha256) IS DISTINCT FROM (excluded.status, excluded.text_sha256)
""")  # noqa: S608 -- a constant of this module
# For posts and events, people can only remove goals.
_DELETE_REMOVALS = sa.text(f"""
    DELETE FROM sdgs_signals
    WHERE organization_id = :organization AND goal = :goal AND entity <> 'organizations' AND origin = '{PERSON}'
""")  # noqa: S608
_SET_STATUS = sa.text(f"""
    UPDATE sdgs_signals SET status = :status
    WHERE organization_id = :organization AND goal = :goal AND origin <> '{PERSON}' AND status <> :status
""")  # noqa: S608
