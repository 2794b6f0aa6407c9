"""Workers: the processes that import what waits, known to the database while they live."""

import logging
import os
import socket
from threading import Event, Thread
from typing import Self
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.database.engine import Database

HEARTBEAT_SECONDS = 5.0
"""Six of them fit into the time after which a worker that is not seen counts as dead."""

_logger = logging.getLogger(__name__)


class Presence:
    """Keeps a worker known: a row that is renewed, and a lock that ends with the process.

    ``lost`` is set when either is gone; whatever the worker does then may be done by another already.
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
                connection.invalidate()  # the lock goes with its session
        except Exception:
            _logger.exception("The heartbeat of worker %s stopped", self.id)
        finally:
            if not self._leaving.is_set():
                self.lost.set()
            self._known.set()


def count_workers(connection: sa.Connection) -> int:
    """Return how many workers live."""
    return int(connection.scalar(_COUNT) or 0)


def end_sessions_of_the_dead(connection: sa.Connection, worker_id: UUID) -> int:
    """Forget workers that died and end what sessions they left, so that no lock of theirs is in the way.

    Where the role may not end sessions they are left alone: what they could still write the fence refuses.
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


def session_name(worker_id: UUID) -> str:
    """Return what a worker's sessions call themselves in ``pg_stat_activity``."""
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
