"""The pandera schema every batch of donation candidates must pass; a check's error is its issue code."""

from functools import lru_cache

import pandera.pandas as pa

from kelompok_core.values.checks import DAY, NUMBER, one_of, pattern, text


@lru_cache
def donation_schema() -> pa.DataFrameSchema:
    """Return the schema: one column a field, text, null where the source says nothing."""
    columns = {
        "receipt": text(100),
        "donor": text(500, required=True),
        "amount": pattern(NUMBER, "value.type"),
        "currency": one_of("IDR", "USD"),
        "donated_on": pattern(DAY, "value.date"),
    }
    return pa.DataFrameSchema(columns, strict=False, name="donations")
