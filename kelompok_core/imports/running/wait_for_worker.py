"""Handing an import to a living worker and waiting for it: quicker than loading everything once more."""

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
"""Seconds between two looks: a small import is over after a few, a large one is not asked for at every date_time."""

_STEPS = {ImportState.STAGING: "stage", ImportState.STAGED: "decide", ImportState.PLANNED: "apply"}


def run_on_worker(installation: Installation, import_id: UUID, on_progress: Callable[[Progress], None]) -> bool:
    """Let a worker do the import and wait until it has; return False when none lives and it is still to be done.

    Raises:
        KelompokError: What stopped the import, in the worker's words.
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
            if _is_left_alone(connection, import_):
                return False
        on_progress(_progress(import_))
    if import_.failure is not None:
        raise restore_error(import_.failure_code, import_.failure, import_.failure_hint, import_.failure_findings)
    return True


def _is_left_alone(connection: sa.Connection, import_: Import) -> bool:
    """Take the import back when the last worker is gone; return whether that was so."""
    return count_workers(connection) == 0 and withdraw(connection, import_.id)


def _progress(import_: Import) -> Progress:
    step = "wait" if import_.leased_by is None else _STEPS.get(import_.state, "stage")
    return Progress(step=step, rows=import_.rows_staged)
