"""What keeps imports out of each other's way: locks of one import and of one entity, and settings of the session."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import sqlalchemy as sa

_WORTH_STATISTICS = 1_000


def refresh_statistics(engine: sa.Engine, rows: int, step: str) -> None:
    """Let the planner know of what a step of a large import wrote; small ones do not matter.

    An import's own rows and decisions it has never heard of. Of evidence and audit it knows enough when they hold ten
    times what was added: autovacuum looks at them again no sooner.
    """
    if rows >= _WORTH_STATISTICS:
        with engine.begin() as connection:
            connection.execute(_REFRESH, {"step": step, "rows": rows})


_REFRESH = sa.text("""
    SELECT refresh_import_statistics(:step)
    WHERE :step <> 'apply' OR 10 * :rows > (SELECT reltuples FROM pg_class WHERE oid = 'source_records'::regclass)
""")


@contextmanager
def working_on(engine: sa.Engine, import_id: UUID, part: str | None = None) -> Iterator[None]:
    """Hold the import while working on it; wait while another process does.

    With a ``part`` hold that one alone, beside those who hold others. The locks are the session's: when its process
    is killed, the database lets go of them.
    """
    whole = {"key": f"import:{import_id}"}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if part is None:
            connection.execute(sa.text("SELECT pg_advisory_lock(hashtextextended(:key, 0))"), whole)
        else:
            connection.execute(sa.text("SELECT pg_advisory_lock_shared(hashtextextended(:key, 0))"), whole)
            one = {"key": f"import:{import_id}:{part}"}
            connection.execute(sa.text("SELECT pg_advisory_lock(hashtextextended(:key, 0))"), one)
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock_all()"))


def use_memory(connection: sa.Connection) -> None:
    """Let this transaction work in memory: sort and join there what one import holds, and find there what it looks up.

    What an import asks for was mostly written or read just before, by itself or by the import of the same list before
    it. So a page out of turn costs little more than the next one: 1.1 times, as PostgreSQL's manual (Planner Cost
    Constants) has it for storage of which that is true. Temporary tables are analyzed from fewer rows than usual: they
    are asked for counts, not for rare values.
    """
    connection.execute(_IN_MEMORY)


_IN_MEMORY = sa.text("""
    SELECT set_config('work_mem', '64MB', true), set_config('random_page_cost', '1.1', true),
           set_config('default_statistics_target', '10', true),
           -- So that a statement that is cancelled was cancelled by somebody.
           set_config('statement_timeout', '0', true)
""")


def lock_import(connection: sa.Connection, import_id: UUID) -> None:
    """Hold the import's row until the transaction ends."""
    connection.execute(sa.text("SELECT id FROM imports WHERE id = :import FOR UPDATE"), {"import": import_id})


def lock_entity(connection: sa.Connection, entity: str) -> None:
    """Queue with everything that writes many records of one entity: neither deadlocks nor misses the other."""
    query = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('apply:' || :entity, 0))")
    connection.execute(query, {"entity": entity})
