"""Add an index that finds what was written since a plan."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0011_transactions.sql")
