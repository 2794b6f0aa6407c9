"""The rights to import: into one organization, or into the organizations that the rows name."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor, get_actor_by_id
from kelompok_core.access.rules import Action, authorize, list_organizations_where, list_visible_organizations, may
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.errors import NotPermitted
from kelompok_core.imports.shared.imports import Import
from kelompok_core.records.owners_sql import OWNER


def actor_of(connection: sa.Connection, import_: Import) -> Actor:
    """Return the actor whose rights the import has: the approver of its plan, or else the requester.

    Raises:
        NotFound: When the user or the key no longer exists.
    """
    user_id, key_id = import_.released_by
    return get_actor_by_id(connection, user_id, key_id=key_id).acting_on(import_.entity)


def authorize_import(
    connection: sa.Connection, actor: Actor, action: Action, entity: str, organization_id: UUID | None
) -> None:
    """Require that the actor may do this with an import.

    If the rows name their organizations, the actor needs the right in any organization; each row is checked later.

    Raises:
        NotPermitted: With the rule that refused.
    """
    actor = actor.acting_on(entity)
    if organization_id is not None or entity == OWNER:
        authorize(connection, actor, action, organization_id)
    elif list_organizations_where(connection, actor, action) == []:
        raise NotPermitted(actor.email, action, "this needs a role in some organization, or a platform role")


def list_visible_to_import(connection: sa.Connection, actor: Actor, import_: Import) -> list[UUID] | None:
    """Return the organizations whose records the import may see; None is all.

    An import that is limited to an organization sees only its records, so that the result cannot reveal others.

    Raises:
        NotPermitted: When the account is not active.
    """
    if import_.organization_id is not None:
        return [import_.organization_id]
    return list_visible_organizations(connection, actor)


def list_owners(connection: sa.Connection, import_: Import) -> list[UUID | None]:
    """Return the organizations of the import's records; None means that they belong to no organization.

    Empty if the rows name their organizations and are not decided yet.
    """
    if import_.organization_id is not None or import_.entity == OWNER:
        return [import_.organization_id]
    return list(connection.scalars(_OWNERS, {"import": import_.id}))


@dataclass(frozen=True, kw_only=True)
class StagingRights:
    """Rights that determine what may be read from a source.

    Attributes:
        granted: Rights to protected values of the entity that the actor has in the import's organization.
        sees: The visible organizations; None is all.
        actor_id: The actor who has them.
    """

    granted: frozenset[Action]
    sees: Sequence[UUID] | None
    actor_id: UUID


def staging_rights(
    connection: sa.Connection, actor: Actor, import_: Import, descriptor: EntityDescriptor
) -> StagingRights:
    """Return the actor's rights that determine what may be read from the import's source."""
    actions = {guard.action for guard in descriptor.guards}
    granted = frozenset(action for action in actions if may(connection, actor, action, import_.organization_id))
    sees = list_visible_to_import(connection, actor, import_)
    return StagingRights(granted=granted, sees=sees, actor_id=actor.id)


def authorize_undo(connection: sa.Connection, actor: Actor, import_: Import) -> None:
    """Require that the actor may undo the import in every organization in which it wrote.

    Raises:
        NotPermitted: With the rule that refused.
    """
    actor = actor.acting_on(import_.entity)
    owners = [import_.organization_id]
    if import_.organization_id is None and import_.entity != OWNER:
        owners = list(connection.scalars(_WRITTEN_OWNERS, {"import": import_.id})) or owners
    elif import_.entity == OWNER and connection.scalar(_MADE_OWNERS, {"import": import_.id}):
        owners.append(None)  # organizations created in review do not belong to the import's organization
    for owner in owners:
        authorize(connection, actor, Action.IMPORT_UNDO, owner)


_OWNERS = sa.text("""
    SELECT DISTINCT organization_id FROM import_decisions
    WHERE import_id = :import AND organization_id IS NOT NULL""")
_MADE_OWNERS = sa.text("""
    SELECT EXISTS (
      SELECT FROM review_decisions WHERE import_id = :import AND decision = 'accepted')""")
_WRITTEN = "WHERE import_id = :import AND decision IN ('accepted', 'merged') AND organization_id IS NOT NULL"
_WRITTEN_OWNERS = sa.text(f"""
    SELECT organization_id FROM import_decisions {_WRITTEN}
    UNION SELECT organization_id FROM review_decisions {_WRITTEN}""")
