"""Read durations, as people and programs write them, in seconds."""

import re
from datetime import timedelta

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from kelompok_core.contracts import Severity
from kelompok_core.values.clocks import SECONDS_A_DAY
from kelompok_core.values.normalized import found, map_distinct
from kelompok_core.values.text import line

_ISO = TypeAdapter(timedelta)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_SECONDS = {
    "day": SECONDS_A_DAY, "hour": 3_600, "minute": 60, "second": 1,
}  # fmt: skip
_UNITS = {
    "day": "d day days hari",
    "hour": "h hr hrs hour hours jam j",
    "minute": "m min mins minute minutes menit mnt",
    "second": "s sec secs second seconds detik",
}
_SECONDS_OF = {word: _SECONDS[unit] for unit, words in _UNITS.items() for word in words.split()}
_PART = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*([a-z]+)\.?,?\s*(?:dan|and|&)?\s*")
_NUMBER = re.compile(r"\d+(?:[.,]0+)?")
_LONGEST_SECONDS = 366 * SECONDS_A_DAY
"""A longer duration is taken to be a mistake."""

_FEWEST_MINUTES = 10
"""A smaller number without a unit may mean hours."""


def read_duration(cells: pd.Series) -> tuple[pd.Series, pd.DataFrame]:
    """Return the seconds of each cell as text, and a warning for each that is not a duration.

    Reads ISO 8601 (``PT1H30M``), ``1:30``, ``00:45``, «45 menit», «1 jam 30 menit», «1,5 hours», and bare
    numbers of minutes, or of the unit that the header names.
    """
    filled = line(cells).values
    if not filled.notna().any():
        return pd.Series(None, index=cells.index, dtype="str"), found(cells, filled.notna(), "", Severity.WARNING)
    unit = _unit_of_header(str(cells.name))
    seconds = map_distinct(filled, lambda written: _seconds_of(written, unit))
    return seconds, found(cells, filled.notna() & seconds.isna(), "value.duration", Severity.WARNING)


def _unit_of_header(header: str) -> int | None:
    words = re.findall(r"[a-z]+", header.lower())
    return next((_SECONDS_OF[word] for word in words if word in _SECONDS_OF and len(word) > 1), None)


def _seconds_of(written: str, unit: int | None) -> str | None:
    text = written.lower()
    if text.startswith("p"):
        seconds = _iso_seconds(written)
    elif fits := _CLOCK.fullmatch(text):
        hours, minutes, rest = (int(part or 0) for part in fits.groups())
        seconds = hours * 3_600 + minutes * 60 + rest if minutes < 60 and rest < 60 else None  # noqa: PLR2004
    elif _NUMBER.fullmatch(text):
        seconds = _of_number(float(text.replace(",", ".")), unit)
    else:
        seconds = _of_words(text)
    return None if seconds is None or seconds > _LONGEST_SECONDS else str(round(seconds))


def _iso_seconds(written: str) -> float | None:
    try:
        lasting = _ISO.validate_python(written.upper())
    except ValidationError:
        return None
    return lasting.total_seconds() if lasting >= timedelta(0) else None


def _of_number(number: float, unit: int | None) -> float | None:
    if unit is not None:
        return number * unit
    return number * 60 if number == 0 or number >= _FEWEST_MINUTES else None


def _of_words(text: str) -> float | None:
    at, seconds = 0, 0.0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or part[2] not in _SECONDS_OF:
            return None
        seconds += float(part[1].replace(",", ".")) * _SECONDS_OF[part[2]]
        at = part.end()
    return seconds
