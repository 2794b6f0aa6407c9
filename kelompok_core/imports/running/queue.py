"""The queue of imports: assigns waiting imports to workers, and reassigns those of workers that died."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.database.engine import Database
from kelompok_core.errors import KelompokError, QueueFull
from kelompok_core.imports.shared.imports import IMPORTS, failure_columns, update_import

CHANNEL = "kelompok_imports"
"""PostgreSQL's notification channel for queued imports."""

MOST_RUNNING, MOST_WAITING = 2, 10
"""Limits per organization; imports confined to none count together. The figures are those of Marketo's bulk import.

With several users and at least two workers, one organization or person may not use all of them.
"""

MOST_ATTEMPTS = 3
"""An import fails after its worker has died this many times.

An import that hangs blocks a worker, and the queue behind it, for half a minute each time. Power cuts and restarts
rarely hit the same import three times. A failed import resumes where it stopped when it is requested again.
"""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An import assigned to a worker. No other worker gets it while this one is alive.

    Attributes:
        import_id: The import.
        fence: How often the import has been assigned. A worker with an older number can no longer write.
        attempts: How often it has been assigned since it was queued. Above 1, the previous worker died.
    """

    import_id: UUID
    fence: int
    attempts: int


def enqueue(connection: sa.Connection, import_id: UUID) -> None:
    """Queue the import for a worker once the transaction commits; a queued import keeps its place."""
    update_import(
        connection, import_id, queued_at=sa.func.coalesce(IMPORTS.c.queued_at, sa.func.now()), attempts=0,
        **failure_columns(None),
    )  # fmt: skip
    connection.execute(sa.text(f"NOTIFY {CHANNEL}"))


def require_room(connection: sa.Connection, organization_id: UUID | None) -> None:
    """Require that one more import of the organization may wait. Reserves the place until the transaction ends.

    Raises:
        QueueFull: When :data:`MOST_WAITING` imports are waiting already.
    """
    connection.execute(_ONE_AT_A_TIME, {"key": f"queue:{organization_id}"})
    waiting = connection.scalar(_WAITING, {"organization": organization_id})
    if waiting is not None and waiting >= MOST_WAITING:
        raise QueueFull(f"{waiting} imports wait already", hint="Try again when some of them are done.")


def claim(connection: sa.Connection, worker_id: UUID) -> Claim | None:
    """Assign an import without a living worker to this worker; the caller commits.

    Scheduling is fair between organizations: first the one with the fewest running imports, then the one served least
    recently, and of its imports the one waiting longest. A single worker finishes a long import before it serves the
    next organization.
    """
    connection.execute(_ONE_AT_A_TIME, {"key": "claim"})
    row = connection.execute(_CLAIM, {"worker": worker_id, "most": MOST_RUNNING}).one_or_none()
    return None if row is None else Claim(import_id=row.id, fence=row.fence, attempts=row.attempts)


def finish(connection: sa.Connection, claim: Claim, failure: KelompokError | None = None) -> None:
    """Remove the import from the queue and store its failure, if any. Do nothing if it was assigned again since."""
    failed = {} if failure is None else failure_columns(failure)
    mine = sa.and_(IMPORTS.c.id == claim.import_id, IMPORTS.c.fence == claim.fence)
    served = {"queued_at": None, "leased_by": None, "updated_at": sa.func.now()}
    connection.execute(sa.update(IMPORTS).where(mine).values(**served, **failed))


def requeue(connection: sa.Connection, claim: Claim) -> None:
    """Let the import wait for a worker again. The attempt does not count, because this worker was asked to stop."""
    mine = sa.and_(IMPORTS.c.id == claim.import_id, IMPORTS.c.fence == claim.fence)
    connection.execute(sa.update(IMPORTS).where(mine).values(leased_by=None, attempts=IMPORTS.c.attempts - 1))


def count_stuck(connection: sa.Connection) -> int:
    """Return how many imports have waited for more than five minutes although a worker is free.

    Does not count imports whose organization or actor has another import running, nor any while imports progress.
    """
    return int(connection.scalar(_STUCK) or 0)


def withdraw(connection: sa.Connection, import_id: UUID) -> bool:
    """Remove an import from the queue unless a living worker has it; return whether it was removed."""
    return connection.execute(_WITHDRAW, {"import": import_id}).rowcount == 1


@contextmanager
def listening(database: Database) -> Iterator[Callable[[float], None]]:
    """Provide a function that waits until an import is queued, at most the given number of seconds."""
    with database.connect() as session:
        connection = session.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.text(f"LISTEN {CHANNEL}"))
        driver: Any = connection.connection.driver_connection

        def wait(seconds: float) -> None:
            for _ in driver.notifies(timeout=seconds, stop_after=1):
                pass

        try:
            yield wait
        finally:
            connection.invalidate()  # a pooled connection would continue to listen


# A lock until the transaction ends, so that counts stay correct.
_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 2))")
_WAITING = sa.text("""
    SELECT count(*) FROM imports
    WHERE queued_at IS NOT NULL AND leased_by IS NULL
      AND organization_id IS NOT DISTINCT FROM CAST(:organization AS uuid)
""")
# The fairness group of a waiting import «i»: its organization, or without one its actor.
_SAME = "r.organization_id IS NOT DISTINCT FROM i.organization_id"
_SAME_TURN = f"{_SAME} AND (i.organization_id IS NOT NULL OR r.actor_id = i.actor_id)"
_RUNNING = """running AS (
      SELECT id, organization_id, actor_id FROM imports
      WHERE queued_at IS NOT NULL AND leased_by IS NOT NULL AND worker_lives(leased_by))"""
_CLAIM = sa.text(f"""
    WITH {_RUNNING},
    room AS (
      SELECT CASE WHEN (SELECT count(*) FROM (SELECT FROM users WHERE status = 'active' LIMIT 2) people) > 1
                  THEN greatest(1, (SELECT count(*) FROM workers WHERE worker_lives(id)) - 1) END AS most),
    served AS (
      SELECT organization_id, actor_id, max(updated_at) AS at
      FROM (SELECT * FROM imports ORDER BY id DESC LIMIT 500) latest
      WHERE queued_at IS NULL GROUP BY organization_id, actor_id)
    UPDATE imports SET leased_by = :worker, fence = fence + 1, attempts = attempts + 1
    WHERE id = (
      SELECT i.id FROM imports i
      WHERE i.queued_at IS NOT NULL AND (i.leased_by IS NULL OR NOT worker_lives(i.leased_by))
        AND (SELECT count(*) FROM running r WHERE {_SAME}) < least(:most, (SELECT most FROM room))
        AND (SELECT count(*) FROM running r WHERE r.actor_id = i.actor_id)
            < coalesce((SELECT most FROM room), 1000000)
      ORDER BY (SELECT count(*) FROM running r WHERE {_SAME_TURN}),
        (SELECT max(r.at) FROM served r WHERE {_SAME_TURN}) NULLS FIRST, i.queued_at, i.id
      LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, fence, attempts
""")
_WITHDRAW = sa.text("""
    UPDATE imports SET queued_at = NULL, leased_by = NULL, fence = fence + 1
    WHERE id = :import AND queued_at IS NOT NULL AND (leased_by IS NULL OR NOT worker_lives(leased_by))
""")
_STUCK = sa.text(f"""
    WITH {_RUNNING}
    SELECT count(*) FROM imports i
    WHERE i.queued_at < now() - interval '5 minutes' AND (i.leased_by IS NULL OR NOT worker_lives(i.leased_by))
      AND NOT EXISTS (
        SELECT FROM running r
        WHERE r.organization_id IS NOT DISTINCT FROM i.organization_id OR r.actor_id = i.actor_id)
      AND (SELECT count(*) FROM running) < (SELECT count(*) FROM workers WHERE worker_lives(id))
      AND NOT EXISTS (
        SELECT FROM (SELECT updated_at FROM imports ORDER BY id DESC LIMIT 500) latest
        WHERE latest.updated_at > now() - interval '1 minute')
""")
