"""Cases from real files, in the folder in KELOMPOK_TEST_DATA; skipped without it.

Each case of ``field-cases`` has its expected result in ``expected.md``; these tests compare the database with it.
"""

import os
from pathlib import Path

import pytest

from kelompok_core.imports.shared.options import ImportOptions
from tests.counting import codes_of, decided

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
pytestmark = pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")


class Case:
    """Imports the files of one case into its organization, and queries the result."""

    def __init__(self, number, import_file, ask):
        self._folder = next(one for one in (Path(str(_DATA)) / "field-cases").iterdir() if one.name.startswith(number))
        self._import, self.ask = import_file, ask
        self.home = f"paguyuban-uji-{number}"

    def take(self, name, entity, *, given=None, **options):
        confined = {} if entity == "organizations" else {"organization": self.home}
        more = {key: options.pop(key) for key in ("source", "dry_run") if key in options}
        return self._import(
            self._folder / name,
            entity=entity,
            options=ImportOptions(mapping=given or {}, **options),
            **confined,
            **more,
        )

    def members(self, *columns):
        query = f"SELECT {', '.join(columns)} FROM members ORDER BY id"
        return [tuple(None if one is None else str(one) for one in row) for row in self.ask(query)]


@pytest.fixture
def case(import_file, ask):
    import_file(Path(str(_DATA)) / "field-cases" / "00-base" / "homes.csv")
    return lambda number: Case(number, import_file, ask)


def test_byte_order_marks_of_concatenated_files_are_removed(case):
    one = case("01")
    one.take("gabungan.csv", "members")
    assert one.members("name") == [("Ratna Wulandari",), ("Ilham Saputra",), ("Yohana Manurung",), ("Agus Wibowo",)]
    organizations = one.take("lembaga.csv", "organizations")
    assert decided(organizations) == {"rows_read": 2, "accepted": 2}


def test_two_digit_years_are_in_the_likely_century(case):
    one = case("03")
    report = one.take("anggota.csv", "members", given={"tgl lahir": "birth_date"})
    assert decided(report) == {"rows_read": 3, "accepted": 3}
    assert one.members("profile_data->>'birth_date'", "started_on") == [
        ("1958-02-14", "2015-06-21"), ("1969-11-30", "1999-07-22"), ("2005-09-09", "2024-01-23"),
    ]  # fmt: skip


def test_blank_words_are_missing_values(case):
    one = case("04")
    report = one.take("warga.csv", "members")
    assert report.counts["accepted"] == 6
    assert one.members("name", "email", "phone", "position", "started_on", "ended_on", "profile_data->>'notes'") == [
        ("Ketut Sudarma", "ketut@uji04.or.id", "+6281234500001", "Ketua", None, None, None),
        ("Made Suwitri", None, None, None, None, None, None),
        ("Wayan Budiasa", None, None, "Anggota", None, None, None),
        ("Nyoman", "nyoman@uji04.or.id", "+6281234500004", "Anggota", "2021-02-03", None, None),
        ("Gede Arnawa", "gede@uji04.or.id", "+6281234500005", "Anggota", "1900-01-01", None, None),
        ("Komang Ayu", None, None, "Anggota", "2020-05-17", None, None),
    ]
    ids = one.ask("SELECT external_id FROM source_records WHERE entity = 'members' ORDER BY row_number")
    assert [row.external_id for row in ids] == [None, None, None, "4", "5", "6"]
    assert "value.date_of_empty_cell" in codes_of(report)


def test_digits_kept_as_text_by_a_spreadsheet_are_unchanged(case):
    one = case("05")
    first = one.take("anggota.csv", "members", source="anggota")
    assert decided(first) == {"rows_read": 4, "accepted": 4}
    assert one.members("phone") == [(f"+628123450050{number}",) for number in range(1, 5)]
    ids = one.ask("SELECT external_id FROM source_records WHERE entity = 'members' ORDER BY row_number")
    assert [row.external_id for row in ids] == ["00123", "00124", "123", "00125"]
    again = one.take("anggota-lagi.csv", "members", source="anggota")
    assert decided(again) == {"rows_read": 4, "merged": 1, "unchanged": 3}
    assert ("Bambang Irawan", "Ketua") in one.members("name", "position")


def test_siblings_with_one_email_are_two_members(case, reviewer):
    one = case("07")
    report = one.take("murid.csv", "members")
    assert decided(report) == {"rows_read": 4, "accepted": 2, "review": 2}
    for row in (2, 3):
        reviewer.accept_as_new(report.import_.id, row)
    names = [("Alya Putri",), ("Dinda Ayu",), ("Bima Putra",), ("Cakra Putra",)]
    assert one.members("name") == names
    again = one.take("murid.csv", "members")
    assert decided(again) == {"rows_read": 4, "unchanged": 4}
    assert one.members("name") == names


def test_opt_out_is_not_removed_by_a_list(case):
    one = case("10")
    one.take("buletin.csv", "members")
    asked_out = [
        ("Farhan Aziz", "inactive", '["bulk_email"]'),
        ("Gita Savitri", "active", None),
        ("Hendra Wijaya", "inactive", '["bulk_email"]'),
        ("Intan Permata", "inactive", '["bulk_email"]'),
    ]
    columns = ("name", "status", "(profile_data->'do_not_contact')::text")
    assert one.members(*columns) == asked_out
    again = one.take("buletin-bulan-depan.csv", "members", source="buletin")
    assert one.members(*columns) == asked_out
    (kept,) = [group for group in again.groups if group.code == "consent.withdrawn_kept"]
    assert kept.count == 2


@pytest.mark.parametrize("encoding", [None, "gbk"])
def test_names_in_another_script_are_unchanged(case, encoding):
    one = case("12")
    one.take("members-gbk.csv", "members", config={"encoding": encoding} if encoding else {})
    assert one.members("name") == [("王小明",), ("李娜",), ("陈伟",)]


def test_notes_in_headers_are_ignored(case):
    one = case("14")
    report = one.take("template.csv", "members")
    assert decided(report) == {"rows_read": 1, "accepted": 1}
    columns = ("name", "email", "phone", "position", "profile_data->>'city'")
    assert one.members(*columns) == [("Tuti Wibowo", "tuti@uji14.or.id", "+6281234501403", "Ketua", "Klaten")]


def test_misplaced_line_break_creates_no_organization(case):
    one = case("15")
    one.take("alamat.csv", "organizations")
    rows = one.ask("SELECT name, address FROM organizations WHERE name LIKE 'Yayasan Rumpun%' ORDER BY name")
    found = {row.name.removeprefix("Yayasan Rumpun "): row.address for row in rows}
    assert set(found) == {"Padi", "Bambu", "Tebu", "Rotan", "Sagu", "Aren", "Kelor"}
    assert found["Bambu"] == "Jl. Melati 2\nRT 03 RW 04"
    assert found["Rotan"].split() == ["Jl.", "Dahlia", "4", "Gang", "Buntu", "RT", "01"]
    assert found["Aren"] == 'Jl. "Pahlawan" 6'
    assert found["Kelor"] == 'Jl. Flamboyan 7, Blok "C"'
    assert len(one.ask("SELECT FROM organizations WHERE slug NOT LIKE 'paguyuban-uji-%'")) == 7


def test_posts_of_a_blog_engine_are_read(case):
    one = case("18")
    report = one.take("wp.csv", "posts", given={"post_date_gmt": "published_at"}, timezone="UTC")
    assert decided(report) == {"rows_read": 7, "accepted": 6, "rejected": 1}
    rows = {
        row.title: (row.slug, row.status, row.at, row.tags)
        for row in one.ask("""
            SELECT title, slug, status, to_char(published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS at, tags
            FROM posts WHERE written_on <> '2023-07-08'""")
    }
    assert rows["Kopi & Gula – Laporan"] == ("kopi-gula", "published", "2023-05-01 03:00", ["R&D", "Kopi & Teh"])
    assert rows["Draf tanpa tanggal"][1:3] == ("draft", None)
    assert rows["Ditulis 😀 “kutip”"][1] == rows["Privat"][1] == "archived"
    assert [row.slug for row in one.ask("SELECT slug FROM posts WHERE title = 'Siaran Pers' ORDER BY written_on")] == [
        "siaran-pers", "siaran-pers-2",
    ]  # fmt: skip


def test_google_contacts_are_read(case):
    one = case("20")
    report = one.take("google.csv", "members")
    assert decided(report) == {"rows_read": 3, "accepted": 3}
    assert one.members("name", "email", "phone", "profile_data->>'website_url'") == [
        ("Yusuf Kalla Putra", "yusuf@uji20.or.id", "+6281234502001", None),
        ("Zainab Al Habsyi", "zainab@uji20.or.id", "+6281234502003", "http://zainab.example"),
        ("Adi", None, "+6281234502004", None),
    ]
    assert {"value.email_several", "value.phone_several"} <= codes_of(report)


def test_common_spellings_of_phone_numbers_are_read(case):
    one = case("21")
    one.take("wa.csv", "members")
    phones = [row[0] for row in one.members("phone")]
    expected = [f"+62812345021{number:02}" for number in range(1, 18)]
    expected[6], expected[10], expected[16] = "6,28123E+12", "+62215550111", "O81234502117"
    assert phones == expected


def test_zero_days_and_months_are_unknown(case):
    one = case("27")
    plan = one.take("anggota.csv", "members", given={"tgl lahir": "birth_date"}, dry_run=True)
    assert decided(plan) == {"rows_read": 2, "accepted": 2}
    one.take("anggota.csv", "members", given={"tgl lahir": "birth_date"})
    assert one.members("name", "started_on", "profile_data->>'birth_date'") == [
        ("Orang Baik", "2020-01-02", "1990-05-05"), ("Zul Fikri", "2012-01-01", "1985-01-01"),
    ]  # fmt: skip
    posts = one.take("tulisan.csv", "posts")
    assert decided(posts) == {"rows_read": 2, "accepted": 1, "rejected": 1}
