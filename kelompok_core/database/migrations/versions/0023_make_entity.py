"""Add functions that make a table audited, or the table of an entity."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0023_make_entity.sql")
