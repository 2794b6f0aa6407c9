"""Find received files by content and pin plans to an epoch, so that a backup can be restored elsewhere."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0017_places.sql")
