"""Record what the sender of an import could see at the time."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0020_senders.sql")
