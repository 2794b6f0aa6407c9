"""The reader on calendars as programs write them: zones, versions, series, and broken events."""

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest
from kelompok_calendar_import.commands import CalendarCommands
from kelompok_calendar_import.plugin import CalendarImporter

from kelompok_core.contracts import ConfigurationError, PluginContext, UnreadableSource
from tests.reading import Bytes, peak_memory, read_with, source_of

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
needs_data = pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")


@pytest.fixture(scope="session")
def read(tmp_path_factory):
    files = Bytes(tmp_path_factory.mktemp("files"))

    def run(content, **more):
        return read_with(CalendarImporter(), files.source(content, "a.ics", "text/calendar"), **more)

    return run


def _event(*lines, uid="1"):
    return "\n".join(["BEGIN:VEVENT", *([f"UID:{uid}"] if uid else []), "SUMMARY:A", *lines, "END:VEVENT", ""])


def _calendar(*parts):
    return "\n".join(["BEGIN:VCALENDAR", *(part.rstrip("\n") for part in parts), "END:VCALENDAR", ""])


def _times(found, row=0):
    record = found.records[row]
    return tuple(record.get(name) for name in ("starts_at", "ends_at", "all_day", "timezone"))


_NEW_YORK = """BEGIN:VTIMEZONE
TZID:Our own
BEGIN:DAYLIGHT
DTSTART:20070311T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20071104T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
END:STANDARD
END:VTIMEZONE"""


@pytest.mark.parametrize(("lines", "times"), [
    (["DTSTART:20240105T020000Z", "DTEND:20240105T050000Z"], ("20240105T020000Z", "20240105T050000Z", None, "UTC")),
    (["DTSTART;TZID=Asia/Jakarta:20240105T090000", "DURATION:PT1H30M"],
     ("20240105T090000", "20240105T103000", None, "Asia/Jakarta")),
    (["DTSTART;TZID=Tokyo Standard Time:20240105T090000"], ("20240105T090000", None, None, "Asia/Tokyo")),
    (['DTSTART;TZID="/softwarestudio.org/Tzfile/Europe/London":20240105T090000'],
     ("20240105T090000", None, None, "Europe/London")),
    (["DTSTART;TZID=Our own:20240705T090000", "DTEND;TZID=Our own:20240705T100000"],
     ("20240705T130000Z", "20240705T140000Z", None, "-04:00")),
    (["DTSTART;TZID=Our own:20241103T090000"], ("20241103T140000Z", None, None, "-05:00")),
    (["DTSTART;TZID=Our own:20241101T090000"], ("20241101T130000Z", None, None, "-04:00")),
    (["DTSTART;TZID=Our own:19990101T090000"], ("19990101T140000Z", None, None, "-05:00")),
    (["DTSTART;TZID=Nowhere:20240105T090000", "DTEND;TZID=Nowhere:20240105T100000"],
     ("20240105T090000", "20240105T100000", None, "Nowhere")),
    (["DTSTART;TZID=Asia/Tokyo:20240105T090000", "DTEND;TZID=Asia/Jakarta:20240105T090000"],
     ("20240105T090000", "20240105T020000Z", None, "Asia/Tokyo")),
    (["DTSTART;VALUE=DATE:20240105", "DTEND;VALUE=DATE:20240107"], ("20240105", "20240106", "true", None)),
    (["DTSTART;VALUE=DATE:20240105", "DTEND;VALUE=DATE:20240105"], ("20240105", "20240105", "true", None)),
    (["DTSTART:20240105", "DURATION:P1W"], ("20240105", "20240111", "true", None)),
    (["DTSTART:20240230T000000", "DTEND:besok"], ("20240230T000000", "besok", None, None)),
    (["DTSTART:99991231T235959Z", "DURATION:P10000D"], ("99991231T235959Z", None, None, "UTC")),
    (["DTSTART;TZID=Asia/Tokyo:00010101T000000", "DTEND:00010101T000000Z"],
     ("00010101T000000", "00010101T000000Z", None, "Asia/Tokyo")),
])  # fmt: skip
def test_when_an_event_is(read, lines, times):
    assert _times(read(_calendar(_NEW_YORK, _event(*lines)))) == times


def test_times_without_a_zone_have_that_of_the_calendar_and_it_is_said(read):
    floating = _event("DTSTART:20240105T090000", "DTEND:20240105T100000")
    found = read(_calendar("X-WR-TIMEZONE:Asia/Makassar", floating))
    assert _times(found) == ("20240105T090000", "20240105T100000", None, "Asia/Makassar")
    (issue,) = found.issues.itertuples()
    assert (issue.code, issue.row_number, issue.line) == ("calendar.timezone_of_calendar", 1, 6)
    found = read(_calendar("X-WR-TIMEZONE:Nowhere", floating))
    assert _times(found) == ("20240105T090000", "20240105T100000", None, None)
    assert found.codes == ["value.timezone_missing"]


def test_a_zone_may_be_defined_after_the_event_and_differ_between_calendars(read):
    other = _NEW_YORK.replace("-0400", "+0100").replace("-0500", "+0000")
    event = _event("DTSTART;TZID=Our own:20240705T090000")
    found = read(_calendar(event, _NEW_YORK) + _calendar(other, event.replace("UID:1", "UID:2")))
    assert [one["starts_at"] for one in found.records] == ["20240705T130000Z", "20240705T080000Z"]


def test_a_zone_has_the_name_of_its_location(read):
    found = read(_calendar(_NEW_YORK.replace("TZID:Our own", "TZID:Our own\nX-LIC-LOCATION:Asia/Tokyo"),
                           _event("DTSTART;TZID=Our own:20240105T090000")))  # fmt: skip
    assert _times(found) == ("20240105T090000", None, None, "Asia/Tokyo")


def test_what_an_event_says(read):
    found = read(_calendar("METHOD:PUBLISH", _event(
        "DTSTART:20240105T020000Z", r"DESCRIPTION:Satu\ndua\, tiga", r"LOCATION:Aula\nJl. Satu 1\nSleman",
        "CATEGORIES:air,tanah", r"CATEGORIES:api", "STATUS:TENTATIVE", "URL:https://a.example/?x=1;y=2",
        "GEO:-7.7;110.3", "CLASS:PRIVATE", "X-ALT-DESC;FMTTYPE=text/html:<p>Satu</p>")))  # fmt: skip
    (record,) = found.records
    assert record == {
        "external_uid": "1", "title": "A", "description": "Satu\ndua, tiga", "starts_at": "20240105T020000Z",
        "timezone": "UTC", "location_name": "Aula", "address": "Jl. Satu 1\nSleman", "url": "https://a.example/?x=1;y=2",
        "status": "TENTATIVE", "tags": "air,tanah,api", "geo": "-7.7;110.3", "class": "PRIVATE",
    }  # fmt: skip
    assert found.codes == ["calendar.private_events"]
    assert found.batches[0].mapping["title"] == "title"
    assert found.batches[0].mapping["recurrence"] == "extra"


def test_cancelled_calendars_html_and_tags_with_separators(read):
    found = read(_calendar("METHOD:CANCEL", _event("DTSTART:20240105T020000Z", "STATUS:CONFIRMED", "DESCRIPTION: ",
                 "X-ALT-DESC;FMTTYPE=text/html:<p>Satu</p>", r"CATEGORIES:a\,b,c")))  # fmt: skip
    (record,) = found.records
    assert (record["status"], record["description"], json.loads(record["tags"])) == (
        "CANCELLED", "<p>Satu</p>", ["a,b", "c"],
    )  # fmt: skip


def test_people_reach_no_cell_and_no_issue(read):
    person = "Rahasia"
    event = _event("DTSTART:20240105T020000Z", f"ORGANIZER;CN={person}:mailto:{person}@x.example",
                   f"ATTENDEE;CN={person}:mailto:{person}@x.example", f"COMMENT:{person}", f"CONTACT:{person}",
                   f"X-{person}:{person}", f"{person}", "RRULE:FREQ=DAILY", "BEGIN:VALARM", f"SUMMARY:{person}",
                   "END:VALARM")  # fmt: skip
    for more in ({}, {"occurrences": "2024-01-01/2024-01-02"}):
        found = read(_calendar(event), **more)
        assert person.casefold() not in repr((found.records, found.issues.to_dict(), found.read_as)).casefold()
    (issue,) = (one for one in found.issues.itertuples() if one.code == "calendar.left_out")
    assert issue.params == {
        "count": 6, "parts": "ATTENDEE (1), COMMENT (1), CONTACT (1), ORGANIZER (1), VALARM (1), X-… (1)",
    }  # fmt: skip
    mapped = read(_calendar(event), columns=("Organizer",))
    assert mapped.records[0]["Organizer"] == person
    assert "ORGANIZER" not in json.dumps(mapped.issues["params"].tolist())


def test_the_newest_version_is_read(read):
    def version(title, *lines):
        return _event("DTSTART:20240105T020000Z", *lines).replace("SUMMARY:A", f"SUMMARY:{title}")

    found = read(_calendar(version("b", "SEQUENCE:2"), version("a", "SEQUENCE:10"), version("c"),
                           version("d", "SEQUENCE:10", "LAST-MODIFIED:20230101T000000Z")))  # fmt: skip
    assert [one["title"] for one in found.records] == ["d"]
    assert list(found.locations.itertuples(index=False, name=None)) == [(1, 19, "#component=4")]
    (issue,) = found.issues.itertuples()
    assert (issue.code, issue.params) == ("calendar.older_versions", {"count": 3})
    found = read(_calendar(version("a"), version("b")))
    assert [one["title"] for one in found.records] == ["a", "b"], "the import decides about rows of which none is newer"


def test_broken_events_are_rows_and_affect_no_others(read):
    good = _event("DTSTART:20240105T020000Z", uid="2")
    broken = _event("DTSTART:20240105T020000Z").replace("END:VEVENT\n", "")
    found = read(_calendar(broken, good, _event("DTSTART:20240105T020000Z", "no colon", uid=""), _event()))
    assert [one.get("external_uid") for one in found.records] == ["1", "2", None, "1"]
    assert [(one.row_number, one.line, one.code) for one in found.issues.itertuples()] == [
        (1, 2, "calendar.event_unclosed"), (3, 11, "id.missing"), (3, 14, "calendar.line_invalid"),
        (4, 16, "value.required"),
    ]  # fmt: skip
    large = _event(*[f"COMMENT:{'x' * 900_000}"] * 6)
    assert read(_calendar(large, good)).codes[:1] == ["calendar.event_too_large"]


_WEEKLY = _event("DTSTART;TZID=Asia/Jakarta:20240108T160000", "DTEND;TZID=Asia/Jakarta:20240108T173000",
                 "RRULE:FREQ=WEEKLY;COUNT=5", "EXDATE;TZID=Asia/Jakarta:20240122T160000")  # fmt: skip
_MOVED = _event("RECURRENCE-ID;TZID=Asia/Jakarta:20240129T160000", "DTSTART;TZID=Asia/Jakarta:20240130T160000")
_YEAR = {"occurrences": "2024-01-01/2024-12-31"}


def test_a_series_is_one_record_with_its_recurrence(read):
    found = read(_calendar(_MOVED, _WEEKLY))
    (record,) = found.records
    assert json.loads(record["recurrence"]) == {
        "rrule": ["FREQ=WEEKLY;COUNT=5"], "exdate": ["20240122T160000"],
        "overrides": [{"recurrence_id": "20240129T090000Z", "title": "A", "starts_at": "20240130T160000",
                       "timezone": "Asia/Jakarta"}],
    }  # fmt: skip
    (issue,) = found.issues.itertuples()
    assert (issue.code, issue.params) == ("calendar.series_kept", {"count": 1, "overrides": 1})


def _starts(found):
    return [one["starts_at"] for one in found.records]


def test_occurrences_are_records_with_their_own_uid_and_place(read):
    found = read(_calendar(_WEEKLY, _MOVED), **_YEAR)
    assert [(one["external_uid"], one["starts_at"], one.get("ends_at")) for one in found.records] == [
        ("1#20240108T090000Z", "20240108T160000", "20240108T173000"),
        ("1#20240115T090000Z", "20240115T160000", "20240115T173000"),
        ("1#20240205T090000Z", "20240205T160000", "20240205T173000"),
        ("1#20240129T090000Z", "20240130T160000", None),
    ]  # fmt: skip
    assert list(found.locations["line"]) == [2, 2, 2, 10]
    assert list(found.locations["selector"])[2:] == ["#component=1;occurrence=20240205T090000Z", "#component=2"]
    assert found.codes == []
    assert read(_calendar(_WEEKLY, _MOVED), occurrences="2024-01-29/2024-01-29").codes[1:] == [
        "calendar.outside_window"
    ]
    assert _starts(read(_calendar(_WEEKLY, _MOVED), occurrences="2024-01-30/2024-01-30")) == ["20240130T160000"]


def test_an_override_without_its_series_is_a_record(read):
    found = read(_calendar(_MOVED, _MOVED.replace("SUMMARY:A", "SUMMARY:B\nSEQUENCE:1")))
    assert [(one["external_uid"], one["title"]) for one in found.records] == [("1#20240129T090000Z", "B")]
    assert found.codes == ["calendar.older_versions"]


@pytest.mark.parametrize(("lines", "starts"), [
    (["DTSTART;VALUE=DATE:20240130", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20240430"],
     ["20240130", "20240131", "20240229", "20240331", "20240430"]),
    (["DTSTART;VALUE=DATE:20231230", "RRULE:FREQ=WEEKLY;BYDAY=SA,SU;COUNT=4", "EXDATE:20231231T080000"],
     ["20240106", "20240107"]),
    (["DTSTART:20240101T010000Z", "RDATE;VALUE=PERIOD:20240201T010000Z/PT1H,20240301T010000Z/20240301T020000Z"],
     ["20240101T010000Z", "20240201T010000Z", "20240301T010000Z"]),
    (["DTSTART;TZID=America/New_York:20240101T200000", "RRULE:FREQ=DAILY;UNTIL=20240103T010000Z"],
     ["20240101T200000", "20240102T200000"]),
    (["DTSTART;TZID=America/New_York:20240101T200000", "RRULE:FREQ=DAILY;UNTIL=20240102", "EXDATE:20240103T010000Z"],
     ["20240101T200000"]),
    (["DTSTART:20240101T010000Z", "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20250101"],
     ["20240101T010000Z", "20240102T010000Z"]),
    (["DTSTART:20200101T010000Z", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"], []),
    (["DTSTART:20240101T010000Z", "EXDATE;VALUE=DATE:20240102", "RRULE:FREQ=DAILY;COUNT=3"],
     ["20240101T010000Z", "20240103T010000Z"]),
])  # fmt: skip
def test_rules(read, lines, starts):
    assert _starts(read(_calendar(_event(*lines)), **_YEAR)) == starts


def test_occurrences_in_summer_and_winter_keep_their_local_time(read):
    found = read(_calendar(_NEW_YORK, _event("DTSTART;TZID=Our own:20241027T090000", "DURATION:PT1H",
                 "RRULE:FREQ=WEEKLY;COUNT=2")), **_YEAR)  # fmt: skip
    assert [_times(found, row) for row in (0, 1)] == [
        ("20241027T130000Z", "20241027T140000Z", None, "-04:00"),
        ("20241103T140000Z", "20241103T150000Z", None, "-05:00"),
    ]


def test_an_override_may_change_all_later_occurrences(read):
    later = _event("RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Asia/Jakarta:20240115T160000", "LOCATION:Aula",
                   "DTSTART;TZID=Asia/Jakarta:20240115T180000")  # fmt: skip
    found = read(_calendar(_WEEKLY, later), **_YEAR)
    assert [(one["external_uid"], one["starts_at"], one.get("location_name")) for one in found.records] == [
        ("1#20240108T090000Z", "20240108T160000", None), ("1#20240129T090000Z", "20240129T180000", "Aula"),
        ("1#20240205T090000Z", "20240205T180000", "Aula"), ("1#20240115T090000Z", "20240115T180000", "Aula"),
    ]  # fmt: skip


def test_too_many_occurrences_are_cut_and_it_is_said(read):
    daily = _event("DTSTART:20200101T010000Z", "RRULE:FREQ=DAILY")
    found = read(_calendar(daily), occurrences="2021-01-01/2025-01-01")
    assert (len(found.records), found.codes) == (1_000, ["calendar.occurrences_cut"])
    assert found.records[0]["starts_at"] == "20210101T010000Z"


@pytest.mark.parametrize("rule", [
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MINUTELY", "FREQ=DAILY;INTERVAL=0", "x",
    "FREQ=YEARLY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=" + ",".join(map(str, range(60))),
    "FREQ=DAILY;BYDAY=XX", "FREQ=DAILY;BYEASTER=1", "FREQ=DAILY;RSCALE=CHINESE",
    "FREQ=HOURLY;INTERVAL=99999999999999999999",
])  # fmt: skip
def test_a_rule_that_cannot_be_followed_leaves_one_record(read, rule):
    event = _event("DTSTART:19700101T000000Z", f"RRULE:{rule}")
    started = time.process_time()
    found = read(_calendar(event), **_YEAR)
    assert time.process_time() - started < 2
    assert "calendar.not_expanded" in found.codes
    assert rule in found.records[0]["recurrence"]


@pytest.mark.parametrize("rule", [
    "FREQ=DAILY;BYMONTH=99", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4",
    "FREQ=HOURLY;INTERVAL=12;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;BYMONTH=14",
])  # fmt: skip
def test_a_rule_that_gives_no_date_ends_in_time(read, rule):
    started = time.process_time()
    found = read(_calendar(_event("DTSTART:20231230T000000Z", f"RRULE:{rule};COUNT=3")), **_YEAR)
    assert time.process_time() - started < 2
    assert (found.records, found.codes) == ([], ["file.no_records", "calendar.outside_window"])


def test_a_rule_by_seconds_that_gives_no_date_is_not_followed(read):
    rule = "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"
    found = read(_calendar(_event("DTSTART:20241231T230000Z", rule)), occurrences="2024-12-31/2024-12-31")
    assert found.codes == ["calendar.not_expanded"]


def test_many_series_that_take_long_end_in_time(read):
    text = "".join(_event("DTSTART:18000101T000000Z", "RRULE:FREQ=DAILY", uid=str(number)) for number in range(200))
    started = time.process_time()
    found = read(text, occurrences="2040-01-01/2040-01-02")
    assert time.process_time() - started < 60
    assert "calendar.not_expanded" in found.codes
    assert "20400101T000000Z" in _starts(found)


@pytest.mark.parametrize("written", ["2024-01-01", "2024-13-01/2024-12-31", "2024-12-31/2024-01-01", "/"])
def test_a_wrong_window_is_refused(read, written):
    with pytest.raises(ConfigurationError, match="occurrences"):
        read("", occurrences=written)


def test_other_encodings(read):
    content = _calendar(_event("DTSTART:20240105T020000Z", "LOCATION:Café")).encode("cp1252")
    found = read(content)
    assert (found.records[0]["location_name"], found.codes) == ("Caf\ufffd", ["file.lines_undecodable"])
    assert read(content, encoding="windows-1252").records[0]["location_name"] == "Café"
    with pytest.raises(ConfigurationError, match="encoding"):
        read(content, encoding="bz2")


def test_a_file_without_events(read):
    assert read("").codes == ["file.empty"]
    found = read(_calendar("BEGIN:VTODO\nEND:VTODO"))
    assert (found.codes, len(found.cells)) == (["file.no_records", "calendar.left_out"], 0)
    assert "\n" not in json.dumps(found.read_as)


def test_too_many_zones_or_overrides_are_refused(read, monkeypatch):
    zones = "".join(_NEW_YORK.replace("Our own", f"Zone {number}") + "\n" for number in range(2_001))
    with pytest.raises(UnreadableSource) as refused:
        read(_calendar(zones))
    assert refused.value.issue.code == "calendar.too_many_zones"
    monkeypatch.setattr("kelompok_calendar_import.survey._MOST_OVERRIDES", 3)
    overrides = [_MOVED.replace("20240129", f"2024012{number}") for number in range(4)]
    assert len(read(_calendar(*overrides[:3])).records) == 3
    with pytest.raises(UnreadableSource) as refused:
        read(_calendar(*overrides))
    assert (refused.value.issue.code, refused.value.issue.line) == ("calendar.too_many_overrides", 20)


def test_memory_stays_flat(tmp_path):
    path = tmp_path / "large.ics"
    with path.open("w") as file:
        for number in range(6_000):
            file.write(_event("DTSTART:20240105T020000Z", f"DESCRIPTION:{'x' * 1_500}", uid=str(number)))
    assert path.stat().st_size > 9_000_000
    assert peak_memory(CalendarImporter(), path) < 6_000_000


def test_recurrences_with_very_many_dates_are_cut(read):
    dates = ",".join(f"{year}0101T000000Z" for year in range(1, 2_000))
    found = read(_calendar(_event("DTSTART:20240105T020000Z", f"RDATE:{dates.replace(',1', ',01')}")))
    assert len(json.loads(found.records[0]["recurrence"])["rdate"]) == 1_000
    assert found.codes == ["calendar.recurrence_cut", "calendar.series_kept"]


def test_a_preview_shows_fields_and_findings(tmp_path):
    path = tmp_path / "a.ics"
    path.write_text(_calendar(_WEEKLY, _event(uid="2")))
    arguments = {"file": source_of(path, media_type="text/calendar"), "rows": 5}
    shown = CalendarCommands().run_command("show", arguments, PluginContext())
    fields = dict(shown.tables["Columns"][["column", "becomes"]].itertuples(index=False, name=None))
    assert (fields["title"], fields["recurrence"]) == ("title", "(extra)")
    assert list(shown.tables["First rows"]["line"]) == [2, 10]
    assert list(shown.tables["Findings"]["code"]) == ["value.required"]


@needs_data
@pytest.mark.parametrize(("folder", "events"), [("evt-icalendar", 252), ("evt-ical-real", 158)])
def test_every_event_of_real_calendars_is_read_or_said(folder, events):
    expected = json.loads((Path(str(_DATA)) / folder / "expected.json").read_text("utf-8"))
    counted = Counter()
    for path in sorted((Path(str(_DATA)) / folder / "files").iterdir()):
        (*batches, last) = CalendarImporter().read(source_of(path, media_type="text/calendar"), PluginContext())
        said = Counter()
        for issue in last.issues.itertuples():
            said["older"] += issue.params["count"] if issue.code == "calendar.older_versions" else 0
            said["overrides"] += issue.params["overrides"] if issue.code == "calendar.series_kept" else 0
        rows = sum(len(batch.cells) for batch in batches)
        assert rows + said.total() == expected[path.name]["vevents"], path.name
        counted += Counter(rows=rows) + said
    assert counted.total() == events


@needs_data
def test_real_series_have_their_occurrences():
    path = Path(str(_DATA)) / "evt-ical-real/files/rrule-exdate.ics"
    context = PluginContext(config={"occurrences": "2022-01-01/2023-02-28"})
    (batch, _) = CalendarImporter().read(source_of(path, media_type="text/calendar"), context)
    assert list(batch.cells["starts_at"]) == ["20220801", "20221101", "20221201", "20230201"]
