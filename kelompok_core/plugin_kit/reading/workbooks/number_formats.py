"""Number formats: what a cell with a number shows, as far as that matters for records.

A format decides what the number is: a date, a time, a percentage, an id with leading zeros. Colours, currencies and the
number of decimals are left out. The codes are those of ECMA-376, part 1, 18.8.30 and 18.8.31.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

_LAST_DAY = 2_958_465
"""The serial number of 9999-12-31."""
_NO_DAY = 60
"""The serial number of 1900-02-29, which spreadsheets count and the calendar does not have."""
_DAYS_OF_1904 = 1_462
_SECONDS = 86_400
_DIGITS = 15
"""Significant digits that spreadsheets keep."""
_TOO_LARGE = 10**15

_PLAIN = re.compile(r"(?:0|-?[1-9]\d{0,14}|-?(?:0|[1-9]\d{0,14})\.\d{0,13}[1-9])")
"""A number that is shown as it is stored, if it has no more than 15 digits."""

_LARGE = re.compile(r"-?\d{16,}(?:\.\d+)?")
"""A number with more whole digits than spreadsheets keep."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>(?i:general))|(?P<ampm>AM/PM|A/P|上午/下午)|(?P<era>[eE](?![+-])|[gG]+)"
    r"|(?P<letters>[yYmMdDhHsS]+|[bB]{2,})|(?P<zeros>0+)|(?P<other>.)",
    re.DOTALL,
)
_ELAPSED = re.compile(r"[hHmMsS]+")
_LITERALS = frozenset(" -/:()+.,'!&~{}<>=^$")
"""Characters that stand for themselves in a format of zeros."""


class DateParts(NamedTuple):
    """What a date format shows."""

    year: bool = False
    month: bool = False
    day: bool = False
    time: bool = False
    elapsed: bool = False

    @property
    def has_date(self) -> bool:
        """Whether it shows anything of the date."""
        return self.year or self.month or self.day


_DATE = DateParts(year=True, month=True, day=True)
_MOMENT = DateParts(year=True, month=True, day=True, time=True)
_TIME = DateParts(time=True)
_CODES = {
    **dict.fromkeys((9, 10), "0%"),
    **dict.fromkeys((14, 15, 16, *range(28, 32), 36, *range(50, 55), 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((17, 27), "yyyy-mm"),
    **dict.fromkeys((*range(18, 22), *range(32, 36), 45, 47, 55, 56), "hh:mm:ss"),
    22: "yyyy-mm-dd hh:mm",
    46: "[h]:mm:ss",
    49: "@",
}
"""Codes of the built-in formats that matter; all others show plain numbers."""

Show = Callable[[str], str]
"""Returns what a cell shows, from its stored number."""


def builtin_code(number: int) -> str:
    """Return the code of a built-in format."""
    return _CODES.get(number, "General")


@lru_cache(maxsize=4096)
def find_format(code: str, *, of_1904: bool = False) -> Show:
    """Return how numbers are shown in a format.

    Args:
        code: The format's code.
        of_1904: Whether days are counted from 1904-01-01, as early Macintosh programs do.
    """
    parts = read_date_parts(code)
    if parts is not None:
        return lambda stored: show_date(stored, parts, of_1904=of_1904)
    first = _first_section(code)
    if "%" in _without_literals(first):
        return show_percent
    mask = _mask(first)
    return show_number if mask is None else lambda stored: _show_masked(stored, mask)


def _first_section(code: str) -> str:
    """Return the format of positive numbers: what stands before the first semicolon."""
    end = next((token.start() for token in _TOKEN.finditer(code) if token[0] == ";"), len(code))
    return code[:end]


def _without_literals(section: str) -> str:
    tokens = _TOKEN.finditer(section)
    return "".join(token[0] for token in tokens if token["other"] or token["zeros"])


def read_date_parts(code: str) -> DateParts | None:
    """Return what a date format shows, or None if it is no date format."""
    section = _first_section(code)
    letters = ""
    is_elapsed = False
    for token in _TOKEN.finditer(section):
        if token["bracket"] is not None:
            is_elapsed |= _ELAPSED.fullmatch(token["bracket"]) is not None
        elif token["letters"]:
            letters += token["letters"].lower()
        elif token["era"]:
            letters += "y"
        elif token["general"]:
            return None
    if is_elapsed:
        return DateParts(elapsed=True)
    if not letters:
        return None
    has_time = "h" in letters or "s" in letters
    has_day, has_year = "d" in letters, "y" in letters or "b" in letters
    # Beside hours or seconds, and without a day or year, «m» stands for minutes.
    has_month = "m" in letters and (has_day or has_year or not has_time)
    return DateParts(year=has_year, month=has_month, day=has_day, time=has_time)


def _mask(section: str) -> list[str] | None:
    """Return zeros and literals of a format that has nothing else, or None; a single zero is a plain number."""
    found: list[str] = []
    for token in _TOKEN.finditer(section):
        if token["zeros"]:
            found += token["zeros"]
        elif token["quoted"] is not None or token["escaped"] is not None:
            found += token["quoted"] or token["escaped"] or ""
        elif token["bracket"] is not None or token[0][0] in "_*":
            continue
        elif token["other"] is not None and token["other"] in _LITERALS - {".", ","}:
            found.append(token["other"])
        else:
            return None
    zeros = found.count("0")
    has_inner_literal = any(one != "0" for one in "".join(found).strip())
    return found if zeros > 1 or (zeros and has_inner_literal and found[0] != "$") else None


def _show_masked(stored: str, mask: list[str]) -> str:
    """Return a whole number with leading zeros and literals, as its format shows it; other numbers are plain."""
    number = _decimal(stored)
    if number is None or number != number.to_integral_value() or abs(number) >= _TOO_LARGE:
        return show_number(stored)
    zeros = mask.count("0")
    digits = f"{abs(int(number)):0{zeros}d}"
    # Digits that have no zero of their own stand before the others.
    remaining = chain([digits[: len(digits) - zeros + 1]], digits[len(digits) - zeros + 1 :])
    shown = "".join(next(remaining) if one == "0" else one for one in mask)
    return f"-{shown}" if number < 0 else shown


def show_number(stored: str) -> str:
    """Return a number with at most 15 significant digits, never with an exponent."""
    if len(stored) <= _DIGITS and _PLAIN.fullmatch(stored):
        return stored
    number = _decimal(stored)
    if number is None:
        return stored
    return _plain(number)


def has_lost_digits(shown: str) -> bool:
    """Return whether a number is so large that spreadsheets keep only its first 15 digits."""
    return len(shown) > _DIGITS and _LARGE.fullmatch(shown) is not None


def show_percent(stored: str) -> str:
    """Return a number as a percentage."""
    number = _decimal(stored)
    return stored if number is None else f"{_plain(number * 100)}%"


def _decimal(stored: str) -> Decimal | None:
    """Return a stored number with 15 significant digits, or None if it is no finite number."""
    try:
        return Decimal(f"{float(stored):.{_DIGITS}g}") if len(stored) < _LONGEST_NUMBER else None
    except (ValueError, ArithmeticError):
        return None


_LONGEST_NUMBER = 400


def _plain(number: Decimal) -> str:
    if not number.is_finite():
        return str(number)
    text = f"{number.normalize():f}"
    return "0" if text == "-0" else text


def show_date(stored: str, parts: DateParts, *, of_1904: bool) -> str:
    """Return the date and time of a stored number of days, as far as a format shows them."""
    number = _decimal(stored)
    if number is None or number < 0 or number > _LAST_DAY + 1:
        return show_number(stored)
    seconds = round(float(number) * _SECONDS)
    if parts.elapsed:
        return _show_elapsed(seconds)
    day, second = divmod(seconds, _SECONDS)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    if not parts.has_date or (day == 0 and second and not of_1904):
        return clock
    shown = _show_day(day + _DAYS_OF_1904 if of_1904 else day)
    if parts.year and not parts.day and not parts.time:
        return shown[:7] if parts.month else shown[:4]
    return f"{shown} {clock}" if parts.time else shown


def _show_day(day: int) -> str:
    if day in (0, _NO_DAY):
        return "1900-02-29" if day else "1900-01-00"
    return (date(1899, 12, 31 if day < _NO_DAY else 30) + timedelta(days=day)).isoformat()


def _show_elapsed(seconds: int) -> str:
    """Return a duration in ISO 8601, such as ``PT36H`` or ``PT1H30M``."""
    parts = ((seconds // 3600, "H"), (seconds // 60 % 60, "M"), (seconds % 60, "S"))
    return "PT" + ("".join(f"{number}{unit}" for number, unit in parts if number) or "0S")
