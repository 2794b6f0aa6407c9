"""Add a table that records when a source sent a row again, so that evidence never changes."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0009_sightings.sql")
