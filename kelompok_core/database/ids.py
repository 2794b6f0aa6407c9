"""Ids as people write them: a part that identifies one, or «last» for the newest."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.errors import Ambiguous, NotFound

LAST = "last"
"""The word for the newest row."""

SHORTEST = 4
SHORTEST_SHOWN = 8
"""The number of digits shown, from the end of an id; more if other ids have the same end."""

_MOST_NAMED = 10
"""The maximum number of ids listed if a part fits several."""


def get_id(connection: sa.Connection, table: str, given: str, *, newest: str = "true") -> UUID:
    """Return the id that begins or ends with this part; for «last», the id of the newest row.

    ``newest`` is an SQL condition: for «last», rows that satisfy it are preferred.

    Raises:
        NotFound: When there is no such id.
        Ambiguous: When there is more than one.
    """
    part = given.strip().lower()
    what = table.removesuffix("s")
    if part == LAST:
        order = f"CASE WHEN {newest} THEN 0 ELSE 1 END, id DESC"
        found = connection.scalar(sa.text(f"SELECT id FROM {table} ORDER BY {order} LIMIT 1"))  # noqa: S608 -- ours
        if found is None:
            raise NotFound(what, given, hint=f"There is no {what} yet.")
        return UUID(str(found))
    query = sa.text(f"""
        SELECT id FROM {table} WHERE length(:part) >= {SHORTEST}
          AND (starts_with(id::text, :part) OR right(id::text, length(:part)) = :part)
        ORDER BY id DESC LIMIT {_MOST_NAMED}""")  # noqa: S608 -- ours
    alike = list(connection.scalars(query, {"part": part}))
    if len(alike) > 1:
        raise Ambiguous(what, given, which=alike)
    if not alike:
        hint = f"Give at least {SHORTEST} digits of it." if len(part) < SHORTEST else None
        raise NotFound(what, given, hint=hint or f"«{LAST}» is the newest one.")
    return UUID(str(alike[0]))


def shorten(connection: sa.Connection, table: str, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return for each id a part of its end that no other id of the table has.

    Ids begin with the time, so ids of the same minute begin with the same digits. Their ends are random.
    """
    query = sa.text(f"""
        SELECT i.id, array_agg(t.id) FILTER (WHERE t.id IS NOT NULL) AS others
        FROM unnest(CAST(:ids AS uuid[])) i (id)
        LEFT JOIN {table} t
          ON right(t.id::text, {SHORTEST_SHOWN}) = right(i.id::text, {SHORTEST_SHOWN}) AND t.id <> i.id
        GROUP BY i.id""")  # noqa: S608 -- ours
    return {
        row.id: _end(str(row.id), [str(one) for one in row.others or ()])
        for row in connection.execute(query, {"ids": list(ids)})
    }


def _end(written: str, others: Collection[str]) -> str:
    """Return the shortest end that no other id has, and that does not begin with a hyphen."""
    length = SHORTEST_SHOWN
    while length < len(written) and (written[-length] == "-" or any(one.endswith(written[-length:]) for one in others)):
        length += 1
    return written[-length:]
