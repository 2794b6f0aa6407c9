"""Ids as people write them: as much of one as names it, or the word for the newest."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.errors import Ambiguous, NotFound

LAST = "last"
"""Stands for the newest row."""

SHORTEST = 4
_SHORTEST_SHOWN = 8


def get_id(connection: sa.Connection, table: str, given: str) -> UUID:
    """Return the id that begins or ends so, or the newest for «last».

    Raises:
        NotFound: When there is none.
        Ambiguous: When there is more than one.
    """
    part = given.strip().lower()
    what = table.removesuffix("s")
    if part == LAST:
        newest = connection.scalar(sa.text(f"SELECT id FROM {table} ORDER BY id DESC LIMIT 1"))  # noqa: S608 -- ours
        if newest is None:
            raise NotFound(what, given, hint=f"There is no {what} yet.")
        return UUID(str(newest))
    query = sa.text(f"""
        SELECT id FROM {table} WHERE length(:part) >= {SHORTEST}
          AND (starts_with(id::text, :part) OR right(id::text, length(:part)) = :part)
        ORDER BY id DESC LIMIT 4""")  # noqa: S608 -- ours
    found = list(connection.scalars(query, {"part": part}))
    if len(found) > 1:
        raise Ambiguous(what, given, which=found)
    if not found:
        hint = f"Give at least {SHORTEST} digits of it." if len(part) < SHORTEST else None
        raise NotFound(what, given, hint=hint or f"«{LAST}» is the newest one.")
    return UUID(str(found[0]))


def shorten(connection: sa.Connection, table: str, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return as much of the beginning of each id as no other id of the table has."""
    query = sa.text(f"""
        SELECT i.id, (SELECT t.id FROM {table} t WHERE t.id < i.id ORDER BY t.id DESC LIMIT 1) AS before,
               (SELECT t.id FROM {table} t WHERE t.id > i.id ORDER BY t.id LIMIT 1) AS after
        FROM unnest(CAST(:ids AS uuid[])) i (id)""")  # noqa: S608 -- ours
    return {
        row.id: _beginning(str(row.id), [str(one) for one in (row.before, row.after) if one is not None])
        for row in connection.execute(query, {"ids": list(ids)})
    }


def _beginning(written: str, neighbours: Collection[str]) -> str:
    """Return the shortest beginning that neither neighbour has: ids lie in the order of how they are written."""
    length = _SHORTEST_SHOWN
    while length < len(written) and any(one.startswith(written[:length]) for one in neighbours):
        length += 1
    return written[:length].rstrip("-") if length < len(written) else written
