"""Fixtures of the backup tests: empty installations to restore into, and digests of a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.databases import run_sql, settings_in
from kelompok_core.backup.tables import list_tables
from kelompok_core.settings import Settings


def quietly(_step: str, _size: int) -> None:
    """Ignore progress messages."""


@contextmanager
def empty_installation(server: Settings, name: str, folder: Path) -> Iterator[Settings]:
    """Provide the settings of an installation with an empty database and no home yet."""
    run_sql(
        server,
        f"CREATE DATABASE {name} OWNER kelompok_owner",
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {name} TO kelompok_runtime",
    )
    try:
        yield settings_in(server, name, home=folder / "home", config_file=folder / "kelompok.toml")
    finally:
        run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def digests(url: str) -> dict[str, str]:
    """Return a digest of each table's rows, independent of their order."""
    with psycopg.connect(url) as connection:
        connection.execute("SET timezone = 'UTC'")
        return {
            table.name: connection.execute(
                f"SELECT md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) FROM {table.name} t"
            ).fetchone()[0]
            for table in list_tables(connection)
        }


def tables_in(url: str) -> set[str]:
    """Return the names of all tables."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        return {name for (name,) in found}


def files_in(folder: Path) -> set[str]:
    """Return the names of all files in a folder and its subfolders."""
    return {path.name for path in folder.rglob("*") if path.is_file()} if folder.exists() else set()
