"""Add stricter checks of dates, posts without a publication date, better name keys, and checks of repeated ids."""

import pandas as pd
import sqlalchemy as sa
from alembic import op

from kelompok_core.database.sql_files import run_sql_files

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_sql_files(op.get_bind(), "0015_plausible.sql")
    _renew_keys(op.get_bind())


def _renew_keys(connection: sa.Connection) -> None:
    """Update the name keys of organizations with an abbreviated legal form, or a legal form after the name."""
    from kelompok_core.matching.keys import organization_name_key

    rows = connection.execute(sa.text("SELECT id, name, name_key FROM organizations")).all()
    keys = organization_name_key(pd.Series([row.name for row in rows], dtype="str"))
    changed = [{"id": row.id, "key": key} for row, key in zip(rows, keys, strict=True) if key != row.name_key]
    if changed:
        connection.execute(sa.text("UPDATE organizations SET name_key = :key WHERE id = :id"), changed)
