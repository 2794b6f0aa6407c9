"""Actors: the users, API keys and system accounts that act."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

OPERATOR_EMAIL = "operator@localhost"
"""The local user of an installation on one machine, created on first use."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A user, or a program that acts with a user's API key.

    Attributes:
        key_id: The key, or None for a user.
        scopes: The key's scopes: actions (``import.submit``), or actions on one entity (``import.submit:members``).
            None for a user, who has the rights of their roles.
        confined_to: The only organization that the key is for, or None.
    """

    id: UUID
    email: str
    name: str
    key_id: UUID | None = None
    scopes: frozenset[str] | None = None
    confined_to: UUID | None = None

    def acting_on(self, entity: str) -> Self:
        """Return the actor with those of its scopes that apply to the entity, as actions."""
        if self.scopes is None:
            return self
        return replace(self, scopes=frozenset(scope.removesuffix(f":{entity}") for scope in self.scopes))


def get_actor(session: "Session | sa.Connection", *, email: str | None) -> Actor:
    """Return the user with this e-mail address, or for None the local operator, who is created if missing.

    Raises:
        NotFound: When no user has that e-mail address.
    """
    wanted = (email or OPERATOR_EMAIL).strip().lower()
    row = session.execute(_BY_EMAIL, {"email": wanted}).one_or_none()
    if row is None and wanted == OPERATOR_EMAIL:
        announce(session, AuditContext(actor="system:setup", origin="setup"))
        session.execute(_ADD_OPERATOR, {"email": OPERATOR_EMAIL})
        row = session.execute(_BY_EMAIL, {"email": wanted}).one()
    if row is None:
        raise NotFound("user", wanted)
    return Actor(id=row.id, email=row.email, name=row.name)


def get_actor_by_id(session: "Session | sa.Connection", user_id: UUID, *, key_id: UUID | None = None) -> Actor:
    """Return the user with this id, or with ``key_id`` the program that acts with this key of the user.

    Raises:
        NotFound: When there is no such user.
    """
    row = session.execute(_BY_ID, {"id": user_id, "key": key_id}).one_or_none()
    if row is None:
        raise NotFound("user", user_id)
    scopes = None if key_id is None else frozenset(row.scopes)
    return Actor(id=row.id, email=row.email, name=row.name, key_id=key_id, scopes=scopes, confined_to=row.confined_to)


_BY_EMAIL = sa.text("SELECT id, email, name FROM users WHERE email = :email")
_BY_ID = sa.text("""
    SELECT u.id, u.email, u.name, coalesce(k.scopes, '{}') AS scopes, k.organization_id AS confined_to
    FROM users u LEFT JOIN api_keys k ON k.id = CAST(:key AS uuid) AND k.user_id = u.id WHERE u.id = :id
""")
_ADD_OPERATOR = sa.text("""
    INSERT INTO users (email, name, platform_role) VALUES (:email, 'Local operator', 'admin')
    ON CONFLICT (email) DO NOTHING
""")
