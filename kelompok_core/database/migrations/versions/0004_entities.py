"""Add imports of members, posts and events."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0004_entities.sql")
