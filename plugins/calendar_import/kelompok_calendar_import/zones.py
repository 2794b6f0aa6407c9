"""Finds time zones: what a TZID names, and the rules of a calendar's own VTIMEZONE."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from kelompok_calendar_import.rules import RuleError, read_rule
from kelompok_calendar_import.values import read_local, read_offset
from kelompok_core.plugin_kit.reading.components import Component

_FIRST_YEAR, _LAST_YEAR = 1900, 2200
"""Years outside these have the rules of the nearest of them, so that the number of tables is limited."""
_MOST_OBSERVANCES = 200
_ALWAYS_THERE = 28
"""The last day that every month has."""
_SHORT_NAMES = ("UTC", "GMT")


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A time zone.

    Attributes:
        cell: Its name, as the core understands it; the TZID as written if it is not known.
        info: The zone's rules, if it is a zone of IANA.
        own: The rules of the calendar's VTIMEZONE, if the zone has no name that is known.
    """

    cell: str
    info: ZoneInfo | None = None
    own: "OwnRules | None" = None

    @property
    def is_known(self) -> bool:
        return self.info is not None or self.own is not None

    def to_utc(self, local: datetime) -> datetime | None:
        """Return a local time in UTC; None if the zone is not known or the time is out of range."""
        try:
            if self.info is not None:
                return local.replace(tzinfo=self.info).astimezone(UTC)
            return None if self.own is None else (local - self.own.offset_at(local)).replace(tzinfo=UTC)
        except OverflowError:
            return None

    def to_local(self, at: datetime) -> datetime:
        """Return a time with any zone as the local time here, without a zone."""
        utc = at.astimezone(UTC)
        try:
            if self.info is not None:
                return utc.astimezone(self.info).replace(tzinfo=None)
            naive = utc.replace(tzinfo=None)
            return naive if self.own is None else naive + self.own.offset_at(naive)
        except OverflowError:
            return utc.replace(tzinfo=None)

    def cell_at(self, local: datetime) -> str:
        """Return the name; of rules of their own the offset at this time, such as ``+09:00``."""
        if self.own is None:
            return self.cell
        minutes = round(self.own.offset_at(local).total_seconds() / 60)
        hours, rest = divmod(abs(minutes), 60)
        return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


class _Observance(NamedTuple):
    """A STANDARD or DAYLIGHT of a VTIMEZONE: when it begins, by which yearly rule again, and the offset then."""

    starts: datetime
    offset: timedelta
    before: timedelta
    rule: str | None
    further: tuple[datetime, ...]


class OwnRules:
    """The rules of a VTIMEZONE."""

    def __init__(self, observances: list[_Observance]) -> None:
        self._observances = observances
        self._tables: dict[int, list[tuple[datetime, timedelta]]] = {}
        first = min(observances, key=lambda one: one.starts)
        self._earliest = first.before

    def offset_at(self, local: datetime) -> timedelta:
        """Return the offset from UTC at a local time."""
        year = min(max(local.year, _FIRST_YEAR), _LAST_YEAR)
        table = self._tables.get(year)
        if table is None:
            table = self._tables[year] = sorted(self._onsets(year))
        place = bisect_right(table, local, key=lambda onset: onset[0])
        return table[place - 1][1] if place else self._earliest

    def _onsets(self, year: int) -> Iterator[tuple[datetime, timedelta]]:
        """Yield for each observance its last onset before the year, and those in it."""
        begin, end = datetime(year, 1, 1), datetime(year, 12, 31, 23, 59, 59)  # noqa: DTZ001 -- local times
        for one in self._observances:
            onsets = sorted({one.starts, *one.further, *_yearly(one, year)})
            for onset in onsets[max(0, bisect_right(onsets, begin) - 1) : bisect_right(onsets, end)]:
                yield onset, one.offset


def _yearly(one: _Observance, year: int) -> list[datetime]:
    """Return the onsets of a yearly rule in this year and in the years before that matter."""
    if one.rule is None or one.starts.year > year:
        return []
    try:
        rule = read_rule(one.rule)
        if rule.frequency != "YEARLY" or rule.interval != 1 or rule.count is not None:
            return []
        near = max(one.starts.year, year - 2)  # some rules begin with a day that is not one of their own
        starts = one.starts.replace(year=near, day=min(one.starts.day, _ALWAYS_THERE))
        last = datetime(year, 12, 31, 23, 59, 59)  # noqa: DTZ001 -- local time
        until = rule.until_in(lambda at: (at + one.before).replace(tzinfo=None))
        return list(rule.iterate(starts, last if until is None else min(until, last), lambda _: None))
    except (RuleError, ValueError):
        return []


class Definition(NamedTuple):
    """A VTIMEZONE: its TZID, the name of the zone if it has one, and its rules."""

    tzid: str
    location: str | None
    rules: OwnRules | None


def read_definition(component: Component) -> Definition:
    """Return what a VTIMEZONE defines; of its rules, those that can be read."""
    values = {line.name: line.value.strip() for line in component.lines}
    observances = [one for inside in component.inside[:_MOST_OBSERVANCES] for one in _read_observance(inside)]
    rules = OwnRules(observances) if observances else None
    return Definition(values.get("TZID", ""), values.get("X-LIC-LOCATION"), rules)


def _read_observance(component: Component) -> Iterator[_Observance]:
    values = {line.name: line.value.strip() for line in component.lines}
    try:
        starts = read_local(values["DTSTART"])
        offset, before = (read_offset(values[name]) for name in ("TZOFFSETTO", "TZOFFSETFROM"))
        dates = [part for line in component.lines if line.name == "RDATE" for part in line.value.split(",")]
        further = tuple(read_local(one.partition("/")[0]) for one in dates)
    except (KeyError, ValueError):
        return
    yield _Observance(starts, offset, before, values.get("RRULE"), further)


class Zones:
    """The zones of a calendar.

    Args:
        definitions: The calendar's VTIMEZONEs by TZID.
        default: X-WR-TIMEZONE, or None.
    """

    def __init__(self, definitions: Mapping[str, Definition], default: str | None) -> None:
        self._definitions = definitions
        self._found: dict[str, Zone] = {}
        named = self.find(default) if default else None
        self.default = named if named is not None and named.is_known else None

    def find(self, tzid: str) -> Zone:
        """Return the zone of a TZID."""
        known = self._found.get(tzid)
        if known is None:
            known = self._found[tzid] = self._find(tzid)
        return known

    def _find(self, tzid: str) -> Zone:
        definition = self._definitions.get(tzid)
        name = name_of_zone(tzid) or (name_of_zone(definition.location or "") if definition else None)
        if name is not None:
            return Zone(cell=name, info=ZoneInfo(name))
        return Zone(cell=tzid, own=definition.rules if definition else None)


UTC_ZONE = Zone(cell="UTC", info=ZoneInfo("UTC"))


@cache
def _names() -> Mapping[str, str]:
    windows = {name.casefold(): zone for name, zone in WINDOWS_TO_OLSON.items()}
    return windows | {name.casefold(): name for name in available_timezones()}


def name_of_zone(tzid: str) -> str | None:
    """Return the IANA name for a TZID: the name itself, that of a zone of Windows, or the end of a path."""
    names = _names()
    steps = [step for step in tzid.strip().casefold().split("/") if step][-3:]
    tails = ["/".join(steps[start:]) for start in range(len(steps))]
    if len(steps) > 1 and steps[-1].upper() not in _SHORT_NAMES:
        tails.pop()  # the last word alone, such as a city, is no name of a zone
    return next((names[tail] for tail in (tzid.strip().casefold(), *tails) if tail in names), None)
