"""Whoever acts on an import: what its transactions tell the audit, and who finds that others act on it by now."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import sqlalchemy as sa

from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.errors import TakenOver

if TYPE_CHECKING:
    from kelompok_core.imports.records import ImportRecord

_NOT_THEIRS = frozenset({"55000", "40001"})
"""The import's state is another than rows or decisions need; or its row changed under the transaction's snapshot."""


def act_on(connection: sa.Connection, record: "ImportRecord", actor_id: UUID, *, origin: str = "import") -> None:
    """Tell the database in whose name this transaction works on the import."""
    context = AuditContext(
        actor=str(actor_id), origin=origin, import_id=record.id, plugin=record.plugin_label, request_id=record.run_id
    )
    announce(connection, context)


@contextmanager
def noticing_takeover(record: "ImportRecord") -> Iterator[None]:
    """Tell whoever writes rows or decisions that the import is not theirs any more, where the database refuses them.

    Raises:
        TakenOver: When the import was cancelled or taken up by another worker since the record was read.
    """
    try:
        yield
    except (psycopg.Error, sa.exc.DBAPIError) as error:
        refused = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if getattr(refused, "sqlstate", None) not in _NOT_THEIRS:
            raise
        raise TakenOver(record.id) from error
