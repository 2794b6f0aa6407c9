"""Ids: drawn for many rows at once, and found by as much of one as people copy."""

import secrets
import time
from uuid import UUID

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from kelompok_core.errors import NotFound

SHORTEST = 4

_OF_A_MILLISECOND = 12
"""Bits behind the version that count rows up within one: RFC 9562, section 6.2, method 1."""


def draw_ids(count: int) -> pa.Array:
    """Return so many new ids of version 7, as text of 32 digits, rising: 48 bits of time, 12 of order, 62 of chance.

    PostgreSQL draws the same, one by one. Chance comes from the system, for all at once.
    """
    places = np.arange(count, dtype=np.uint64)
    milliseconds = np.uint64(time.time_ns() // 1_000_000) + (places >> _OF_A_MILLISECOND)
    order = places & ((1 << _OF_A_MILLISECOND) - 1)
    ids = np.empty((count, 2), ">u8")
    ids[:, 0] = milliseconds << 16 | 0x7000 | order
    ids[:, 1] = np.frombuffer(secrets.token_bytes(count * 8), np.uint64) >> 2 | 1 << 63
    digits = pa.py_buffer(ids.tobytes().hex().encode())
    return pa.Array.from_buffers(pa.binary(32), count, [None, digits])


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
