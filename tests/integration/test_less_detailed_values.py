"""Rows with less detail than their record: part of a name, a year, a day without a time, an invalid number."""

import pytest

from kelompok_core.imports.reporting.report import iter_row_issues
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.imports.shared.options import ImportOptions
from tests.counting import decided


@pytest.fixture
def take(import_file):
    """Import records of one source into the one organization there is; return the counts that are not zero."""
    import_file("id,name\n1,Paguyuban Rukun\n", source="owners")

    def run(text, entity="members", **options):
        report = import_file(
            text, entity=entity, organization="paguyuban-rukun", source="daftar", options=ImportOptions(**options)
        )
        return decided(report, read=False)

    return run


@pytest.fixture
def one(ask):
    def run(columns, table="members"):
        (row,) = ask(f"SELECT {columns} FROM {table}")
        return tuple(row)

    return run


_EVENT = (
    "to_char(starts_at AT TIME ZONE 'UTC', 'DD HH24:MI'), to_char(ends_at AT TIME ZONE 'UTC', 'DD HH24:MI'),"
    " timezone, all_day"
)


@pytest.fixture
def event(take, one):
    """Import a first row and a second of one event; return the counts of the second, and the event."""

    def run(first, second, **options):
        header = "id,judul,tanggal,jam mulai,jam selesai,zona waktu"
        for text in (first, second):
            counts = take(text if "\n" in text else f"{header}\n{text}\n", "events", **options)
        return counts, one(_EVENT, "events")

    return run


_RAPAT = "4,Rapat,2028-02-10,13:30,15:00,WIT"
_STORED = ("10 04:30", "10 06:00", "Asia/Jayapura", False)


@pytest.mark.parametrize("again", [
    "4,Rapat,2028-02-10,,,", "4,Rapat,2028-02-10,13:30,,", "4,Rapat,2028-02-10,13:30,15:00,", "4,Rapat,,,,",
    "4,Rapat,2028-02-10,,,WIT", "id,judul,tanggal\n4,Rapat,10 Februari 2028\n",
    "id,judul,tanggal,jam\n4,Rapat,2028-02-10,13.30 - 15.00\n",
    "id,judul,tanggal,jam,durasi\n4,Rapat,2028-02-10,13:30,1 jam 30 menit\n",
    "id,judul,tanggal,tanggal selesai\n4,Rapat,2028-02-10,2028-02-10\n",
    "id,judul,tanggal,durasi\n4,Rapat,2028-02-10,2 jam\n",
])  # fmt: skip
def test_an_empty_cell_erases_no_part_of_a_moment(event, again):
    counts, stored = event(_RAPAT, again)
    assert stored == _STORED
    assert counts == {"unchanged": 1}


def test_another_day_without_a_time_keeps_the_time(event):
    counts, stored = event("4,Rapat,2028-02-10,13:30,,WIT", "4,Rapat,2028-02-12,,,")
    assert stored == ("12 04:30", None, "Asia/Jayapura", False)
    assert counts == {"merged": 1}


def test_another_time_without_a_zone_is_of_the_zone_that_is_stored(event):
    counts, stored = event(_RAPAT, "4,Rapat,2028-02-10,14:00,,")
    assert stored == ("10 05:00", "10 06:00", "Asia/Jayapura", False)
    assert counts == {"merged": 1}


def test_the_zone_of_the_import_does_not_replace_a_given_one(event):
    _, stored = event(_RAPAT, "4,Rapat,2028-02-10,13:30,15:00,", timezone="Asia/Makassar")
    assert stored == _STORED


def test_the_zone_of_the_import_corrects_an_assumed_one(take, one):
    take("id,judul,tanggal,jam mulai\n4,Rapat,2028-02-10,13:30\n", "events")
    take("id,judul,tanggal,jam mulai\n4,Rapat,2028-02-10,13:30\n", "events", timezone="Asia/Makassar")
    assert one(_EVENT, "events") == ("10 05:30", None, "Asia/Makassar", False)


def test_of_an_offset_the_sign_is_kept(event):
    _, stored = event("4,Rapat,2028-02-10,13:30,,+09:30", "4,Rapat,2028-02-10,14:00,,")
    assert stored == ("10 04:30", None, "+09:30", False)


def test_an_all_day_event_begins_at_midnight(event):
    _, stored = event("4,Rapat,2028-02-10,13:30,,WIT", "id,judul,tanggal,sepanjang hari\n4,Rapat,2028-02-10,ya\n")
    assert stored == ("09 15:00", None, "Asia/Jayapura", True)


def test_a_later_row_of_the_file_erases_no_more_than_a_later_file(take, one):
    counts = take(f"id,judul,tanggal,jam mulai,jam selesai,zona waktu\n{_RAPAT}\n4,Rapat,2028-02-10,,,\n", "events")
    assert counts == {"accepted": 1, "unchanged": 1}
    assert one(_EVENT, "events") == _STORED


def test_a_post_keeps_the_hour_it_was_published_at(take, one):
    take("id,judul,tanggal terbit,status\n8,Panen,2023-06-05 18:20,terbit\n", "posts")
    at = "to_char(published_at AT TIME ZONE 'Asia/Jakarta', 'MM-DD HH24:MI')"
    assert take("id,judul,tanggal terbit\n8,Panen,2023-06-05\n", "posts") == {"unchanged": 1}
    assert one(at, "posts") == ("06-05 18:20",)
    take("id,judul,tanggal terbit\n8,Panen,2023-06-06 07:00\n", "posts")
    assert one(at, "posts") == ("06-06 07:00",)


@pytest.mark.parametrize(("first", "second", "name"), [
    ("first name,last name\n1,Ayu,Lestari", "first name,last name\n1,,Lestari", "Ayu Lestari"),
    ("first name,last name\n1,Ayu,Lestari", "first name\n1,Ayu", "Ayu Lestari"),
    ("nama\n1,Ayu Tri Lestari", "first name,last name\n1,Ayu,Lestari", "Ayu Tri Lestari"),
    ("nama\n1,Ayu Lestari", "first name,last name\n1,Ayo,", "Ayu Lestari"),
    ("nama\n1,Ayu Lestari", "first name,last name\n1,Ayu,Wijaya", "Ayu Wijaya"),
    ("nama\n1,Ayu Lestari", "nama\n1,Ayu", "Ayu"),
    ("first name,last name\n1,Ayo,", "first name,last name\n1,Ayu,", "Ayu"),
])  # fmt: skip
def test_a_part_of_a_name_replaces_no_whole_one(take, one, first, second, name):
    for text in (first, second):
        take(f"id,{text}\n")
    assert one("name") == (name,)


def _codes(database, import_id):
    with database.connect() as connection:
        return {issue.code for issue in iter_row_issues(connection, get_import(connection, import_id))}


@pytest.mark.parametrize(("column", "stored", "first", "less", "other", "then"), [
    ("phone", "phone", "0813 9900 1122", "6.28139E+12", "0813 9900 1133", "+6281399001133"),
    ("phone", "phone", "0813 9900 1122", "tanya Pak RT", "0813 9900 1133", "+6281399001133"),
    ("bergabung", "started_on::text", "2019-04-23", "2019", "2020", "2020-01-01"),
    ("bergabung", "started_on::text", "2019-04-23", "April 2019", "2019-05", "2019-05-01"),
    ("tanggal keluar", "ended_on::text", "2019-04-23", "2019", "2018", "2018-12-31"),
])  # fmt: skip
def test_a_vaguer_value_changes_nothing_and_another_one_does(
    take, one, ask, database, column, stored, first, less, other, then
):
    take(f"id,nama,{column}\n1,Satu,{first}\n")
    before = one(stored)
    assert take(f"id,nama,{column}\n1,Satu,{less}\n") == {"unchanged": 1}
    assert one(stored) == before
    assert "field.less_said" in _codes(database, ask("SELECT id FROM imports ORDER BY created_at DESC LIMIT 1")[0].id)
    assert take(f"id,nama,{column}\n1,Satu,{other}\n") == {"merged": 1}
    assert one(stored) == (then,)


def test_a_text_gives_way_to_a_text_and_to_a_number(take, one):
    for written in ("tanya Pak RT", "tanya Bu RT", "0813 9900 1122"):
        assert set(take(f"id,nama,hp\n1,Satu,{written}\n")) <= {"accepted", "merged"}
    assert one("phone") == ("+6281399001122",)


def test_when_an_organization_was_founded(import_file, one):
    for written, stored in (("1987-11-03", "1987-11-03"), ("1987", "1987-11-03"), ("1986", "1986"), ("86-87", "1986")):
        import_file(f"id,name,berdiri\n1,Satu,{written}\n", source="owners")
        assert one("founded_on", "organizations") == (stored,)


def test_nor_does_it_when_a_person_takes_the_row(take, one, waiting, reviewer):
    take("id,nama,hp,bergabung\n1,Satu,0813 9900 1122,2019-04-23\n")
    asking = "id,nama,hp,bergabung,lahir\n1,Satu,tanya Pak RT,2019,2112-01-01\n"
    take(asking, mapping={"lahir": "birth_date"})
    (item,) = waiting()
    verdict = reviewer.accept_into(item.import_id, item.row_number, None)
    assert verdict.changed == ["birth_date"]
    assert one("phone, started_on::text") == ("+6281399001122", "2019-04-23")
