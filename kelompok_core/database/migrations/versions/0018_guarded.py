"""Fix the search path of functions, and protect evidence and imports from writes in the wrong state."""

from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0018_functions.sql", "0018_evidence.sql", "0018_imports.sql")
