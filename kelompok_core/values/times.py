"""Moments as UTC text like 2015-01-26T02:00:00Z, read from a date, a time of day and a zone in one cell or in two."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import pandas as pd

from kelompok_core.contracts import Severity
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.dates import UNDECIDED, split_date
from kelompok_core.values.normalized import Normalized, all_findings, found, map_distinct, no_findings
from kelompok_core.values.reading import DateOrder, Inputs
from kelompok_core.values.text import line

_ZONES = {
    "wib": "Asia/Jakarta", "wita": "Asia/Makassar", "wit": "Asia/Jayapura", "z": "UTC", "utc": "UTC", "gmt": "UTC",
}  # fmt: skip
"""Indonesia's three zones, and the one of machines."""

_CLOCK = r"\d{1,2}(?:[:.]\d{2})?(?:[:.]\d{2}(?:[.,]\d+)?)?\s*(?:[ap]\.?m\.?)?"
_CLOCK_PARTS = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?(?:[:.](\d{2}))?(?:[.,]\d+)?\s*(?:([ap])\.?m\.?)?")
_LETTERS = r"(?:z|utc|gmt|wib|wita|wit)\b"
_OFFSET = r"[+-]\d{2}(?::?\d{2})?"
_TIME = re.compile(
    rf"(?:t|pukul|pkl?\b\.?|jam|at|[-–]|\s)*(?P<start>{_CLOCK})\s*\(?(?P<zone>{_LETTERS}|{_OFFSET}$)?\)?\s*"
    rf"(?:(?:-|–|—|s\.?/?d\.?|sampai|hingga|to|until)\s*(?:(?P<end>{_CLOCK})|selesai|end))?"
    rf"\s*\(?(?P<last_zone>{_LETTERS}|{_OFFSET})?\)?\.?"
)
_TRUE = frozenset({"true", "yes", "ya", "y", "1", "x", "benar", "seharian", "sepanjang hari"})
_NOON = 12
_SEPARATOR = "\x1f"
_DAY = len("1998-05-17")
_MIDNIGHT, _LAST_SECOND = time(0), time(23, 59, 59)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What a date and a time cell say: the day, and the time of day, where it ends, and the zone, if they say so."""

    day: str
    start: time | None = None
    end: time | None = None
    zone: str | None = None


@lru_cache(maxsize=100_000)
def parse_moment(written: str, order: DateOrder | None) -> Moment | str:
    """Return the moment, or the code of what is wrong; date and time cell are apart by a unit separator."""
    date_cell, _, time_cell = written.partition(_SEPARATOR)
    day, rest = split_date(date_cell, order)
    if day == UNDECIDED:
        return "value.date_ambiguous"
    if day is None or len(day) != _DAY:
        return "value.date"
    clock = (time_cell or rest).strip().lower()
    if not clock:
        return Moment(day=day)
    fits = _TIME.fullmatch(clock)
    start = _time_of(fits["start"]) if fits else None
    if fits is None or start is None:
        return "value.time"
    end = _time_of(fits["end"]) if fits["end"] else None
    return Moment(day=day, start=start, end=end, zone=fits["zone"] or fits["last_zone"])


def _time_of(written: str) -> time | None:
    """Return the time of day; a bare number is none."""
    fits = _CLOCK_PARTS.fullmatch(written.strip())
    if fits is None or (fits[2] is None and fits[4] is None):
        return None
    hour = int(fits[1])
    if fits[4]:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if fits[4] == "p" else 0)
    try:
        return time(hour, int(fits[2] or 0), int(fits[3] or 0))
    except ValueError:
        return None


def starts_at(inputs: Inputs) -> Normalized:
    """Read when something begins; a day without a time begins at its midnight.

    The part ``start_time`` is the time of day, where that has a column of its own.
    """
    default = inputs.reading.timezone
    return _read(inputs, "start_time", lambda one: _utc(one.day, one.start or _MIDNIGHT, one.zone, default))


def ends_at(inputs: Inputs) -> Normalized:
    """Read when something ends; a day without a time ends with its last second.

    Without an end of its own, the day of the start and the part ``end_time`` tell it, or a range in the time of the
    start («09.00 - 12.00 WIB»).
    """
    default = inputs.reading.timezone
    begins = inputs.part("starts_at")
    dates = inputs.own.fillna(begins.where(inputs.part("end_time").fillna("").str.strip() != ""))
    dates.name = inputs.own.name or begins.name
    ending = _read(
        Inputs(own=dates, parts=inputs.parts, reading=inputs.reading),
        "end_time",
        lambda one: _utc(one.day, one.start or _LAST_SECOND, one.zone, default),
    )
    ranges = _from_start(inputs, lambda one: _utc(one.day, one.end, one.zone, default) if one.end else None)
    return Normalized(values=ending.values.fillna(ranges), findings=ending.findings)


def all_day(inputs: Inputs) -> Normalized:
    """Read whether something lasts whole days: it says so, or begins on a day without a time."""
    said = drop_blank_words(line(inputs.own).values.str.lower())
    told = said.map(lambda word: "true" if word in _TRUE else "false", na_action="ignore").astype("str")
    untimed = _from_start(inputs, lambda one: "false" if one.start else "true")
    return Normalized(values=told.fillna(untimed), findings=no_findings())


def zone(inputs: Inputs) -> Normalized:
    """Read the zone something happens in: its own column, or the letters behind the time."""
    said = drop_blank_words(line(inputs.own).values)
    named = map_distinct(said, _zone_name)
    behind = _from_start(inputs, lambda one: _ZONES.get(one.zone or ""))
    finding = found(inputs.own, said.notna() & named.isna(), "value.timezone_unknown", Severity.WARNING)
    return Normalized(values=named.fillna(behind), findings=finding)


def is_zone(name: str) -> bool:
    """Whether the name is one of the IANA's."""
    return name in _zone_names()


@lru_cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone_name(written: str) -> str | None:
    return _ZONES.get(written.lower()) or (written if is_zone(written) else None)


def _joined(dates: pd.Series, times: pd.Series) -> pd.Series:
    """Return date and time cell as one text, null where there is no date."""
    said = drop_blank_words(line(dates).values)
    return said + _SEPARATOR + drop_blank_words(line(times).values).fillna("")


def _from_start(inputs: Inputs, write: Callable[[Moment], str | None]) -> pd.Series:
    """Return what the start's cells tell of something else; null where they tell nothing."""
    begins = inputs.part("starts_at")
    order = inputs.order_of(begins)

    def read(written: str) -> str | None:
        parsed = parse_moment(written, order)
        return write(parsed) if isinstance(parsed, Moment) else None

    return map_distinct(_joined(begins, inputs.part("start_time")), read)


def _read(inputs: Inputs, time_part: str, write: Callable[[Moment], str]) -> Normalized:
    cells, times = inputs.own, inputs.part(time_part)
    order = inputs.order_of(cells)
    joined = _joined(cells, times)
    parsed = {text: parse_moment(text, order) for text in joined.dropna().unique()}
    values = joined.map({text: write(one) for text, one in parsed.items() if isinstance(one, Moment)})
    codes = joined.map({text: one for text, one in parsed.items() if isinstance(one, str)})
    own_column = times.fillna("").str.strip() != ""
    findings = all_findings(
        found(cells, codes == "value.date_ambiguous", "value.date_ambiguous", Severity.ERROR),
        found(cells, codes == "value.date", "value.date", Severity.ERROR),
        found(times, (codes == "value.time") & own_column, "value.time", Severity.ERROR),
        found(cells, (codes == "value.time") & ~own_column, "value.time", Severity.ERROR),
    )
    return Normalized(values=values.astype("str"), findings=findings)


def _utc(day: str, at: time, written_zone: str | None, default: str) -> str:
    local = datetime.combine(datetime.fromisoformat(day).date(), at, tzinfo=_tzinfo(written_zone, default))
    return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache
def _tzinfo(written: str | None, default: str) -> tzinfo:
    if written is None:
        return ZoneInfo(default)
    if written in _ZONES:
        return ZoneInfo(_ZONES[written])
    digits = re.sub(r"\D", "", written).ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if written.startswith("-") else offset)
