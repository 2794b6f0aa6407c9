"""What the pass over a source rested on, so that the same one need not be made twice."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0010_passes.sql")
