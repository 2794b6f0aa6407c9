"""When something starts, ends and is published, as UTC text like 2015-01-26T02:00:00Z, and in which zone."""

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
    Told,
    days_moved,
    from_text,
    local_date_times,
    put_together,
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
"""An end that is earlier than its start is on the next day if it is not further away than this."""
_LAST_SECOND = "23:59:59"
UNTOLD = "?"
"""What is said in brief of a date and time that was worked out with a time of day that nobody told."""
_DAYS_BEHIND = ("end.date",)
_ZONE_UNKNOWN = "value.timezone_unknown"


def starts_at(inputs: Inputs, *, era: Era = HAPPENING, times: str = "start_time") -> Normalized:
    """Read when something begins; a day without a time begins at its midnight.

    The part ``on_date`` is the day and ``times`` names the part with the time of day, where these have columns of their
    own; the part ``timezone`` is the zone of times that name none.
    """
    told = _start(inputs, inputs.own, era, times)
    brief = _in_brief(told, told.start.fillna(MIDNIGHT), _says_whole_days(inputs))
    findings = all_findings(told.findings, _zone_questions(inputs, told))
    return Normalized(values=_begins(inputs, inputs.own, told), findings=findings, brief=brief)


def _begins(inputs: Inputs, dates: pd.Series, start: Told) -> pd.Series:
    """Return the start as UTC, worked out once for all that is read from it."""
    name = f"begins: {dates.name}"
    if name not in inputs.shared:
        inputs.shared[name] = to_utc(start, start.start.fillna(MIDNIGHT), inputs)
    date_times: pd.Series = inputs.shared[name]
    return date_times


def _in_brief(told: Told, at: pd.Series, whole_days: pd.Series) -> pd.Series:
    """Return days without a time of day as such, and times without a zone as local ones; null where all is said.

    Of what lasts whole days a day says when it begins and ends.
    """
    timed = told.start.notna() | whole_days
    return told.day.where(~timed, local_date_times(told.day, at).where(told.zone.isna() | told.start.isna()))


def published_at(inputs: Inputs) -> Normalized:
    """Read when something was published: a date, which may have its time of day and zone in other columns."""
    told = _start(inputs, inputs.own, HAPPENING, "published_time")
    several = found(inputs.own, told.last_day.notna(), WRONG, Severity.ERROR)
    read = starts_at(inputs, times="published_time")
    return replace(read, values=read.values.mask(told.last_day.notna()), findings=all_findings(read.findings, several))


def _start(inputs: Inputs, dates: pd.Series, era: Era = HAPPENING, times: str = "start_time") -> Told:
    """Return what the cells of the start tell, worked out once for all that is read from them."""
    name = f"start: {dates.name}"
    if name not in inputs.shared:
        columns = Columns(own=dates, beside=inputs.part("on_date"), times=inputs.part(times))
        inputs.shared[name] = put_together(inputs, columns, era)
    worked_out: Told = inputs.shared[name]
    return worked_out


def _zone_questions(inputs: Inputs, told: Told) -> pd.DataFrame:
    """Return a question for each unknown zone of a date and time, which would otherwise get the import's zone."""
    cells = inputs.parts.get("timezone")
    if cells is None:
        return all_findings()
    return found(cells, _is_unknown_zone(cells) & told.day.notna() & told.zone.isna(), _ZONE_UNKNOWN, Severity.REVIEW)


def _is_unknown_zone(cells: pd.Series) -> pd.Series:
    said = drop_blank_words(line(cells).values)
    return said.notna() & map_distinct(said, zone_name).isna()


def _says_whole_days(inputs: Inputs) -> pd.Series:
    """Return where a column says that the event lasts whole days."""
    if "all_day" not in inputs.parts:
        return pd.Series(False, index=inputs.own.index)
    return (truth(inputs.part("all_day")).values == "true").fillna(value=False).astype(bool)


def ends_at(inputs: Inputs) -> Normalized:
    """Read when something ends; a day without a time ends with its last second.

    Without a date of its own, the day of the start and a time of day tell it, or a range in the cells of the start
    («09.00 - 12.00 WIB», «17-18 Mei 2012»), or the part ``duration``.
    """
    start = _start(inputs, inputs.part("starts_at"))
    ways = (inputs.own, *(inputs.part(name) for name in ("ends_on", "end_time", "duration")), start.end, start.last_day)
    if not any(way.notna().any() for way in ways):
        return Normalized(values=inputs.own, findings=all_findings())
    begins = _begins(inputs, inputs.part("starts_at"), start)
    told, dateless = _told_end(inputs, start)
    told = replace(told, start=told.start.fillna(start.end))
    at = told.start.fillna(_LAST_SECOND)
    ends = to_utc(told, at, inputs)
    values = _over_midnight(begins, ends, dateless)
    brief = days_moved(_in_brief(told, at, _says_whole_days(inputs)), values.notna() & (values != ends), 1)
    lasting, unknown = read_duration(inputs.part("duration"))
    if (start.day.notna() & told.day.isna()).any():
        several = start.last_day.notna()
        last = replace(start, day=start.last_day.fillna(start.day))
        of_range = to_utc(last, start.end.mask(start.end.isna() & several, _LAST_SECOND), inputs)
        moved = _over_midnight(begins, of_range, ~several)
        values = values.fillna(moved)
        of_start = _end_in_brief(last, values, lasting, overnight=moved.notna() & (moved != of_range))
        brief = brief.where(told.day.notna(), of_start)
        values = values.fillna(_later(begins, _whole_days(lasting, start.start.isna())) + "Z")
    return Normalized(values=values, findings=all_findings(told.findings, unknown), brief=brief)


def _end_in_brief(start: Told, values: pd.Series, lasting: pd.Series, *, overnight: pd.Series) -> pd.Series:
    """Return the local times of ends that are told by a range of days or times, or by how long something lasts.

    Where the start has no time of day, nobody knows when something that lasts so long ends: :data:`UNTOLD`.

    Args:
        start: What the start tells, on the last of several days.
        values: The ends that are told by a day or a time.
        lasting: Seconds.
        overnight: Where a range of times ends on the day behind.
    """
    ranged = days_moved(local_date_times(start.day, start.end).where(start.zone.isna()), overnight, 1)
    days = start.last_day.where(start.end.isna())
    begins = local_date_times(start.day, start.start).where(start.zone.isna() & values.isna())
    local = _later(begins, lasting)
    untimed = start.day.notna() & start.start.isna()
    timeless = values.mask(values.isna(), UNTOLD).where(values.isna() & untimed & lasting.notna())
    return ranged.fillna(days).fillna(local).fillna(timeless)


def _told_end(inputs: Inputs, start: Told) -> tuple[Told, pd.Series]:
    """Return what the cells of the end tell, and where they tell a time of day of the start's day only."""
    columns = Columns(own=inputs.own, beside=inputs.part("ends_on"), times=inputs.part("end_time"))
    told = put_together(inputs, columns, HAPPENING, start.start.notna() & (start.start != MIDNIGHT))
    dateless = told.day.isna() & told.start.notna() & start.day.notna()
    told = replace(
        told,
        day=told.day.fillna(start.last_day.fillna(start.day).where(dateless)),
        zone=told.zone.fillna(start.zone),
        findings=_without(told.findings, DATELESS, dateless),
    )
    whole = _says_whole_days(inputs) & (told.start == MIDNIGHT) & (told.day > start.day)
    # Calendars end whole days with the day behind them; «end.date» is how Google's writes it.
    behind = _is_behind_the_last(inputs, columns, told) & (told.day > start.day)
    return _day_before(told, whole | behind), dateless & start.last_day.isna()


def _is_behind_the_last(inputs: Inputs, columns: Columns, told: Told) -> pd.Series:
    """Return where an end without a time of day stands in a column that tells the day behind the last."""
    named = [cells.notna() for cells in (columns.own, columns.beside) if str(cells.name) in _DAYS_BEHIND]
    if not named:
        return pd.Series(False, index=inputs.own.index)
    return pd.concat(named, axis=1).any(axis=1) & told.start.isna()


def _over_midnight(begins: pd.Series, ends: pd.Series, dateless: pd.Series) -> pd.Series:
    """Return the ends; those without a date that lie before their start are of the next day, if that is near."""
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
    """Return the durations, those of whole days without a time of day to the last second of the last day."""
    number = pd.to_numeric(seconds)
    whole = untimed & (number > 0) & (number % SECONDS_A_DAY == 0)
    return seconds.mask(whole.fillna(value=False), (number - 1).astype("Int64").astype("str"))


def _without(findings: pd.DataFrame, code: str, where: pd.Series) -> pd.DataFrame:
    """Return the findings but for those with this code about the rows where the mask is true."""
    if not len(findings) or not where.any():
        return findings
    return findings[~((findings["code"] == code) & findings["position"].isin(where.index[where]))]


def _day_before(told: Told, where: pd.Series) -> Told:
    """Return the dates and times with the day before where the mask is true, without a time of day."""
    mask = where.fillna(value=False).astype(bool)
    if not mask.any():
        return told
    day = days_moved(told.day, mask, -1).str.slice(0, len("1998-05-17"))
    return replace(told, day=day, start=told.start.mask(mask))


def _later(date_times: pd.Series, seconds: pd.Series) -> pd.Series:
    """Return the dates and times so many seconds later, as text without a zone; null where nothing says how many."""
    later = pd.Series(None, index=date_times.index, dtype="str")
    both = date_times.notna() & seconds.notna() & (seconds != "0").fillna(value=False).astype(bool)  # zero says nothing
    if both.any():
        lasting = pd.to_timedelta(seconds[both].astype("int64"), unit="s")
        later[both] = to_text(from_text(date_times[both]) + lasting)
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

    Of a time with an offset only the offset is known; if the import's own zone has it at that time, the zone is that.
    """
    said = drop_blank_words(line(inputs.own).values)
    named = map_distinct(said, zone_name)
    start = _start(inputs, inputs.part("starts_at"))
    behind = map_distinct(start.zone, zone_name)
    behind = behind.mask(_is_of_the_import(start, behind, inputs))
    if inputs.reading.timezone != DEFAULT_ZONE:
        behind = behind.fillna(start.day.mask(start.day.notna(), inputs.reading.timezone))
    asked = start.day.notna() & start.zone.isna()  # then it is a question of the start
    finding = found(inputs.own, said.notna() & named.isna() & ~asked, _ZONE_UNKNOWN, Severity.WARNING)
    return Normalized(values=named.fillna(behind), findings=finding, derived=named.isna() & behind.notna())


def _is_of_the_import(start: Told, zones: pd.Series, inputs: Inputs) -> pd.Series:
    """Return where an offset is that of the import's zone at the time of the start."""
    offsets = map_distinct(zones, as_offset)
    if not offsets.notna().any():
        return offsets.notna()
    date_times = from_text(_begins(inputs, inputs.part("starts_at"), start))
    local = date_times.dt.tz_localize("UTC").dt.tz_convert(zone_info("", inputs.reading.timezone))
    away = local.dt.strftime("%z").str.replace(r"(\d\d)$", r":\1", regex=True)
    return (offsets == away).fillna(value=False).astype(bool)
