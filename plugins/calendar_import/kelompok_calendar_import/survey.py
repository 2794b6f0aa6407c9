"""The first pass over a file: its calendars and zones, which versions of events count, and the overrides of series."""

from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from kelompok_calendar_import.events import Event, Version
from kelompok_calendar_import.zones import Definition, Zones, read_definition
from kelompok_core.contracts import Issue, Severity, Source, UnreadableSource
from kelompok_core.plugin_kit.reading.components import Component, cut
from kelompok_core.plugin_kit.reading.content_lines import ContentLine, open_content_lines, undecodable_lines, unescape

_WHOLE = ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY", "VPOLL")
_OF_AN_OVERRIDE = frozenset({"DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "SUMMARY", "STATUS", "LOCATION"})
_MOST_OVERRIDES, _MOST_CHARACTERS = 100_000, 32_000_000
_MOST_ZONES = 2_000
_MOST_INVALID = 20
_NO_UID, _MASTER, _OVERRIDE = range(3)


class Calendar:
    """What a VCALENDAR says of all its events.

    Attributes:
        name: Its name, or an empty text.
        zone: X-WR-TIMEZONE, or an empty text.
        method: METHOD in upper case, or an empty text.
        definitions: Its VTIMEZONEs by TZID.
    """

    def __init__(self) -> None:
        self.name = self.zone = self.method = ""
        self.definitions: dict[str, Definition] = {}
        self._zones: Zones | None = None

    def add(self, line: ContentLine) -> None:
        """Take a line of the calendar itself."""
        if line.name in ("X-WR-CALNAME", "NAME"):
            self.name = self.name or unescape(line.value).strip()
        elif line.name == "X-WR-TIMEZONE":
            self.zone = line.value.strip()
        elif line.name == "METHOD":
            self.method = line.value.strip().upper()

    def zones(self) -> Zones:
        """Return the calendar's zones; call it when all definitions are known."""
        if self._zones is None:
            self._zones = Zones(self.definitions, self.zone)
        return self._zones


class Found(NamedTuple):
    """A VEVENT in a file: its position among all of them, from 0, its calendar, and its component."""

    position: int
    calendar: Calendar
    component: Component


class Override(NamedTuple):
    """The newest version of an override: its position, and the event with the properties that matter."""

    position: int
    version: Version
    calendar: Calendar
    event: Event


class Survey:
    """What the first pass found.

    Attributes:
        calendars: The calendars in the order of the file; the first is for events outside any.
        left_out: Components and properties that are left out, by name.
        encoding: The encoding of texts that are not UTF-8.
        invalid_lines: The first lines outside events that are no lines of a calendar.
    """

    def __init__(self, source: Source, encoding: str, *, is_kept: Collection[str], whole_overrides: bool) -> None:
        self.calendars: list[Calendar] = []
        self.left_out: Counter[str] = Counter()
        self.encoding = encoding
        self.has_content = False
        self.invalid_lines: list[int] = []
        self._source = source
        self._is_kept = is_kept
        self._whole_overrides = whole_overrides
        self._undecodable = (0, 0)
        self._kinds, self._uids = array("b"), array("q")
        self._sequences, self._modified = array("q"), array("q")
        self._overrides: dict[int, dict[tuple[str, str], Override]] = {}
        self._override_count = self._characters = self._zone_count = 0
        self._shared: dict[tuple[tuple[str, str], ...], Definition] = {}
        self._read()
        self._newest = self._find_newest()
        self._masters = np.unique(np.frombuffer(self._uids, dtype="int64")[self._mask(_MASTER)])

    def _read(self) -> None:
        with self.open_events() as events:
            for found in events:
                self._add(found)

    @contextmanager
    def open_events(self) -> Iterator[Iterator[Found]]:
        """Open the file and provide its events; the first time, take in all else, too.

        Raises:
            UnreadableSource: ``file.content_line_too_long`` and the like, while events are read.
        """
        with open_content_lines(self._source.path, encoding=self.encoding) as lines:
            yield self._walk(lines, is_first=not self.calendars)

    def _walk(self, lines: Iterator[ContentLine], *, is_first: bool) -> Iterator[Found]:
        number, position = 0, 0
        if is_first:
            self.calendars.append(Calendar())
            lines = self._checked(lines)
        for one in cut(lines, whole=_WHOLE):
            if isinstance(one, Component) and one.name == "VEVENT":
                yield Found(position, self.calendars[number], one)
                position += 1
                continue
            number += _is_calendar(one)
            if is_first:
                self._take(one)

    def _take(self, one: ContentLine | Component) -> None:
        """Take in what is no event."""
        if isinstance(one, Component):
            self._take_component(one)
        elif _is_calendar(one):
            self.calendars.append(Calendar())
        elif one.name:
            self.calendars[-1].add(one)
        elif len(self.invalid_lines) < _MOST_INVALID:
            self.invalid_lines.append(one.line)

    def _checked(self, lines: Iterator[ContentLine]) -> Iterator[ContentLine]:
        """Pass the lines on, and count those that are not text in the encoding."""
        for line in lines:
            self.has_content = True
            if not line.is_text:
                count, first = self._undecodable
                self._undecodable = (count + 1, first or line.line)
            yield line

    def _take_component(self, component: Component) -> None:
        if component.name != "VTIMEZONE":
            self.left_out[component.name] += 1
            return
        shape = tuple((line.name, line.value) for one in (component, *component.inside) for line in one.lines)
        known = self._shared.get(shape)
        if known is None:
            self._zone_count += 1
            if self._zone_count > _MOST_ZONES:
                raise _too_many("calendar.too_many_zones", component.line, _MOST_ZONES)
            known = self._shared[shape] = read_definition(component)
        self.calendars[-1].definitions.setdefault(known.tzid, known)

    def _add(self, found: Found) -> None:
        """Note an event."""
        event = Event(found.component)
        uid, version = event.uid, event.version
        is_alone = not uid or found.component.problem is not None
        kind = _NO_UID if is_alone else _OVERRIDE if event.is_override else _MASTER
        self._kinds.append(kind)
        self._uids.append(_hash(uid))
        self._sequences.append(version.sequence)
        self._modified.append(version.modified)
        self.left_out.update(one.name for one in found.component.inside)
        self.left_out.update(line.name for line in found.component.lines if line.name not in self._is_kept)
        if kind == _OVERRIDE:
            self._add_override(found, event, version)

    def _add_override(self, found: Found, event: Event, version: Version) -> None:
        line = event.first["RECURRENCE-ID"]
        name = (line.value.strip(), ",".join(line.head.params.get("TZID", ())))
        same = self._overrides.setdefault(_hash(event.uid), {})
        if name in same and same[name].version > version:
            return
        if not (self._whole_overrides and event.is_for_future()):
            event.component.lines = [one for one in event.component.lines if one.name in _OF_AN_OVERRIDE]
        self._override_count += name not in same
        self._characters += sum(len(one.value) for one in event.component.lines)
        if self._override_count > _MOST_OVERRIDES or self._characters > _MOST_CHARACTERS:
            raise _too_many("calendar.too_many_overrides", found.component.line, self._override_count - 1)
        same[name] = Override(found.position, version, found.calendar, Event(event.component))

    def _mask(self, kind: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        mask: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.frombuffer(self._kinds, dtype="int8") == kind
        return mask

    def _find_newest(self) -> Sequence[bool]:
        """Return for each event whether no other one of its UID is newer; overrides are judged elsewhere."""
        newest = np.ones(len(self._kinds), dtype=bool)
        places = np.flatnonzero(self._mask(_MASTER))
        if len(places):
            columns = (self._uids, self._sequences, self._modified)
            uids, sequences, modified = (np.frombuffer(column, dtype="int64")[places] for column in columns)
            order = np.lexsort((modified, sequences, uids))
            uids, sequences, modified = uids[order], sequences[order], modified[order]
            is_last = np.append(uids[1:] != uids[:-1], True)
            best = np.flatnonzero(is_last)[np.cumsum(is_last) - is_last]  # the last of a UID is the newest
            newest[places[order]] = (sequences == sequences[best]) & (modified == modified[best])
        return newest.tolist()

    def is_newest(self, position: int) -> bool:
        """Return whether no other event with the UID of this one is newer."""
        return self._newest[position]

    def has_series(self, uid: str) -> bool:
        """Return whether the file has the event that overrides with this UID belong to."""
        masters = self._masters
        place = int(np.searchsorted(masters, _hash(uid)))
        return place < len(masters) and int(masters[place]) == _hash(uid)

    def overrides(self, uid: str) -> Sequence[Override]:
        """Return the newest version of each override of a series, in the order of the file."""
        found = self._overrides.get(_hash(uid), {}) if uid else {}
        return sorted(found.values(), key=lambda one: one.position)

    def is_newest_override(self, event: Event, position: int) -> bool:
        """Return whether no other override of the same occurrence is newer."""
        line = event.first["RECURRENCE-ID"]
        name = (line.value.strip(), ",".join(line.head.params.get("TZID", ())))
        known: Mapping[tuple[str, str], Override] = self._overrides.get(_hash(event.uid), {})
        return name not in known or known[name].position == position

    def issues(self) -> Iterator[Issue]:
        """Yield the findings about the file's text."""
        for line in self.invalid_lines:
            yield Issue(code="calendar.line_invalid", severity=Severity.WARNING, line=line)
        count, first = self._undecodable
        if count:
            yield undecodable_lines(count, first=first, encoding=self.encoding)


def _is_calendar(one: ContentLine | Component) -> bool:
    """Return whether a calendar begins here."""
    return isinstance(one, ContentLine) and one.name == "BEGIN" and one.value.strip().upper() == "VCALENDAR"


def _hash(uid: str) -> int:
    """Return a number for a UID, so that files with very many events need little memory."""
    return int.from_bytes(blake2b(uid.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def _too_many(code: str, line: int, limit: int) -> UnreadableSource:
    return UnreadableSource(Issue(code=code, severity=Severity.FATAL, line=line, params={"limit": limit, "line": line}))
