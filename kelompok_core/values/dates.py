"""Dates as people write them, in English and Indonesian, as ISO 8601 text: 1998, 1998-05, 1998-05-17.

A table and a few patterns, because dateparser takes about a millisecond a value, and guesses.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache

import pandas as pd

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import matching
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.conventions import DateOrder
from kelompok_core.values.normalized import Normalized, all_findings, found, map_others
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line

_MONTHS = (
    "january januari jan", "february februari pebruari feb peb", "march maret mar mrt", "april apr", "may mei",
    "june juni jun", "july juli jul", "august agustus aug agt agu ags agst agus", "september sept sep",
    "october oktober oct okt", "november nopember nov nop", "december desember dec des",
)  # fmt: skip
_MONTH = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
_WEEKDAY = re.compile(
    r"^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?[.,]?\s+|"
    r"^(?:senin|selasa|rabu|kamis|jum.?at|sabtu|minggu|ahad)[.,]?\s*",
    re.IGNORECASE,
)
_END = r"(?!\d)"
_YEAR_FIRST = re.compile(rf"(?P<y>\d{{4}})(?P<s>[-/.])(?P<m>\d{{1,2}})(?:(?P=s)(?P<d>\d{{1,2}}))?{_END}")
_COMPACT = re.compile(rf"(?P<y>(?:1[5-9]|20|21)\d\d)(?P<m>\d\d)(?P<d>\d\d){_END}")
_NUMBERS = re.compile(rf"(?P<a>\d{{1,2}})(?P<s>[-/.])(?P<b>\d{{1,2}})(?P=s)(?P<y>\d{{4}}|\d\d){_END}")
_NAMED = (
    re.compile(rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s/.,-]*(?P<n>[^\W\d_]{{3,}})[\s/.,-]*(?P<y>\d{{4}}|\d\d){_END}"),
    re.compile(rf"(?P<n>[^\W\d_]{{3,}})\.?\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}}){_END}"),
    re.compile(rf"(?P<n>[^\W\d_]{{3,}})[\s.,/-]*(?P<y>\d{{4}}){_END}"),
)
_YEAR = re.compile(rf"(?P<y>\d{{3,4}}){_END}")
_PIVOT = 69  # POSIX: two digits from 69 on are of the last century
_YEARS = range(100, 2201)
UNDECIDED = "?"
"""Stands for a date that could be two days."""

# What stands where somebody still holds an office.
_STILL = frozenset({"sekarang", "saat ini", "kini", "hingga kini", "now", "present", "current", "ongoing"})

NUMERIC_DATE = r"^[\s\pZ]*\p{Nd}{1,2}[-/.]\p{Nd}{1,2}[-/.](?:\p{Nd}{4}|\p{Nd}{2})(?:\P{Nd}|$)"
"""Dates whose day and month only their order tells apart, in RE2's spelling."""

_ISO_DAY = r"(?:1[5-9]|20|21)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"


def partial_date(inputs: Inputs) -> Normalized:
    """Read a date known to the year, month or day; what is no date is left out, and said so."""
    return _read(inputs.own, inputs.order_of(inputs.own), Severity.WARNING)


def first_day(inputs: Inputs) -> Normalized:
    """Read a day; of a year or month alone its first, and said so; what is no date is an error."""
    return _day(inputs, _first_of)


def last_day(inputs: Inputs) -> Normalized:
    """Read a day; of a year or month alone its last; «now» and «sekarang» are no day yet."""
    return _day(inputs, _last_of)


def _day(inputs: Inputs, day_of: Callable[[str], str]) -> Normalized:
    cells = inputs.own.mask(inputs.own.str.strip().str.lower().isin(_STILL))
    known = _read(cells, inputs.order_of(inputs.own), Severity.ERROR)
    partial = known.values.str.len() < len("1998-05-17")
    finding = found(inputs.own, partial, "value.date_partial", Severity.WARNING)
    values = map_others(known.values, ~partial.fillna(value=False).astype(bool), day_of)
    return Normalized(values=values, findings=all_findings(known.findings, finding))


def _first_of(partial: str) -> str:
    return (partial + "-01-01")[: len("1998-05-17")]


def _last_of(partial: str) -> str:
    year, month = int(partial[:4]), int(partial[5:7] or 12)
    return f"{partial[:4]}-{month:02}-{monthrange(year, month)[1]}"


def _read(cells: pd.Series, order: DateOrder | None, severity: Severity) -> Normalized:
    said = drop_blank_words(line(cells).values)
    dates = map_others(said, said.str.fullmatch(_ISO_DAY), lambda written: _only_date(written, order))
    undecided = dates == UNDECIDED
    findings = all_findings(
        found(cells, undecided, "value.date_ambiguous", Severity.ERROR),
        found(cells, said.notna() & dates.isna(), "value.date", severity),
    )
    return Normalized(values=dates.mask(undecided), findings=findings)


def _only_date(written: str, order: DateOrder | None) -> str | None:
    day, rest = split_date(written, order)
    # Exports put a time behind a day; the day is what is asked for. Other words are not passed over.
    return day if day is None or not rest or re.match(r"t?\s*\d", rest) else None


@lru_cache(maxsize=100_000)
def split_date(written: str, order: DateOrder | None) -> tuple[str | None, str]:
    """Return the date at the beginning as ISO text, and what stands behind it.

    The date is None when there is none, and :data:`UNDECIDED` when only the order of the numbers could tell it.
    """
    text = _WEEKDAY.sub("", written.strip().lower()).strip()
    for parts, end in _readings(text, order):
        day = _iso(*parts)
        if day is not None:
            return day, text[end:].strip(" ,;")
    numbers = _NUMBERS.match(text)
    if numbers and order is None and _iso(*_in_order(numbers, DateOrder.DAY_FIRST)) is not None:
        return UNDECIDED, text[numbers.end() :].strip(" ,;")
    return None, text


def _readings(text: str, order: DateOrder | None) -> Iterator[tuple[tuple[int, int | None, int | None], int]]:
    """Yield year, month and day for each pattern that fits, and where it ends."""
    for pattern in (_YEAR_FIRST, _COMPACT):
        if fits := pattern.match(text):
            yield (int(fits["y"]), int(fits["m"]), int(fits["d"]) if fits["d"] else None), fits.end()
            return
    if fits := _NUMBERS.match(text):
        if (known := order or _evident_order(int(fits["a"]), int(fits["b"]))) is not None:
            yield _in_order(fits, known), fits.end()
        return
    for pattern in _NAMED:
        if (fits := pattern.match(text)) and fits["n"] in _MONTH:
            groups = fits.groupdict()
            yield (_year(fits["y"]), _MONTH[fits["n"]], int(groups["d"]) if groups.get("d") else None), fits.end()
            return
    if fits := _YEAR.fullmatch(text):
        yield (int(fits["y"]), None, None), fits.end()


def _in_order(fits: re.Match[str], order: DateOrder) -> tuple[int, int, int]:
    first, second = int(fits["a"]), int(fits["b"])
    day, month = (first, second) if order is DateOrder.DAY_FIRST else (second, first)
    return _year(fits["y"]), month, day


def _evident_order(first: int, second: int) -> DateOrder | None:
    if first == second or first > len(_MONTHS) >= second:
        return DateOrder.DAY_FIRST
    return DateOrder.MONTH_FIRST if second > len(_MONTHS) >= first else None


def _year(written: str) -> int:
    number = int(written)
    if len(written) > len("98"):
        return number
    return number + (1900 if number >= _PIVOT else 2000)


def _iso(year: int, month: int | None, day: int | None) -> str | None:
    if year not in _YEARS:
        return None
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return None
    return "-".join([f"{year:04}", *(f"{part:02}" for part in (month, day) if part is not None)])


def proven_orders(cells: pd.Series) -> set[DateOrder]:
    """Return the orders that some value of the column can only have: a day above 12 cannot be a month."""
    numbers = cells[matching(cells, NUMERIC_DATE)].drop_duplicates()
    parts = numbers.str.strip().str.extract(r"^(\d{1,2})[-/.](\d{1,2})").astype("int64")
    first, second = parts[0] > len(_MONTHS), parts[1] > len(_MONTHS)
    proven = {DateOrder.DAY_FIRST: first & ~second, DateOrder.MONTH_FIRST: second & ~first}
    return {order for order, shown in proven.items() if shown.any()}
