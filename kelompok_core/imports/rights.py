"""Who may import where: into one organization, or, row by row, into those a list names."""

from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor, get_actor_by_id
from kelompok_core.access.rules import Action, authorize, list_organizations_where, may
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.errors import NotPermitted
from kelompok_core.imports.homes_sql import HOME
from kelompok_core.imports.records import ImportRecord


def actor_of(connection: sa.Connection, record: ImportRecord) -> Actor:
    """Return whose rights the import has: of who released its plan, else of who asked for it.

    Raises:
        NotFound: When the user, or the key, is gone.
    """
    user_id, key_id = record.released_by
    return get_actor_by_id(connection, user_id, key_id=key_id).acting_on(record.entity)


def authorize_import(
    connection: sa.Connection, actor: Actor, action: Action, entity: str, organization_id: UUID | None
) -> None:
    """Let the actor do this with an import.

    An import whose rows name their organizations needs the right in some of them; each row is asked for itself.

    Raises:
        NotPermitted: With the rule that refused.
    """
    actor = actor.acting_on(entity)
    if organization_id is not None or entity == HOME:
        authorize(connection, actor, action, organization_id)
    elif list_organizations_where(connection, actor, action) == []:
        raise NotPermitted(actor.email, action, "this needs a role in some organization, or a platform role")


def list_granted(
    connection: sa.Connection, actor: Actor, descriptor: EntityDescriptor, organization_id: UUID | None
) -> frozenset[Action]:
    """Return which of the rights that guard values of the entity the actor has there."""
    actions = {guard.action for guard in descriptor.guards}
    return frozenset(action for action in actions if may(connection, actor, action, organization_id))


def authorize_undo(connection: sa.Connection, actor: Actor, record: ImportRecord) -> None:
    """Let the actor take an import back: everywhere it wrote.

    Raises:
        NotPermitted: With the rule that refused.
    """
    actor = actor.acting_on(record.entity)
    homes = [record.organization_id]
    if record.organization_id is None and record.entity != HOME:
        homes = list(connection.scalars(_HOMES_WRITTEN, {"import": record.id})) or homes
    for home in homes:
        authorize(connection, actor, Action.IMPORT_UNDO, home)


_HOMES_WRITTEN = sa.text("""
    SELECT DISTINCT organization_id FROM import_decisions
    WHERE import_id = :import AND decision IN ('accepted', 'merged') AND organization_id IS NOT NULL""")
