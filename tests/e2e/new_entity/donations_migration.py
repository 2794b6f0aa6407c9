"""Donations."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "9000"
down_revision = "NEWEST"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "9000_donations.sql")
