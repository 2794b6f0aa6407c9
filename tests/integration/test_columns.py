"""Issues about whole columns: surveys, columns without values, and cells that are not used."""

import pytest

from kelompok_core.errors import SourceUnreadable
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.reporting.report import iter_row_issues
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.staging.part import Part
from kelompok_core.imports.staging.parts import join_parts, stage_part
from tests.counting import decided


@pytest.fixture
def issues(database):
    def run(report):
        with database.connect() as connection:
            return {(one.code, one.line, one.column) for one in iter_row_issues(connection, report.import_)}

    return run


# Surveys


def test_ids_that_a_spreadsheet_turned_into_numbers_are_restored(import_file, ask):
    import_file("id,name\n1,Satu\n2,Dua\n10,Sepuluh\n", source="a")
    again = import_file("id,name\n1.0,Satu\n2.0,Dua\n10.0,Sepuluh\n", source="a")
    assert decided(again) == {"rows_read": 3, "unchanged": 3}
    assert {row.external_id for row in ask("SELECT external_id FROM source_records")} == {"1", "2", "10"}


def test_ids_with_real_decimals_are_unchanged(import_file, ask):
    import_file("id,name\n1.0,Satu\n1.1,Dua\n2.0,Tiga\n", source="versions")
    ids = [row.external_id for row in ask("SELECT external_id FROM source_records ORDER BY row_number")]
    assert ids == ["1.0", "1.1", "2.0"]


def test_day_above_twelve_anywhere_proves_the_order_of_the_column(import_file, ask):
    rows = "".join(f"{number},Lembaga {number},0{1 + number % 9}/04/2012\n" for number in range(1, 30))
    report = import_file(f"id,name,founded\n{rows}99,Terakhir,25/04/2012\n")
    assert report.import_.read_as["date_order"] == {"founded": "dmy"}
    assert ask("SELECT founded_on FROM organizations WHERE name = 'Lembaga 2'")[0].founded_on == "2012-04-03"


def test_header_may_give_the_date_order(import_file, ask):
    import_file("id,name,Tanggal Berdiri (dd/mm/yyyy)\n1,Satu,03/04/2012\n")
    assert ask("SELECT founded_on FROM organizations")[0].founded_on == "2012-04-03"


@pytest.mark.parametrize(("cells", "days"), [
    (("44197", "2021-03-04"), ["2021-01-01", "2021-03-04"]),
    (("44197", "05/06/2021", "25/06/2021"), ["2021-01-01", "2021-06-05", "2021-06-25"]),
], ids=["iso", "numbers"])  # fmt: skip
def test_number_among_dates_is_a_day_number(import_file, ask, issues, cells, days):
    rows = "".join(f"{number},Lembaga {number},{cell}\n" for number, cell in enumerate(cells, start=1))
    report = import_file(f"id,name,founded\n{rows}")
    assert [row.founded_on for row in ask("SELECT founded_on FROM organizations ORDER BY name")] == days
    assert ("value.date_serial", 2, "founded") in issues(report)


def test_single_number_in_a_column_of_years_goes_to_review(import_file, issues):
    report = import_file("id,name,founded\n1,Satu,44197\n")
    assert decided(report) == {"rows_read": 1, "review": 1}
    assert ("value.date_serial_unclear", 2, "founded") in issues(report)


# Columns of which nothing is read


@pytest.mark.parametrize("column", ["founded", "country"])
def test_unreadable_column_stops_the_import(import_file, ask, column):
    rows = "".join(f"{number},Lembaga {number},n/k {number}!\n" for number in range(1, 6))
    with pytest.raises(SourceUnreadable, match=rf"No filled cell of the column {column}.*line 2"):
        import_file(f"id,name,{column}\n{rows}")
    assert ask("SELECT FROM organizations") == []
    done = import_file(f"id,name,{column}\n{rows}", options=ImportOptions(mapping={column: "extra"}))
    assert decided(done) == {"rows_read": 5, "accepted": 5}


def test_few_unreadable_cells_give_only_warnings(import_file, issues):
    report = import_file("id,name,founded\n1,Satu,dahulu\n2,Dua,\n")
    assert decided(report) == {"rows_read": 2, "accepted": 2}
    assert ("value.date", 2, "founded") in issues(report)


def test_placeholders_are_not_filled_cells(import_file):
    rows = "".join(f"{number},Lembaga {number},-\n" for number in range(1, 6))
    assert decided(import_file(f"id,name,founded\n{rows}")) == {"rows_read": 5, "accepted": 5}


def test_unreadable_column_stops_an_import_in_parts(installation, operator, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("id,name,founded\n" + "".join(f"{number},Lembaga {number},n/k!\n" for number in range(1, 9)))
    request = ImportRequest(plugin="csv-import", job="import-organizations", file=file)
    import_id = receive(installation, request, operator).import_id
    for number in (1, 2):
        stage_part(installation, import_id, Part(number=number, parts=2))
    with pytest.raises(SourceUnreadable, match="No filled cell of the column founded"):
        join_parts(installation, import_id, 2)


# Cells that are filled and lead to nothing


def test_unused_filled_cell_gives_a_warning(import_file, issues):
    import_file("id,name\n1,Rumah\n")
    text = "id,judul,tanggal,jam\n1,Rapat,2024-05-01,09.00\n2,Rapat Dua,,10.00\n3,Rapat Tiga,2024-05-02,09.00\n"
    report = import_file(text, entity="events", organization="rumah")
    assert ("value.time_without_date", 3, "jam") in issues(report)


def test_word_that_is_neither_yes_nor_no_gives_a_warning(import_file, issues):
    import_file("id,name\n1,Rumah\n")
    text = "id,judul,tanggal,sepanjang hari\n1,Satu,2024-05-01,mungkin\n2,Dua,2024-05-01,ya\n"
    report = import_file(text, entity="events", organization="rumah")
    assert any(line == 2 and column == "sepanjang hari" for _, line, column in issues(report))


# Lists as other programs write them


def test_column_named_state_is_a_region_next_to_places_or_else_a_status(import_file, ask):
    import_file("id,name\n1,Rumah\n")
    import_file("id,name,city,state\n1,Satu,Bandung,Jawa Barat\n", entity="members", organization="rumah", source="a")
    assert ask("SELECT profile_data->>'region' AS region, status FROM members WHERE name = 'Satu'")[0] == (
        "Jawa Barat", "active",
    )  # fmt: skip


def test_calendar_of_outlook(import_file, ask):
    import_file("id,name\n1,Rumah\n")
    text = (
        'Subject,Start Date,Start Time,End Date,End Time,All day event,Location,Description,Categories\n'
        'Rapat Kerja,5/1/2024,9:00:00 AM,5/1/2024,11:30:00 AM,False,Aula,Agenda,"rapat;kerja"\n'
        "Libur,5/20/2024,12:00:00 AM,5/21/2024,12:00:00 AM,True,,,\n"
    )  # fmt: skip
    report = import_file(text, entity="events", organization="rumah")
    assert decided(report) == {"rows_read": 2, "accepted": 2}
    rows = ask("""
        SELECT title, to_char(starts_at AT TIME ZONE 'Asia/Jakarta', 'YYYY-MM-DD HH24:MI') AS starts,
               to_char(ends_at AT TIME ZONE 'Asia/Jakarta', 'YYYY-MM-DD HH24:MI') AS ends, location_name
        FROM events ORDER BY starts_at""")
    assert (rows[0].title, rows[0].starts, rows[0].ends, rows[0].location_name) == (
        "Rapat Kerja", "2024-05-01 09:00", "2024-05-01 11:30", "Aula",
    )  # fmt: skip
    assert rows[1].starts[:10] == "2024-05-20"
    assert rows[1].ends[:10] == "2024-05-20", "a calendar ends whole days with the midnight behind them"


@pytest.mark.parametrize("header", ["title", "Grant Title", "Judul"])
def test_list_of_titles_is_not_imported_as_organizations(import_file, ask, header):
    with pytest.raises(SourceUnreadable, match="No column was recognised as name"):
        import_file(f"id,{header},amount\n1,A Study of Rivers,1000\n2,Another Study,2000\n")
    assert ask("SELECT FROM organizations") == []


@pytest.mark.parametrize("header", [
    "name,price,stock,sku", "Nama,Harga,Stok,Kategori", "Name,Amount awarded,Award date,Recipient",
    "name,isbn,publisher,id",
])  # fmt: skip
def test_list_of_goods_is_not_imported_as_organizations(import_file, ask, header):
    text = f"{header}\nBeras,1,2,3\nGula,4,5,6\n"
    with pytest.raises(SourceUnreadable, match="goods, grants or papers"):
        import_file(text)
    assert ask("SELECT FROM organizations") == []
    name = header.partition(",")[0]
    done = import_file(text, options=ImportOptions(mapping={name: "name"}))
    assert decided(done) == {"rows_read": 2, "accepted": 2}


def test_confirmed_list_of_organizations_may_have_prices(import_file):
    done = import_file("name,city,price,stock\nKoperasi Satu,Solo,1,2\n")
    assert decided(done) == {"rows_read": 1, "accepted": 1}


# Files


def test_byte_order_mark_overrides_the_configured_encoding(import_file, ask):
    configured = ImportOptions(config={"encoding": "windows-1252"})
    import_file("id,name\n1,Yayasan Süd\n".encode("utf-8-sig"), options=configured)
    assert ask("SELECT name FROM organizations")[0].name == "Yayasan Süd"


# Columns of yes and no


@pytest.mark.parametrize(("header", "no"), [
    ("HasOptedOutOfEmail", "false"), ("DoNotCall", "Tidak"), ("Subscribed", "yes"), ("unsubscribed_at", "0000-00-00"),
    ("npsp__Do_Not_Contact__c", "False"), ("is_opt_out", "No"), ("Accepts Email Marketing", "yes"),
    ("Blacklist", "FALSE"), ("Email subscription status", "Subscribed"),
])  # fmt: skip
@pytest.mark.parametrize("parts", [0, 2])
def test_opt_out_column_without_opt_outs_is_accepted(
    import_file, ask, issues, installation, operator, tmp_path, header, no, parts
):
    import_file("id,name\n1,Rumah\n")
    text = f"id,nama,{header}\n" + "".join(f"{number},Anggota {number},{no}\n" for number in range(1, 6))
    if not parts:
        report = import_file(text, entity="members", organization="rumah")
        assert decided(report) == {"rows_read": 5, "accepted": 5}
        assert not any(column == header for _, _, column in issues(report))
        assert (
            ask("SELECT profile_data->'do_not_contact' AS ways FROM members WHERE name = 'Anggota 1'")[0].ways is None
        )
        return
    file = tmp_path / "list.csv"
    file.write_text(text)
    request = ImportRequest(plugin="csv-import", job="import-members", file=file, organization="rumah")
    import_id = receive(installation, request, operator).import_id
    for number in (1, 2):
        stage_part(installation, import_id, Part(number=number, parts=2))
    join_parts(installation, import_id, 2)


def test_plain_no_next_to_a_yes_is_understood(import_file, ask, issues):
    import_file("id,name\n1,Rumah\n")
    text = "id,nama,unsubscribed\n1,Ani,tidak\n2,Budi,ya\n3,Cici,\n4,Dedi,barangkali\n"
    report = import_file(text, entity="members", organization="rumah")
    assert {one for one in issues(report) if one[2] == "unsubscribed"} == {("value.enum_unknown", 5, "unsubscribed")}
    assert ask("SELECT name FROM members WHERE profile_data ? 'do_not_contact'") == [("Budi",)]


def test_unreadable_answers_stop_the_import(import_file):
    import_file("id,name\n1,Rumah\n")
    text = "id,nama,unsubscribed\n" + "".join(f"{number},Anggota {number},entah\n" for number in range(1, 6))
    with pytest.raises(SourceUnreadable, match="No filled cell of the column unsubscribed"):
        import_file(text, entity="members", organization="rumah")


def test_zero_in_an_active_column_means_no(import_file, ask, issues):
    import_file("id,name\n1,Rumah\n")
    text = "id,nama,is_active,telp\n1,Ani,1,#REF!\n2,Budi,0,\n3,Cici,-,\n4,#NAME?,1,\n"
    report = import_file(text, entity="members", organization="rumah")
    assert ask("SELECT name, status FROM members ORDER BY id") == [
        ("Ani", "active"), ("Budi", "inactive"), ("Cici", "active"),
    ]  # fmt: skip
    assert issues(report) == {("value.required", 5, "nama")}
