"""Rules to read ambiguous dates: the plausible years of each field, and the order of day and month."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from kelompok_core.values.conventions import DateOrder

_CENTURIES = (2000, 1900, 1800)
RECENT = 100
"""If no four-digit year of a column is older than this many years, its two-digit years are not either."""


@dataclass(frozen=True, kw_only=True)
class Era:
    """The years in which a field's dates are plausible, counted from the day of the import.

    A year of two digits belongs to the century in which it is between ``short_back`` years ago and ``short_ahead``
    years ahead. If there is no such century, the row goes to review. If that window is wider than 100 years, some years
    fit two centuries and their rows go to review, unless all four-digit years of the column are within the last 100
    years: then the later century is used.

    Attributes:
        back: The maximum number of years in the past.
        ahead: The maximum number of years in the future; with 0, not even tomorrow is plausible.
        short_back: Like ``back``, for years of two digits.
        short_ahead: Like ``ahead``, for years of two digits.
    """

    back: int
    ahead: int = 0
    short_back: int = 100
    short_ahead: int = 0

    def covers(self, day: str, today: date) -> bool:
        """Return whether a date is plausible; ``day`` is ISO text with year, month or day."""
        first, last = self.bounds(today)
        return first[: len(day)] <= day <= last[: len(day)]

    def bounds(self, today: date) -> tuple[str, str]:
        """Return the first and the last day that are plausible, as ISO text."""
        return _years_from(today, -self.back), _years_from(today, self.ahead)

    def years(self, two_digits: int, rest: str, today: date, *, recent: bool = False) -> list[int]:
        """Return the years that two digits can mean, the latest first.

        ``rest`` is the date after the year. Set ``recent`` if all four-digit years of the column are within the last
        100 years.
        """
        back = min(self.short_back, RECENT) if recent else self.short_back
        first, last = _years_from(today, -back), _years_from(today, self.short_ahead)
        written = {century + two_digits: f"{century + two_digits}{rest}" for century in _CENTURIES}
        # The first day is excluded, so that a window of 100 years contains each day once.
        return [year for year, day in written.items() if first[: len(day)] < day <= last[: len(day)]]


def _years_from(today: date, years: int) -> str:
    year = min(max(today.year + years, 1), 9999)
    return f"{year:04}{today.isoformat()[4:]}"


ANY = Era(back=1900, ahead=200, short_back=80, short_ahead=20)
"""For a field without a plausible range of its own."""
FOUNDING = Era(back=1500, short_back=120, short_ahead=1)
"""Universities and monasteries are older than states; nothing was founded in the future.

The oldest modern associations of Indonesia (Budi Utomo, Muhammadiyah) are 120 years old, and lists have them with two
digits: of 1998 and 2005 one century is plausible, 12 may be 1912 or 2012.
"""
DISSOLVING = Era(back=500, ahead=5, short_ahead=1)
"""An end may be agreed on some years ahead."""
BIRTH = Era(back=110, short_back=106)
"""The oldest people reach 120; a member older than 110 goes to review."""
JOINING = Era(back=150, short_back=80, short_ahead=1)
"""Members are usually alive: in 2026 the year 30 goes to review, as neither 1930 nor 2030 is likely."""
LEAVING = Era(back=150, ahead=30, short_back=80, short_ahead=20)
"""A term may end in the future."""
HAPPENING = Era(back=300, ahead=30, short_back=80, short_ahead=20)
"""Events and posts: an archive reaches back, a calendar ahead."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DateTerms:
    """How to read a column's ambiguous dates. Create it with :func:`date_terms`, which reuses equal objects.

    The terms are part of a cache key that is looked up for every cell, so they compare by identity, which is fast.

    Attributes:
        order: The order of day and month in numeric dates.
        era: The plausible years.
        today: The day of the import.
        day_numbers: Whether a number of five digits is a spreadsheet's day number.
        year_first: ``ymd`` or ``ydm`` if the header gives such an order, else None.
        recent: Whether all four-digit years of the column are within the last 100 years.
    """

    order: DateOrder | None = None
    era: Era = ANY
    today: date
    day_numbers: bool = False
    year_first: str | None = None
    recent: bool = False


@lru_cache(maxsize=1_000)
def date_terms(**terms: Any) -> DateTerms:
    """Return the :class:`DateTerms` with these attributes; the same object for the same attributes."""
    return DateTerms(**terms)
