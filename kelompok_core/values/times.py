"""Moments as UTC text like 2015-01-26T02:00:00Z, read from dates, times of day and zones in one cell or in several."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import time
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import to_series
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.conventions import DEFAULT_ZONE
from kelompok_core.values.dates import PARTIAL, WRONG, date_findings, implausible, said_dates, split_date
from kelompok_core.values.durations import read_duration
from kelompok_core.values.eras import HAPPENING, DateTerms, Era
from kelompok_core.values.normalized import Normalized, all_findings, found, map_distinct, split_distinct
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line
from kelompok_core.values.words import truth
from kelompok_core.values.zones import ZONE_LETTERS, as_offset, header_zone, zone_info, zone_name

_CLOCK = r"\d{1,2}(?:[:.]\d{2})?(?:[:.]\d{2}(?:[.,]\d+)?)?\s*(?:[ap]\.?m\.?)?"
_CLOCK_PARTS = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?(?:[:.](\d{2}))?(?:[.,]\d+)?\s*(?:([ap])\.?m\.?)?")
_LETTERS = rf"(?:{'|'.join(ZONE_LETTERS)})\b"
_OFFSET = r"[+-]\d{2}(?::?\d{2})?"
_ZONE = rf"(?:{_LETTERS}{_OFFSET}|{_LETTERS}|{_OFFSET})"
_TIME = re.compile(
    rf"(?:t|pukul|pkl?\b\.?|jam|at|[-–]|\s)*(?P<start>{_CLOCK})\s*\(?(?P<zone>{_LETTERS}|{_ZONE}$)?\)?\s*"
    rf"(?:(?:-|–|—|s\.?/?d\.?|sampai|hingga|to|until)\s*(?:(?P<end>{_CLOCK})|selesai|end))?"
    rf"\s*\(?(?P<last_zone>{_ZONE})?\)?\.?"
)
_FRACTION = re.compile(r"0?[.,]\d+")
_SECONDS_A_DAY = 86_400
_NOON = 12
_DAY = len("1998-05-17")
_MIDNIGHT, _LAST_SECOND = "00:00:00", "23:59:59"
_NO_DAYS = ("1899-12-30", "1899-12-31", "1900-01-00", "1900-01-01", "1970-01-01")
"""What programs write before a time of day that has no date."""

UNTOLD = "?"
"""What is said in brief of a moment that was worked out with a time of day that nobody told."""

_TIME_WRONG, _CONFLICT, _DATELESS = "value.time", "value.time_conflict", "value.time_without_date"


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What is said of the time of day: where it begins and ends, as HH:MM:SS, and the zone."""

    start: str
    end: str | None = None
    zone: str | None = None


@lru_cache(maxsize=10_000)
def parse_clock(written: str) -> Clock | None:
    """Return the time of day, or None when the text is none."""
    text = written.strip().lower()
    fits = _TIME.fullmatch(text)
    start = _time_of(fits["start"]) if fits else None
    if fits is None or start is None:
        return Clock(start=_of_fraction(text)) if _FRACTION.fullmatch(text) else None
    end = _time_of(fits["end"]) if fits["end"] else None
    return Clock(start=start, end=end, zone=fits["zone"] or fits["last_zone"])


def _of_fraction(written: str) -> str:
    """Return the time that a spreadsheet keeps as a part of a day: 0.375 is 09:00."""
    seconds = round(float("0" + written.lstrip("0").replace(",", ".")) * _SECONDS_A_DAY)
    return (time.min if seconds == _SECONDS_A_DAY else _clock_of(seconds)).isoformat()


def _clock_of(seconds: int) -> time:
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)


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


class _Cell(NamedTuple):
    """What one cell says of a moment; ``code`` is what is wrong with it, or odd."""

    day: str | None = None
    start: str | None = None
    end: str | None = None
    zone: str | None = None
    code: str | None = None


def _read_date(written: str, terms: DateTerms) -> _Cell:
    """Read a cell of a column of dates: a date, one with a time behind it, or a time of day alone."""
    read = split_date(written, terms)
    if read.code == WRONG:
        clock = parse_clock(written)
        return _Cell(code=WRONG) if clock is None else _Cell(None, clock.start, clock.end, clock.zone)
    if read.day is None or read.code == PARTIAL or len(read.day) < _DAY:
        return _Cell(code=WRONG if read.day else read.code)
    clock = parse_clock(read.rest) if read.rest else None
    if read.rest and clock is None:
        return _Cell(read.day, code=_TIME_WRONG)
    if clock is None:
        return _Cell(read.day, code=read.code)
    return _Cell(read.day, clock.start, clock.end, clock.zone, read.code)


def _read_time(written: str, terms: DateTerms) -> _Cell:
    """Read a cell of a column of times: a time of day, or a full date with its time."""
    clock = parse_clock(written)
    if clock is not None:
        return _Cell(None, clock.start, clock.end, clock.zone)
    cell = _read_date(written, terms)
    if cell.day is None or cell.code == _TIME_WRONG:
        return _Cell(code=_TIME_WRONG)
    return cell._replace(day=None) if cell.day in _NO_DAYS else cell


def _read_cells(inputs: Inputs, cells: pd.Series, read: Callable[[str, DateTerms], _Cell], era: Era) -> pd.DataFrame:
    """Return what each cell says, by the names of :class:`_Cell`."""
    if not cells.notna().any():
        return pd.DataFrame(None, index=cells.index, columns=list(_Cell._fields), dtype="str")
    terms = inputs.date_terms(cells, era)
    parts = split_distinct(said_dates(cells), len(_Cell._fields), lambda written: read(written, terms))
    return pd.DataFrame(dict(zip(_Cell._fields, parts, strict=True)))


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What the rows say of a moment, put together from their cells, and what is wrong with those.

    Attributes:
        day: The date; null where none is told, or something is wrong.
        start: The time of day; null where none is told.
        end: Where a range of times ends.
        zone: Letters, offset or name of the zone the times are of; null where none is told.
        findings: About the cells.
    """

    day: pd.Series
    start: pd.Series
    end: pd.Series
    zone: pd.Series
    findings: pd.DataFrame


def _put_together(inputs: Inputs, dates: pd.Series, days: pd.Series, times: pd.Series, era: Era) -> _Told:
    """Return what a moment's own column, a column of days beside it and one of times of day say together.

    Cells of the own column may be times of day alone, and those of the times full dates with a time.
    """
    own, beside = _read_cells(inputs, dates, _read_date, era), _read_cells(inputs, days, _read_date, era)
    clock = _read_cells(inputs, times, _read_time, era)
    day = own["day"].fillna(clock["day"]).fillna(beside["day"])
    start = clock["start"].fillna(own["start"]).fillna(beside["start"])
    zone = clock["zone"].fillna(own["zone"]).fillna(beside["zone"])
    apart = _differ(own["day"].fillna(beside["day"]), clock["day"])
    apart |= _differ(own["start"].mask(own["start"] == _MIDNIGHT), clock["start"])
    wrong = own["code"].isin(_WRONG) | clock["code"].isin(_WRONG) | (beside["code"].isin(_WRONG) & own["day"].isna())
    timed = ((times, clock["start"]), (dates, own["start"]))
    findings = all_findings(
        *_cell_findings(dates, own),
        *_cell_findings(days, beside.where(own["day"].isna())),
        *_cell_findings(times, clock),
        found(times, apart, _CONFLICT, Severity.ERROR),
        *(found(cells, day.isna() & ~wrong & said.notna(), _DATELESS, Severity.WARNING) for cells, said in timed),
        found(days, _differ(own["day"], beside["day"]), "value.not_used", Severity.WARNING),
        *(implausible(cells, read["day"], era, inputs.reading.today)
          for cells, read in ((dates, own), (days, beside), (times, clock))),
    )  # fmt: skip
    for cells, said in timed:
        zone = zone.fillna(_zone_of_header(cells, said))
    zone = zone.fillna(map_distinct(line(inputs.part("timezone")).values, zone_name))
    bad = wrong | apart
    end = clock["end"].fillna(own["end"])
    return _Told(day=day.mask(bad), start=start.mask(bad), end=end.mask(bad), zone=zone, findings=findings)


_WRONG = (WRONG, _TIME_WRONG, "value.date_ambiguous", "value.century_unclear", "value.date_serial_unclear")


def _cell_findings(cells: pd.Series, read: pd.DataFrame) -> list[pd.DataFrame]:
    if not read["code"].notna().any():
        return []
    wrong_time = found(cells, read["code"] == _TIME_WRONG, _TIME_WRONG, Severity.ERROR)
    return [*date_findings(cells, read["day"], read["code"], wrong=Severity.ERROR), wrong_time]


def _differ(left: pd.Series, right: pd.Series) -> pd.Series:
    return left.notna() & right.notna() & (left != right).fillna(value=False).astype(bool)


def _zone_of_header(cells: pd.Series, said: pd.Series) -> pd.Series:
    """Return the zone that the column's header names, ``post_date_gmt``, where a cell says a time of day."""
    named = header_zone(str(cells.name))
    return said.mask(said.notna(), named) if named else pd.Series(None, index=cells.index, dtype="str")


def starts_at(inputs: Inputs, *, era: Era = HAPPENING) -> Normalized:
    """Read when something begins; a day without a time begins at its midnight.

    The part ``on_date`` is the day and ``start_time`` the time of day, where these have columns of their own; the part
    ``timezone`` is the zone of times that name none.
    """
    told = _start(inputs, inputs.own, era)
    at = told.start.fillna(_MIDNIGHT)
    brief = _in_brief(told, at, _says_whole_days(inputs))
    return Normalized(values=_utc(told, at, inputs), findings=told.findings, brief=brief)


def _in_brief(told: _Told, at: pd.Series, whole_days: pd.Series) -> pd.Series:
    """Return days without a time of day as such, and times without a zone as local ones; null where all is said.

    Of what lasts whole days a day says when it begins and ends.
    """
    timed = told.start.notna() | whole_days
    return told.day.where(~timed, (told.day + "T" + at).where(told.zone.isna() | told.start.isna()))


def _start(inputs: Inputs, dates: pd.Series, era: Era = HAPPENING) -> _Told:
    """Return what the cells of the start tell, worked out once for all that is read from them."""
    name = f"start: {dates.name}"
    if name not in inputs.shared:
        inputs.shared[name] = _put_together(inputs, dates, inputs.part("on_date"), inputs.part("start_time"), era)
    worked_out: _Told = inputs.shared[name]
    return worked_out


def _says_whole_days(inputs: Inputs) -> pd.Series:
    """Return where a column says that the event lasts whole days."""
    return (truth(inputs.part("all_day")).values == "true").fillna(value=False).astype(bool)


def ends_at(inputs: Inputs) -> Normalized:
    """Read when something ends; a day without a time ends with its last second.

    Without a date of its own, the day of the start and a time of day tell it, or a range in the time of the start
    («09.00 - 12.00 WIB»), or the part ``duration``.
    """
    start = _start(inputs, inputs.part("starts_at"))
    nothing = pd.Series(None, index=inputs.own.index, dtype="str")
    told = _put_together(inputs, inputs.own, nothing, inputs.part("end_time"), HAPPENING)
    # A time of day without a date is one of the day of the start.
    dateless = told.day.isna() & told.start.notna() & start.day.notna()
    told = replace(
        told,
        day=told.day.fillna(start.day.where(dateless)),
        zone=told.zone.fillna(start.zone),
        findings=_without(told.findings, _DATELESS, dateless),
    )
    told = _without_midnight(told, _says_whole_days(inputs) & (told.start == _MIDNIGHT) & (told.day > start.day))
    at = told.start.fillna(_LAST_SECOND)
    values = _utc(told, at, inputs)
    values = values.fillna(_utc(start, start.end, inputs))
    lasting, unknown = read_duration(inputs.part("duration"))
    after = _later(_utc(start, start.start.fillna(_MIDNIGHT), inputs), lasting)
    brief = _in_brief(told, at, _says_whole_days(inputs))
    brief = brief.where(told.day.notna(), _end_in_brief(start, values, lasting))
    return Normalized(values=values.fillna(after), findings=all_findings(told.findings, unknown), brief=brief)


def _end_in_brief(start: _Told, values: pd.Series, lasting: pd.Series) -> pd.Series:
    """Return the local times of ends that are told by a range of times, or by how long something lasts.

    Where the start has no time of day, nobody knows when something that lasts so long ends: :data:`UNTOLD`.
    """
    ranged = (start.day + "T" + start.end).where(start.zone.isna())
    begins = (start.day + "T" + start.start).where(start.zone.isna() & values.isna())
    local = _later(begins + "Z", lasting).str.removesuffix("Z")
    timeless = values.mask(values.isna(), UNTOLD).where(values.isna() & start.start.isna() & lasting.notna())
    return ranged.fillna(local).fillna(timeless)


def _without(findings: pd.DataFrame, code: str, where: pd.Series) -> pd.DataFrame:
    """Return the findings but for those with this code about the rows where the mask is true."""
    if not len(findings) or not where.any():
        return findings
    return findings[~((findings["code"] == code) & findings["position"].isin(where.index[where]))]


def _without_midnight(told: _Told, where: pd.Series) -> _Told:
    """Return the moments as the day before their midnight: calendars end whole days with the midnight behind them."""
    mask = where.fillna(value=False).astype(bool)
    if not mask.any():
        return told
    earlier = pd.to_datetime(told.day[mask]) - pd.Timedelta(days=1)
    day = told.day.copy()
    day[mask] = earlier.dt.strftime("%Y-%m-%d").astype("str")
    return replace(told, day=day, start=told.start.mask(mask))


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
    said = truth(inputs.own)
    start = _start(inputs, inputs.part("starts_at"))
    there = start.day.notna()
    untimed = start.day.mask(there, "true").mask(there & start.start.notna(), "false")
    derived = said.values.isna() & there
    brief = untimed.where(derived & start.start.isna())
    return Normalized(values=said.values.fillna(untimed), findings=said.findings, derived=derived, brief=brief)


def zone(inputs: Inputs) -> Normalized:
    """Read the zone something happens in: its own column, what stands behind the time, or what the import says.

    Of a time with an offset only the offset is known; where the import's own zone has it at that moment, that is it.
    """
    said = drop_blank_words(line(inputs.own).values)
    named = map_distinct(said, zone_name)
    start = _start(inputs, inputs.part("starts_at"))
    behind = map_distinct(start.zone, zone_name)
    behind = behind.mask(_is_of_the_import(start, behind, inputs))
    if inputs.reading.timezone != DEFAULT_ZONE:
        behind = behind.fillna(start.day.mask(start.day.notna(), inputs.reading.timezone))
    finding = found(inputs.own, said.notna() & named.isna(), "value.timezone_unknown", Severity.WARNING)
    return Normalized(values=named.fillna(behind), findings=finding, derived=named.isna() & behind.notna())


def _is_of_the_import(start: _Told, zones: pd.Series, inputs: Inputs) -> pd.Series:
    """Return where an offset is that of the import's zone at the time of the start."""
    offsets = map_distinct(zones, as_offset)
    if not offsets.notna().any():
        return offsets.notna()
    moments = pd.to_datetime(_utc(start, start.start.fillna(_MIDNIGHT), inputs).str.removesuffix("Z"))
    local = moments.dt.tz_localize("UTC").dt.tz_convert(zone_info("", inputs.reading.timezone))
    away = local.dt.strftime("%z").str.replace(r"(\d\d)$", r":\1", regex=True)
    return (offsets == away).fillna(value=False).astype(bool)


def _utc(told: _Told, at: pd.Series, inputs: Inputs) -> pd.Series:
    """Return the days at these times as UTC, zone by zone; null where something is wrong or missing."""
    good = told.day.notna() & at.notna()
    moments = pd.Series(None, index=told.day.index, dtype="str")
    if not good.any():
        return moments
    local = (told.day + "T" + at)[good]
    zones = told.zone[good].fillna("")
    for written in zones.unique():
        here = local[zones == written]
        naive = pd.DatetimeIndex(here.to_numpy(dtype="datetime64[s]"))
        first = np.ones(len(here), dtype=bool)  # an hour that comes twice is the first of the two
        placed = naive.tz_localize(
            zone_info(written, inputs.reading.timezone), ambiguous=first, nonexistent="shift_forward"
        )
        utc = placed.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]")
        text = pc.replace_substring(pa.array(utc).cast(pa.large_string()), " ", "T")
        moments[here.index] = to_series(text, here.index) + "Z"
    return moments
