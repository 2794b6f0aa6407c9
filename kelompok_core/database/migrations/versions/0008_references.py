"""Rows that were read before, staged as references to what was read then."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0008_references.sql")
