"""Calendars of the folder in KELOMPOK_TEST_DATA, through all steps of an import; skipped without it."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kelompok_core.errors import ImportFailed, UsageError
from kelompok_core.imports.reporting.error_file import write_error_file
from kelompok_core.imports.reporting.repeat_command import import_again
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.imports.shared.options import ImportOptions
from tests.counting import codes_of, decided

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
needs_data = pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")
_MADE_HERE = Path(str(_DATA)) / "documents-made-here"


@pytest.fixture
def import_calendar(import_file, grant):
    """Import a calendar for an organization."""
    grant("calendar-import")
    import_file("name\nForum Air\n", name="forum.csv")

    def run(content, *, name="a.ics", config=None, **more):
        options = ImportOptions(config=config or {}, **more)
        return import_file(content, name=name, plugin="calendar-import", entity="events", organization="forum-air",
                           options=options)  # fmt: skip

    return run


@pytest.fixture
def events(ask):
    """Return the events as mappings, by UID."""
    return lambda: {row.external_uid: row._mapping for row in ask("SELECT * FROM events")}


def _utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@needs_data
def test_the_calendar_made_here_gives_what_is_expected(import_calendar, events):
    file = _MADE_HERE / "files/kalender.ics"
    expected = json.loads((_MADE_HERE / "expected.json").read_text("utf-8"))["kalender.ics"]
    report = import_calendar(file)
    assert decided(report) == {"rows_read": 9, "accepted": 8, "rejected": 1}
    found = events()
    uids = expected["records (a series is one record)"]["accepted-or-merged by uid"]
    assert {f"{uid}@forumair.example" for uid in uids} | {None} == set(found)
    times = {str(uid).partition("@")[0]: (one["starts_at"], one["ends_at"]) for uid, one in found.items()}
    assert times["utc-1"] == (_utc(2024, 1, 5, 3), _utc(2024, 1, 5, 6))
    assert times["float-1"] == (_utc(2024, 2, 9, 23), _utc(2024, 2, 10, 2))
    assert times["tz-windows"] == (_utc(2024, 3, 1, 2), _utc(2024, 3, 1, 9))
    assert times["tz-own"] == (_utc(2024, 3, 2, 0), None)
    assert times["allday-1"] == (_utc(2024, 3, 21, 16), _utc(2024, 3, 24, 15, 59, 59))
    festival = found["allday-1@forumair.example"]
    assert (festival["all_day"], festival["status"], festival["timezone"]) == (True, "draft", "Asia/Makassar")
    series = {name: json.loads(found[f"{name}@forumair.example"]["event_data"]["extra"]["kalender"]["recurrence"])
              for name in ("weekly", "forever")}  # fmt: skip
    assert series["forever"] == {"rrule": ["FREQ=DAILY"]}
    assert [one["recurrence_id"] for one in series["weekly"]["overrides"]] == ["20240129T090000Z", "20240205T090000Z"]
    assert found[None]["title"] == "Tanpa UID"
    groups = {group.code: group for group in report.groups}
    assert {"calendar.timezone_of_calendar", "calendar.older_versions", "id.missing"} <= groups.keys()
    assert groups["value.required"].examples[0].line == 92
    assert "VTODO (1)" in str(groups["calendar.left_out"].examples[0].to_json())
    assert decided(import_calendar(file)) == {"rows_read": 9, "rejected": 1, "unchanged": 8}


@needs_data
def test_occurrences_of_the_calendar_made_here(import_calendar, events):
    file = _MADE_HERE / "files/kalender.ics"
    config = {"occurrences": "2024-01-01/2024-12-31"}
    report = import_calendar(file, config=config)
    assert decided(report) == {"rows_read": 377, "accepted": 376, "rejected": 1}
    found = events()
    weekly = {uid.partition("#")[2]: one for uid, one in found.items() if uid and uid.startswith("weekly@")}
    assert {key: (one["starts_at"], one["status"]) for key, one in weekly.items()} == {
        "20240108T090000Z": (_utc(2024, 1, 8, 9), "planned"),
        "20240115T090000Z": (_utc(2024, 1, 15, 9), "planned"),
        "20240129T090000Z": (_utc(2024, 1, 30, 9), "planned"),
        "20240205T090000Z": (_utc(2024, 2, 5, 9), "cancelled"),
    }
    assert sum(str(uid).startswith("forever@") for uid in found) == 366
    assert decided(import_calendar(file, config=config)) == {"rows_read": 377, "rejected": 1, "unchanged": 376}


@needs_data
@pytest.mark.parametrize("name", [
    "evt-ical-real/files/google_calendar_public_holidays.ics", "evt-ical-real/files/office_356_custom_timezone.ics",
    "evt-icalendar/files/pythondotorg-events.ics",
])  # fmt: skip
def test_real_calendars_are_imported_and_known_again(import_calendar, name):
    file = Path(str(_DATA)) / name
    counts = json.loads((Path(str(_DATA)) / name.split("/")[0] / "expected.json").read_text("utf-8"))
    report = import_calendar(file, name=file.name)
    assert report.counts["rows_read"] == report.counts["accepted"] == counts[file.name]["vevents"], codes_of(report)
    assert decided(import_calendar(file, name=file.name)) == {
        "rows_read": report.counts["rows_read"], "unchanged": report.counts["rows_read"],
    }  # fmt: skip


_CALENDAR = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:A\nDTSTART:20240105T020000Z\nEND:VEVENT\nEND:VCALENDAR\n"


def test_the_organizer_is_read_only_if_it_is_mapped(import_file, grant, ask):
    grant("calendar-import")
    import_file("name\nForum Air\n", name="forum.csv")
    text = _CALENDAR.replace("UID:1", "UID:1\nORGANIZER;CN=Forum Air:mailto:x@y.example")
    with pytest.raises(ImportFailed):
        import_file(text, name="a.ics", plugin="calendar-import", entity="events")
    options = ImportOptions(mapping={"organizer": "organization"})
    report = import_file(text, name="a.ics", plugin="calendar-import", entity="events", options=options)
    assert decided(report, read=False) == {"accepted": 1}


def test_each_plugin_takes_only_its_kind_and_names_the_other(import_file, import_calendar):
    with pytest.raises(UsageError) as refused:
        import_file(_CALENDAR, name="list.csv", entity="organizations")
    assert "plugin run calendar-import --job import-events --file" in refused.value.hint
    with pytest.raises(UsageError) as refused:
        import_calendar("name,city\nA,B\n", name="a.ics")
    assert "csv-import reads it" in refused.value.hint
    assert decided(import_calendar(_CALENDAR, name="list.csv"), read=False) == {"accepted": 1}


def test_the_error_file_is_a_table_that_csv_import_reads(
    import_file, import_calendar, settings, database, tmp_path, ask
):
    broken = "BEGIN:VEVENT\nUID:2\nSUMMARY:B\nRRULE:FREQ=DAILY\nEND:VEVENT\n"
    report = import_calendar(_CALENDAR.replace("END:VCAL", broken + "END:VCAL"), config={"encoding": "cp1252"})
    assert decided(report, read=False) == {"accepted": 1, "rejected": 1}
    target = tmp_path / "errors.csv"
    with database.connect() as connection, target.open("w", encoding="utf-8-sig", newline="") as file:
        import_ = get_import(connection, report.import_.id)
        words = import_again(settings, connection, import_, target, is_error_file=True)
        write_error_file(connection, import_, {"en": file})
    assert words[:5] == ["plugin", "run", "csv-import", "--job", "import-events"]
    assert "encoding=cp1252" not in words
    text = target.read_text("utf-8-sig").replace("2,B,,", "2,B,,2024-01-06 10:00", 1)
    again = import_file(text, name="errors.csv", entity="events", organization="forum-air", source="a")
    assert decided(again, read=False) == {"accepted": 1}
    assert [row.external_uid for row in ask("SELECT external_uid FROM events ORDER BY starts_at")] == ["1", "2"]
