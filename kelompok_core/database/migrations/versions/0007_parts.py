"""Add staging in parts, by several machines."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0007_parts.sql")
