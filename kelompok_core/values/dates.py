"""Read dates as people write them, in English and Indonesian, as ISO 8601 text: 1998, 1998-05, 1998-05-17.

This uses a table and a few patterns: dateparser takes about a millisecond per value, and guesses.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import pandas as pd
import pyarrow.compute as pc

from kelompok_core.contracts import Severity, to_arrow
from kelompok_core.values.arrow import matching
from kelompok_core.values.blanks import STILL, ZERO_DATE, drop_blank_words
from kelompok_core.values.clocks import RANGE_WORDS, SECONDS_A_DAY
from kelompok_core.values.conventions import DateOrder
from kelompok_core.values.eras import ANY, DateTerms, Era, date_terms
from kelompok_core.values.normalized import Normalized, all_findings, found, found_read_as, map_others, split_others
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line

_MONTHS = (
    "january januari jan", "february februari pebruari feb peb", "march maret mar mrt", "april apr", "may mei",
    "june juni jun", "july juli jul", "august agustus aug agt agu ags agst agus", "september sept sep",
    "october oktober oct okt", "november nopember nov nop", "december desember dec des",
)  # fmt: skip
_MONTH = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
_DAY_NAME = (
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?(?![^\W\d_])|"
    r"senin|selasa|rabu|kamis|jum.?at|sabtu|minggu|ahad)"
)
_WEEKDAY = re.compile(rf"^(?P<name>{_DAY_NAME})(?:[.,]\s*|\s+|(?=\d))")
_WEEKDAYS = ("mon sen", "tue sel", "wed rab", "thu kam", "fri jum", "sat sab", "sun min aha")
_NUMBER_OF_DAY = {name: number for number, names in enumerate(_WEEKDAYS) for name in names.split()}
_END = r"(?!\d)"
_YEAR = re.compile(r"(?P<y>\d{3,4})(?:[.,]0+)?")
_YEAR_FIRST = re.compile(rf"(?P<y>\d{{4}})(?P<s>[-/.])(?P<m>\d{{1,2}})(?:(?P=s)(?P<d>\d{{1,2}}))?{_END}")
_MONTH_YEAR = re.compile(r"(?P<m>\d{1,2})[-/.](?P<y>\d{4})")
_COMPACT = re.compile(rf"(?P<y>(?:1[5-9]|20|21)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?:[.,]0+$)?{_END}")
_NUMBERS = re.compile(rf"(?P<a>\d{{1,2}})(?P<s>[-/.])(?P<b>\d{{1,2}})(?P=s)(?P<y>\d{{4}}|\d\d){_END}")
_NAMED = (
    re.compile(
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s/.,-]*(?:of\s+)?(?P<n>[^\W\d_]{{3,}})[\s/.,-]*(?P<y>\d{{4}}|\d\d){_END}"
    ),
    re.compile(rf"(?P<n>[^\W\d_]{{3,}})\.?\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}}){_END}"),
    re.compile(rf"(?P<n>[^\W\d_]{{3,}})[\s.,/-]*(?P<y>\d{{4}}){_END}"),
)
_YEARS, _LEAP_YEAR = range(100, 2201), 2000
_DAY, _TO_THE_MONTH = len("1998-05-17"), len("1998-05")

_DAY_NUMBER = re.compile(r"(\d{5})(?:[.,](\d+))?")
_FIRST_DAY_NUMBER, _BEFORE_DAY_ONE = 10_000, date(1899, 12, 30)
"""Spreadsheets count days from 1900 and include a 29 February 1900 that did not exist. A smaller number is a year."""

DAY_NUMBER = r"^[\s\pZ]*\d{5}(?:[.,]\d+)?[\s\pZ]*$"
"""Possible day numbers of spreadsheets, as an RE2 pattern."""

NUMERIC_DATE = r"^[\s\pZ]*\p{Nd}{1,2}(?:-\p{Nd}{1,2}-|/\p{Nd}{1,2}/|\.\p{Nd}{1,2}\.)(?:\p{Nd}{4}|\p{Nd}{2})(?:\P{Nd}|$)"
"""Dates of numbers alone, whose order of day and month must be known, as an RE2 pattern."""

SHORT_YEAR = r"(?:\p{L}[\s\pZ./,'’-]*|^[\s\pZ]*\p{Nd}{1,2}[-/.]\p{Nd}{1,2}[-/.])\p{Nd}{2}[\s\pZ]*$"
"""Dates that end with a year of two digits, as an RE2 pattern."""

_LONG_YEAR = r"(?:^|\D)(?P<year>1[5-9]\d\d|20\d\d)(?:\D|$)"

WRONG, AMBIGUOUS = "value.date", "value.date_ambiguous"
PARTIAL, OTHER_WEEKDAY = "value.date_partial", "value.date_weekday"
CENTURY_UNCLEAR, IMPLAUSIBLE = "value.century_unclear", "value.date_implausible"
DAY_NUMBER_READ, DAY_NUMBER_UNCLEAR = "value.date_serial", "value.date_serial_unclear"

_EMPTY_DAY = "1900-01-01"
"""The date that a spreadsheet shows for an empty cell with a date format."""
ISO_DAY = r"(?:1[5-9]|20|21)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"


class ReadDate(NamedTuple):
    """A date at the beginning of a text.

    Attributes:
        day: ISO text with year, month or day; None if there is no date, or more than one is possible.
        rest: The text after the date.
        code: The issue code, or None.
    """

    day: str | None
    rest: str
    code: str | None = None


def partial_date(inputs: Inputs, *, era: Era = ANY) -> Normalized:
    """Read a date with year, month or day; a cell that is not a date gives null and a warning."""
    dates, codes = _read(inputs, era)
    findings = _findings(inputs, dates, codes, era, wrong=Severity.WARNING)
    return Normalized(values=dates, findings=findings, brief=dates.where(dates.str.len() < _DAY))


def first_day(inputs: Inputs, *, era: Era = ANY, needs_month: bool = False) -> Normalized:
    """Read a day; a year or month gives its first day, with a warning. A cell that is not a date is an error.

    With ``needs_month`` a year alone is an error too.
    """
    return _day(inputs, era, _first_of, _TO_THE_MONTH if needs_month else 0)


def last_day(inputs: Inputs, *, era: Era = ANY) -> Normalized:
    """Read a day; a year or month gives its last day, with a warning. «now» and «sekarang» give null."""
    still = matching(inputs.own, STILL)
    return _day(inputs.with_own(inputs.own.mask(still)) if still.any() else inputs, era, _last_of, 0)


def _day(inputs: Inputs, era: Era, day_of: Callable[[str], str], shortest: int) -> Normalized:
    dates, codes = _read(inputs, era)
    length = dates.str.len()
    if shortest:
        codes, dates = codes.mask(length < shortest, WRONG), dates.mask(length < shortest)
    partial = dates.notna() & (length < _DAY)
    days = map_others(dates, ~partial, day_of)
    codes = codes.mask(partial, PARTIAL)
    findings = all_findings(
        _findings(inputs, days, codes, era, wrong=Severity.ERROR),
        found(inputs.own, days == _EMPTY_DAY, "value.date_of_empty_cell", Severity.WARNING),
    )
    return Normalized(values=days, findings=findings, brief=dates.where(partial))


def _first_of(partial: str) -> str:
    return (partial + "-01-01")[:_DAY]


def _last_of(partial: str) -> str:
    year, month = int(partial[:4]), int(partial[5:7] or 12)
    return f"{partial[:4]}-{month:02}-{monthrange(year, month)[1]}"


def filled_dates(cells: pd.Series) -> pd.Series:
    """Return the trimmed text of cells of dates; null for the words and zeros that mean there is no date."""
    filled = drop_blank_words(line(cells).values)
    zeros = matching(filled, ZERO_DATE)
    return filled.mask(zeros) if zeros.any() else filled


def _read(inputs: Inputs, era: Era) -> tuple[pd.Series, pd.Series]:
    """Return the dates of the cells, and their issue codes."""
    filled = filled_dates(inputs.own)
    terms = inputs.date_terms(inputs.own, era)
    plain = filled.isna() if terms.year_first == "ydm" else filled.str.fullmatch(ISO_DAY)
    dates, codes = split_others(filled, plain, 2, lambda written: _only_date(written, terms))
    return dates, codes


def _findings(inputs: Inputs, dates: pd.Series, codes: pd.Series, era: Era, *, wrong: Severity) -> pd.DataFrame:
    return all_findings(
        *date_findings(inputs.own, dates, codes, wrong=wrong), implausible(inputs.own, dates, era, inputs.reading.today)
    )


def date_findings(cells: pd.Series, dates: pd.Series, codes: pd.Series, *, wrong: Severity) -> list[pd.DataFrame]:
    """Return the issues of the cells, from the codes their dates were read with."""
    severities = {
        WRONG: wrong,
        AMBIGUOUS: Severity.ERROR,
        CENTURY_UNCLEAR: Severity.REVIEW,
        DAY_NUMBER_UNCLEAR: Severity.REVIEW,
        DAY_NUMBER_READ: Severity.WARNING,
        PARTIAL: Severity.WARNING,
        OTHER_WEEKDAY: Severity.REVIEW,
    }
    there = set(codes.dropna().unique())
    return [
        found_read_as(cells, codes == code, code, severity, taken=dates)
        for code, severity in severities.items()
        if code in there
    ]


def implausible(cells: pd.Series, days: pd.Series, era: Era, today: date) -> pd.DataFrame:
    """Return a review issue for each date outside the era."""
    bounds = pc.min_max(to_arrow(days)).as_py()
    first, last = era.bounds(today)
    if bounds["min"] is None or (first <= bounds["min"] and bounds["max"] <= last):
        return all_findings()
    outside = [day for day in days.dropna().unique() if not era.covers(day, today)]
    if not outside:
        return all_findings()
    return found_read_as(cells, days.isin(outside), IMPLAUSIBLE, Severity.REVIEW, taken=days)


def _only_date(written: str, terms: DateTerms) -> tuple[str | None, str | None]:
    day, rest, code = split_date(written, terms)
    # Exports write a time after the day: ignore it. Any other text after the day makes the cell wrong.
    if day is not None and rest and not re.match(r"t?\s*\d", rest):
        return None, WRONG
    return day, code


@lru_cache(maxsize=100_000)
def split_date(written: str, terms: DateTerms) -> ReadDate:
    """Return the date at the beginning of the text, and the text after it."""
    text = written.strip().lower()
    weekday = _WEEKDAY.match(text)
    text = text[weekday.end() :].strip() if weekday else text
    if (reading := _reading(text, terms)) is not None:
        parts, end = reading
        read = _dated(parts, terms)
        if read.code != WRONG:
            code = read.code or (OTHER_WEEKDAY if weekday and _is_other_day(weekday["name"], read.day) else None)
            return read._replace(rest=text[end:].strip(" ,;"), code=code)
    numbers = _NUMBERS.match(text)
    if numbers and terms.order is None and _dated(_in_order(numbers, DateOrder.DAY_FIRST), terms).code != WRONG:
        return ReadDate(None, text[numbers.end() :].strip(" ,;"), AMBIGUOUS)
    return _of_day_number(text, terms) or ReadDate(None, text, WRONG)


def _is_other_day(name: str, day: str | None) -> bool:
    """Return whether a day is on another weekday than the one named."""
    known = day is not None and len(day) == _DAY
    return known and date.fromisoformat(str(day)).weekday() != _NUMBER_OF_DAY[name[:3]]


_TO = re.compile(rf"\s*(?:[-–—/]|{RANGE_WORDS})\s*")
_DAYS_OF_NAMES = re.compile(rf"(?P<first>{_DAY_NAME}){_TO.pattern}(?P<last>{_DAY_NAME})[.,]?\s*")
_BEFORE_MONTH = re.compile(r"\d{1,2}")
_BEFORE_YEAR = re.compile(r"(?P<d>\d{1,2})[\s/.-]*(?P<n>[^\W\d_]{3,})")
_MONTH_BEFORE = re.compile(r"(?P<n>[^\W\d_]{3,})\.?\s*(?P<d>\d{1,2})")


class DayRange(NamedTuple):
    """A range of days: the first and the last as they were read, with the text after each."""

    first: ReadDate
    last: ReadDate


def split_range(written: str, terms: DateTerms) -> DayRange | None:
    """Return the first and the last day of a text such as «17-18 Mei 2012» or «22-03-2031 s/d 24-03-2031».

    None if the text is not a range, or the last day is not after the first.
    """
    text = written.strip().lower()
    names = _DAYS_OF_NAMES.match(text)
    text = text[names.end() :] if names else text
    for mark in _TO.finditer(text):
        before, behind = text[: mark.start()], text[mark.end() :]
        last = _last_day_of(before, behind, terms)
        first = _first_day_of(before, last, terms)
        if first.day is not None and last.day is not None and first.day < last.day:
            return _of_weekdays(names, first, last)
    return None


def _last_day_of(before: str, behind: str, terms: DateTerms) -> ReadDate:
    month = _MONTH_BEFORE.fullmatch(before)
    last = split_date(f"{month['n']} {behind}" if month else behind, terms)  # «May 1-3, 2031»
    return last if len(last.day or "") == _DAY else ReadDate(None, "", WRONG)


def _first_day_of(before: str, last: ReadDate, terms: DateTerms) -> ReadDate:
    """Return the first day of a range; a month or year that it leaves out is that of the last day."""
    if last.day is None:
        return last
    year, month = last.day[:4], last.day[5:7]
    if _BEFORE_MONTH.fullmatch(before):
        return split_date(f"{before} {_MONTHS[int(month) - 1].split()[0]} {year}", terms)
    if fits := _BEFORE_YEAR.fullmatch(before) or _MONTH_BEFORE.fullmatch(before):
        first = split_date(f"{fits['d']} {fits['n']} {year}", terms)
        later = first.day is not None and first.day > last.day  # «30 Desember - 2 Januari 2031»
        return split_date(f"{fits['d']} {fits['n']} {int(year) - 1}", terms) if later else first
    first = split_date(before, terms)
    return first if len(first.day or "") == _DAY else ReadDate(None, "", WRONG)


def _of_weekdays(names: re.Match[str] | None, first: ReadDate, last: ReadDate) -> DayRange:
    """Return the range; its first day carries the issue code of both."""
    apart = names and (_is_other_day(names["first"], first.day) or _is_other_day(names["last"], last.day))
    code = first.code or last.code or (OTHER_WEEKDAY if apart else None)
    return DayRange(first._replace(code=code), last)


class _Parts(NamedTuple):
    """Year as written, month and day; month and day are None if the date does not have them."""

    year: str
    month: int | None = None
    day: int | None = None


def _reading(text: str, terms: DateTerms) -> tuple[_Parts, int] | None:
    """Return the parts by the first pattern that matches, and the position where the date ends."""
    if fits := _YEAR.fullmatch(text):
        return _Parts(fits["y"]), fits.end()
    if fits := _MONTH_YEAR.fullmatch(text):
        return _Parts(fits["y"], int(fits["m"])), fits.end()
    if fits := _YEAR_FIRST.match(text) or _COMPACT.match(text):
        return _year_first(fits["y"], fits["m"], fits["d"], terms), fits.end()
    if fits := _NUMBERS.match(text):
        parts = _of_numbers(fits, terms)
        return (parts, fits.end()) if parts else None
    return _with_name(text)


def _of_numbers(fits: re.Match[str], terms: DateTerms) -> _Parts | None:
    """Return the parts of three numbers; None if their order is not known."""
    if terms.year_first and len(fits["y"]) == len("98"):
        return _year_first(fits["a"], fits["b"], fits["y"], terms)
    known = terms.order or _evident_order(int(fits["a"]), int(fits["b"]))
    return None if known is None else _in_order(fits, known)


def _with_name(text: str) -> tuple[_Parts, int] | None:
    for pattern in _NAMED:
        if (fits := pattern.match(text)) and fits["n"] in _MONTH:
            day = fits.groupdict().get("d")
            return _Parts(fits["y"], _MONTH[fits["n"]], int(day) if day else None), fits.end()
    return None


def _year_first(year: str, second: str, third: str | None, terms: DateTerms) -> _Parts:
    if third is None:
        return _Parts(year, int(second))
    month, day = (third, second) if terms.year_first == "ydm" else (second, third)
    return _Parts(year, int(month), int(day))


def _in_order(fits: re.Match[str], order: DateOrder) -> _Parts:
    first, second = int(fits["a"]), int(fits["b"])
    day, month = (first, second) if order is DateOrder.DAY_FIRST else (second, first)
    return _Parts(fits["y"], month, day)


def _evident_order(first: int, second: int) -> DateOrder | None:
    if first in (second, 0) or first > len(_MONTHS) >= second > 0:
        return DateOrder.DAY_FIRST
    return DateOrder.MONTH_FIRST if second == 0 or second > len(_MONTHS) >= first else None


def _dated(parts: _Parts, terms: DateTerms) -> ReadDate:
    """Return the date of these parts. A month or day written as zero is not known."""
    year, month, day = parts
    known = [part for part in (month, day) if month and part]
    rest = "".join(f"-{part:02}" for part in known)
    short = len(year) <= len("98")
    years = terms.era.years(int(year), rest, terms.today, recent=terms.recent) if short else [int(year)]
    if not any(_exists(one, *known) for one in years or (_LEAP_YEAR,)):
        return ReadDate(None, "", WRONG)
    if len(years) != 1:
        return ReadDate(None, "", CENTURY_UNCLEAR)
    return ReadDate(f"{years[0]:04}{rest}", "", PARTIAL if 0 in (month, day) else None)


def _exists(year: int, month: int = 1, day: int = 1) -> bool:
    return year in _YEARS and month <= len(_MONTHS) and day <= monthrange(year, month)[1]


def _of_day_number(text: str, terms: DateTerms) -> ReadDate | None:
    fits = _DAY_NUMBER.fullmatch(text)
    if fits is None or int(fits[1]) < _FIRST_DAY_NUMBER:
        return None
    if not terms.day_numbers:
        return ReadDate(None, "", DAY_NUMBER_UNCLEAR)
    day = _BEFORE_DAY_ONE + timedelta(days=int(fits[1]))
    seconds = round(float(f"0.{fits[2] or 0}") * SECONDS_A_DAY)
    clock = str(timedelta(seconds=min(seconds, SECONDS_A_DAY - 1))) if seconds else ""
    return ReadDate(day.isoformat(), clock, DAY_NUMBER_READ)


def proven_orders(cells: pd.Series) -> set[DateOrder]:
    """Return the orders that the column's values prove: a number above 12 must be the day."""
    numbers = cells[matching(cells, NUMERIC_DATE)].drop_duplicates()
    parts = numbers.str.strip().str.extract(r"^(\d{1,2})[-/.](\d{1,2})").astype("int64")
    first, second = parts[0] > len(_MONTHS), parts[1] > len(_MONTHS)
    proven = {DateOrder.DAY_FIRST: first & ~second, DateOrder.MONTH_FIRST: second & ~first}
    return {order for order, shown in proven.items() if shown.any()}


def oldest_year(cells: pd.Series) -> int | None:
    """Return the smallest year of four digits in the column; None if there is none."""
    years = cells.drop_duplicates().str.extract(_LONG_YEAR)["year"].dropna()
    return None if years.empty else int(years.min())


_ENOUGH = 1_000
"""Cells of a batch that are checked to find out whether its column has dates."""


def has_dates(cells: pd.Series) -> bool:
    """Return whether any cell of the column is a full date, in whichever order of its numbers."""
    terms = date_terms(order=DateOrder.DAY_FIRST, today=date.max)
    others = filled_dates(cells).dropna().drop_duplicates()
    return any(len(split_date(written, terms).day or "") == _DAY for written in others[:_ENOUGH])
