"""Small files modelled on real ones, in the folder in KELOMPOK_TEST_DATA; skipped without it.

Each folder of ``reading-cases`` says in its ``expected.md`` what is right; here that is asked of reader and database.
"""

import os
from pathlib import Path

import pytest

from kelompok_core.errors import ImportFailed
from kelompok_core.imports.shared.options import ImportOptions
from tests.counting import codes_of, decided

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
pytestmark = [pytest.mark.proof, pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")]


@pytest.fixture
def take(import_file):
    import_file("id,name\nH,Rumah\n", name="rumah.csv")

    def run(path, entity, *, source=None, **options):
        file = Path(str(_DATA)) / "reading-cases" / path
        plugin = "json-import" if "json" in file.suffix else "csv-import"
        confined = {} if entity == "organizations" else {"organization": "rumah"}
        return import_file(
            file, entity=entity, plugin=plugin, source=source, options=ImportOptions(**options), **confined
        )

    return run


@pytest.fixture
def rows(ask):
    """Query columns of an entity's records, as text."""

    def run(entity, *columns):
        only = "WHERE slug <> 'rumah'" if entity == "organizations" else ""
        found = ask(f"SELECT {', '.join(columns)} FROM {entity} {only} ORDER BY id")
        return [tuple(None if one is None else str(one) for one in row) for row in found]

    return run


_UTC = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"


def test_01_name_derived_from_an_address_replaces_no_name(take, rows):
    take("01/step1.csv", "members", source="daftar")
    take("01/step2.csv", "members", source="daftar")
    assert rows("members", "name", "phone") == [("Rina Kusuma", "+6281234567890")]
    take("01/step3.csv", "members", source="daftar")
    assert rows("members", "name", "phone") == [("Rina Kusuma", "+6281234567891")]


def test_02_columns_of_times_may_hold_dates(take, rows):
    take("02/events.csv", "events")
    assert rows("events", _UTC.format("starts_at"), _UTC.format("ends_at")) == [
        ("2031-03-22 04:00", "2031-03-22 05:00"),
        ("2031-03-23 02:00", "2031-03-23 04:00"),
    ]


def test_03_every_list_is_read_or_named(take, rows):
    report = take("03/seats.json", "members")
    assert decided(report) == {"rows_read": 6, "accepted": 6}
    assert rows("members", "profile_data->'extra'->'seats'->>'list'") == [
        ("K1",), ("K1",), ("K2",), ("K2",), ("K2",), ("K3",),
    ]  # fmt: skip
    events = take("03/envelope.json", "events")
    assert rows("events", "title") == [("Membuat kompos",)]
    (unread,) = [group for group in events.groups if group.code == "file.list_not_read"]
    assert unread.examples[0].params["path"] == "tracks"


def test_04_columns_without_a_name_are_kept(take, rows):
    report = take("04/organizations.csv", "organizations")
    assert decided(report) == {"rows_read": 3, "accepted": 3}
    assert "header.blank" in codes_of(report)
    assert rows("organizations", "profile_data->'extra'->'organizations'->>'column 4'") == [
        ("lama",), ("baru",), (None,),
    ]  # fmt: skip


def test_05_personal_data_is_refused_for_every_spelling_of_its_header(take, ask):
    report = take("05/members.csv", "members")
    refused = {group.column for group in report.groups if group.code == "header.sensitive_refused"}
    assert refused == {"DoB", "YoB", "TTL", "Mother's Maiden Name", "Passport No"}
    assert ask("SELECT profile_data, raw FROM members m JOIN source_records s ON s.record_id = m.id")[0] == (
        {}, {"Name": "Sari Utami", "Email": "sari@contoh.example"},
    )  # fmt: skip


def test_06_offset_is_kept_next_to_any_other_value(take, rows):
    take("06/events.csv", "events")
    take("06/events2.csv", "events")
    assert rows("events", _UTC.format("starts_at"), "timezone") == [
        ("2031-08-22 10:00", "+02:00"),
        ("2031-08-22 10:00", "+02:00"),
    ]
    take("06/posts.csv", "posts")
    assert rows("posts", _UTC.format("published_at"), "written_on") == [("2031-01-05 12:00", "2031-01-05")]


def test_08_quotes_of_a_file_without_quoting_are_part_of_its_titles(take, rows):
    report = take("08/posts.tsv", "posts")
    titles = ['"Bumi"', '"Laut" kita', 'Angin "timur"', '"Api"_unggun', '"Kata" dan "makna"', "Hujan", '"', '"Senja"']
    assert [title for (title,) in rows("posts", "title")] == titles
    assert report.import_.read_as["quote"] == "none"


def test_09_unclosed_quote_loses_no_complete_row(take, rows):
    report = take("09/unclosed.csv", "organizations")
    assert rows("organizations", "name") == [("Sanggar A",), ("Sanggar D",), ("Sanggar E",)]
    assert report.counts["rejected"] == 2
    inner = take("09/inner.csv", "organizations")
    assert decided(inner) == {"rows_read": 3, "accepted": 3}
    assert ('Rumah "Kita" Bersama',) in rows("organizations", "name")


def test_10_blank_before_a_quote_changes_nothing(take, rows):
    take("10/mixed.csv", "organizations", mapping={"motto": "description"})
    assert rows("organizations", "description") == [("maju, terus",), ("bersama",), ("hijau",)]
    report = take("10/split.csv", "members", mapping={"motto": "notes"})
    assert decided(report) == {"rows_read": 2, "accepted": 2}


@pytest.mark.parametrize(
    ("name", "entity", "mapping", "records"),
    [
        ("readings.csv", "organizations", {"column 1": "name", "column 2": "external_id"}, 19),
        ("members.csv", "members", {"column 2": "name"}, 3),
        ("numbers.tsv", "organizations", {"column 1": "name"}, 3),
    ],
)
def test_11_first_row_of_data_is_not_a_header(take, name, entity, mapping, records):
    report = take(f"11/{name}", entity, mapping=mapping)
    assert report.counts["rows_read"] == records
    assert "header.none" in codes_of(report)


def test_12_comments_and_headers_are_distinguished(take, rows):
    take("12/comment.csv", "organizations")
    assert rows("organizations", "name", "city") == [("Sanggar A", "Solo"), ("Sanggar B", "Klaten")]
    report = take("12/hash.csv", "members", mapping={"# anggota": "name"})
    assert decided(report) == {"rows_read": 2, "accepted": 2}


@pytest.mark.parametrize("name", ["array.jsonl", "pretty.ndjson", "cr.ndjson", "one_line.ndjson"])
def test_13_json_lines_are_read(take, rows, name):
    report = take(f"13/{name}", "organizations")
    assert decided(report) == {"rows_read": 2, "accepted": 2}
    assert rows("organizations", "name") == [("Sanggar A",), ("Sanggar B",)]


def test_13_empty_array_has_nothing_to_import(take):
    report = take("13/empty.json", "organizations")
    assert (report.import_.state, report.counts["rows_read"]) == ("applied", 0)


def test_14_separator_lines_and_repeated_headers_are_not_records(take, rows):
    assert decided(take("14/ruler.csv", "organizations")) == {"rows_read": 2, "accepted": 2}
    take("14/api_names.csv", "members")
    assert rows("members", "name") == [("Ani Wijaya",)]


def test_15_date_is_combined_with_times_and_durations(take, rows):
    take("15/events.csv", "events")
    assert rows("events", "title", _UTC.format("starts_at"), _UTC.format("ends_at")) == [
        ("Rapat", "2031-05-01 05:00", "2031-05-01 06:30"),
        ("Senam", "2031-05-01 23:00", "2031-05-01 23:45"),
        ("Kelas", "2031-05-03 01:00", "2031-05-03 01:45"),
    ]


def test_16_state_of_a_submission_is_not_a_region(take, rows):
    report = take("16/sessions.json", "events")
    assert rows("events", "region", _UTC.format("starts_at")) == [(None, "2031-05-01 03:00")]
    assert "state" in {group.column for group in report.groups if group.code == "header.unknown"}


def test_17_headers_of_other_programs_are_mapped(take, rows):
    take("17/outlook.csv", "members")
    assert rows("members", "email") == [("ani@contoh.example",)]
    take("17/organizations.csv", "organizations")
    columns = ("name", "website_url", "category", "social_links->>'facebook'", "city", "founded_on")
    assert rows("organizations", *columns) == [
        ("Sanggar A", "https://a.example", "yayasan", "https://www.facebook.com/a", "Solo", "2001-02-03"),
    ]
    take("17/posts.csv", "posts")
    take("17/nested.json", "posts")
    assert rows("posts", "title", "canonical_url", "content", _UTC.format("published_at")) == [
        ("Kabar", "https://a.example/1", "<p>Isi</p>", "2031-01-05 03:00"),
    ]


def test_18_grants_are_not_organizations(take, rows):
    with pytest.raises(ImportFailed, match="grants"):
        take("18/grants.json", "organizations")
    assert rows("organizations", "name") == []
