"""What a value is read from when its own cell does not tell all: further columns, and how the import says to read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from kelompok_core.values.conventions import DEFAULT_PHONE_COUNTRY, DEFAULT_ZONE, DateOrder
from kelompok_core.values.normalized import Normalized


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How an import reads what could be read in several ways.

    Attributes:
        date_orders: By column: the order configured, or proven by a value above 12.
        phone_country: ISO 3166 code of numbers written without one.
        timezone: IANA name of the zone of times written without one.
    """

    date_orders: Mapping[str, DateOrder] = field(default_factory=dict)
    phone_country: str = DEFAULT_PHONE_COUNTRY
    timezone: str = DEFAULT_ZONE


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The cells one field is read from, all of one index.

    Attributes:
        own: The field's own column; null throughout where the source has none.
        parts: Further columns, by part; those the source has.
        reading: How to read.
        shared: What one reader worked out of the same cells, for the others of the batch.
    """

    own: pd.Series
    parts: Mapping[str, pd.Series] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    shared: dict[str, pd.DataFrame] = field(default_factory=dict)

    def part(self, name: str) -> pd.Series:
        """Return a part's cells, null throughout where the source has none."""
        found = self.parts.get(name)
        return pd.Series(None, index=self.own.index, dtype="str") if found is None else found

    def order_of(self, cells: pd.Series) -> DateOrder | None:
        return self.reading.date_orders.get(str(cells.name))


Reader = Callable[[Inputs], Normalized]
"""Reads a field from several columns or by the import's settings."""


def alone(cells: pd.Series, reading: Reading | None = None) -> Inputs:
    """Return one column as the inputs of a reader."""
    return Inputs(own=cells, reading=reading or Reading())
