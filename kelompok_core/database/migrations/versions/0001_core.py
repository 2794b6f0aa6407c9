"""Create the core's tables, the audit log, and the rights of the runtime role."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0001_tables.sql", "0001_audit.sql", "0001_grants.sql")
