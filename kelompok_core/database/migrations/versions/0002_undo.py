"""Add the undo of imports."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0002_undo.sql")
