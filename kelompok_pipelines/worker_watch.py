"""Detects and kills workers of this machine that hang: those without heartbeat or with a cancelled import."""

import logging
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Self

import sqlalchemy as sa

from kelompok_core.database.engine import Database
from kelompok_core.errors import KelompokError
from kelompok_core.imports.running.workers import find_hanging
from kelompok_pipelines.supervisor import Service

_LOOK_SECONDS = 1.0
_START_SECONDS = 60.0
"""Time that a started worker may take to register in the database, even on a busy machine."""

_logger = logging.getLogger(__name__)


class WorkerWatch:
    """Kills workers that hang, so that they are restarted.

    It runs in its own thread, so that an unresponsive database blocks nothing else.
    """

    def __init__(
        self, connect: Callable[[], Database], workers: Sequence[Service], notify: Callable[[str], None]
    ) -> None:
        """Watch these workers; ``connect`` opens the database, and is called again after a connection error."""
        self._connect = connect
        self._database: Database | None = None
        self._workers = workers
        self._notify = notify
        self._over = Event()
        self._thread = Thread(target=self._watch, name="worker watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            try:
                self._look()
            except (KelompokError, sa.exc.SQLAlchemyError) as error:
                # Workers exit by themselves without a database. It may have moved to another port.
                _logger.warning("Workers cannot be watched: %s", type(error).__name__)
                self._disconnect()
        self._disconnect()

    def _disconnect(self) -> None:
        if self._database is not None:
            self._database.dispose()
            self._database = None

    def _look(self) -> None:
        running = {worker.pid: worker for worker in self._workers if worker.is_running}
        started = [pid for pid, worker in running.items() if worker.seconds_running > _START_SECONDS]
        self._database = self._database or self._connect()
        for pid, what in find_hanging(self._database, list(running), started).items():
            self._notify(f"{running[pid].name} hangs ({what}) and is killed.")
            running[pid].kill()
