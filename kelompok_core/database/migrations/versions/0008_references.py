"""Stage rows that were read before as references to the earlier rows."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0008_references.sql")
