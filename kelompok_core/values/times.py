"""Moments as UTC text like 2015-01-26T02:00:00Z, read from a date, a time of day and a zone in one cell or in two."""

import re
from dataclasses import dataclass
from datetime import time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter, ValidationError

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import to_series
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.conventions import DEFAULT_ZONE, DateOrder, is_zone
from kelompok_core.values.dates import UNDECIDED, split_date
from kelompok_core.values.normalized import Normalized, all_findings, found, map_distinct, no_findings, split_distinct
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line

_ZONES = {
    "wib": "Asia/Jakarta", "wita": "Asia/Makassar", "wit": "Asia/Jayapura", "z": "UTC", "utc": "UTC", "gmt": "UTC",
}  # fmt: skip
"""Indonesia's three zones, and the one of machines."""

_OF_PLACES = ("wib", "wita", "wit")
"""The letters that tell where something happens, and not only when."""

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
_DURATIONS = TypeAdapter(timedelta)
_NOON = 12
_DAY = len("1998-05-17")
_MIDNIGHT, _LAST_SECOND = "00:00:00", "23:59:59"


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What is said of the time of day: where it begins and ends, as HH:MM:SS, and the zone."""

    start: str
    end: str | None = None
    zone: str | None = None


def _clock_parts(written: str) -> tuple[str | None, str | None, str | None]:
    clock = parse_clock(written)
    return (clock.start, clock.end, clock.zone) if clock else (None, None, None)


@lru_cache(maxsize=10_000)
def parse_clock(written: str) -> Clock | None:
    """Return the time of day, or None when the text is none."""
    fits = _TIME.fullmatch(written.strip().lower())
    start = _time_of(fits["start"]) if fits else None
    if fits is None or start is None:
        return None
    end = _time_of(fits["end"]) if fits["end"] else None
    return Clock(start=start, end=end, zone=fits["zone"] or fits["last_zone"])


def _time_of(written: str) -> str | None:
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
        return time(hour, int(fits[2] or 0), int(fits[3] or 0)).isoformat()
    except ValueError:
        return None


def starts_at(inputs: Inputs) -> Normalized:
    """Read when something begins; a day without a time begins at its midnight.

    The part ``start_time`` is the time of day, where that has a column of its own.
    """
    told = _start(inputs, inputs.own)
    return _moments(told, told["start"].fillna(_MIDNIGHT), inputs, inputs.own, inputs.part("start_time"))


def ends_at(inputs: Inputs) -> Normalized:
    """Read when something ends; a day without a time ends with its last second.

    Without an end of its own, the day of the start and the part ``end_time`` tell it, or a range in the time of the
    start («09.00 - 12.00 WIB»), or the part ``duration`` as ISO 8601 has it («PT1H30M»).
    """
    begins, times = inputs.part("starts_at"), inputs.part("end_time")
    dates = inputs.own.fillna(begins.where(times.fillna("").str.strip() != ""))
    dates.name = inputs.own.name or begins.name
    told = _tell(dates, times, inputs.order_of(dates))
    ending = _moments(told, told["start"].fillna(_LAST_SECOND), inputs, dates, times)
    start = _start(inputs, begins)
    values = ending.values.fillna(_utc(start, start["end"], inputs))
    duration = line(inputs.part("duration")).values
    if not duration.notna().any():
        return Normalized(values=values, findings=ending.findings)
    lasting = map_distinct(duration, _seconds_of)
    unknown = found(inputs.part("duration"), duration.notna() & lasting.isna(), "value.duration", Severity.WARNING)
    after = _later(_utc(start, start["start"].fillna(_MIDNIGHT), inputs), lasting)
    return Normalized(values=values.fillna(after), findings=all_findings(ending.findings, unknown))


def _seconds_of(written: str) -> str | None:
    """Return the seconds of a duration such as ``PT2H`` or ``P1D``, as text; None when it is none."""
    try:
        lasting = _DURATIONS.validate_python(written)
    except ValidationError:
        return None
    return str(int(lasting.total_seconds())) if written.startswith("P") and lasting >= timedelta(0) else None


def _later(moments: pd.Series, seconds: pd.Series) -> pd.Series:
    later = pd.Series(None, index=moments.index, dtype="str")
    both = moments.notna() & seconds.notna() & (seconds != "0").fillna(value=False).astype(bool)  # zero says nothing
    if both.any():
        start = pd.to_datetime(moments[both].str.removesuffix("Z"))
        ends = start + pd.to_timedelta(seconds[both].astype("int64"), unit="s")
        later[both] = ends.dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype("str")
    return later


def all_day(inputs: Inputs) -> Normalized:
    """Read whether something lasts whole days: it says so, or begins on a day without a time."""
    said = drop_blank_words(line(inputs.own).values.str.lower())
    told = map_distinct(said, lambda word: "true" if word in _TRUE else "false")
    start = _start(inputs, inputs.part("starts_at"))
    day = start["day"].where(start["code"].isna())
    untimed = day.mask(day.notna(), "true").mask(day.notna() & start["start"].notna(), "false")
    return Normalized(values=told.fillna(untimed), findings=no_findings())


def zone(inputs: Inputs) -> Normalized:
    """Read the zone something happens in: its own column, the letters behind the time, or what the import says."""
    said = drop_blank_words(line(inputs.own).values)
    named = map_distinct(said, _zone_name)
    start = _start(inputs, inputs.part("starts_at"))
    behind = map_distinct(start["zone"], lambda letters: _ZONES[letters] if letters in _OF_PLACES else None)
    if inputs.reading.timezone != DEFAULT_ZONE:
        behind = behind.fillna(start["day"].mask(start["day"].notna(), inputs.reading.timezone))
    finding = found(inputs.own, said.notna() & named.isna(), "value.timezone_unknown", Severity.WARNING)
    return Normalized(values=named.fillna(behind), findings=finding)


def _zone_name(written: str) -> str | None:
    return _ZONES.get(written.lower()) or (written if is_zone(written) else None)


def _start(inputs: Inputs, dates: pd.Series) -> pd.DataFrame:
    """Return what the cells of the start tell, worked out once for all that is read from them."""
    name = f"start: {dates.name}"
    if name not in inputs.shared:
        inputs.shared[name] = _tell(dates, inputs.part("start_time"), inputs.order_of(dates))
    return inputs.shared[name]


def _tell(dates: pd.Series, times: pd.Series, order: DateOrder | None) -> pd.DataFrame:
    """Return columns day, start, end, zone and code: what each row says, or what is wrong with it.

    Dates and times are parsed apart: of both there are few that differ, of the two together many.
    """
    if not dates.notna().any():
        return pd.DataFrame(None, index=dates.index, columns=["day", "start", "end", "zone", "code"], dtype="str")
    said = drop_blank_words(line(dates).values)
    day, rest = split_distinct(said, 2, lambda text: split_date(text, order))
    clock = drop_blank_words(line(times).values).fillna(rest.where(rest != "")).where(said.notna())
    parts = zip(("start", "end", "zone"), split_distinct(clock, 3, _clock_parts), strict=True)
    told = pd.DataFrame({"day": day, **dict(parts)})
    code = pd.Series(None, index=said.index, dtype="str")
    code = code.mask(clock.notna() & told["start"].isna(), "value.time")
    code = code.mask(said.notna() & (day.str.len() != _DAY).fillna(value=True).astype(bool), "value.date")
    told["code"] = code.mask((day == UNDECIDED).fillna(value=False).astype(bool), "value.date_ambiguous")
    return told


def _moments(told: pd.DataFrame, at: pd.Series, inputs: Inputs, dates: pd.Series, times: pd.Series) -> Normalized:
    """Return moments at these times of day, and what is wrong, at the cell it is wrong in."""
    values = _utc(told, at, inputs)
    if told["code"].isna().all():
        return Normalized(values=values, findings=no_findings())
    own_column = times.fillna("").str.strip() != ""
    wrong_time = told["code"] == "value.time"
    findings = all_findings(
        *(found(dates, told["code"] == code, code, Severity.ERROR) for code in ("value.date_ambiguous", "value.date")),
        found(times, wrong_time & own_column, "value.time", Severity.ERROR),
        found(dates, wrong_time & ~own_column, "value.time", Severity.ERROR),
    )
    return Normalized(values=values, findings=findings)


def _utc(told: pd.DataFrame, at: pd.Series, inputs: Inputs) -> pd.Series:
    """Return the days at these times as UTC, zone by zone; null where something is wrong or missing."""
    good = told["code"].isna() & told["day"].notna() & at.notna()
    moments = pd.Series(None, index=told.index, dtype="str")
    if not good.any():
        return moments
    local = (told["day"] + "T" + at)[good]
    zones = told["zone"][good].fillna("")
    for letters in zones.unique():
        here = local[zones == letters]
        naive = pd.DatetimeIndex(here.to_numpy(dtype="datetime64[s]"))
        first = np.ones(len(here), dtype=bool)  # an hour that comes twice is the first of the two
        placed = naive.tz_localize(
            _tzinfo(letters, inputs.reading.timezone), ambiguous=first, nonexistent="shift_forward"
        )
        utc = placed.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]")
        written = pc.replace_substring(pa.array(utc).cast(pa.large_string()), " ", "T")
        moments[here.index] = to_series(written, here.index) + "Z"
    return moments


@lru_cache
def _tzinfo(written: str, default: str) -> tzinfo:
    if not written:
        return ZoneInfo(default)
    if written in _ZONES:
        return ZoneInfo(_ZONES[written])
    digits = re.sub(r"\D", "", written).ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if written.startswith("-") else offset)
