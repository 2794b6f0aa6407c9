"""Add error files that workers write: which are requested, and which are stored."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0019_error_files.sql")
