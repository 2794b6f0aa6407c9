"""Generates ids for the records that staged rows may create, for all rows of a batch at once."""

import secrets
import time

import numpy as np
import pyarrow as pa

_OF_A_MILLISECOND = 12
"""Bits after the version that count ids within a millisecond: RFC 9562, section 6.2, method 1."""


def draw_ids(count: int) -> pa.Array:
    """Return new UUIDs of version 7 in ascending order, as text of 32 hexadecimal digits.

    An id has 48 bits of time, 12 of order and 62 random bits. PostgreSQL generates the same kind, but one by one.
    """
    places = np.arange(count, dtype=np.uint64)
    milliseconds = np.uint64(time.time_ns() // 1_000_000) + (places >> _OF_A_MILLISECOND)
    order = places & ((1 << _OF_A_MILLISECOND) - 1)
    ids = np.empty((count, 2), ">u8")
    ids[:, 0] = milliseconds << 16 | 0x7000 | order
    ids[:, 1] = np.frombuffer(secrets.token_bytes(count * 8), np.uint64) >> 2 | 1 << 63
    digits = pa.py_buffer(ids.tobytes().hex().encode())
    return pa.Array.from_buffers(pa.binary(32), count, [None, digits])
