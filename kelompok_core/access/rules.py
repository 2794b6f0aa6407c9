"""Authorization: the rights of each role, and the function that checks them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor
from kelompok_core.errors import NotPermitted

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class Action(StrEnum):
    """An action that needs a right; the part before the dot is its object."""

    RECORD_READ = "record.read"
    RECORD_CREATE = "record.create"
    RECORD_UPDATE = "record.update"
    RECORD_DELETE = "record.delete"
    RECORD_PUBLISH = "record.publish"
    IMPORT_READ = "import.read"
    IMPORT_SUBMIT = "import.submit"
    IMPORT_APPLY = "import.apply"
    IMPORT_UNDO = "import.undo"
    REVIEW_DECIDE = "review.decide"
    ENRICHMENT_RUN = "enrichment.run"
    CLAIM_DECIDE = "claim.decide"
    AUDIT_READ = "audit.read"
    ROLE_MANAGE = "role.manage"
    USER_MANAGE = "user.manage"


_READING = frozenset({Action.RECORD_READ, Action.IMPORT_READ, Action.AUDIT_READ})
_WRITING = frozenset(
    {
        Action.RECORD_UPDATE,
        Action.IMPORT_SUBMIT,
        Action.IMPORT_APPLY,
        Action.IMPORT_UNDO,
        Action.REVIEW_DECIDE,
        Action.ENRICHMENT_RUN,
    }
)

PLATFORM_RIGHTS: Mapping[str, frozenset[Action]] = {
    "admin": frozenset(Action),
    "steward": _READING | _WRITING | {Action.RECORD_CREATE, Action.RECORD_PUBLISH, Action.CLAIM_DECIDE},
}
"""Rights of platform roles, in all organizations and outside of any."""

ORGANIZATION_RIGHTS: Mapping[str, frozenset[Action]] = {
    "owner": _READING
    | _WRITING
    | {Action.RECORD_CREATE, Action.RECORD_DELETE, Action.RECORD_PUBLISH, Action.ROLE_MANAGE},
    "editor": _READING | _WRITING | {Action.RECORD_CREATE},
    "viewer": frozenset({Action.RECORD_READ, Action.IMPORT_READ}),
}
"""Rights of roles in an organization, only in that organization."""

MANAGING_ROLES = ("owner", "editor")
"""Roles whose holders decide for a claimed organization."""


def authorize(
    connection: "sa.Connection | Session", actor: Actor, action: Action, organization_id: UUID | None
) -> None:
    """Require that the actor may do this in the organization, or for None outside of any organization.

    Reads user and key again, because only the current rights count. A key can only limit the rights of its user.

    Raises:
        NotPermitted: With the reason.
    """
    platform_role = require_active(connection, actor, action)
    if actor.key_id is not None:
        _authorize_key(connection, actor, action, organization_id)
    if action in PLATFORM_RIGHTS.get(platform_role or "", frozenset()):
        return
    if organization_id is None:
        raise NotPermitted(actor.email, action, "this needs the platform role admin or steward")
    role = connection.scalar(_ROLE, {"user": actor.id, "organization": organization_id})
    if action not in ORGANIZATION_RIGHTS.get(role or "", frozenset()):
        raise NotPermitted(actor.email, action, f"the role in this organization is {role or 'none'}")


def list_organizations_where(connection: "sa.Connection | Session", actor: Actor, action: Action) -> list[UUID] | None:
    """Return the organizations in which the actor may do this; None is all.

    Raises:
        NotPermitted: When the account is not active.
    """
    platform_role = require_active(connection, actor, action)
    if actor.key_id is not None and actor.confined_to is not None:
        return [actor.confined_to] if may(connection, actor, action, actor.confined_to) else []
    if actor.key_id is not None:
        _authorize_key(connection, actor, action, None)
    if action in PLATFORM_RIGHTS.get(platform_role or "", frozenset()):
        return None
    roles = [role for role, rights in ORGANIZATION_RIGHTS.items() if action in rights]
    return list_organizations_held(connection, actor, roles)


def list_visible_organizations(connection: "sa.Connection | Session", actor: Actor) -> list[UUID] | None:
    """Return the organizations whose records the actor may read by its roles, whatever its scopes are; None is all.

    Raises:
        NotPermitted: When the account is not active.
    """
    return list_organizations_where(connection, with_all_scopes(actor), Action.RECORD_READ)


def with_all_scopes(actor: Actor) -> Actor:
    """Return the actor with all rights of its roles, still limited to its key's organization."""
    return actor if actor.scopes is None else replace(actor, scopes=frozenset(Action))


def list_organizations_held(connection: "sa.Connection | Session", actor: Actor, roles: Sequence[str]) -> list[UUID]:
    """Return the organizations where the actor holds one of these roles."""
    return list(connection.scalars(_HELD, {"user": actor.id, "roles": list(roles)}))


def may(connection: "sa.Connection | Session", actor: Actor, action: Action, organization_id: UUID | None) -> bool:
    """Return whether :func:`authorize` would permit this."""
    try:
        authorize(connection, actor, action, organization_id)
    except NotPermitted:
        return False
    return True


def require_active(connection: "sa.Connection | Session", actor: Actor, action: str = "act") -> str | None:
    """Require that the account is active; return its platform role.

    Raises:
        NotPermitted: When it is suspended or does not exist.
    """
    user = connection.execute(_USER, {"user": actor.id}).one_or_none()
    if user is None or user.status != "active":
        raise NotPermitted(actor.email, action, "the account is not active")
    role: str | None = user.platform_role
    return role


def _authorize_key(
    connection: "sa.Connection | Session", actor: Actor, action: Action, organization_id: UUID | None
) -> None:
    if not connection.scalar(_KEY_LIVES, {"key": actor.key_id}):
        raise NotPermitted(actor.email, action, "the key is revoked or expired")
    if action not in (actor.scopes or frozenset()):
        raise NotPermitted(actor.email, action, "the key has no such scope")
    if actor.confined_to is not None and actor.confined_to != organization_id:
        raise NotPermitted(actor.email, action, "the key is for another organization")


_KEY_LIVES = sa.text(
    "SELECT revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) FROM api_keys WHERE id = :key"
)
_USER = sa.text("SELECT status, platform_role FROM users WHERE id = :user")
_HELD = sa.text("SELECT organization_id FROM organization_user_roles WHERE user_id = :user AND role = ANY (:roles)")
_ROLE = sa.text("SELECT role FROM organization_user_roles WHERE user_id = :user AND organization_id = :organization")
