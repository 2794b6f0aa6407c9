"""Add decisions of people about rows in review."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0003_review.sql")
