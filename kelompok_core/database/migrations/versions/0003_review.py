"""Decisions of people about parked rows."""

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection")
    driver.execute((Path(__file__).parents[1] / "sql" / "0003_review.sql").read_text("utf-8"))
