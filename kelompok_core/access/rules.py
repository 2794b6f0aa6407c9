"""Who may do what: one table of roles and actions, and the one function that asks it."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kelompok_core.access.actors import Actor
from kelompok_core.errors import NotPermitted


class Action(StrEnum):
    """What can be asked for; the word before the dot is what it is done to."""

    RECORD_READ = "record.read"
    RECORD_CREATE = "record.create"
    RECORD_UPDATE = "record.update"
    RECORD_DELETE = "record.delete"
    IMPORT_READ = "import.read"
    IMPORT_SUBMIT = "import.submit"
    IMPORT_APPLY = "import.apply"
    IMPORT_UNDO = "import.undo"
    AUDIT_READ = "audit.read"
    USER_MANAGE = "user.manage"


_READING = frozenset({Action.RECORD_READ, Action.IMPORT_READ, Action.AUDIT_READ})
_WRITING = frozenset({Action.RECORD_UPDATE, Action.IMPORT_SUBMIT, Action.IMPORT_APPLY, Action.IMPORT_UNDO})

PLATFORM_RIGHTS: Mapping[str, frozenset[Action]] = {
    "admin": frozenset(Action),
    "steward": _READING | _WRITING | {Action.RECORD_CREATE},
}
"""Rights everywhere, in any organization and outside of one."""

ORGANIZATION_RIGHTS: Mapping[str, frozenset[Action]] = {
    "owner": _READING | _WRITING | {Action.RECORD_CREATE, Action.RECORD_DELETE},
    "editor": _READING | _WRITING | {Action.RECORD_CREATE},
    "viewer": frozenset({Action.RECORD_READ, Action.IMPORT_READ}),
}
"""Rights inside the one organization the role is held in."""

MANAGING_ROLES = ("owner", "editor")
"""Roles whose holder decides for a claimed organization."""


def authorize(connection: sa.Connection | Session, actor: Actor, action: Action, organization_id: UUID | None) -> None:
    """Let the actor do this, in that organization or (None) outside of any.

    The user is read again: what counts is the right at this moment, not when the actor was loaded.

    Raises:
        NotPermitted: With the rule that refused.
    """
    user = connection.execute(_USER, {"user": actor.id}).one_or_none()
    if user is None or user.status != "active":
        raise NotPermitted(actor.email, action, "the account is not active")
    if action in PLATFORM_RIGHTS.get(user.platform_role or "", frozenset()):
        return
    if organization_id is None:
        raise NotPermitted(actor.email, action, "this needs the platform role admin or steward")
    role = connection.scalar(_ROLE, {"user": actor.id, "organization": organization_id})
    if action not in ORGANIZATION_RIGHTS.get(role or "", frozenset()):
        raise NotPermitted(actor.email, action, f"the role there is {role or 'none'}")


_USER = sa.text("SELECT status, platform_role FROM users WHERE id = :user")
_ROLE = sa.text("SELECT role FROM organization_user_roles WHERE user_id = :user AND organization_id = :organization")
