"""Facts about columns that only the whole source shows: date orders, day numbers of spreadsheets, ids with decimals."""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

import pandas as pd

from kelompok_core.contracts import SourceBatch
from kelompok_core.headers.spelling import names_a_date
from kelompok_core.imports.shared.imports import Import
from kelompok_core.imports.staging.plugin_output import accept_batch
from kelompok_core.values.arrow import matching
from kelompok_core.values.conventions import DateOrder
from kelompok_core.values.date_orders import YEAR_FIRST, order_in_header
from kelompok_core.values.dates import DAY_NUMBER, NUMERIC_DATE, SHORT_YEAR, has_dates, oldest_year, proven_orders
from kelompok_core.values.eras import RECENT

_DECIMAL = r"^\d+\.0+$"
_FRACTION = r"^\d+\.\d*[1-9]"
_DATE_TIME_NUMBER = r"^[\s\pZ]*\d{5}[.,]\d*[1-9]\d*[\s\pZ]*$"
"""A spreadsheet's number for a date and time. In a column of dates, nothing else looks like it."""


@dataclass(frozen=True, kw_only=True)
class ColumnFacts:
    """Facts about a source's columns.

    Attributes:
        date_orders: The date order of each column with numeric dates.
        day_numbers: Columns whose numbers are a spreadsheet's day numbers, as other cells or the header show.
        recent: Columns of dates whose four-digit years are all within the last 100 years.
        decimals: Columns of ids whose decimals are all zero.
    """

    date_orders: Mapping[str, DateOrder]
    day_numbers: frozenset[str]
    recent: frozenset[str]
    decimals: frozenset[str]


@dataclass
class _ColumnEvidence:
    """What the cells of one column show, over all batches."""

    orders: set[DateOrder] = field(default_factory=set)
    has_dates: bool = False
    has_day_numbers: bool = False
    has_date_time_numbers: bool = False
    has_short_years: bool = False
    oldest_year: int | None = None
    has_decimals: bool = False
    has_fractions: bool = False

    def add(self, cells: pd.Series) -> None:
        self.orders |= proven_orders(cells)
        self.has_dates = self.has_dates or has_dates(cells)
        self.has_day_numbers = self.has_day_numbers or _any_matches(cells, DAY_NUMBER)
        self.has_date_time_numbers = self.has_date_time_numbers or _any_matches(cells, _DATE_TIME_NUMBER)
        self.has_short_years = self.has_short_years or _any_matches(cells, SHORT_YEAR)
        years = [year for year in (self.oldest_year, oldest_year(cells)) if year is not None]
        self.oldest_year = min(years, default=None)
        self.has_decimals = self.has_decimals or _any_matches(cells, _DECIMAL)
        self.has_fractions = self.has_fractions or _any_matches(cells, _FRACTION)


class Survey:
    """Finds the facts about the columns of one import; starts with those that an interrupted run stored.

    Reads the source a second time if a batch has ambiguous values in columns that were not surveyed yet.
    """

    def __init__(self, import_: Import, read: Callable[[], Generator[SourceBatch]]) -> None:
        self._import = import_
        self._read = read
        known = import_.read_as
        self._orders = {column: DateOrder(order) for column, order in known.get("date_order", {}).items()}
        self._day_numbers = set(known.get("day_numbers", ()))
        self._recent = set(known.get("recent_years", ()))
        self._decimals = set(known.get("decimals", ()))
        self._surveyed = {*self._orders, *self._day_numbers, *self._recent, *self._decimals}

    def of(self, batch: SourceBatch, *, dates: set[str], ids: set[str]) -> ColumnFacts:
        """Return the facts for reading a batch with these columns of dates and ids; survey the source if necessary."""
        asked = self._import.options.date_order
        if asked is not None:
            self._orders |= dict.fromkeys(dates, asked)
        unclear = f"{DAY_NUMBER}|{SHORT_YEAR}" if asked is not None else f"{NUMERIC_DATE}|{DAY_NUMBER}|{SHORT_YEAR}"
        needed = [
            *_where(batch, dates - self._surveyed, unclear),
            *_where(batch, ids - self._surveyed, _DECIMAL),
        ]
        if needed:
            self._survey((dates | ids) - self._surveyed)
        return ColumnFacts(
            date_orders=dict(self._orders),
            day_numbers=frozenset(self._day_numbers),
            recent=frozenset(self._recent),
            decimals=frozenset(self._decimals),
        )

    def to_json(self) -> dict[str, object]:
        facts: dict[str, object] = {
            "date_order": {column: order.value for column, order in sorted(self._orders.items())},
            "day_numbers": sorted(self._day_numbers),
            "recent_years": sorted(self._recent),
            "decimals": sorted(self._decimals),
        }
        return {name: found for name, found in facts.items() if found}

    def _survey(self, columns: set[str]) -> None:
        """Read the source once more and store the facts that it proves about these columns."""
        evidence = {column: _ColumnEvidence() for column in columns}
        read = 0
        with closing(self._read()) as batches:
            for yielded in batches:
                batch = accept_batch(yielded, after=read, plugin=self._import.plugin_label)
                read += len(batch.cells)
                for column in columns & set(batch.cells.columns):
                    evidence[column].add(batch.cells[column])
        self._surveyed |= columns
        for column, one in evidence.items():
            self._store_order(column, one)
            if one.has_day_numbers and (one.has_dates or one.has_date_time_numbers or names_a_date(column)):
                self._day_numbers.add(column)
            if one.has_short_years and (one.oldest_year or 0) > self._import.created_at.year - RECENT:
                self._recent.add(column)
            if one.has_decimals and not one.has_fractions:
                self._decimals.add(column)

    def _store_order(self, column: str, evidence: _ColumnEvidence) -> None:
        in_header = order_in_header(column)
        if in_header in YEAR_FIRST or column in self._orders:
            return
        orders = evidence.orders | ({DateOrder(in_header)} if in_header else set())
        if len(orders) == 1:
            self._orders[column] = next(iter(orders))


def _where(batch: SourceBatch, columns: Iterable[str], pattern: str) -> list[str]:
    return [column for column in columns if _any_matches(batch.cells[column], pattern)]


def _any_matches(cells: pd.Series, pattern: str) -> bool:
    return bool(matching(cells, pattern).any())
