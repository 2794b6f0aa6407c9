"""Acting on an import: sets the audit context of its transactions, and detects when another actor has taken over."""

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
    """Raise TakenOver when the database refuses rows or decisions because the import has changed hands.

    Raises:
        TakenOver: When the import was cancelled or taken up by another worker since the record was read.
    """
    try:
        yield
    except (psycopg.Error, sa.exc.DBAPIError) as error:
        refused = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if getattr(refused, "sqlstate", None) not in _NOT_THEIRS:
            raise
        raise TakenOver(import_.id) from error
