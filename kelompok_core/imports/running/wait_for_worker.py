"""Runs an import on a living worker and waits for it: faster than loading all code in another process."""

from collections.abc import Callable
from time import sleep
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.errors import restore_error
from kelompok_core.imports.running.queue import enqueue, withdraw
from kelompok_core.imports.running.workers import count_workers
from kelompok_core.imports.shared.imports import Import, ImportState, get_import
from kelompok_core.installation import Installation, Progress

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.25
"""Seconds between two polls. The pause grows: a small import ends after a few polls, a large one needs few polls."""

_STEPS = {ImportState.STAGING: "stage", ImportState.STAGED: "decide", ImportState.PLANNED: "apply"}


def run_on_worker(installation: Installation, import_id: UUID, on_progress: Callable[[Progress], None]) -> bool:
    """Let a worker run the import and wait until it ends; return False if there is no worker and it did not run.

    Raises:
        KelompokError: The import's failure, as the worker stored it.
    """
    with installation.database.connect() as connection, connection.begin():
        if count_workers(connection) == 0:
            return False
        enqueue(connection, import_id)
    pause = _FIRST_PAUSE
    while True:
        sleep(pause)
        pause = min(pause * 1.2, _LONGEST_PAUSE)
        with installation.database.connect() as connection, connection.begin():
            import_ = get_import(connection, import_id)
            if import_.queued_at is None:
                break
            if _withdraw_without_workers(connection, import_):
                return False
        on_progress(_progress(import_))
    if import_.failure is not None:
        raise restore_error(import_.failure_code, import_.failure, import_.failure_hint, import_.failure_findings)
    return True


def _withdraw_without_workers(connection: sa.Connection, import_: Import) -> bool:
    """Remove the import from the queue if no worker is alive; return whether it was removed."""
    return count_workers(connection) == 0 and withdraw(connection, import_.id)


def _progress(import_: Import) -> Progress:
    step = "wait" if import_.leased_by is None else _STEPS.get(import_.state, "stage")
    return Progress(step=step, rows=import_.rows_staged)
