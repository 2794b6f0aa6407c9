"""Makes the cells of an event, and the findings about them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from kelompok_calendar_import.events import Event, Times, read_times, recurrence_id
from kelompok_calendar_import.rules import RuleError, read_rule
from kelompok_calendar_import.survey import Calendar, Override
from kelompok_core.contracts import Issue, JsonValue, Severity
from kelompok_core.plugin_kit.reading.components import Problem
from kelompok_core.plugin_kit.reading.properties import categories_cell

FIELDS = (
    "external_uid", "title", "description", "starts_at", "ends_at", "all_day", "timezone", "location_name", "address",
    "url", "status", "tags",
)  # fmt: skip
EXTRA = ("recurrence", "geo", "class")
KEPT = frozenset(
    {
        "", "UID", "SUMMARY", "DESCRIPTION", "X-ALT-DESC", "DTSTART", "DTEND", "DURATION", "LOCATION", "URL", "STATUS",
        "CATEGORIES", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "SEQUENCE", "LAST-MODIFIED", "DTSTAMP", "GEO",
        "CLASS",
    }
)  # fmt: skip
"""Properties that are read, or that only say which version of an event this is. Attendees are none of them."""

_MOST_ENTRIES = 1_000
_BROKEN = {Problem.UNCLOSED: "calendar.event_unclosed", Problem.TOO_LARGE: "calendar.event_too_large"}
Cells = dict[str, str | None]


class Described(NamedTuple):
    """An event as a row: its cells, when it is, and the findings about it, without the number of the row."""

    cells: Cells
    times: Times
    issues: Sequence[Issue]


def describe(event: Event, calendar: Calendar, *, organizer: str | None = None) -> Described:
    """Return the cells of an event.

    Args:
        event: The event.
        calendar: Its calendar.
        organizer: The column for the organizer's name, if the operator's mapping has one.
    """
    zones = calendar.zones()
    times = read_times(event, zones)
    name, _, address = (event.text("LOCATION") or "").strip().partition("\n")
    description = event.text("DESCRIPTION")
    cells: Cells = {
        "external_uid": event.uid or None,
        "title": event.text("SUMMARY"),
        "description": description if description and description.strip() else event.text("X-ALT-DESC"),
        "location_name": name or None,
        "address": address.strip() or None,
        "url": event.text("URL"),
        "status": "CANCELLED" if calendar.method == "CANCEL" else event.text("STATUS"),
        "tags": categories_cell(event.all("CATEGORIES")),
        "geo": event.text("GEO"),
        "class": event.text("CLASS"),
        "recurrence": None,
        **times.cells(zones),
    }
    if organizer is not None:
        line = event.first.get("ORGANIZER")
        names = line.head.params.get("CN") if line is not None else None
        cells[organizer] = names[0] if names else None
    return Described(cells, times, [*_issues(event, times, calendar)])


def _issues(event: Event, times: Times, calendar: Calendar) -> Iterator[Issue]:
    line = event.component.line
    if not event.uid:
        yield Issue(code="id.missing", severity=Severity.WARNING, line=line)
    if event.component.problem is not None:
        yield Issue(code=_BROKEN[event.component.problem], severity=Severity.ERROR, line=line, params={"line": line})
    if times.start is None or not times.start.written:
        yield Issue(code="value.required", severity=Severity.ERROR, line=line, column="starts_at")
    elif times.is_floating:
        yield _floating(event, times, calendar)
    for one in event.all(""):
        yield Issue(code="calendar.line_invalid", severity=Severity.WARNING, line=one.line)
    for one in event.all("RRULE"):
        if not _is_rule(one.value):
            issue = "calendar.rule_invalid"
            yield Issue(
                code=issue, severity=Severity.WARNING, line=one.line, column="recurrence", value=one.value[:200]
            )


def _floating(event: Event, times: Times, calendar: Calendar) -> Issue:
    """Return the finding that a time has no zone."""
    zone = calendar.zones().default
    written = times.start.written if times.start is not None else None
    code = "value.timezone_missing" if zone is None else "calendar.timezone_of_calendar"
    severity = Severity.WARNING if zone is None else Severity.INFO
    params: dict[str, JsonValue] = {} if zone is None else {"timezone": zone.cell}
    line = event.first["DTSTART"].line
    return Issue(code=code, severity=severity, line=line, column="starts_at", value=written, params=params)


def _is_rule(written: str) -> bool:
    try:
        read_rule(written)
    except RuleError:
        return False
    return True


def recurrence(event: Event, overrides: Sequence[Override]) -> tuple[str | None, bool]:
    """Return the recurrence of a series as JSON, and whether it is cut because it has too many entries."""
    kept: dict[str, JsonValue] = {}
    is_cut = False
    for name in ("RRULE", "RDATE", "EXDATE"):
        lines = event.all(name)
        values = [one.value for one in lines] if name == "RRULE" else [
            one.strip() for line in lines for one in line.value.split(",")
        ]  # fmt: skip
        if values:
            kept[name.lower()] = [*values[:_MOST_ENTRIES]]
        is_cut = is_cut or len(values) > _MOST_ENTRIES
    if overrides:
        kept["overrides"] = [_override(one) for one in overrides[:_MOST_ENTRIES]]
        is_cut = is_cut or len(overrides) > _MOST_ENTRIES
    return (json.dumps(kept, ensure_ascii=False) if kept else None), is_cut


def _override(override: Override) -> dict[str, JsonValue]:
    """Return what an override says of its occurrence."""
    zones = override.calendar.zones()
    event = override.event
    times = read_times(event, zones)
    said: Mapping[str, JsonValue] = {
        "recurrence_id": recurrence_id(event, zones).key(),
        "range": "THISANDFUTURE" if event.is_for_future() else None,
        "title": event.text("SUMMARY"),
        "status": event.text("STATUS"),
        "location": event.text("LOCATION"),
        **times.cells(zones),
    }
    return {name: value for name, value in said.items() if value is not None}
