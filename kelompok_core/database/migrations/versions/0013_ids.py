"""Store the id of the record that a staged row may create."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0013_ids.sql")
