"""Finding a row by as much of its id as people copy."""

from uuid import UUID

import sqlalchemy as sa

from kelompok_core.errors import NotFound

SHORTEST = 4


def get_id(connection: sa.Connection, table: str, given: str) -> UUID:
    """Return the id that begins or ends so.

    Raises:
        NotFound: When none or more than one does.
    """
    part = given.strip().lower()
    query = sa.text(f"""
        SELECT id FROM {table} WHERE length(:part) >= {SHORTEST}
          AND (starts_with(id::text, :part) OR right(id::text, length(:part)) = :part) LIMIT 2""")  # noqa: S608 -- ours
    found = list(connection.scalars(query, {"part": part}))
    if len(found) != 1:
        what = table.removesuffix("s")
        raise NotFound(f"single {what}" if found else what, given)
    return UUID(str(found[0]))
