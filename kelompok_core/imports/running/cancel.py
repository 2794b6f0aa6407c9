"""Cancels imports that have not written any record yet, and stops the process that works on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action
from kelompok_core.database.engine import Database
from kelompok_core.database.locks import lock_import
from kelompok_core.errors import Conflict
from kelompok_core.imports.shared.acting import act_on
from kelompok_core.imports.shared.imports import IMPORTS, Import, ImportState, get_import, update_import
from kelompok_core.imports.shared.rights import authorize_import
from kelompok_core.installation import Installation

_OPEN = (ImportState.RECEIVED, ImportState.STAGING, ImportState.STAGED, ImportState.PLANNED)
_GRACE_SECONDS = 1.0
"""A statement that holds the import's lock for longer than this is applying it, and is cancelled."""

_MOST_SECONDS = 10
_LOCK_NOT_AVAILABLE = "55P03"


def cancel(installation: Installation, import_id: UUID, actor: Actor) -> Import:
    """Cancel an import: remove it from the queue, or discard its plan. Do nothing if it is cancelled already.

    An import that is being applied is stopped and rolled back.

    Raises:
        NotPermitted: When the actor may not submit imports into its organization.
        Conflict: When it is already applied, failed or undone, or cannot be stopped.
    """
    with installation.database.connect() as connection, connection.begin():
        import_ = get_import(connection, import_id)
        authorize_import(connection, actor, Action.IMPORT_SUBMIT, import_.entity, import_.organization_id)
        _require_open(import_)
    with installation.database.connect() as connection, connection.begin():
        _lock(installation.database, connection, import_id)
        import_ = get_import(connection, import_id)
        _require_open(import_)
        if import_.state is ImportState.CANCELLED:
            return import_
        act_on(connection, import_, actor.id)
        update_import(
            connection, import_id, state=ImportState.CANCELLED, cancelled_by=actor.id, queued_at=None,
            leased_by=None, fence=IMPORTS.c.fence + 1,
        )  # fmt: skip
        return get_import(connection, import_id)


def _require_open(import_: Import) -> None:
    if import_.state not in (*_OPEN, ImportState.CANCELLED):
        hint = f"Undo it instead: kelompok import undo {import_.id}" if import_.state is ImportState.APPLIED else None
        raise Conflict(f"it is too late to cancel import {import_.id}: its state is «{import_.state}»", hint=hint)


def _lock(database: Database, connection: sa.Connection, import_id: UUID) -> None:
    """Lock the import's row; stop a process that is applying it.

    Raises:
        Conflict: When the lock is not released in time.
    """
    connection.execute(sa.text("SELECT set_config('lock_timeout', :most, true)"), {"most": f"{_MOST_SECONDS}s"})
    me = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    try:
        connection.execute(_ONE_CANCELS, {"key": f"cancel:{import_id}"})  # otherwise two callers cancel each other
        with _cancelling_blockers(database, me):
            lock_import(connection, import_id)
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise Conflict(
            f"import {import_id} is being applied and cannot be stopped", hint="Try again, or wait until it is done."
        ) from error


@contextmanager
def _cancelling_blockers(database: Database, waiting: int) -> Iterator[None]:
    """After a grace period, cancel statements of sessions that block this session, until the block ends."""
    done = Event()

    def stop() -> None:
        while not done.wait(_GRACE_SECONDS):
            with database.connect() as connection, connection.begin():
                connection.execute(_CANCEL_BLOCKING, {"waiting": waiting})

    thread = Thread(target=stop, name="cancelling", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


_ONE_CANCELS = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 1))")
_CANCEL_BLOCKING = sa.text("SELECT pg_cancel_backend(pid) FROM unnest(pg_blocking_pids(:waiting)) pid")
