"""Workers of this machine that hang: their heart does not beat, or they hold on to an import that was cancelled."""

import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from threading import Event, Thread
from typing import Self

import sqlalchemy as sa

from kelompok_core.database.engine import Database
from kelompok_core.errors import KelompokError
from kelompok_pipelines.supervisor import Service

_LOOK_SECONDS = 1.0
_START_SECONDS = 60.0
"""In which a worker appears in the database after its start, on a busy machine too."""

_SILENT_SECONDS = 20.0
"""Four heartbeats. After 30 seconds another worker takes the import over; this one should be gone by then."""

_HOLDING_SECONDS = 3.5
"""A worker's own watchdog needs less, unless its interpreter stands still: in one long call of C, say."""

_logger = logging.getLogger(__name__)


class WorkerWatch:
    """Ends workers that hang; whoever looks after them starts them again.

    It has a thread of its own: a database that does not answer keeps nobody else.
    """

    def __init__(self, database: Database, workers: Sequence[Service], tell: Callable[[str], None]) -> None:
        self._database = database
        self._workers = workers
        self._tell = tell
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
                # Nothing is known of anybody: workers without a database end by themselves.
                _logger.warning("Workers cannot be watched: %s", type(error).__name__)

    def _look(self) -> None:
        running = {worker.pid: worker for worker in self._workers if worker.is_running}
        started = [pid for pid, worker in running.items() if worker.seconds_running > _START_SECONDS]
        for pid, what in find_hanging(self._database, list(running), started).items():
            self._tell(f"{running[pid].name} hangs ({what}) and is ended.")
            running[pid].kill()


def find_hanging(database: Database, running: Sequence[int], started: Sequence[int]) -> Mapping[int, str]:
    """Return what is wrong with processes of this machine that hang.

    Args:
        database: The core's.
        running: Process ids of workers.
        started: Those of them that should be known by now.
    """
    asked = {
        "running": list(running), "started": list(started), "host": socket.gethostname(), "silent": _SILENT_SECONDS,
        "holding": _HOLDING_SECONDS,
    }  # fmt: skip
    with database.connect() as connection:
        return {row.pid: row.what for row in connection.execute(_HANGING, asked)}


_HANGING = sa.text("""
    WITH given_up AS (
      SELECT hashtextextended('import:' || id, 0) AS key
      FROM (SELECT id, state, updated_at FROM imports ORDER BY id DESC LIMIT 1000) latest
      WHERE state IN ('cancelled', 'failed') AND updated_at > now() - interval '10 minutes'
        AND updated_at < now() - make_interval(secs => :holding)),
    holding AS (
      SELECT a.application_name FROM given_up g
      JOIN pg_locks l ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32) | l.objid::bigint = g.key
      JOIN pg_stat_activity a ON a.pid = l.pid),
    judged AS (
      SELECT p.pid,
        CASE WHEN p.pid = ANY (:started) AND coalesce(w.seen_at < now() - make_interval(secs => :silent), true)
               THEN 'no heartbeat'
             WHEN 'kelompok worker ' || w.id IN (SELECT application_name FROM holding)
               THEN 'it goes on with an import that was given up'
        END AS what
      FROM unnest(CAST(:running AS integer[])) p(pid)
      LEFT JOIN workers w ON w.pid = p.pid AND w.host = :host)
    SELECT pid, what FROM judged WHERE what IS NOT NULL
""")
