"""Moments as UTC text like 2015-01-26T02:00:00Z, read from dates, times of day and zones in one cell or in several."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import coalesce, matching, to_arrow, to_series
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.clocks import NEXT_MIDNIGHT, SECONDS_A_DAY, Clock, parse_clock
from kelompok_core.values.conventions import DEFAULT_ZONE
from kelompok_core.values.dates import (
    ISO_DAY,
    PARTIAL,
    WRONG,
    date_findings,
    implausible,
    said_dates,
    split_date,
    split_range,
)
from kelompok_core.values.durations import read_duration
from kelompok_core.values.eras import HAPPENING, DateTerms, Era
from kelompok_core.values.normalized import Normalized, all_findings, found, map_distinct, split_distinct
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line
from kelompok_core.values.words import truth
from kelompok_core.values.zones import as_offset, read_header, zone_info, zone_name

_WHOLE_DAYS = r"(?i)^[\s\pZ]*(?:all[ -]?day|(?:whole|full) day|sepanjang hari|seharian|sehari penuh)[\s\pZ]*$"
"""What stands in a column of times where an event lasts the whole day, in RE2's spelling."""
_LONGEST_NIGHT = np.timedelta64(12, "h")
"""An end that is earlier than its start is on the next day if it is not further away than this."""
_DAY = len("1998-05-17")
_MIDNIGHT, _LAST_SECOND = "00:00:00", "23:59:59"
_PLAIN = rf"^{ISO_DAY}(?:[ T](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)?$"
"""A moment as most programs write it, in RE2's spelling."""
_ZERO_CLOCK = r"^[\s\pZ]*00?[:.]00(?:[:.]00)?[\s\pZ]*$"
_NO_DAYS = ("1899-12-30", "1899-12-31", "1900-01-00", "1900-01-01", "1970-01-01")
"""What programs write before a time of day that has no date."""

UNTOLD = "?"
"""What is said in brief of a moment that was worked out with a time of day that nobody told."""
_DAYS_BEHIND = ("end.date",)

_TIME_WRONG, _CONFLICT, _DATELESS = "value.time", "value.time_conflict", "value.time_without_date"
_ZONE_UNKNOWN, _HEADER_ZONE = "value.timezone_unknown", "value.header_zone_unknown"


class _Cell(NamedTuple):
    """What one cell says of a moment; ``code`` is what is wrong with it, or odd."""

    day: str | None = None
    start: str | None = None
    end: str | None = None
    zone: str | None = None
    last_day: str | None = None
    code: str | None = None


def _read_date(written: str, terms: DateTerms) -> _Cell:
    """Read a cell of a column of dates: a date, one with a time behind it, or a time of day alone."""
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
    """Read a cell as :func:`_read_date` does, or as several days on end, «17-18 Mei 2012 pukul 09.00-15.00»."""
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
    # One time behind both days is when each begins, a range of times when each begins and ends.
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
    """Return what each cell says, by the names of :class:`_Cell`.

    A time of 00:00 says nothing, as programs write it where there is none, but where ``midnights`` is true.
    """
    nothing = pd.Series(None, index=cells.index, dtype="str")
    told = dict.fromkeys(_Cell._fields, nothing)
    if not cells.notna().any():
        return pd.DataFrame(told)
    terms = inputs.date_terms(cells, era)
    said = said_dates(cells)
    if midnights is not None and midnights.any():
        said = said.where(~(midnights & matching(cells, _ZERO_CLOCK)), cells)
    if read is not _read_time and terms.year_first is None:
        plain = matching(said, _PLAIN)
        if plain.any():
            told |= _read_plain(said.where(plain))
            said = said.mask(plain)
    if said.notna().any():
        parts = split_distinct(said, len(_Cell._fields), lambda written: read(written, terms))
        told = {name: coalesce(told[name], part) for name, part in zip(_Cell._fields, parts, strict=True)}
    return pd.DataFrame(told)


def _read_plain(moments: pd.Series) -> dict[str, pd.Series]:
    """Return the days and times of moments that are written as most programs write them, all at once."""
    texts = to_arrow(moments)
    clocks = pc.utf8_slice_codeunits(texts, _DAY + 1)
    seconds = pc.replace_substring_regex(clocks, r"^(\d\d:\d\d)$", r"\1:00")
    times = pc.if_else(pc.equal(clocks, ""), pa.scalar(None, clocks.type), seconds)
    days = pc.utf8_slice_codeunits(texts, 0, _DAY)
    return {"day": to_series(days, moments.index), "start": to_series(times, moments.index)}


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What the rows say of a moment, put together from their cells, and what is wrong with those.

    Attributes:
        day: The date; null where none is told, or something is wrong.
        start: The time of day; null where none is told.
        end: Where a range of times ends.
        last_day: The day a range of days ends with.
        zone: Letters, offset or name of the zone the times are of; null where none is told.
        findings: About the cells.
    """

    day: pd.Series
    start: pd.Series
    end: pd.Series
    last_day: pd.Series
    zone: pd.Series
    findings: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """The columns that tell a moment: its own, one of days beside it, one of times of day."""

    own: pd.Series
    beside: pd.Series
    times: pd.Series


def _put_together(inputs: Inputs, columns: _Columns, era: Era, midnights: pd.Series | None = None) -> _Told:
    """Return what a moment's own column, a column of days beside it and one of times of day say together.

    Cells of the own column may be times of day alone, and those of the times full dates with a time. With
    ``midnights`` the moment is an end: 00:00 counts where that is true, and several days on end are no date.
    """
    read_own = _read_days if midnights is None else _read_date
    own = _read_cells(inputs, columns.own, read_own, era, midnights)
    beside = _read_cells(inputs, columns.beside, read_own, era, midnights)
    clock = _read_cells(inputs, _without_whole_days(columns.times), _read_time, era, midnights)
    day = coalesce(own["day"], clock["day"], beside["day"])
    apart = _differ(coalesce(own["day"], beside["day"]), clock["day"])
    if own["start"].notna().any():
        apart |= _differ(own["start"].mask(own["start"] == _MIDNIGHT), clock["start"])
    wrong = own["code"].isin(_WRONG) | clock["code"].isin(_WRONG) | (beside["code"].isin(_WRONG) & own["day"].isna())
    timed = ((columns.times, clock["start"]), (columns.own, own["start"]))
    zone, unknown_zones = _zone(inputs, columns, own, beside, clock)
    findings = all_findings(
        *_cell_findings(columns.own, own),
        *_cell_findings(columns.beside, beside.where(own["day"].isna())),
        *_cell_findings(columns.times, clock),
        found(columns.times, apart, _CONFLICT, Severity.ERROR),
        *(found(cells, day.isna() & ~wrong & said.notna(), _DATELESS, Severity.WARNING) for cells, said in timed),
        _not_used(columns, own, beside),
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
    return _Told(**parts, zone=zone, findings=findings)


def _without_whole_days(times: pd.Series) -> pd.Series:
    """Return the times of day without the words that say there is none: «all day», «sepanjang hari»."""
    whole = matching(times, _WHOLE_DAYS)
    return times.mask(whole) if whole.any() else times


def _not_used(columns: _Columns, own: pd.DataFrame, beside: pd.DataFrame) -> pd.DataFrame:
    """Return a warning for each day beside another; the same moment told in another zone may be of another day."""
    if read_header(str(columns.own.name)).zone != read_header(str(columns.beside.name)).zone:
        return all_findings()
    return found(columns.beside, _differ(own["day"], beside["day"]), "value.not_used", Severity.WARNING)


def _zone(
    inputs: Inputs, columns: _Columns, own: pd.DataFrame, beside: pd.DataFrame, clock: pd.DataFrame
) -> tuple[pd.Series, list[pd.DataFrame]]:
    """Return the zone the times of day are of, and a question for each time whose header names one nobody knows.

    The cell that tells the time says it first, then the one that tells the day; then their headers, the time's first;
    then the row's column of zones. A time that stands beside a full moment is not asked: it is another telling of it.
    """
    by_time = clock["start"].notna()
    by_own = own["start"].notna() & ~by_time
    by_beside = beside["start"].notna() & ~by_time & ~by_own
    is_timed = by_time | by_own | by_beside
    from_own = is_timed & own["day"].notna() & ~by_own
    from_beside = is_timed & own["day"].isna() & clock["day"].isna() & beside["day"].notna() & ~by_beside
    tellers = (
        (columns.times, clock, by_time),
        (columns.own, own, by_own),
        (columns.beside, beside, by_beside),
        (columns.own, own, from_own),
        (columns.beside, beside, from_beside),
    )
    zone = pd.Series(None, index=columns.own.index, dtype="str")
    for _, read, where in tellers:
        if read["zone"].notna().any():
            zone = zone.fillna(read["zone"].where(where))
    for cells, _, where in tellers:
        named = read_header(str(cells.name)).zone
        zone = zone if named is None else zone.mask(where & zone.isna(), named)
    if "timezone" in inputs.parts:
        zone = zone.fillna(map_distinct(line(inputs.parts["timezone"]).values, zone_name))
    return zone, [_header_question(cells, where, zone) for cells, _, where in tellers]


def _header_question(cells: pd.Series, where: pd.Series, zone: pd.Series) -> pd.DataFrame:
    """Return a question for each time without a zone whose header names one that is not known, or several."""
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


def starts_at(inputs: Inputs, *, era: Era = HAPPENING, times: str = "start_time") -> Normalized:
    """Read when something begins; a day without a time begins at its midnight.

    The part ``on_date`` is the day and ``times`` names the part with the time of day, where these have columns of their
    own; the part ``timezone`` is the zone of times that name none.
    """
    told = _start(inputs, inputs.own, era, times)
    brief = _in_brief(told, told.start.fillna(_MIDNIGHT), _says_whole_days(inputs))
    findings = all_findings(told.findings, _zone_questions(inputs, told))
    return Normalized(values=_begins(inputs, inputs.own, told), findings=findings, brief=brief)


def _begins(inputs: Inputs, dates: pd.Series, start: _Told) -> pd.Series:
    """Return the start as UTC, worked out once for all that is read from it."""
    name = f"begins: {dates.name}"
    if name not in inputs.shared:
        inputs.shared[name] = _utc(start, start.start.fillna(_MIDNIGHT), inputs)
    moments: pd.Series = inputs.shared[name]
    return moments


def _in_brief(told: _Told, at: pd.Series, whole_days: pd.Series) -> pd.Series:
    """Return days without a time of day as such, and times without a zone as local ones; null where all is said.

    Of what lasts whole days a day says when it begins and ends.
    """
    timed = told.start.notna() | whole_days
    return told.day.where(~timed, (told.day + "T" + at).where(told.zone.isna() | told.start.isna()))


def published_at(inputs: Inputs) -> Normalized:
    """Read when something was published: one moment, which may have a time of day and a zone in further columns."""
    told = _start(inputs, inputs.own, HAPPENING, "published_time")
    several = found(inputs.own, told.last_day.notna(), WRONG, Severity.ERROR)
    read = starts_at(inputs, times="published_time")
    return replace(read, values=read.values.mask(told.last_day.notna()), findings=all_findings(read.findings, several))


def _start(inputs: Inputs, dates: pd.Series, era: Era = HAPPENING, times: str = "start_time") -> _Told:
    """Return what the cells of the start tell, worked out once for all that is read from them."""
    name = f"start: {dates.name}"
    if name not in inputs.shared:
        columns = _Columns(own=dates, beside=inputs.part("on_date"), times=inputs.part(times))
        inputs.shared[name] = _put_together(inputs, columns, era)
    worked_out: _Told = inputs.shared[name]
    return worked_out


def _zone_questions(inputs: Inputs, told: _Told) -> pd.DataFrame:
    """Return a question for each zone nobody knows that a moment depends on: it would be of the import's zone."""
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
    ends = _utc(told, at, inputs)
    values = _over_midnight(begins, ends, dateless)
    brief = _a_day_later(_in_brief(told, at, _says_whole_days(inputs)), values.notna() & (values != ends))
    lasting, unknown = read_duration(inputs.part("duration"))
    if (start.day.notna() & told.day.isna()).any():
        several = start.last_day.notna()
        last = replace(start, day=start.last_day.fillna(start.day))
        of_range = _utc(last, start.end.mask(start.end.isna() & several, _LAST_SECOND), inputs)
        values = values.fillna(_over_midnight(begins, of_range, ~several))
        brief = brief.where(told.day.notna(), _end_in_brief(last, values, lasting))
        values = values.fillna(_later(begins, _whole_days(lasting, start.start.isna())))
    return Normalized(values=values, findings=all_findings(told.findings, unknown), brief=brief)


def _a_day_later(local: pd.Series, where: pd.Series) -> pd.Series:
    """Return local times, those where the mask is true a day later."""
    if not where.any():
        return local
    later = _later(local + "Z", pd.Series(str(SECONDS_A_DAY), index=local.index)).str.removesuffix("Z")
    return local.mask(where & local.notna(), later)


def _end_in_brief(start: _Told, values: pd.Series, lasting: pd.Series) -> pd.Series:
    """Return the local times of ends that are told by a range of days or times, or by how long something lasts.

    Where the start has no time of day, nobody knows when something that lasts so long ends: :data:`UNTOLD`.

    Args:
        start: What the start tells, on the last of several days.
        values: The ends that are told by a day or a time.
        lasting: Seconds.
    """
    ranged = (start.day + "T" + start.end).where(start.zone.isna())
    days = start.last_day.where(start.end.isna())
    begins = (start.day + "T" + start.start).where(start.zone.isna() & values.isna())
    local = _later(begins + "Z", lasting).str.removesuffix("Z")
    timeless = values.mask(values.isna(), UNTOLD).where(values.isna() & start.start.isna() & lasting.notna())
    return ranged.fillna(days).fillna(local).fillna(timeless)


def _told_end(inputs: Inputs, start: _Told) -> tuple[_Told, pd.Series]:
    """Return what the cells of the end tell, and where they tell a time of day of the start's day only."""
    columns = _Columns(own=inputs.own, beside=inputs.part("ends_on"), times=inputs.part("end_time"))
    told = _put_together(inputs, columns, HAPPENING, start.start.notna() & (start.start != _MIDNIGHT))
    dateless = told.day.isna() & told.start.notna() & start.day.notna()
    told = replace(
        told,
        day=told.day.fillna(start.last_day.fillna(start.day).where(dateless)),
        zone=told.zone.fillna(start.zone),
        findings=_without(told.findings, _DATELESS, dateless),
    )
    whole = _says_whole_days(inputs) & (told.start == _MIDNIGHT) & (told.day > start.day)
    # Calendars end whole days with the day behind them; «end.date» is how Google's writes it.
    behind = _is_behind_the_last(inputs, columns, told) & (told.day > start.day)
    return _day_before(told, whole | behind), dateless & start.last_day.isna()


def _is_behind_the_last(inputs: Inputs, columns: _Columns, told: _Told) -> pd.Series:
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
    start, end = (pd.to_datetime(moments[where].str.removesuffix("Z")) for moments in (begins, ends))
    later = end + pd.Timedelta(days=1)
    near = later[later - start <= _LONGEST_NIGHT]
    moved = ends.copy()
    moved[near.index] = near.dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype("str")
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


def _day_before(told: _Told, where: pd.Series) -> _Told:
    """Return the moments with the day before where the mask is true, without a time of day."""
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
    asked = start.day.notna() & start.zone.isna()  # then it is a question of the start
    finding = found(inputs.own, said.notna() & named.isna() & ~asked, _ZONE_UNKNOWN, Severity.WARNING)
    return Normalized(values=named.fillna(behind), findings=finding, derived=named.isna() & behind.notna())


def _is_of_the_import(start: _Told, zones: pd.Series, inputs: Inputs) -> pd.Series:
    """Return where an offset is that of the import's zone at the time of the start."""
    offsets = map_distinct(zones, as_offset)
    if not offsets.notna().any():
        return offsets.notna()
    moments = pd.to_datetime(_begins(inputs, inputs.part("starts_at"), start).str.removesuffix("Z"))
    local = moments.dt.tz_localize("UTC").dt.tz_convert(zone_info("", inputs.reading.timezone))
    away = local.dt.strftime("%z").str.replace(r"(\d\d)$", r":\1", regex=True)
    return (offsets == away).fillna(value=False).astype(bool)


def _utc(told: _Told, at: pd.Series, inputs: Inputs) -> pd.Series:
    """Return the days at these times as UTC, zone by zone; null where something is wrong or missing."""
    good = told.day.notna() & at.notna()
    moments = pd.Series(None, index=told.day.index, dtype="str")
    if not good.any():
        return moments
    behind = good & (at == NEXT_MIDNIGHT)
    local = (told.day + "T" + at.mask(behind, _MIDNIGHT))[good]
    zones = told.zone[good].fillna("")
    for written in zones.unique():
        here = local[zones == written]
        days = behind[here.index].to_numpy(dtype="timedelta64[D]")
        naive = pd.DatetimeIndex(here.to_numpy(dtype="datetime64[s]") + days)
        first = np.ones(len(here), dtype=bool)  # an hour that comes twice is the first of the two
        placed = naive.tz_localize(
            zone_info(written, inputs.reading.timezone), ambiguous=first, nonexistent="shift_forward"
        )
        utc = placed.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]")
        text = pc.replace_substring(pa.array(utc).cast(pa.large_string()), " ", "T")
        moments[here.index] = to_series(text, here.index) + "Z"
    return moments
