"""Who acts and where from: the words every transaction that writes must say first."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True)
class AuditContext:
    """Recorded with each change of the transaction.

    Attributes:
        actor: A user's id, or ``system:<what>`` where no person acts.
        origin: The doorway or use case: ``cli``, ``api``, ``import``, ``undo``, ``setup``.
        import_id: The import that writes, if one does.
        plugin: ``name@version`` of the plugin that proposed it.
        request_id: Ties the change to a request or a run in another log.
    """

    actor: str
    origin: str
    import_id: UUID | None = None
    plugin: str | None = None
    request_id: str | None = None


_ANNOUNCE = sa.text("""
    SELECT set_config('kelompok.actor', :actor, true), set_config('kelompok.origin', :origin, true),
           set_config('kelompok.import', :import_id, true), set_config('kelompok.plugin', :plugin, true),
           set_config('kelompok.request', :request_id, true)
""")


def announce(connection: "sa.Connection | Session", context: AuditContext) -> None:
    """Tell the database who acts, for this transaction alone; without it every core write is refused."""
    connection.execute(
        _ANNOUNCE,
        {
            "actor": context.actor,
            "origin": context.origin,
            "import_id": str(context.import_id or ""),
            "plugin": context.plugin or "",
            "request_id": context.request_id or "",
        },
    )
