"""The inputs of a field's reader: its own column, further columns, and the import's settings for reading."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd

from kelompok_core.values.conventions import DEFAULT_PHONE_COUNTRY, DEFAULT_ZONE, DateOrder
from kelompok_core.values.date_orders import YEAR_FIRST, order_in_header
from kelompok_core.values.eras import DateTerms, Era, date_terms
from kelompok_core.values.normalized import Normalized


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An import's settings for values that can be read in several ways.

    Attributes:
        date_orders: The date order of each column: configured, or proven by a value above 12.
        phone_country: ISO 3166 code of the country of phone numbers without a country code.
        timezone: IANA name of the zone of times without a zone.
        today: The day of the import, from which plausible dates are counted.
        day_numbers: Columns of dates in which a bare number is a spreadsheet's day number.
        recent: Columns of dates whose four-digit years are all within the last 100 years.
        decimals: Columns of ids in which a program has written ``.0`` after whole numbers.
    """

    date_orders: Mapping[str, DateOrder] = field(default_factory=dict)
    phone_country: str = DEFAULT_PHONE_COUNTRY
    timezone: str = DEFAULT_ZONE
    today: date = field(default_factory=date.today)
    day_numbers: frozenset[str] = frozenset()
    recent: frozenset[str] = frozenset()
    decimals: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The cells from which a field is read, all with the same index.

    Attributes:
        own: The field's own column; all null if the source has none.
        parts: Further columns that the source has, by part.
        reading: How to read.
        owner_country: The country of the organization that each row names, if known; None if it is known for no row.
        shared: Results that one reader computed from the same cells, for the other readers of the batch.
    """

    own: pd.Series
    parts: Mapping[str, pd.Series] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    owner_country: pd.Series | None = None
    shared: dict[str, Any] = field(default_factory=dict)

    def part(self, name: str) -> pd.Series:
        """Return a part's cells; all null if the source has no such column."""
        found = self.parts.get(name)
        return pd.Series(None, index=self.own.index, dtype="str") if found is None else found

    def with_own(self, cells: pd.Series) -> "Inputs":
        """Return the same inputs with other cells of the field's own column."""
        return replace(self, own=cells)

    def date_terms(self, cells: pd.Series, era: Era) -> DateTerms:
        """Return how the dates of a column are to be read."""
        column, reading = str(cells.name), self.reading
        header_order = order_in_header(column)
        return date_terms(
            order=reading.date_orders.get(column),
            era=era,
            today=reading.today,
            day_numbers=column in reading.day_numbers,
            year_first=header_order if header_order in YEAR_FIRST else None,
            recent=column in reading.recent,
        )


Reader = Callable[[Inputs], Normalized]
"""Reads a field from several columns or by the import's settings."""


def alone(cells: pd.Series, reading: Reading | None = None) -> Inputs:
    """Return one column as the inputs of a reader."""
    return Inputs(own=cells, reading=reading or Reading())
