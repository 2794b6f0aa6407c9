"""Add signals, enrichment runs, and the summary of each organization's goals."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0005_enrichment.sql")
