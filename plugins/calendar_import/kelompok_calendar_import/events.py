"""Reads a VEVENT: its properties, when it is, and its recurrence."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from kelompok_calendar_import.date_times import DateOrTime, basic_text, date_or_time_of, read_date_or_time
from kelompok_calendar_import.values import read_duration
from kelompok_calendar_import.zones import Zones
from kelompok_core.plugin_kit.reading.components import Component
from kelompok_core.plugin_kit.reading.content_lines import ContentLine, unescape

_DAY = timedelta(days=1)
_FUTURE = "THISANDFUTURE"
_DIGITS = re.compile(r"\d{8}(?:T\d{6}Z?)?")
_MOST_DIGITS = 12


class Version(NamedTuple):
    """What decides which of several versions of an event is the newest: SEQUENCE, then LAST-MODIFIED."""

    sequence: int
    modified: int


class Event:
    """A VEVENT.

    Attributes:
        component: Its component.
        first: The first line of each name.
    """

    __slots__ = ("component", "first")

    def __init__(self, component: Component) -> None:
        self.component = component
        self.first: dict[str, ContentLine] = {}
        for line in component.lines:
            self.first.setdefault(line.name, line)

    def text(self, name: str) -> str | None:
        """Return the text of a property, without escapes; None if there is none."""
        line = self.first.get(name)
        return None if line is None else unescape(line.value)

    def all(self, name: str) -> Sequence[ContentLine]:
        """Return the lines of a property that may occur several times."""
        return [line for line in self.component.lines if line.name == name] if name in self.first else ()

    @property
    def uid(self) -> str:
        return (self.text("UID") or "").strip()

    @property
    def is_override(self) -> bool:
        return "RECURRENCE-ID" in self.first

    @property
    def is_series(self) -> bool:
        return "RRULE" in self.first or "RDATE" in self.first

    @property
    def version(self) -> Version:
        modified = (self.text("LAST-MODIFIED") or "").strip()
        digits = "".join(filter(str.isdigit, modified)) if _DIGITS.fullmatch(modified) else "0"
        return Version(_number(self.text("SEQUENCE")), int(digits))

    def is_for_future(self) -> bool:
        """Return whether an override changes all later occurrences, too."""
        line = self.first.get("RECURRENCE-ID")
        return line is not None and _FUTURE in line.head.params.get("RANGE", ())


def _number(written: str | None) -> int:
    text = (written or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else 0


@dataclass(frozen=True, kw_only=True)
class Times:
    """When an event is.

    Attributes:
        start: When it begins; None without DTSTART. A time without a zone has the calendar's, if that is known.
        end: The cell of its end; None if it has none.
        lasts: How long it lasts, as a difference of local times; None if that is not known.
        is_floating: Whether the start is a time without a zone.
    """

    start: DateOrTime | None
    end: str | None = None
    lasts: timedelta | None = None
    is_floating: bool = False

    @property
    def all_day(self) -> str | None:
        return "true" if self.start is not None and self.start.is_day else None

    def cells(self, zones: Zones) -> dict[str, str | None]:
        """Return the cells of the start, the end and the zone."""
        start = self.start
        if start is None or start.zone is None or not isinstance(start.at, datetime):
            zone = zones.default.cell if zones.default and start is not None and start.is_day else None
        elif start.written.endswith("Z") and zones.default is not None:
            zone = zones.default.cell_at(start.at)
        else:
            zone = start.zone.cell_at(start.at)
        written = start and (_utc_text(start) if start.zone and start.zone.own else start.written)
        return {"starts_at": written, "ends_at": self.end, "all_day": self.all_day, "timezone": zone}

    def moved(self, at: date) -> "Times":
        """Return the times of another occurrence, which begins at this date or local time."""
        if self.start is None:
            return self
        start = self.start.moved(at)
        return Times(start=start, end=_end_after(start, self.lasts), lasts=self.lasts)


def read_times(event: Event, zones: Zones) -> Times:
    """Return when an event is."""
    line = event.first.get("DTSTART")
    if line is None:
        return Times(start=None)
    start = read_date_or_time(line, zones)
    is_floating = isinstance(start.at, datetime) and start.zone is None
    if is_floating:
        start = start._replace(zone=zones.default)
    end, lasts = _read_end(event, start, zones)
    return Times(start=start, end=end, lasts=lasts, is_floating=is_floating)


def _read_end(event: Event, start: DateOrTime, zones: Zones) -> tuple[str | None, timedelta | None]:
    """Return the cell of the end, and how long the event lasts."""
    if "DTEND" in event.first:
        return _end_written(read_date_or_time(event.first["DTEND"], zones), start, zones)
    lasts = read_duration(event.first["DURATION"].value) if "DURATION" in event.first else None
    try:
        return _end_after(start, lasts), lasts
    except OverflowError:
        return None, None


def _end_written(end: DateOrTime, start: DateOrTime, zones: Zones) -> tuple[str | None, timedelta | None]:
    """Return the same for an event with DTEND."""
    if end.at is None or start.at is None or end.is_day != start.is_day:
        return end.written or None, None
    lasts: timedelta | None = end.at - start.at
    if start.is_day:
        return _end_after(start, lasts), lasts
    if end.zone is None:
        end = end._replace(zone=zones.default)
    if end.zone != start.zone:
        begins, ends = start.utc(), end.utc()
        lasts = ends - begins if begins is not None and ends is not None else None
    is_plain = end.zone == start.zone and not (end.zone and end.zone.own)
    return (end.written if is_plain else _utc_text(end)), lasts


def _end_after(start: DateOrTime, lasts: timedelta | None) -> str | None:
    """Return the cell of the end of what begins here and lasts so long; of whole days, the last day."""
    if lasts is None or start.at is None:
        return None
    if start.is_day:
        return basic_text(start.at + max(lasts, _DAY) - _DAY)
    end = start.moved(start.at + lasts)
    return _utc_text(end) if end.zone and end.zone.own else end.written


def _utc_text(when: DateOrTime) -> str:
    utc = when.utc()
    return when.written if utc is None else basic_text(utc.replace(tzinfo=None), is_utc=True)


def recurrence_id(event: Event, zones: Zones) -> DateOrTime:
    """Return which occurrence an override replaces."""
    when = read_date_or_time(event.first["RECURRENCE-ID"], zones)
    is_floating = isinstance(when.at, datetime) and when.zone is None
    return when._replace(zone=zones.default) if is_floating else when


def iter_dates(event: Event, name: str, zones: Zones) -> Iterator[DateOrTime]:
    """Yield the dates or times of RDATE or EXDATE; of a period its start."""
    for line in event.all(name):
        tzids = line.head.params.get("TZID")
        for part in line.value.split(","):
            yield date_or_time_of(part.partition("/")[0], tzids[0] if tzids else None, zones)
