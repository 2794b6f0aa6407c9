"""Sets the audit context of an import's transactions, and detects that another worker has taken the import over."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import sqlalchemy as sa

from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.errors import TakenOver

if TYPE_CHECKING:
    from kelompok_core.imports.shared.imports import Import

_NOT_THEIRS = frozenset({"55000", "40001"})
"""The import is in the wrong state for rows or decisions, or its row changed since the transaction's snapshot."""


def act_on(connection: sa.Connection, import_: "Import", actor_id: UUID, *, origin: str = "import") -> None:
    """Set the actor and origin of this transaction for the audit."""
    context = AuditContext(
        actor=str(actor_id), origin=origin, import_id=import_.id, plugin=import_.plugin_label, request_id=import_.run_id
    )
    announce(connection, context)


@contextmanager
def noticing_takeover(import_: "Import") -> Iterator[None]:
    """Raise TakenOver if the database refuses rows or decisions because this process no longer holds the import.

    Raises:
        TakenOver: When the import was cancelled or taken over by another worker since ``import_`` was read.
    """
    try:
        yield
    except (psycopg.Error, sa.exc.DBAPIError) as error:
        refused = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if getattr(refused, "sqlstate", None) not in _NOT_THEIRS:
            raise
        raise TakenOver(import_.id) from error
