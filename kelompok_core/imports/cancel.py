"""Cancelling: an import that has not written anything yet is given up; whoever works on it may no longer."""

from uuid import UUID

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action
from kelompok_core.errors import Conflict
from kelompok_core.imports.acting import act_on
from kelompok_core.imports.locks import lock_import
from kelompok_core.imports.records import IMPORTS, ImportRecord, ImportState, get_import, update_import
from kelompok_core.imports.rights import authorize_import
from kelompok_core.imports.workbench import Workbench

_OPEN = (ImportState.RECEIVED, ImportState.STAGING, ImportState.STAGED, ImportState.PLANNED)


def cancel(bench: Workbench, import_id: UUID, actor: Actor) -> ImportRecord:
    """Give the import up: what waits no longer does, and a plan is not applied; one that is cancelled stays so.

    While an import is being applied this waits, and comes too late.

    Raises:
        NotPermitted: When the actor may not submit imports there.
        Conflict: When it is applied, failed or undone.
    """
    with bench.database.connect() as connection, connection.begin():
        lock_import(connection, import_id)
        record = get_import(connection, import_id)
        authorize_import(connection, actor, Action.IMPORT_SUBMIT, record.entity, record.organization_id)
        if record.state is ImportState.CANCELLED:
            return record
        if record.state not in _OPEN:
            hint = f"Take it back: kelompok import undo {import_id}" if record.state is ImportState.APPLIED else None
            raise Conflict(f"it is too late to cancel import {import_id}: its state is «{record.state}»", hint=hint)
        act_on(connection, record, actor.id)
        update_import(
            connection, import_id, state=ImportState.CANCELLED, cancelled_by=actor.id, queued_at=None,
            leased_by=None, fence=IMPORTS.c.fence + 1,
        )  # fmt: skip
        return get_import(connection, import_id)
