"""The core's tables, its audit, and what the runtime role may do."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    # Straight to the driver: these are files of many statements, and their % signs are PostgreSQL's own.
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection")
    for name in ("0001_tables.sql", "0001_audit.sql", "0001_grants.sql"):
        driver.execute((_SQL / name).read_text("utf-8"))
