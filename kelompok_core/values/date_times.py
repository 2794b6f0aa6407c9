"""Combine dates, times of day and zones, from one cell or several, into dates and times in UTC."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contracts import Severity, to_arrow
from kelompok_core.values.arrow import coalesce, matching, to_series
from kelompok_core.values.clocks import NEXT_MIDNIGHT, Clock, parse_clock
from kelompok_core.values.dates import (
    ISO_DAY,
    PARTIAL,
    WRONG,
    date_findings,
    filled_dates,
    implausible,
    split_date,
    split_range,
)
from kelompok_core.values.eras import DateTerms, Era
from kelompok_core.values.normalized import all_findings, found, map_distinct, split_distinct
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line
from kelompok_core.values.zones import read_header, zone_info, zone_name

_WHOLE_DAYS = r"(?i)^[\s\pZ]*(?:all[ -]?day|(?:whole|full) day|sepanjang hari|seharian|sehari penuh)[\s\pZ]*$"
"""Words for «the whole day» in a column of times, as an RE2 pattern."""
_DAY = len("1998-05-17")
MIDNIGHT = "00:00:00"
_PLAIN = rf"^{ISO_DAY}(?:[ T](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)?$"
"""A date and time as most programs write it, as an RE2 pattern."""
_ZERO_CLOCK = r"^[\s\pZ]*00?[:.]00(?:[:.]00)?[\s\pZ]*$"
_NO_DAYS = ("1899-12-30", "1899-12-31", "1900-01-00", "1900-01-01", "1970-01-01")
"""Dates that programs write before a time of day that has none."""
DATELESS = "value.time_without_date"
"""The issue of a time of day without a date."""
_TIME_WRONG, _CONFLICT, _HEADER_ZONE = "value.time", "value.time_conflict", "value.header_zone_unknown"


class _Cell(NamedTuple):
    """The parts of a date and time that one cell holds; ``code`` is the issue code, if there is one."""

    day: str | None = None
    start: str | None = None
    end: str | None = None
    zone: str | None = None
    last_day: str | None = None
    code: str | None = None


def _read_date(written: str, terms: DateTerms) -> _Cell:
    """Read a cell of a column of dates: a date, a date followed by a time, or a time of day alone."""
    read = split_date(written, terms)
    if read.code == WRONG:
        return _of_clock(parse_clock(written)) or _Cell(code=WRONG)
    if read.day is None or read.code == PARTIAL or len(read.day) < _DAY:
        return _Cell(code=WRONG if read.day else read.code)
    if not read.rest:
        return _Cell(read.day, code=read.code)
    timed = _of_clock(parse_clock(read.rest))
    return _Cell(read.day, code=_TIME_WRONG) if timed is None else timed._replace(day=read.day, code=read.code)


def _read_days(written: str, terms: DateTerms) -> _Cell:
    """Read a cell as :func:`_read_date` does, or as a range of days, «17-18 Mei 2012 pukul 09.00-15.00»."""
    cell = _read_date(written, terms)
    if cell.code not in (WRONG, _TIME_WRONG):
        return cell
    days = split_range(written, terms)
    if days is None:
        return cell
    begins = _of_clock(parse_clock(days.first.rest)) if days.first.rest else _Cell()
    ends = _of_clock(parse_clock(days.last.rest)) if days.last.rest else _Cell()
    if begins is None or ends is None:
        return cell
    # One time after both days is when each begins; a range of times is when each begins and ends.
    end = ends.end if begins.start is None else ends.start
    return _Cell(
        days.first.day, begins.start or ends.start, end, begins.zone or ends.zone, days.last.day, days.first.code
    )


def _of_clock(clock: Clock | None) -> _Cell | None:
    return None if clock is None else _Cell(None, clock.start, clock.end, clock.zone)


def _read_time(written: str, terms: DateTerms) -> _Cell:
    """Read a cell of a column of times: a time of day, or a full date with its time."""
    timed = _of_clock(parse_clock(written, bare=True))
    if timed is not None:
        return timed
    cell = _read_date(written, terms)
    if cell.day is None or cell.code == _TIME_WRONG:
        return _Cell(code=_TIME_WRONG)
    return cell._replace(day=None) if cell.day in _NO_DAYS else cell


def _read_cells(
    inputs: Inputs, cells: pd.Series, read: Callable[[str, DateTerms], _Cell], era: Era, midnights: pd.Series | None
) -> pd.DataFrame:
    """Return the parts of each cell, in columns named as in :class:`_Cell`.

    A time of 00:00 counts only where ``midnights`` is true: programs write it where there is no time.
    """
    empty = pd.Series(None, index=cells.index, dtype="str")
    parts = dict.fromkeys(_Cell._fields, empty)
    if not cells.notna().any():
        return pd.DataFrame(parts)
    terms = inputs.date_terms(cells, era)
    filled = filled_dates(cells)
    if midnights is not None and midnights.any():
        filled = filled.where(~(midnights & matching(cells, _ZERO_CLOCK)), cells)
    if read is not _read_time and terms.year_first is None:
        plain = matching(filled, _PLAIN)
        if plain.any():
            parts |= _read_plain(filled.where(plain))
            filled = filled.mask(plain)
    if filled.notna().any():
        others = split_distinct(filled, len(_Cell._fields), lambda written: read(written, terms))
        parts = {name: coalesce(parts[name], other) for name, other in zip(_Cell._fields, others, strict=True)}
    return pd.DataFrame(parts)


def _read_plain(date_times: pd.Series) -> dict[str, pd.Series]:
    """Return the days and times of dates and times in the form of :data:`_PLAIN`, all at once."""
    texts = to_arrow(date_times)
    clocks = pc.utf8_slice_codeunits(texts, _DAY + 1)
    seconds = pc.replace_substring_regex(clocks, r"^(\d\d:\d\d)$", r"\1:00")
    times = pc.if_else(pc.equal(clocks, ""), pa.scalar(None, clocks.type), seconds)
    days = pc.utf8_slice_codeunits(texts, 0, _DAY)
    return {"day": to_series(days, date_times.index), "start": to_series(times, date_times.index)}


@dataclass(frozen=True, kw_only=True)
class TimeParts:
    """The parts of each row's date and time, combined from its cells, with the issues of those cells.

    Attributes:
        day: The date; null if there is none or the cells have an error.
        start: The time of day; null if there is none.
        end: The end of a range of times.
        last_day: The last day of a range of days.
        zone: Abbreviation, offset or name of the time zone; null if there is none.
        findings: About the cells.
    """

    day: pd.Series
    start: pd.Series
    end: pd.Series
    last_day: pd.Series
    zone: pd.Series
    findings: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns of a date and time: its own, another with the day, one with the time of day."""

    own: pd.Series
    beside: pd.Series
    times: pd.Series


def combine_parts(inputs: Inputs, columns: Columns, era: Era, midnights: pd.Series | None = None) -> TimeParts:
    """Combine the own column of a date and time with a column of days and one of times of day.

    Cells of the own column may hold a time of day alone, and cells of the times a full date with a time. Give
    ``midnights`` for an end: 00:00 counts where it is true, and a range of days is not a date.
    """
    read_own = _read_days if midnights is None else _read_date
    own = _read_cells(inputs, columns.own, read_own, era, midnights)
    beside = _read_cells(inputs, columns.beside, read_own, era, midnights)
    clock = _read_cells(inputs, _without_whole_days(columns.times), _read_time, era, midnights)
    day = coalesce(own["day"], clock["day"], beside["day"])
    apart = _differ(coalesce(own["day"], beside["day"]), clock["day"])
    if own["start"].notna().any():
        apart |= _differ(own["start"].mask(own["start"] == MIDNIGHT), clock["start"])
    wrong = own["code"].isin(_WRONG) | clock["code"].isin(_WRONG) | (beside["code"].isin(_WRONG) & own["day"].isna())
    timed = ((columns.times, clock["start"]), (columns.own, own["start"]))
    zone, unknown_zones = _zone(inputs, columns, own, beside, clock)
    findings = all_findings(
        *_cell_findings(columns.own, own),
        *_cell_findings(columns.beside, beside.where(own["day"].isna())),
        *_cell_findings(columns.times, clock),
        found(columns.times, apart, _CONFLICT, Severity.ERROR),
        *(found(cells, day.isna() & ~wrong & times.notna(), DATELESS, Severity.WARNING) for cells, times in timed),
        _ignored_days(columns, own, beside),
        *(implausible(cells, read["day"], era, inputs.reading.today)
          for cells, read in ((columns.own, own), (columns.beside, beside), (columns.times, clock))),
        *unknown_zones,
    )  # fmt: skip
    bad = wrong | apart
    parts = {
        "day": day,
        "start": coalesce(clock["start"], own["start"], beside["start"]),
        "end": coalesce(clock["end"], own["end"], beside["end"]),
        "last_day": coalesce(own["last_day"], beside["last_day"].where(own["day"].isna())),
    }
    if bad.any():
        parts = {name: values.mask(bad) for name, values in parts.items()}
    return TimeParts(**parts, zone=zone, findings=findings)


def _without_whole_days(times: pd.Series) -> pd.Series:
    """Return the times of day; null for words such as «all day» and «sepanjang hari»."""
    whole = matching(times, _WHOLE_DAYS)
    return times.mask(whole) if whole.any() else times


def _ignored_days(columns: Columns, own: pd.DataFrame, beside: pd.DataFrame) -> pd.DataFrame:
    """Return a warning for each day that differs, if both columns have the same zone: else the days may differ."""
    if read_header(str(columns.own.name)).zone != read_header(str(columns.beside.name)).zone:
        return all_findings()
    return found(columns.beside, _differ(own["day"], beside["day"]), "value.not_used", Severity.WARNING)


def _zone(
    inputs: Inputs, columns: Columns, own: pd.DataFrame, beside: pd.DataFrame, clock: pd.DataFrame
) -> tuple[pd.Series, list[pd.DataFrame]]:
    """Return the zones of the times of day, and a review issue for each time whose header names an unknown zone.

    The first that names a zone wins: the cell with the time, the cell with the day, their headers in the same order,
    the row's column of zones. A second column with the same date and time is ignored.
    """
    by_time = clock["start"].notna()
    by_own = own["start"].notna() & ~by_time
    by_beside = beside["start"].notna() & ~by_time & ~by_own
    is_timed = by_time | by_own | by_beside
    from_own = is_timed & own["day"].notna() & ~by_own
    from_beside = is_timed & own["day"].isna() & clock["day"].isna() & beside["day"].notna() & ~by_beside
    zone_sources = (
        (columns.times, clock, by_time),
        (columns.own, own, by_own),
        (columns.beside, beside, by_beside),
        (columns.own, own, from_own),
        (columns.beside, beside, from_beside),
    )
    zone = pd.Series(None, index=columns.own.index, dtype="str")
    for _, read, where in zone_sources:
        if read["zone"].notna().any():
            zone = zone.fillna(read["zone"].where(where))
    for cells, _, where in zone_sources:
        named = read_header(str(cells.name)).zone
        zone = zone if named is None else zone.mask(where & zone.isna(), named)
    if "timezone" in inputs.parts:
        zone = zone.fillna(map_distinct(line(inputs.parts["timezone"]).values, zone_name))
    return zone, [_unknown_header_zone(cells, where, zone) for cells, _, where in zone_sources]


def _unknown_header_zone(cells: pd.Series, where: pd.Series, zone: pd.Series) -> pd.DataFrame:
    """Return a review issue for each time without a zone whose header names an unknown zone, or several."""
    words = read_header(str(cells.name)).unknown
    if words is None:
        return all_findings()
    return found(cells, where & zone.isna(), _HEADER_ZONE, Severity.REVIEW, lambda _: {"zone": words})


_WRONG = (WRONG, _TIME_WRONG, "value.date_ambiguous", "value.century_unclear", "value.date_serial_unclear")


def _cell_findings(cells: pd.Series, read: pd.DataFrame) -> list[pd.DataFrame]:
    if not read["code"].notna().any():
        return []
    wrong_time = found(cells, read["code"] == _TIME_WRONG, _TIME_WRONG, Severity.ERROR)
    return [*date_findings(cells, read["day"], read["code"], wrong=Severity.ERROR), wrong_time]


def _differ(left: pd.Series, right: pd.Series) -> pd.Series:
    if left.isna().all() or right.isna().all():
        return pd.Series(False, index=left.index)
    return left.notna() & right.notna() & (left != right).fillna(value=False).astype(bool)


def to_utc(parts: TimeParts, at: pd.Series, inputs: Inputs) -> pd.Series:
    """Return the days at these times of day as UTC text; null if a part is missing or wrong."""
    local = local_date_times(parts.day, at).dropna()
    date_times = pd.Series(None, index=parts.day.index, dtype="str")
    zones = parts.zone[local.index].fillna("")
    for written in zones.unique():
        here = local[zones == written]
        naive = pd.DatetimeIndex(from_text(here))
        first = np.ones(len(here), dtype=bool)  # of an hour that occurs twice, take the first
        placed = naive.tz_localize(
            zone_info(written, inputs.reading.timezone), ambiguous=first, nonexistent="shift_forward"
        )
        utc = pd.Series(placed.tz_convert("UTC").tz_localize(None), index=here.index)
        date_times[here.index] = to_text(utc) + "Z"
    return date_times


def local_date_times(day: pd.Series, at: pd.Series) -> pd.Series:
    """Return the days at these times as text without a zone; 24:00 is midnight at the end of the day."""
    behind = at == NEXT_MIDNIGHT
    local = day + "T" + at.mask(behind, MIDNIGHT)
    return days_moved(local, behind, 1)


def days_moved(local: pd.Series, where: pd.Series, days: int) -> pd.Series:
    """Return local dates and times, moved by this many days where the mask is true; negative is earlier."""
    if not where.any():
        return local
    moved = from_text(local[where & local.notna()]) + pd.Timedelta(days=days)
    return to_text(moved).reindex(local.index).fillna(local)


def from_text(date_times: pd.Series) -> "pd.Series[pd.Timestamp]":
    """Convert text of days or of dates and times, with or without a final Z, to pandas timestamps; null stays null."""
    bare = pc.replace_substring_regex(to_arrow(date_times), "Z$", "")
    return pd.Series(bare.cast(pa.timestamp("s")).to_numpy(zero_copy_only=False), index=date_times.index)


def to_text(date_times: pd.Series) -> pd.Series:
    """Convert pandas timestamps to text without a zone, like 2015-01-26T02:00:00; null stays null."""
    seconds = pa.array(date_times.to_numpy().astype("datetime64[s]"))
    return to_series(pc.replace_substring(seconds.cast(pa.large_string()), " ", "T"), date_times.index)
