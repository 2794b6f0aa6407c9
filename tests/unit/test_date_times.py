"""Times read from several columns: dates, times, zones, and what the headers say about them."""

from datetime import date
from types import SimpleNamespace
from uuid import UUID

import pandas as pd
import pytest

from kelompok_core.access.rules import Action
from kelompok_core.contracts import SourceBatch, location_table, text_table
from kelompok_core.imports.shared.columns import map_columns
from kelompok_core.imports.staging.candidates import Terms, make_candidates
from kelompok_core.imports.staging.column_survey import Survey
from kelompok_core.records.registry import get_descriptor
from kelompok_core.values.dates import first_day, partial_date
from kelompok_core.values.reading import Inputs, Reading

_TODAY = date(2026, 11, 30)
_JAKARTA = UUID(int=1)


def _taken(entity, header, *rows, given=None):
    """Return the fields of each row with its codes, read as an import reads a table."""
    columns = ["title" if entity in ("events", "posts") else "nama", *header.split("|")]
    cells = [[f"Baris {number}", *(cell or None for cell in row.split("|"))] for number, row in enumerate(rows)]
    batch = SourceBatch(
        cells=text_table(dict(zip(columns, map(list, zip(*cells, strict=True)), strict=True))),
        locations=location_table(range(1, len(rows) + 1), lines=range(2, len(rows) + 2), selectors=[""] * len(rows)),
    )
    descriptor = get_descriptor(entity)
    mapping = map_columns(descriptor, columns, given or {}, scoped=True)
    options = SimpleNamespace(date_order=None)
    record = SimpleNamespace(read_as={}, options=options, plugin_label="csv-import", created_at=_TODAY)
    dated = {column for column, target in mapping.targets.items() if target in descriptor.dated_targets()}
    facts = Survey(record, lambda: (one for one in [batch])).of(batch, dates=dated, ids=set())
    reading = Reading(
        date_orders=facts.date_orders, day_numbers=facts.day_numbers, recent=facts.recent, today=_TODAY
    )  # fmt: skip
    terms = Terms(reading=reading, organization_id=_JAKARTA, granted=frozenset(Action))
    candidates = make_candidates(descriptor, batch, mapping, terms)
    return [
        (_of_row(candidates.fields.iloc[place]), _codes_of(candidates.findings, batch.cells.index[place]))
        for place in range(len(rows))
    ]


def _of_row(row):
    return {name: value for name, value in row.items() if pd.notna(value)}


def _codes_of(findings, position):
    return [one.code for one in findings.itertuples() if one.position == position]


def _start(header, row, field="starts_at", entity="events"):
    ((fields, codes),) = _taken(entity, header, row)
    return fields.get(field), codes


@pytest.mark.parametrize(("header", "at"), [
    ("Pukul (UTC+9)", "00:00"), ("Jam (GMT +08.00)", "01:00"), ("Waktu Mulai [UTC+7]", "02:00"),
    ("Jam (waktu Jayapura)", "00:00"), ("Start Time (CET)", "08:00"), ("Start Time (Tokyo time)", "00:00"),
    ("Jam Mulai - WIT", "00:00"), ("jam_mulai_wita", "01:00"), ("pukul utc+7", "02:00"),
    ("Jam (Asia/Jayapura)", "00:00"),
    ("startTimeGMT", "09:00"), ("Jam (wajib diisi)", "02:00"), ("Jam (waktu setempat)", "02:00"),
    ("Jam (24 jam)", "02:00"),
])  # fmt: skip
def test_header_names_the_zone_of_its_times(header, at):
    assert _start(f"tanggal|{header}", "2031-03-05|09:00") == (f"2031-03-05T{at}:00Z", [])


@pytest.mark.parametrize("header", ["Jam (CST)", "Jam (WIB/WIT)", "Jam (Waktu Mars)", "Start time (Lunar time)"])
def test_unknown_zone_in_a_header_goes_to_review(header):
    assert _start(f"tanggal|{header}", "2031-03-05|09:00")[1] == ["value.header_zone_unknown"]
    known = _start(f"tanggal|{header}|zona", "2031-03-05|09:00|WITA")
    assert known == ("2031-03-05T01:00:00Z", []), "the row says it"


def test_zone_of_the_day_applies_to_a_time_in_another_column():
    assert _start("tanggal (GMT)|jam", "2031-03-05|21:30") == ("2031-03-05T21:30:00Z", [])
    assert _start("tanggal (GMT)|jam (WIB)", "2031-03-05|21:30") == ("2031-03-05T14:30:00Z", [])


@pytest.mark.parametrize(
    "header", ["mulai_utc", "event_start_gmt", "tanggal_kegiatan_utc", "gmtStartDate", "begins UTC"]
)
def test_column_with_a_zone_in_its_header_is_read_in_that_zone(header):
    assert _start(header, "2031-03-05 09:00") == ("2031-03-05T09:00:00Z", [])


def test_column_with_a_zone_wins_over_one_without():
    assert _start("start|start_utc", "2031-03-06 04:00|2031-03-05 19:00") == ("2031-03-05T19:00:00Z", [])


@pytest.mark.parametrize(("header", "row", "at"), [
    ("tanggal publikasi|jam publikasi|tz", "2024-05-02|07:15|WIT", "2024-05-01T22:15:00Z"),
    ("published on|time zone", "2024-05-02 07:15|Asia/Makassar", "2024-05-01T23:15:00Z"),
    ("publication date (UTC+8)", "2024-05-02 07:15", "2024-05-01T23:15:00Z"),
    ("terbit (GMT)", "2024-05-02 07:15", "2024-05-02T07:15:00Z"),
    ("publish_date_gmt", "2024-05-02 07:15", "2024-05-02T07:15:00Z"),
])  # fmt: skip
def test_posts_have_a_time_and_a_zone(header, row, at):
    assert _start(header, row, "published_at", "posts") == (at, [])


def test_post_with_a_range_or_an_unknown_zone_is_reported():
    assert _start("tanggal terbit", "3-5 Mei 2024", "published_at", "posts") == (None, ["value.date"])
    assert _start("tanggal terbit|zona", "2024-05-02 07:15|Bulan", "published_at", "posts")[1] == [
        "value.timezone_unknown"
    ]


def _ends(header, *rows):
    """Return the end of each row, and its brief form."""
    fields = [one for one, _ in _taken("events", header, *rows)]
    return [(one.get("ends_at"), one.get("ends_at_in_brief")) for one in fields]


def test_end_after_midnight_next_to_an_end_without_a_time():
    assert _ends("mulai|selesai", "2031-03-25 09:00|2031-03-26", "2031-03-25 22:00|03:00") == [
        ("2031-03-26T16:59:59Z", "2031-03-26"), ("2031-03-25T20:00:00Z", "2031-03-26T03:00:00"),
    ]  # fmt: skip


@pytest.mark.parametrize(("header", "row"), [
    ("tanggal|jam mulai|durasi", "2031-03-25|24:00|2 jam"), ("mulai|durasi", "2031-03-25 24:00|2 jam"),
    ("tanggal|jam", "2031-03-25|21.30 - 02.00"), ("tanggal|jam mulai|jam selesai", "2031-03-25|21.30|02.00"),
])  # fmt: skip
def test_brief_form_of_an_end_after_midnight_is_the_next_day(header, row):
    assert _ends(header, row) == [("2031-03-25T19:00:00Z", "2031-03-26T02:00:00")]


def test_row_without_a_start_has_no_brief_form():
    assert _ends("tanggal|durasi", "|2 jam", "2031-03-25|2 jam") == [(None, None), ("2031-03-24T19:00:00Z", "?")]


def _both(header, row):
    ((fields, codes),) = _taken("events", header, row)
    return fields.get("starts_at"), fields.get("ends_at"), codes


@pytest.mark.parametrize(("header", "row", "start", "end"), [
    ("start.date|start.dateTime|end.date|end.dateTime", "|2031-03-05T10:00:00+07:00||2031-03-05T11:00:00+07:00",
     "2031-03-05T03:00:00Z", "2031-03-05T04:00:00Z"),
    ("start.date|start.dateTime|end.date|end.dateTime", "2031-03-05||2031-03-07|",
     "2031-03-04T17:00:00Z", "2031-03-06T16:59:59Z"),
    ("start.local|start.utc|end.local|end.utc",
     "2031-03-06T04:00:00|2031-03-05T20:00:00Z|2031-03-06T05:00:00|2031-03-05T21:00:00Z",
     "2031-03-05T20:00:00Z", "2031-03-05T21:00:00Z"),
    ("Event Start Date|Event Start Time|Event End Date|Event End Time|Event Timezone",
     "3/25/2031|8:00 am|3/25/2031|10:00 am|Asia/Makassar", "2031-03-25T00:00:00Z", "2031-03-25T02:00:00Z"),
    ("Event Start Date/Time|Event End Date/Time", "2031-03-25 08:00|2031-03-25 10:00",
     "2031-03-25T01:00:00Z", "2031-03-25T03:00:00Z"),
    ("tanggal|dari|to", "2031-03-25|08.00|10.00", "2031-03-25T01:00:00Z", "2031-03-25T03:00:00Z"),
    ("date|start|end", "2031-03-25|21:30|00:30", "2031-03-25T14:30:00Z", "2031-03-25T17:30:00Z"),
    ("date|start|end", "2031-03-25|21:30|00:00", "2031-03-25T14:30:00Z", "2031-03-25T17:00:00Z"),
    ("tanggal|jam", "2031-03-25|21:30-23:00", "2031-03-25T14:30:00Z", "2031-03-25T16:00:00Z"),
    ("tanggal|jam", "2031-03-25|21.30 - 02.00 WIB", "2031-03-25T14:30:00Z", "2031-03-25T19:00:00Z"),
    ("tanggal|jam", "2031-03-25|09.00 sampai dengan 12.00", "2031-03-25T02:00:00Z", "2031-03-25T05:00:00Z"),
    ("tanggal|jam", "2031-03-25|09.00 s / d 12.00", "2031-03-25T02:00:00Z", "2031-03-25T05:00:00Z"),
    ("tanggal|jam", "2031-03-25|9 am through 12 pm", "2031-03-25T02:00:00Z", "2031-03-25T05:00:00Z"),
    ("tanggal mulai|jam mulai|tanggal selesai|jam selesai", "2031-03-25|20:00||24:00",
     "2031-03-25T13:00:00Z", "2031-03-25T17:00:00Z"),
    ("tanggal|durasi", "2031-03-25|2 hari", "2031-03-24T17:00:00Z", "2031-03-26T16:59:59Z"),
    ("tanggal|jam|durasi", "2031-03-25|08:00|1 hari", "2031-03-25T01:00:00Z", "2031-03-26T01:00:00Z"),
    ("tanggal|jam|tanggal selesai", "2031-03-25|08.00-15.00|2031-03-27",
     "2031-03-25T01:00:00Z", "2031-03-27T08:00:00Z"),
    ("dtstart|dtend", "20310325T013000Z|20310325T0300Z", "2031-03-25T01:30:00Z", "2031-03-25T03:00:00Z"),
])  # fmt: skip
def test_start_and_end(header, row, start, end):
    assert _both(header, row) == (start, end, [])


@pytest.mark.parametrize(("written", "start", "end"), [
    ("4-6 April 2031", "2031-04-03", "2031-04-06"), ("28 s/d 30 Nopember 2031", "2031-11-27", "2031-11-30"),
    ("30 Maret sampai 2 April 2031", "2031-03-29", "2031-04-02"),
    ("31 Desember - 1 Januari 2031", "2030-12-30", "2031-01-01"),
    ("14/04/2031 – 16/04/2031", "2031-04-13", "2031-04-16"), ("June 7-9, 2031", "2031-06-06", "2031-06-09"),
    ("Jumat s.d. Minggu, 4-6 April 2031", "2031-04-03", "2031-04-06"),
])  # fmt: skip
def test_range_of_days_gives_start_and_end(written, start, end):
    assert _both("tanggal", written) == (f"{start}T17:00:00Z", f"{end}T16:59:59Z", [])


def test_range_of_days_with_times_uses_those_times():
    expected = ("2031-04-04T01:00:00Z", "2031-04-06T08:00:00Z", [])
    assert _both("tanggal", "4-6 April 2031 pukul 08.00-15.00") == expected
    assert _both("tanggal|jam", "4-6 April 2031|08.00-15.00") == expected
    assert _both("tanggal", "2031-04-04 08:00 - 2031-04-06 15:00") == expected


@pytest.mark.parametrize("written", ["6 - 4 April 2031", "4-6 April", "31-33 Mei 2031", "4-6"])
def test_invalid_range_of_days_is_not_a_date(written):
    assert _both("tanggal", written)[2] == ["value.date"]


def test_end_long_before_the_start_is_an_error_of_its_cell():
    header = "tanggal mulai|jam mulai|tanggal selesai|jam selesai"
    assert _both(header, "2031-03-25|08:00||07:00")[2] == ["value.end_before_start"]
    descriptor = get_descriptor("events")
    columns = ["title", *header.split("|")]
    cells = text_table(dict(zip(columns, [["A"], ["2031-03-25"], ["08:00"], [None], ["07:00"]], strict=True)))
    batch = SourceBatch(cells=cells, locations=location_table([1], lines=[2], selectors=[""]))
    mapping = map_columns(descriptor, columns, {}, scoped=True)
    found = make_candidates(descriptor, batch, mapping, Terms(organization_id=_JAKARTA)).findings
    assert list(zip(found["column"], found["value"], strict=True)) == [("jam selesai", "07:00")]


@pytest.mark.parametrize(("written", "at"), [
    ("8", "01:00"), ("8.0", "01:00"), ("830", "01:30"), ("0830", "01:30"), ("14h15", "07:15"), ("14h", "07:00"),
    ("8 pagi", "01:00"), ("3.30 sore", "08:30"), ("12 siang", "05:00"), ("1 siang", "06:00"), ("9 malam WIB", "14:00"),
    ("noon", "05:00"), ("tengah hari", "05:00"), ("08:00 SGT", "00:00"), ("08:00 UTC+8", "00:00"), ("24.00", "17:00"),
])  # fmt: skip
def test_times_of_day_in_many_spellings(written, at):
    assert _start("tanggal|jam mulai", f"2031-03-25|{written}") == (f"2031-03-25T{at}:00Z", [])


@pytest.mark.parametrize(
    "written", ["26", "8.5", "12 malam", "9 siang", "08:00 IST", "malam", "1 malam", "0.25", "0.04"]
)
def test_ambiguous_time_is_an_error(written):
    assert "value.time" in _start("tanggal|jam mulai", f"2031-03-25|{written}")[1]


def test_ambiguous_fraction_of_a_day_after_a_date_is_an_error():
    assert _start("mulai", "2012-05-01 0.25") == (None, ["value.time"])
    assert _start("tanggal|jam mulai", "2031-03-25|0.375") == ("2031-03-25T02:00:00Z", [])
    assert _start("tanggal|jam mulai", "2031-03-25|0.25 WIB") == ("2031-03-24T17:25:00Z", []), "that is no number"


@pytest.mark.parametrize("written", ["All-day", "SEHARIAN", "full day", "Sehari penuh"])
def test_words_for_all_day_in_a_column_of_times(written):
    ((fields, codes),) = _taken("events", "tanggal|jam mulai", f"2031-03-25|{written}")
    assert (fields["starts_at"], fields["all_day"], codes) == ("2031-03-24T17:00:00Z", "true", [])


def test_time_of_filling_in_a_form_is_not_the_time_of_the_event():
    columns = ["start", "end", "Nama Acara", "Tanggal Acara", "__version__"]
    mapping = map_columns(get_descriptor("events"), columns, {}, scoped=True)
    assert mapping.targets == {"Nama Acara": "title", "Tanggal Acara": "starts_at"}
    issues = {(issue.code, issue.column) for issue in mapping.issues}
    assert {("header.form_metadata", "start"), ("header.form_metadata", "end")} <= issues
    assert map_columns(get_descriptor("events"), columns, {"start": "starts_at"}, scoped=True).targets["start"]
    plain = map_columns(get_descriptor("events"), ["start", "end", "title", "_id"], {}, scoped=True)
    assert plain.targets["start"] == "starts_at", "an id alone makes no form"


def test_day_numbers_with_fractions_come_from_spreadsheets():
    rows_read = _taken("events", "mulai", "44927.375", "44928.5")
    assert [fields["starts_at"] for fields, _ in rows_read] == ["2023-01-01T02:00:00Z", "2023-01-02T05:00:00Z"]
    assert _taken("events", "mulai", "44927", "44928")[0][1] == ["value.date_serial_unclear"]


# --- dates


def _date(written, *, header="tanggal", reader=first_day):
    found = reader(Inputs(own=pd.Series([written], dtype="str", name=header), reading=Reading(today=_TODAY)))
    value = found.values.iloc[0]
    return None if pd.isna(value) else value, list(found.findings["code"])


@pytest.mark.parametrize(("header", "written", "day"), [
    ("Tanggal (tanggal/bulan/tahun)", "03/04/2021", "2021-04-03"),
    ("Joined (month/day/year)", "03/04/2021", "2021-03-04"),
    ("tgl (d/m/y)", "3/4/2021", "2021-04-03"), ("Tanggal (dd-mm)", "03-04-2021", "2021-04-03"),
    ("Tanggal (hari-bulan-tahun)", "03-04-2021", "2021-04-03"),
])  # fmt: skip
def test_header_gives_the_order_of_its_dates(header, written, day):
    ((fields, codes),) = _taken("members", header, written, given={header: "started_on"})
    assert (fields["started_on"], codes) == (day, [])


def test_header_may_give_day_first_or_year_first():
    assert _date("2021-03-04", header="tgl (yyyy-dd-mm)") == ("2021-04-03", [])
    assert _date("2021-25-04", header="tgl (tahun-hari-bulan)") == ("2021-04-25", [])
    assert _date("21-04-03", header="tgl (yy-mm-dd)") == ("2021-04-03", [])
    assert _date("2021-03-25", header="tgl (yyyy-dd-mm)") == (None, ["value.date"])


def test_times_do_not_prove_a_date_order():
    options = SimpleNamespace(date_order=None)
    record = SimpleNamespace(read_as={}, options=options, plugin_label="csv-import", created_at=_TODAY)
    cells = text_table({"Pukul": ["07.30-09.45", "10.15-12.30"], "tanggal": ["3/4/2021", "5/6/2021"]})
    batch = SourceBatch(cells=cells, locations=location_table([1, 2], lines=[2, 3], selectors=["", ""]))
    survey = Survey(record, lambda: (one for one in [batch]))
    survey.of(batch, dates={"Pukul", "tanggal"}, ids=set())
    assert survey.to_json() == {}


def test_month_and_year_and_zero_dates():
    assert _date("11/2019") == ("2019-11-01", ["value.date_partial"])
    assert _date("3.2019", reader=partial_date) == ("2019-03", [])
    assert _date("14/2019") == (None, ["value.date"])
    assert _date("00000000") == _date("000000") == (None, [])


@pytest.mark.parametrize(("written", "codes"), [
    ("Selasa, 2 Maret 2021", []), ("Rabu, 2 Maret 2021", ["value.date_weekday"]), ("Tue, 2 Mar 2021", []),
    ("Friday 2 March 2021", ["value.date_weekday"]), ("Ahad 2021-03-07", []),
    ("Jum'at, 05/03/2021", ["value.date_ambiguous"]),
])  # fmt: skip
def test_wrong_weekday_goes_to_review(written, codes):
    assert _date(written)[1] == _start("tanggal", written)[1] == codes


def test_other_years_of_a_column_decide_the_century():
    assert [codes for _, codes in _taken("organizations", "tanggal berdiri", "17/05/11", "2/3/04")] == [
        ["value.century_unclear"], [],
    ]  # fmt: skip
    recent = _taken("organizations", "tanggal berdiri", "17/05/11", "Mei 2003")
    assert (recent[0][0]["founded_on"], recent[0][1]) == ("2011-05-17", [])
    assert _taken("organizations", "tanggal berdiri", "17/05/11", "1902")[0][1] == ["value.century_unclear"]


@pytest.mark.parametrize(("entity", "header", "written"), [
    ("organizations", "tahun bubar", "2061"), ("organizations", "tanggal bubar", "2033-01-01"),
    ("members", "tanggal keluar", "2099-12-31"), ("members", "periode selesai", "2108"),
])  # fmt: skip
def test_end_in_the_far_future_goes_to_review(entity, header, written):
    assert "value.date_implausible" in _taken(entity, header, written)[0][1]


def test_two_digit_end_is_not_in_the_future():
    assert _taken("organizations", "tanggal bubar", "31/12/44")[0][0]["dissolved_on"] == "1944-12-31"


def test_joining_before_birth_is_out_of_order():
    given = {"lahir": "birth_date"}
    rows = ("1990-02-03|1985-01-01|", "1990-02-03|2010-01-01|1989-05-05", "1990-02-03|2010-01-01|2015-01-01")
    rows_read = _taken("members", "lahir|tanggal bergabung|tanggal keluar", *rows, given=given)
    assert [codes for _, codes in rows_read] == [
        ["value.dates_out_of_order"], ["value.end_before_start", "value.dates_out_of_order"], [],
    ]  # fmt: skip


@pytest.mark.parametrize(("written", "name"), [
    ("Waktu Indonesia Timur", "Asia/Jayapura"), ("W. Europe Standard Time", "Europe/Berlin"),
    ("Tokyo Standard Time", "Asia/Tokyo"), ("(GMT+09:00) Seoul", "+09:00"), ("Jayapura", "Asia/Jayapura"),
    ("Waktu Indonesia Barat (WIB)", "Asia/Jakarta"), ("Makassar time", "Asia/Makassar"),
])  # fmt: skip
def test_zones_by_names_of_programs_and_people(written, name):
    ((fields, codes),) = _taken("events", "tanggal|jam|zona", f"2031-03-05|09:00|{written}")
    assert (fields["timezone"], codes) == (name, [])


def test_unknown_zone_goes_to_review_if_a_time_depends_on_it():
    assert _start("tanggal|jam|zona", "2031-03-05|09:00|Zona Tujuh")[1] == ["value.timezone_unknown"]
    ((_, codes),) = _taken("events", "tanggal|zona", "2031-03-05T09:00+08:00|Zona Tujuh")
    assert codes == ["value.timezone_unknown"]
