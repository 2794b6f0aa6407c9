"""The audit context: who acts and how. Every transaction that writes must set it first."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True)
class AuditContext:
    """The facts that are stored with each change of a transaction.

    Attributes:
        actor: A user's id, or ``system:<what>`` if no person acts.
        origin: The interface or use case: ``cli``, ``api``, ``import``, ``undo``, ``setup`` and others.
        import_id: The import that writes, or None.
        plugin: ``name@version`` of the plugin from which the change comes, or None.
        request_id: The id of a request or run, to find it in other logs.
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
    """Set the audit context of the current transaction. Without it, the database refuses to write core tables."""
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
