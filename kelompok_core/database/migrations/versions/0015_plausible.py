"""Dates that are dates; posts of which only the source knows when they were published; ids used twice."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0015_plausible.sql")
