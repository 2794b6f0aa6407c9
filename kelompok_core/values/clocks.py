"""Read times of day as people write them: «19.30 WIB», «7 malam», «09.00 - 12.00», a part of a day."""

import re
from dataclasses import dataclass
from datetime import time
from functools import lru_cache

from kelompok_core.values.zones import ABBREVIATIONS, ZONE_LETTERS, zone_name

_HOURS_OF_DAY = {
    "dini hari": (0, 5), "pagi": (1, 11), "siang": (10, 16), "sore": (14, 18), "petang": (15, 19), "malam": (18, 23),
}  # fmt: skip
"""The hours that Indonesian words for a time of day cover, first and last."""
_NOON_WORDS = ("12 noon", "12:00 noon", "noon", "midday", "tengah hari")
_OF_DAY = rf"(?:[ap]\.?m\b\.?|(?:{'|'.join(_HOURS_OF_DAY)})\b)"
_NUMBERS = r"\d{1,2}(?:[:.h]\d{2})?(?:[:.]\d{2}(?:[.,]\d+)?)?"
_CLOCK = rf"(?:(?:{_NUMBERS}|\d{{1,2}}h)\s*{_OF_DAY}?|{'|'.join(_NOON_WORDS)})"
_CLOCK_PARTS = re.compile(
    r"(?P<hour>\d{1,2})(?:(?:[:.h](?P<minute>\d{2}))?(?:[:.](?P<second>\d{2}))?(?:[.,]\d+)?|h)\s*"
    rf"(?P<word>{_OF_DAY})?"
)
_LETTERS = rf"(?:{'|'.join((*ZONE_LETTERS, *ABBREVIATIONS))})\b"
_OFFSET = r"[+-]\d{2}(?::?\d{2})?"
_ZONE = rf"(?:(?:utc|gmt)\s?[+-]\d{{1,2}}(?::?\d{{2}})?|{_LETTERS}|{_OFFSET})"
RANGE_WORDS = r"(?<![a-z])(?:s\.?\s?/?\s?d\.?|sampai(?:\s+dengan)?|hingga|to|until|through)(?![a-z])"
"""Words between the first and the last of several days or hours."""
_TO = rf"(?:[-–—]|{RANGE_WORDS})"
_TIME = re.compile(
    rf"(?:t|pukul|pkl?\b\.?|jam|at|[-–]|\s)*(?P<start>{_CLOCK})\s*\(?(?P<zone>{_LETTERS}(?!\s?[+-]\d)|{_ZONE}$)?\)?\s*"
    rf"(?:{_TO}\s*(?:(?P<end>{_CLOCK})|selesai|end))?"
    rf"\s*\(?(?P<last_zone>{_ZONE})?\)?\.?"
)
_CLOSE_RANGE = re.compile(r"(?<!t)(?<!\d[:.])(\b\d{1,2}[:.]\d{2})\s*-(?=\d{1,2}[:.]\d{2}(?!\d))")
"""«09:00-12:00» is a range; after seconds, or the T of ISO 8601, -05:00 is an offset."""
_COMPACT = re.compile(r"^t(\d{2})(\d{2})(\d{2})?(?![\d:.])")
_BARE = re.compile(r"^(?P<hour>\d{1,2})(?:(?P<minute>\d{2})(?P<second>\d{2})?|[.,]0)?(?=$|\s*(?!h)[a-z(])")
_FRACTION = re.compile(r"0?[.,]\d+")
_EITHER = re.compile(r"0\.(?!00)[0-5]\d")
"""A fraction of a day, or hours and minutes: 0.25 is 06:00 in a spreadsheet, and 00:25 where people write it."""
SECONDS_A_DAY = 86_400
_NOON = 12

NEXT_MIDNIGHT = "24:00:00"
"""Midnight at the end of a day."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A time of day or a range of times: start and end as HH:MM:SS, and the zone."""

    start: str
    end: str | None = None
    zone: str | None = None


@lru_cache(maxsize=10_000)
def parse_clock(written: str, *, bare: bool = False) -> Clock | None:
    """Return the time of day, or None if the text is not one.

    Use ``bare`` for a column of times, in which 9 is 09:00 and 1930 is 19:30.
    """
    text = _CLOSE_RANGE.sub(r"\1 - ", _COMPACT.sub(_with_colons, written.strip().lower()))
    if _EITHER.fullmatch(text):
        return None
    text = _BARE.sub(_hour_and_minute, text) if bare else text
    fits = _TIME.fullmatch(text)
    start = _time_of(fits["start"]) if fits else None
    if fits is None or start is None:
        return Clock(start=_of_fraction(text)) if _FRACTION.fullmatch(text) else None
    end = _time_of(fits["end"]) if fits["end"] else None
    if fits["end"] and end is None:
        return None
    zone = fits["zone"] or fits["last_zone"]
    if zone is not None and zone_name(zone) is None:  # no clock is 99 hours ahead
        return None
    return Clock(start=start, end=end, zone=zone)


def _with_colons(fits: re.Match[str]) -> str:
    return "t" + ":".join(filter(None, fits.groups()))


def _hour_and_minute(fits: re.Match[str]) -> str:
    return ":".join(filter(None, (fits["hour"], fits["minute"] or "00", fits["second"])))


def _of_fraction(written: str) -> str:
    """Return the time that a spreadsheet keeps as a part of a day: 0.375 is 09:00."""
    seconds = round(float("0" + written.lstrip("0").replace(",", ".")) * SECONDS_A_DAY)
    return (time.min if seconds == SECONDS_A_DAY else _clock_of(seconds)).isoformat()


def _clock_of(seconds: int) -> time:
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)


def _time_of(written: str) -> str | None:
    """Return the time of day; None for a bare number. Midnight at the end of the day is 24:00:00."""
    if written in _NOON_WORDS:
        return time(_NOON).isoformat()
    fits = _CLOCK_PARTS.fullmatch(written.strip())
    if fits is None or written.strip().isdigit():
        return None
    hour = _hour_of(int(fits["hour"]), fits["word"])
    minute, second = int(fits["minute"] or 0), int(fits["second"] or 0)
    if (hour, minute, second) == (24, 0, 0):
        return NEXT_MIDNIGHT
    try:
        return None if hour is None else time(hour, minute, second).isoformat()
    except ValueError:
        return None


def _hour_of(hour: int, word: str | None) -> int | None:
    """Return the hour from 0 to 24 for an hour with a word such as «pm» or «malam»; None if they do not fit."""
    if word is None:
        return hour
    if word[0] in "ap" and word[1:].strip(".") == "m":
        return hour % _NOON + (_NOON if word[0] == "p" else 0) if 1 <= hour <= _NOON else None
    first, last = _HOURS_OF_DAY[word]
    return next((one for one in (hour, hour + _NOON) if first <= one <= last), None)
