"""Runs the SQL files of migrations."""

from pathlib import Path

import sqlalchemy as sa

_FOLDER = Path(__file__).parent / "migrations" / "sql"


def run_sql_files(connection: sa.Connection, *names: str) -> None:
    """Run SQL files directly with the driver, so that their % signs are not treated as placeholders."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection")
    for name in names:
        driver.execute((_FOLDER / name).read_text("utf-8"))
