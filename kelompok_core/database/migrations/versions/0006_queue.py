"""Add the queue of imports, workers, and the API keys with which imports were requested."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0006_queue.sql")
