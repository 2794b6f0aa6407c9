"""Registers workers in the database while they are alive: a row that they renew, and a lock that they hold."""

import logging
import os
import socket
from collections.abc import Mapping, Sequence
from threading import Event, Thread
from typing import Self
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.database.engine import Database

HEARTBEAT_SECONDS = 5.0
"""Interval of heartbeats. A worker counts as dead after six missed ones (30 seconds)."""

SILENT_SECONDS = 20.0
"""A worker without a heartbeat for this time hangs. It should be ended before another one takes its import over."""

_HOLDING_SECONDS = 3.5
"""A worker that holds a cancelled or failed import for longer hangs.

Its watchdog needs at most 3 seconds to stop, unless C code blocks it.
"""

_logger = logging.getLogger(__name__)


class Presence:
    """Keeps a worker registered, with a row that a thread renews and a lock that ends with the process.

    ``lost`` is set when either is gone: another worker may then have the import.
    """

    def __init__(self, database: Database, worker_id: UUID) -> None:
        self.id = worker_id
        self.lost = Event()
        self._database = database
        self._leaving = Event()
        self._heart = Thread(target=self._beat, name="heartbeat", daemon=True)
        self._known = Event()

    def __enter__(self) -> Self:
        self._heart.start()
        self._known.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._heart.join(2 * HEARTBEAT_SECONDS)

    def _beat(self) -> None:
        me = {"id": self.id, "key": f"worker:{self.id}"}
        try:
            with self._database.connect() as session:
                connection = session.execution_options(isolation_level="AUTOCOMMIT")
                connection.execute(_LOCK, me)
                connection.execute(_APPEAR, me | {"host": socket.gethostname(), "pid": os.getpid()})
                self._known.set()
                while not self._leaving.wait(HEARTBEAT_SECONDS):
                    if connection.execute(_RENEW, me).rowcount != 1:
                        break
                connection.execute(_LEAVE, me)
                connection.invalidate()  # ends the session, which releases the lock
        except Exception:
            _logger.exception("The heartbeat of worker %s stopped", self.id)
        finally:
            if not self._leaving.is_set():
                self.lost.set()
            self._known.set()


def count_workers(connection: sa.Connection) -> int:
    """Return how many workers are alive."""
    return int(connection.scalar(_COUNT) or 0)


def end_sessions_of_the_dead(connection: sa.Connection, worker_id: UUID) -> int:
    """Remove dead workers and end the sessions they left, to release their locks; return how many were dead.

    Without the right to end sessions, they stay. The fence prevents them from writing.
    """
    dead = connection.scalars(_DEAD, {"worker": worker_id}).all()
    for one in dead:
        try:
            with connection.begin_nested():
                connection.execute(_END_SESSIONS, {"name": session_name(one)})
        except sa.exc.ProgrammingError as error:
            _logger.warning("Sessions of worker %s stay: %s", one, error.orig)
        connection.execute(_LEAVE, {"id": one})
    return len(dead)


def find_hanging(database: Database, running: Sequence[int], started: Sequence[int]) -> Mapping[int, str]:
    """Return the problem of each hanging worker of this machine, by process id.

    Args:
        database: The database.
        running: Process ids of workers.
        started: Those of them that started long enough ago to be registered.
    """
    asked = {
        "running": list(running), "started": list(started), "host": socket.gethostname(), "silent": SILENT_SECONDS,
        "holding": _HOLDING_SECONDS,
    }  # fmt: skip
    with database.connect() as connection:
        return {row.pid: row.what for row in connection.execute(_HANGING, asked)}


def session_name(worker_id: UUID) -> str:
    """Return the application name of a worker's sessions in ``pg_stat_activity``."""
    return f"kelompok worker {worker_id}"


_LOCK = sa.text("SELECT pg_advisory_lock(hashtextextended(:key, 0))")
_APPEAR = sa.text("INSERT INTO workers (id, host, pid) VALUES (:id, :host, :pid)")
_RENEW = sa.text("UPDATE workers SET seen_at = now() WHERE id = :id")
_LEAVE = sa.text("DELETE FROM workers WHERE id = :id")
_COUNT = sa.text("SELECT count(*) FROM workers WHERE worker_lives(id)")
_DEAD = sa.text("SELECT id FROM workers WHERE id <> :worker AND NOT worker_lives(id)")
_END_SESSIONS = sa.text("""
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = :name AND pid <> pg_backend_pid()
""")
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
               THEN 'it still works on a cancelled or failed import'
        END AS what
      FROM unnest(CAST(:running AS integer[])) p(pid)
      LEFT JOIN workers w ON w.pid = p.pid AND w.host = :host)
    SELECT pid, what FROM judged WHERE what IS NOT NULL
""")
