"""Add superseded rows, undo in several attempts, and rows that contradicted others."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0016_superseded.sql")
