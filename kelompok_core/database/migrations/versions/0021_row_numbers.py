"""Rename a row's position in its source to row number."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0021_row_numbers.sql")
