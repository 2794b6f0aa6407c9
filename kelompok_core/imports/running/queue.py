"""The queue: imports that wait for a worker, who works on them, and what becomes of them when a worker dies."""

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
"""What PostgreSQL notifies of when an import is queued."""

MOST_RUNNING, MOST_WAITING = 2, 10
"""Limits per organization; imports confined to none count together. The figures are those of Marketo's bulk import.

With several users and at least two workers, one organization or person may not use all of them.
"""

MOST_ATTEMPTS = 3
"""After this many attempts that killed their worker, an import fails.

An import that hangs blocks a worker, and the queue behind it, for half a minute each time. Power cuts and restarts
seldom hit the same import three times. A failed import resumes where it was when it is requested again.
"""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An import a worker has: nobody else gets it while the worker lives.

    Attributes:
        fence: How often the import was given out; who has an older number may no longer write.
        attempts: How often since it was queued; above 1 the worker before this one died.
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
    """See that one more import of the organization may wait; until the transaction ends no other can take the place.

    Raises:
        QueueFull: When :data:`MOST_WAITING` wait already.
    """
    connection.execute(_ONE_AT_A_TIME, {"key": f"queue:{organization_id}"})
    waiting = connection.scalar(_WAITING, {"organization": organization_id})
    if waiting is not None and waiting >= MOST_WAITING:
        raise QueueFull(f"{waiting} imports wait already", hint="Try again when some of them are done.")


def claim(connection: sa.Connection, worker_id: UUID) -> Claim | None:
    """Give the worker an import that waits or lost its worker; the caller commits.

    Scheduling is fair between organizations: first the one with the fewest running imports, then the one served least
    recently, and of its imports the one waiting longest. A single worker finishes a long import before it serves the
    next organization.
    """
    connection.execute(_ONE_AT_A_TIME, {"key": "claim"})
    row = connection.execute(_CLAIM, {"worker": worker_id, "most": MOST_RUNNING}).one_or_none()
    return None if row is None else Claim(import_id=row.id, fence=row.fence, attempts=row.attempts)


def finish(connection: sa.Connection, claim: Claim, failure: KelompokError | None = None) -> None:
    """Take the import out of the queue, with what stopped it if something did; not when somebody else has it now."""
    told = {} if failure is None else failure_columns(failure)
    mine = sa.and_(IMPORTS.c.id == claim.import_id, IMPORTS.c.fence == claim.fence)
    served = {"queued_at": None, "leased_by": None, "updated_at": sa.func.now()}
    connection.execute(sa.update(IMPORTS).where(mine).values(**served, **told))


def give_back(connection: sa.Connection, claim: Claim) -> None:
    """Let the import wait for any worker again, which does not count as an attempt: this one was asked to stop."""
    mine = sa.and_(IMPORTS.c.id == claim.import_id, IMPORTS.c.fence == claim.fence)
    connection.execute(sa.update(IMPORTS).where(mine).values(leased_by=None, attempts=IMPORTS.c.attempts - 1))


def count_stuck(connection: sa.Connection) -> int:
    """Return how many imports have waited for more than five minutes although a worker could take them.

    An import waits rightly while its organization or actor has another one running, and while anything moves.
    """
    return int(connection.scalar(_STUCK) or 0)


def withdraw(connection: sa.Connection, import_id: UUID) -> bool:
    """Take an import that no living worker has out of the queue; return whether that was so."""
    return connection.execute(_WITHDRAW, {"import": import_id}).rowcount == 1


@contextmanager
def listening(database: Database) -> Iterator[Callable[[float], None]]:
    """Give a function that waits until an import is queued, and at most so many seconds."""
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
            connection.invalidate()  # a pooled connection would go on listening


# A lock that lasts as long as the transaction, so that what is counted stays so.
_ONE_AT_A_TIME = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 2))")
_WAITING = sa.text("""
    SELECT count(*) FROM imports
    WHERE queued_at IS NOT NULL AND leased_by IS NULL
      AND organization_id IS NOT DISTINCT FROM CAST(:organization AS uuid)
""")
# The fairness group of a candidate «i»: its organization, or without one its actor.
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
