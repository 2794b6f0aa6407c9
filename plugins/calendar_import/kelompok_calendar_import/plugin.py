"""The importer: yields the events of a calendar in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kelompok_calendar_import.cells import EXTRA, FIELDS, KEPT
from kelompok_calendar_import.occurrences import read_window
from kelompok_calendar_import.records import Record, Records, Terms
from kelompok_calendar_import.survey import Survey
from kelompok_core.contracts import (
    Issue,
    JsonValue,
    PluginContext,
    Severity,
    Source,
    SourceBatch,
    empty_file,
    issue_table,
    location_table,
    no_records,
    text_table,
)
from kelompok_core.plugin_kit.reading.properties import encoding_setting, left_out_params

_MOST_CHARACTERS = 32_000_000
"""Characters in a batch's cells; the record that exceeds this ends the batch."""
_ORGANIZER = "organizer"


class CalendarImporter:
    """Reads the events of iCalendar files."""

    def read(self, source: Source, context: PluginContext) -> Iterator[SourceBatch]:
        """Yield the source's events in batches; see the contract.

        Raises:
            UnreadableSource: ``file.content_line_too_long``, ``file.components_too_deep``,
                ``file.encoding_unreadable``, ``calendar.too_many_overrides`` or ``calendar.too_many_zones``.
            ConfigurationError: When a setting is invalid.
        """
        reading = _Reading(source, context)
        records = reading.records.read()
        while rows := reading.gather(records):
            yield reading.batch(rows)
        yield reading.batch([])


class _Reading:
    """One pass over a surveyed source."""

    def __init__(self, source: Source, context: PluginContext) -> None:
        occurrences = context.config.get("occurrences")
        organizer = next((column for column in context.columns if column.casefold() == _ORGANIZER), None)
        terms = Terms(window=read_window(str(occurrences)) if occurrences else None, organizer=organizer)
        kept = KEPT if organizer is None else KEPT | {"ORGANIZER"}
        encoding = encoding_setting(context)
        self._survey = Survey(source, encoding, is_kept=kept, whole_overrides=terms.window is not None)
        self.records = Records(self._survey, terms)
        self._columns = (*FIELDS, *((organizer,) if organizer else ()), *EXTRA)
        self._context = context
        self._is_expanded = terms.window is not None
        self._number = 0

    def gather(self, records: Iterator[Record]) -> Sequence[Record]:
        """Return the records of the next batch."""
        rows: list[Record] = []
        characters, most = 0, self._context.rows_that_fit(len(self._columns))
        for record in records:
            rows.append(record)
            characters += sum(map(len, filter(None, record.cells.values())))
            if len(rows) >= most or characters > _MOST_CHARACTERS:
                break
        return rows

    def batch(self, rows: Sequence[Record]) -> SourceBatch:
        """Return the next batch; without rows, the last one, with the findings about the file."""
        numbers = range(self._number + 1, self._number + len(rows) + 1)
        self._number += len(rows)
        issues = [
            replace(issue, row_number=number)
            for number, row in zip(numbers, rows, strict=True) for issue in row.issues
        ]  # fmt: skip
        return SourceBatch(
            cells=text_table({name: [row.cells.get(name) for row in rows] for name in self._columns}),
            locations=location_table(
                numbers, lines=[row.line for row in rows], selectors=[row.selector for row in rows]
            ),
            issues=issue_table(issues if rows else self._at_the_end()),
            read_as=self._read_as(),
            mapping={name: name for name in FIELDS} | dict.fromkeys(EXTRA, "extra"),
        )

    def _read_as(self) -> dict[str, JsonValue]:
        calendars = self._survey.calendars
        shown: dict[str, JsonValue] = {"encoding": self._survey.encoding}
        for key, values in (
            ("calendar", [one.name for one in calendars]),
            ("timezone", [one.zone for one in calendars]),
        ):
            if names := list(dict.fromkeys(filter(None, values))):
                shown[key] = names[0] if len(names) == 1 else f"{names[0]} (+{len(names) - 1})"
        return shown

    def _at_the_end(self) -> Iterator[Issue]:
        """Yield the findings about the file."""
        yield from self._survey.issues()
        if self._number == 0:
            yield no_records() if self._survey.has_content else empty_file()
        counts = self.records.counts
        if counts["series"] and not self._is_expanded:
            params: dict[str, JsonValue] = {"count": counts["series"], "overrides": counts["overrides"]}
            yield Issue(code="calendar.series_kept", severity=Severity.INFO, params=params)
        for code, severity, count in (
            ("calendar.older_versions", Severity.INFO, counts["older"]),
            ("calendar.outside_window", Severity.INFO, counts["outside"]),
            ("calendar.private_events", Severity.WARNING, counts["private"]),
        ):
            if count:
                yield Issue(code=code, severity=severity, params={"count": count})
        if self._survey.left_out:
            params = left_out_params(self._survey.left_out)
            yield Issue(code="calendar.left_out", severity=Severity.INFO, params=params)
