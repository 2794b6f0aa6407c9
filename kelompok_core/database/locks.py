"""Locks that keep imports from interfering with each other, and settings for their transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import sqlalchemy as sa

_FEWEST_ROWS = 1_000


def refresh_statistics(engine: sa.Engine, rows: int, step: str) -> None:
    """Update the planner's statistics after a step of a large import.

    The planner has no statistics of the import's own rows and decisions. Statistics of evidence and audit are updated
    only if the step added more than a tenth of their rows: until then, autovacuum does not update them either.
    """
    if rows >= _FEWEST_ROWS:
        with engine.begin() as connection:
            connection.execute(_REFRESH, {"step": step, "rows": rows})


_REFRESH = sa.text("""
    SELECT refresh_import_statistics(:step)
    WHERE :step <> 'apply' OR 10 * :rows > (SELECT reltuples FROM pg_class WHERE oid = 'source_records'::regclass)
""")


@contextmanager
def working_on(engine: sa.Engine, import_id: UUID, part: str | None = None) -> Iterator[None]:
    """Lock the import while working on it; wait while another process works on it.

    With a ``part``, lock only that part, so that other processes can work on other parts. The locks belong to the
    session: if the process is killed, the database releases them.
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
    """Adjust this transaction's planner settings to an import, whose data is mostly in memory.

    Most pages that an import reads were written or read shortly before, by itself or by the previous import of the same
    list. Random access then costs little more than sequential access: 1.1 times, the value in PostgreSQL's manual
    (Planner Cost Constants) for such storage. Temporary tables are analyzed with a smaller sample than usual, because
    only counts matter, not rare values.
    """
    connection.execute(_IN_MEMORY)


_IN_MEMORY = sa.text("""
    SELECT set_config('work_mem', '64MB', true), set_config('random_page_cost', '1.1', true),
           set_config('default_statistics_target', '10', true),
           -- Without a timeout, a cancelled statement was cancelled on purpose.
           set_config('statement_timeout', '0', true)
""")


def lock_import(connection: sa.Connection, import_id: UUID) -> None:
    """Lock the import's row until the transaction ends."""
    connection.execute(sa.text("SELECT id FROM imports WHERE id = :import FOR UPDATE"), {"import": import_id})


def lock_entity(connection: sa.Connection, entity: str) -> None:
    """Lock an entity until the transaction ends, so that bulk writes of its records run one after another."""
    query = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('apply:' || :entity, 0))")
    connection.execute(query, {"entity": entity})
