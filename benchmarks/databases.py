"""Databases of an embedded server for tests and benchmarks: a migrated template, and copies of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from kelompok_core.database import embedded
from kelompok_core.database.engine import migrate
from kelompok_core.settings import Settings


def run_sql(server: Settings, *statements: str) -> None:
    """Run statements as the server's superuser, each in its own transaction."""
    with psycopg.connect(embedded.superuser_url(server), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def in_database(url: str, database: str) -> str:
    """Return the same role's URL for another database of the server."""
    return f"{url.rpartition('/')[0]}/{database}"


def make_template(server: Settings, name: str) -> None:
    """Create a migrated database that can be copied."""
    run_sql(server, f"CREATE DATABASE {name} OWNER kelompok_owner")
    migrate(in_database(embedded.owner_url(server), name))


@contextmanager
def copied(server: Settings, template: str, name: str) -> Iterator[None]:
    """Copy a template, and drop the copy when the block ends.

    Copying files takes a third of the time that copying through the log takes.
    """
    run_sql(
        server,
        f"CREATE DATABASE {name} TEMPLATE {template} OWNER kelompok_owner STRATEGY FILE_COPY",
        f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO kelompok_runtime",
    )
    yield
    run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def settings_in(server: Settings, database: str, *, home: Path, config_file: Path) -> Settings:
    """Return the settings of an installation that uses this database; Dagster's database is the server's own."""
    urls = embedded.ensure_running(server)
    return Settings(
        home=home,
        config_file=config_file,
        database_url=in_database(urls.runtime, database),
        owner_database_url=in_database(embedded.owner_url(server), database),
        dagster_database_url=urls.dagster,
    )
