"""Finds the occurrences of a series between two dates, within limits."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from typing import NamedTuple

from kelompok_calendar_import.date_times import DateOrTime
from kelompok_calendar_import.events import Event, iter_dates
from kelompok_calendar_import.rules import RuleError, read_rule
from kelompok_calendar_import.survey import Override
from kelompok_calendar_import.zones import Zones
from kelompok_core.contracts import ConfigurationError

MOST_OCCURRENCES = 1_000
_MOST_STEPS = 5_000_000
"""Steps for all series of a file: dates that rules give, and periods that they pass over."""
_MOST_OF_A_RULE = 100_000


@dataclass(frozen=True, kw_only=True)
class Window:
    """The first and the last day whose occurrences are read."""

    first: date
    last: date

    def has(self, at: date) -> bool:
        """Return whether a date or local time lies in it."""
        return self.first <= day_of(at) <= self.last


def read_window(written: str) -> Window:
    """Return the window that the setting ``occurrences`` gives as ``FROM/TO``.

    Raises:
        ConfigurationError: When it is none.
    """
    first, _, last = written.partition("/")
    try:
        window = Window(first=date.fromisoformat(first.strip()), last=date.fromisoformat(last.strip()))
    except ValueError as error:
        raise ConfigurationError(
            "occurrences", f"{written!r} is not two dates, such as 2024-01-01/2024-12-31"
        ) from error
    if window.last < window.first:
        raise ConfigurationError("occurrences", f"{written!r} ends before it begins")
    return window


class Steps:
    """The steps that are left for the series of a file, so that no file takes too long."""

    def __init__(self) -> None:
        self._left = _MOST_STEPS

    def take(self, number: int) -> None:
        """Take steps.

        Raises:
            RuleError: When none are left.
        """
        self._left -= number
        if self._left < 0:
            raise RuleError


def day_of(at: date) -> date:
    return at.date() if isinstance(at, datetime) else at


class Series(NamedTuple):
    """A series: its event, when its first occurrence begins, and the zones of its calendar."""

    event: Event
    start: DateOrTime
    zones: Zones


def find_occurrences(series: Series, window: Window, replaced: Collection[date], steps: Steps) -> Sequence[date]:
    """Return when the occurrences of a series begin: dates or local times in the window, ascending.

    There may be one more than :data:`MOST_OCCURRENCES`, which shows that there are more. Excluded dates, and those that
    overrides replace, are left out.

    Raises:
        RuleError: When a rule cannot be followed.
    """
    excluded = {*replaced, *(one for one in _local(series, "EXDATE") if one is not None)}
    found: set[date] = set()
    for source in _sources(series, window, steps):
        wanted = (at for at in source if window.has(at) and not _is_among(at, excluded))
        found.update(islice(wanted, MOST_OCCURRENCES + 1))
    return sorted(found)[: MOST_OCCURRENCES + 1]


def _is_among(at: date, excluded: Collection[date]) -> bool:
    """Return whether a date or time is excluded; a day excludes all times of it."""
    return at in excluded or (isinstance(at, datetime) and at.date() in excluded)


def _sources(series: Series, window: Window, steps: Steps) -> Iterator[Iterable[date]]:
    """Yield where the dates come from: the start, RDATE, and each rule."""
    if series.start.at is not None:
        yield (series.start.at,)
        yield (one for one in _local(series, "RDATE") if one is not None)
        for line in series.event.all("RRULE"):
            yield _of_rule(line.value, series.start, window, steps)


def _of_rule(written: str, start: DateOrTime, window: Window, steps: Steps) -> Iterator[date]:
    rule = read_rule(written)
    is_day = not isinstance(start.at, datetime)
    begins = start.at if isinstance(start.at, datetime) else datetime.combine(start.at or date.min, time())
    ends = datetime.combine(window.last, time(23, 59, 59))
    until = rule.until_in(start.zone.to_local if start.zone else lambda at: at.replace(tzinfo=None))
    ends = ends if until is None else min(ends, until)
    for number, at in enumerate(islice(rule.iterate(begins, ends, steps.take), rule.count)):
        steps.take(1)
        if number > _MOST_OF_A_RULE:
            raise RuleError
        yield at.date() if is_day else at


def _local(series: Series, name: str) -> Iterator[date | None]:
    """Yield dates of a property as local times in the zone of the start, or as days if the start is a day."""
    for one in iter_dates(series.event, name, series.zones):
        yield local_to(one, series.start)


def local_to(when: DateOrTime, start: DateOrTime) -> date | None:
    """Return a date or time as a local time in the zone of the start, or as a day if the start is a day."""
    if when.at is None or not isinstance(when.at, datetime):
        return when.at
    if start.is_day:
        return when.at.date()
    utc = None if when.zone == start.zone else when.utc()
    return when.at if utc is None or start.zone is None else start.zone.to_local(utc)


class Future:
    """Overrides that change all later occurrences, too, by the local time of the first of them."""

    def __init__(self, overrides: Sequence[tuple[date, Override]]) -> None:
        self._overrides = sorted(overrides, key=lambda one: str(one[0]))
        self._starts = [str(at) for at, _ in self._overrides]

    def find(self, at: date) -> tuple[date, Override] | None:
        """Return the override that holds for an occurrence, and which occurrence it begins with."""
        place = bisect_right(self._starts, str(at))
        return self._overrides[place - 1] if place else None
