"""Who may import where: into one organization, or, row by row, into those a list names."""

from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, authorize, list_organizations_where
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.errors import NotPermitted
from kelompok_core.imports.registry import get_descriptor


def authorize_import(
    connection: sa.Connection, actor: Actor, action: Action, entity: str, organization_id: UUID | None
) -> None:
    """Let the actor do this with an import.

    An import whose rows name their organizations needs the right in some of them; each row is asked for itself.

    Raises:
        NotPermitted: With the rule that refused.
    """
    if organization_id is not None or not get_descriptor(entity).belongs:
        authorize(connection, actor, action, organization_id)
    elif list_organizations_where(connection, actor, action) == []:
        raise NotPermitted(actor.email, action, "this needs a role in some organization, or a platform role")


def list_granted(
    connection: sa.Connection, actor: Actor, descriptor: EntityDescriptor, organization_id: UUID | None
) -> frozenset[Action]:
    """Return which of the rights that guard values of the entity the actor has there."""
    granted = set()
    for guard in descriptor.guards:
        try:
            authorize(connection, actor, guard.action, organization_id)
        except NotPermitted:
            continue
        granted.add(guard.action)
    return frozenset(granted)
