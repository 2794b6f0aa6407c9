"""Store a digest of how each source was read, so that an unchanged file is not read again."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0010_passes.sql")
