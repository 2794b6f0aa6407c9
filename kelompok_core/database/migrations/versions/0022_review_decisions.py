"""Move the decisions of people to their own table."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0022_review_decisions.sql")
