"""Dagster's storage on PostgreSQL with pooled connections: a ten-row run opens a dozen instead of 140."""

from typing import Any, Self

import sqlalchemy as sa
from dagster._serdes import ConfigurableClassData
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.run_storage import PostgresRunStorage
from dagster_postgres.schedule_storage import PostgresScheduleStorage
from dagster_postgres.utils import pg_url_from_config

from kelompok_core.plugin_process.system_calls import hide_memory

_MOST_CONNECTIONS = 10


class _Pooled:
    """Keeps its connections open; the stock storage opens one for each statement."""

    _engine: sa.Engine

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        hide_memory()  # it holds the credentials of this storage
        super().__init__(*args, **kwargs)
        stock = self._engine
        self._engine = sa.create_engine(
            stock.url,
            isolation_level="AUTOCOMMIT",
            pool_size=1,
            max_overflow=_MOST_CONNECTIONS,
            pool_pre_ping=True,
        )
        stock.dispose()

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """Create the storage from dagster.yaml; the inherited method would always create the stock class."""
        return cls(
            inst_data=inst_data,
            postgres_url=pg_url_from_config(config_value),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
        )

    def dispose(self) -> None:
        """Close the connections when the instance ends."""
        super().dispose()  # type: ignore[misc]
        self._engine.dispose()


class PooledRunStorage(_Pooled, PostgresRunStorage):
    """Runs."""


class PooledEventLogStorage(_Pooled, PostgresEventLogStorage):
    """Events, materializations and checks."""


class PooledScheduleStorage(_Pooled, PostgresScheduleStorage):
    """Ticks of sensors and schedules."""
