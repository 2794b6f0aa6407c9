"""Add the city to the index of organization names."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0012_names.sql")
