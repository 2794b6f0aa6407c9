"""Let the planner know how many rows of an import are references to evidence."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0014_evidence.sql")
