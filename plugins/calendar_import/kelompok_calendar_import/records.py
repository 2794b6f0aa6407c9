"""Finds the records of a file: an event, a series, or an occurrence of a series each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from kelompok_calendar_import.cells import Cells, Described, describe, recurrence
from kelompok_calendar_import.events import Event, recurrence_id
from kelompok_calendar_import.occurrences import (
    MOST_OCCURRENCES,
    Future,
    Series,
    Steps,
    Window,
    find_occurrences,
    local_to,
)
from kelompok_calendar_import.rules import RuleError
from kelompok_calendar_import.survey import Calendar, Found, Override, Survey
from kelompok_core.contracts import Issue, JsonValue, Severity

_PRIVATE = frozenset({"PRIVATE", "CONFIDENTIAL"})


class Record(NamedTuple):
    """A row: its cells, the line and selector of its component, and findings without a row number."""

    cells: Mapping[str, str | None]
    line: int
    selector: str
    issues: Sequence[Issue] = ()


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How events become records.

    Attributes:
        window: The days whose occurrences are records of their own; None if a series is one record.
        organizer: The column for the organizer's name, or None.
    """

    window: Window | None
    organizer: str | None


class Records:
    """The records of a surveyed file.

    Attributes:
        counts: How many older versions, series and private events there were.
    """

    def __init__(self, survey: Survey, terms: Terms) -> None:
        self.counts: Counter[str] = Counter()
        self._survey = survey
        self._terms = terms
        self._steps = Steps()

    def read(self) -> Iterator[Record]:
        """Yield the records in the order of the file."""
        with self._survey.open_events() as events:
            for found in events:
                yield from self._of_event(found, Event(found.component))

    def _of_event(self, found: Found, event: Event) -> Iterator[Record]:
        if found.component.problem is not None or not event.uid:
            yield self._alone(found, event)
        elif event.is_override:
            yield from self._of_override(found, event)
        elif not self._survey.is_newest(found.position):
            self.counts["older"] += 1
        elif event.is_series or self._survey.overrides(event.uid):
            yield from self._of_series(found, event)
        else:
            yield self._alone(found, event)

    def _describe(self, event: Event, calendar: Calendar) -> Described:
        described = describe(event, calendar, organizer=self._terms.organizer)
        self.counts["private"] += (described.cells["class"] or "").strip().upper() in _PRIVATE
        return described

    def _alone(self, found: Found, event: Event) -> Record:
        described = self._describe(event, found.calendar)
        kept, _ = recurrence(event, ())
        described.cells["recurrence"] = kept
        return _record(found, described.cells, described.issues)

    def _of_override(self, found: Found, event: Event) -> Iterator[Record]:
        """Yield an override if it has no series, or if the occurrences of its series are records."""
        window = self._terms.window
        if not self._survey.is_newest_override(event, found.position):
            self.counts["older"] += 1
            return
        is_of_series = self._survey.has_series(event.uid)
        if is_of_series and window is None:
            return
        described = self._describe(event, found.calendar)
        start = described.times.start
        if is_of_series and window is not None and (start is None or start.at is None or not window.has(start.at)):
            return
        key = recurrence_id(event, found.calendar.zones()).key()
        described.cells["external_uid"] = f"{event.uid}#{key}"
        yield _record(found, described.cells, described.issues)

    def _of_series(self, found: Found, event: Event) -> Iterator[Record]:
        self.counts["series"] += 1
        described = self._describe(event, found.calendar)
        overrides = self._survey.overrides(event.uid)
        self.counts["overrides"] += len(overrides)
        window, start = self._terms.window, described.times.start
        if window is None or start is None:
            yield self._whole(found, described, event, overrides)
            return
        expansion = _Expansion(Series(event, start, found.calendar.zones()), overrides)
        try:
            starts = expansion.find(window, self._steps)
        except RuleError:
            whole = self._whole(found, described, event, overrides)
            yield whole._replace(issues=[*whole.issues, _warning("calendar.not_expanded", found)])
            return
        self.counts["outside"] += not starts
        yield from self._occurrences(found, described, expansion, starts)

    def _whole(self, found: Found, described: Described, event: Event, overrides: Sequence[Override]) -> Record:
        kept, is_cut = recurrence(event, overrides)
        described.cells["recurrence"] = kept
        issues = [*described.issues, _warning("calendar.recurrence_cut", found)] if is_cut else described.issues
        return _record(found, described.cells, issues)

    def _occurrences(
        self, found: Found, described: Described, expansion: "_Expansion", starts: Sequence[date]
    ) -> Iterator[Record]:
        """Yield the occurrences of a series that no override replaces."""
        issues = described.issues
        most = max(0, MOST_OCCURRENCES - len(expansion.replaced))
        if len(starts) > most:
            starts = starts[:most]
            issues = [*issues, _warning("calendar.occurrences_cut", found, limit=MOST_OCCURRENCES)]
        for at in starts:
            key = expansion.series.start.moved(at).key()
            cells = self._cells_at(at, described, expansion)
            cells["external_uid"] = f"{expansion.series.event.uid}#{key}"
            yield _record(found, cells, issues, occurrence=key)
            issues = ()

    def _cells_at(self, at: date, described: Described, expansion: "_Expansion") -> Cells:
        """Return the cells of an occurrence: those of its series, or of an override for it and all later ones."""
        changed = expansion.future.find(at)
        if changed is None:
            return {**described.cells, **described.times.moved(at).cells(expansion.series.zones)}
        first, override = changed
        base = describe(override.event, override.calendar, organizer=self._terms.organizer)
        begins = base.times.start.at if base.times.start is not None else None
        if (
            isinstance(begins, datetime) == isinstance(first, datetime) == isinstance(at, datetime)
            and begins is not None
        ):
            at = at + (begins - first)
        return {**base.cells, **base.times.moved(at).cells(expansion.series.zones)}


class _Expansion:
    """A series and its overrides, by the local times of the occurrences that they replace."""

    def __init__(self, series: Series, overrides: Sequence[Override]) -> None:
        self.series = series
        ids = [(self._local(one), one) for one in overrides]
        self.replaced = {at for at, _ in ids if at is not None}
        self.future = Future([(at, one) for at, one in ids if at is not None and one.event.is_for_future()])

    def _local(self, override: Override) -> date | None:
        return local_to(recurrence_id(override.event, override.calendar.zones()), self.series.start)

    def find(self, window: Window, steps: Steps) -> Sequence[date]:
        return find_occurrences(self.series, window, self.replaced, steps)


def _record(found: Found, cells: Mapping[str, str | None], issues: Sequence[Issue], *, occurrence: str = "") -> Record:
    behind = f";occurrence={occurrence}" if occurrence else ""
    return Record(cells, found.component.line, f"#component={found.position + 1}{behind}", issues)


def _warning(code: str, found: Found, **params: JsonValue) -> Issue:
    return Issue(code=code, severity=Severity.WARNING, line=found.component.line, params=params)
