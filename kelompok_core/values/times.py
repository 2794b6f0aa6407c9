"""Read start, end and publication times as UTC text (2015-01-26T02:00:00Z), and their time zone."""

from dataclasses import replace

import numpy as np
import pandas as pd

from kelompok_core.contracts import Severity
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.clocks import SECONDS_A_DAY
from kelompok_core.values.conventions import DEFAULT_ZONE
from kelompok_core.values.date_times import (
    DATELESS,
    MIDNIGHT,
    Columns,
    TimeParts,
    combine_parts,
    days_moved,
    from_text,
    local_date_times,
    to_text,
    to_utc,
)
from kelompok_core.values.dates import WRONG
from kelompok_core.values.durations import read_duration
from kelompok_core.values.eras import HAPPENING, Era
from kelompok_core.values.normalized import Normalized, all_findings, found, map_distinct
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line
from kelompok_core.values.words import truth
from kelompok_core.values.zones import as_offset, zone_info, zone_name

_LONGEST_NIGHT = np.timedelta64(12, "h")
"""An end before its start is taken to be on the next day, if the two are at most this far apart."""
_LAST_SECOND = "23:59:59"
UNKNOWN_TIME = "?"
"""The brief form of a date and time that was computed without knowing the time of day."""
_DAYS_BEHIND = ("end.date",)
_ZONE_UNKNOWN = "value.timezone_unknown"


def starts_at(inputs: Inputs, *, era: Era = HAPPENING, times: str = "start_time") -> Normalized:
    """Read when something begins; a day without a time begins at midnight.

    The day may have a column of its own, the part ``on_date``; so may the time of day, the part that ``times`` names.
    The part ``timezone`` gives the zone of times that name none.
    """
    parts = _start(inputs, inputs.own, era, times)
    brief = _in_brief(parts, parts.start.fillna(MIDNIGHT), _lasts_whole_days(inputs))
    findings = all_findings(parts.findings, _unknown_zones(inputs, parts))
    return Normalized(values=_start_utc(inputs, inputs.own, parts), findings=findings, brief=brief)


def _start_utc(inputs: Inputs, dates: pd.Series, start: TimeParts) -> pd.Series:
    """Return the start as UTC. It is computed once and shared by all fields that need it."""
    name = f"begins: {dates.name}"
    if name not in inputs.shared:
        inputs.shared[name] = to_utc(start, start.start.fillna(MIDNIGHT), inputs)
    date_times: pd.Series = inputs.shared[name]
    return date_times


def _in_brief(parts: TimeParts, at: pd.Series, whole_days: pd.Series) -> pd.Series:
    """Return the brief form: the day if no time of day is known, the local time if no zone is known, else null.

    For something that lasts whole days the brief form is the local time at which its day begins or ends.
    """
    timed = parts.start.notna() | whole_days
    return parts.day.where(~timed, local_date_times(parts.day, at).where(parts.zone.isna() | parts.start.isna()))


def published_at(inputs: Inputs) -> Normalized:
    """Read when something was published: a date, with the time of day and zone in the cell or in other columns."""
    parts = _start(inputs, inputs.own, HAPPENING, "published_time")
    several = found(inputs.own, parts.last_day.notna(), WRONG, Severity.ERROR)
    read = starts_at(inputs, times="published_time")
    return replace(read, values=read.values.mask(parts.last_day.notna()), findings=all_findings(read.findings, several))


def _start(inputs: Inputs, dates: pd.Series, era: Era = HAPPENING, times: str = "start_time") -> TimeParts:
    """Return the parts of the start. They are read once and shared by all fields that need them."""
    name = f"start: {dates.name}"
    if name not in inputs.shared:
        columns = Columns(own=dates, beside=inputs.part("on_date"), times=inputs.part(times))
        inputs.shared[name] = combine_parts(inputs, columns, era)
    known: TimeParts = inputs.shared[name]
    return known


def _unknown_zones(inputs: Inputs, parts: TimeParts) -> pd.DataFrame:
    """Return a review issue for each unknown zone of a date and time: else the import's zone would apply silently."""
    cells = inputs.parts.get("timezone")
    if cells is None:
        return all_findings()
    return found(cells, _is_unknown_zone(cells) & parts.day.notna() & parts.zone.isna(), _ZONE_UNKNOWN, Severity.REVIEW)


def _is_unknown_zone(cells: pd.Series) -> pd.Series:
    names = drop_blank_words(line(cells).values)
    return names.notna() & map_distinct(names, zone_name).isna()


def _lasts_whole_days(inputs: Inputs) -> pd.Series:
    """Return a mask of the rows whose ``all_day`` column is true."""
    if "all_day" not in inputs.parts:
        return pd.Series(False, index=inputs.own.index)
    return (truth(inputs.part("all_day")).values == "true").fillna(value=False).astype(bool)


def ends_at(inputs: Inputs) -> Normalized:
    """Read when something ends; a day without a time ends with its last second.

    If the end has no date of its own, it is computed from the day of the start and a time of day, from a range in the
    cells of the start («09.00 - 12.00 WIB», «17-18 Mei 2012»), or from the part ``duration``.
    """
    start = _start(inputs, inputs.part("starts_at"))
    ways = (inputs.own, *(inputs.part(name) for name in ("ends_on", "end_time", "duration")), start.end, start.last_day)
    if not any(way.notna().any() for way in ways):
        return Normalized(values=inputs.own, findings=all_findings())
    begins = _start_utc(inputs, inputs.part("starts_at"), start)
    parts, dateless = _read_end(inputs, start)
    parts = replace(parts, start=parts.start.fillna(start.end))
    at = parts.start.fillna(_LAST_SECOND)
    ends = to_utc(parts, at, inputs)
    values = _over_midnight(begins, ends, dateless)
    brief = days_moved(_in_brief(parts, at, _lasts_whole_days(inputs)), values.notna() & (values != ends), 1)
    lasting, unknown = read_duration(inputs.part("duration"))
    if (start.day.notna() & parts.day.isna()).any():
        several = start.last_day.notna()
        last = replace(start, day=start.last_day.fillna(start.day))
        of_range = to_utc(last, start.end.mask(start.end.isna() & several, _LAST_SECOND), inputs)
        moved = _over_midnight(begins, of_range, ~several)
        values = values.fillna(moved)
        of_start = _end_in_brief(last, values, lasting, overnight=moved.notna() & (moved != of_range))
        brief = brief.where(parts.day.notna(), of_start)
        values = values.fillna(_later(begins, _whole_days(lasting, start.start.isna())) + "Z")
    return Normalized(values=values, findings=all_findings(parts.findings, unknown), brief=brief)


def _end_in_brief(start: TimeParts, values: pd.Series, lasting: pd.Series, *, overnight: pd.Series) -> pd.Series:
    """Return the brief form of ends that come from a range of days or times, or from a duration.

    With a duration but no time of day at the start, the end is not known: :data:`UNKNOWN_TIME`.

    Args:
        start: The parts of the start, moved to the last of several days.
        values: The ends that have a day or a time of their own.
        lasting: Seconds.
        overnight: A mask of the rows whose range of times ends on the next day.
    """
    ranged = days_moved(local_date_times(start.day, start.end).where(start.zone.isna()), overnight, 1)
    days = start.last_day.where(start.end.isna())
    begins = local_date_times(start.day, start.start).where(start.zone.isna() & values.isna())
    local = _later(begins, lasting)
    untimed = start.day.notna() & start.start.isna()
    timeless = values.mask(values.isna(), UNKNOWN_TIME).where(values.isna() & untimed & lasting.notna())
    return ranged.fillna(days).fillna(local).fillna(timeless)


def _read_end(inputs: Inputs, start: TimeParts) -> tuple[TimeParts, pd.Series]:
    """Return the parts of the end, and a mask of the rows that have only a time of day, on the day of the start."""
    columns = Columns(own=inputs.own, beside=inputs.part("ends_on"), times=inputs.part("end_time"))
    parts = combine_parts(inputs, columns, HAPPENING, start.start.notna() & (start.start != MIDNIGHT))
    dateless = parts.day.isna() & parts.start.notna() & start.day.notna()
    parts = replace(
        parts,
        day=parts.day.fillna(start.last_day.fillna(start.day).where(dateless)),
        zone=parts.zone.fillna(start.zone),
        findings=_without_code(parts.findings, DATELESS, dateless),
    )
    whole = _lasts_whole_days(inputs) & (parts.start == MIDNIGHT) & (parts.day > start.day)
    # Calendars end whole days with the day after the last; Google writes it as «end.date».
    behind = _is_behind_the_last(inputs, columns, parts) & (parts.day > start.day)
    return _day_before(parts, whole | behind), dateless & start.last_day.isna()


def _is_behind_the_last(inputs: Inputs, columns: Columns, parts: TimeParts) -> pd.Series:
    """Return a mask of the ends without a time of day in a column that holds the day after the last."""
    named = [cells.notna() for cells in (columns.own, columns.beside) if str(cells.name) in _DAYS_BEHIND]
    if not named:
        return pd.Series(False, index=inputs.own.index)
    return pd.concat(named, axis=1).any(axis=1) & parts.start.isna()


def _over_midnight(begins: pd.Series, ends: pd.Series, dateless: pd.Series) -> pd.Series:
    """Return the ends. One without a date that is before its start moves to the next day, if that is near enough."""
    where = (dateless & (ends < begins)).fillna(value=False).astype(bool)
    if not where.any():
        return ends
    start, end = from_text(begins[where]), from_text(ends[where])
    later = end + pd.Timedelta(days=1)
    near = later[later - start <= _LONGEST_NIGHT]
    moved = ends.copy()
    moved[near.index] = to_text(near) + "Z"
    return moved


def _whole_days(seconds: pd.Series, untimed: pd.Series) -> pd.Series:
    """Return the durations. Whole days without a time of day end with the last second of the last day."""
    number = pd.to_numeric(seconds)
    whole = untimed & (number > 0) & (number % SECONDS_A_DAY == 0)
    return seconds.mask(whole.fillna(value=False), (number - 1).astype("Int64").astype("str"))


def _without_code(findings: pd.DataFrame, code: str, where: pd.Series) -> pd.DataFrame:
    """Return the findings without those that have this code on a row where the mask is true."""
    if not len(findings) or not where.any():
        return findings
    return findings[~((findings["code"] == code) & findings["position"].isin(where.index[where]))]


def _day_before(parts: TimeParts, where: pd.Series) -> TimeParts:
    """Return the parts; where the mask is true, with the day before and without a time of day."""
    mask = where.fillna(value=False).astype(bool)
    if not mask.any():
        return parts
    day = days_moved(parts.day, mask, -1).str.slice(0, len("1998-05-17"))
    return replace(parts, day=day, start=parts.start.mask(mask))


def _later(date_times: pd.Series, seconds: pd.Series) -> pd.Series:
    """Return the dates and times this many seconds later, as text without a zone; null if there is no duration."""
    later = pd.Series(None, index=date_times.index, dtype="str")
    both = (
        date_times.notna() & seconds.notna() & (seconds != "0").fillna(value=False).astype(bool)
    )  # zero means no duration
    if both.any():
        lasting = pd.to_timedelta(seconds[both].astype("int64"), unit="s")
        later[both] = to_text(from_text(date_times[both]) + lasting)
    return later


def all_day(inputs: Inputs) -> Normalized:
    """Read whether something lasts whole days: its own column, else whether the start has no time of day."""
    answers = truth(inputs.own)
    start = _start(inputs, inputs.part("starts_at"))
    there = start.day.notna()
    untimed = start.day.mask(there, "true").mask(there & start.start.notna(), "false")
    derived = answers.values.isna() & there
    brief = untimed.where(derived & start.start.isna())
    return Normalized(values=answers.values.fillna(untimed), findings=answers.findings, derived=derived, brief=brief)


def zone(inputs: Inputs) -> Normalized:
    """Read the time zone: its own column, else the zone written after the time, else the import's.

    A time with an offset gives only the offset. If the import's zone has that offset at that time, it is the zone.
    """
    names = drop_blank_words(line(inputs.own).values)
    named = map_distinct(names, zone_name)
    start = _start(inputs, inputs.part("starts_at"))
    behind = map_distinct(start.zone, zone_name)
    behind = behind.mask(_is_of_the_import(start, behind, inputs))
    if inputs.reading.timezone != DEFAULT_ZONE:
        behind = behind.fillna(start.day.mask(start.day.notna(), inputs.reading.timezone))
    asked = start.day.notna() & start.zone.isna()  # the start raises this issue
    finding = found(inputs.own, names.notna() & named.isna() & ~asked, _ZONE_UNKNOWN, Severity.WARNING)
    return Normalized(values=named.fillna(behind), findings=finding, derived=named.isna() & behind.notna())


def _is_of_the_import(start: TimeParts, zones: pd.Series, inputs: Inputs) -> pd.Series:
    """Return a mask of the offsets that the import's zone has at the time of the start."""
    offsets = map_distinct(zones, as_offset)
    if not offsets.notna().any():
        return offsets.notna()
    date_times = from_text(_start_utc(inputs, inputs.part("starts_at"), start))
    local = date_times.dt.tz_localize("UTC").dt.tz_convert(zone_info("", inputs.reading.timezone))
    away = local.dt.strftime("%z").str.replace(r"(\d\d)$", r":\1", regex=True)
    return (offsets == away).fillna(value=False).astype(bool)
