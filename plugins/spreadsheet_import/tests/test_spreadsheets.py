"""Cells as sheets show them, the choice of sheets, and what is said about the rest."""

import csv

import pytest
from kelompok_spreadsheet_import.commands import SpreadsheetCommands
from kelompok_spreadsheet_import.plugin import SpreadsheetImporter

from kelompok_core.contracts import ConfigurationError, UnreadableSource
from plugins.spreadsheet_import.tests.writing import write_fods, write_html, write_spreadsheetml, write_xlsx
from tests.reading import Read, host_context, source_of

_LIST = [
    ["Nama Organisasi", "Kota", "Email", "Telepon"],
    ["Rumah Air", "Bandung", "air@contoh.id", "0812 3456 7890"],
    ["Rumah Baca", "Sleman", "", "0007"],
    ["Forum Kali", "Kota Bogor", "kali@contoh.id", ""],
]


@pytest.fixture
def read(tmp_path):
    def run(path, *, entity="organizations", batch_size=10_000, **config):
        context = host_context(tmp_path, entity=entity, batch_size=batch_size, config=config)
        return Read(list(SpreadsheetImporter().read(source_of(path), context)))

    return run


def test_cells_are_as_the_sheet_shows_them(read, tmp_path):
    rows = [
        ["name", "code", "founded on", "share", "phone", "seen", "count"],
        ["A", (7, "0000"), (45063, "yyyy-mm-dd"), (0.82535646366372, "0.0%"), (81234567890, "0000\\-0000\\-0000"),
         (45063.375, "dd/mm/yyyy hh:mm"), 12],
        ["B", (12, "000000"), (45063, "yyyy"), (1, "0%"), 81234567890, (0.375, "hh:mm"), 0.1],
    ]  # fmt: skip
    reading = read(write_xlsx(tmp_path / "a.xlsx", {"S": rows}))
    assert reading.rows == [
        ["A", "0007", "2023-05-17", "82.535646366372%", "0812-3456-7890", "2023-05-17 09:00:00", "12"],
        ["B", "000012", "2023", "100%", "81234567890", "09:00:00", "0.1"],
    ]


@pytest.mark.parametrize("write", [
    lambda folder: write_xlsx(folder / "list.xlsx", {"Daftar": _LIST}),
    lambda folder: write_fods(folder / "list.fods", "Daftar", _LIST),
    lambda folder: write_html(folder / "list.xls", _LIST),
    lambda folder: write_spreadsheetml(folder / "list.xls", "Daftar", _LIST),
])  # fmt: skip
@pytest.mark.parametrize("batch_size", [1, 2, 1_000])
def test_one_list_is_the_same_in_every_format(read, tmp_path, write, batch_size):
    reading = read(write(tmp_path), batch_size=batch_size)
    assert list(reading.cells.columns) == _LIST[0]
    assert reading.rows == _LIST[1:]
    assert reading.lines == [2, 3, 4]


def test_text_that_is_named_xls(read, tmp_path):
    path = tmp_path / "list.xls"
    with path.open("w", encoding="utf-16", newline="") as file:
        csv.writer(file, delimiter="\t").writerows(_LIST)
    assert read(path).rows == _LIST[1:]


def test_errors_and_formulas_without_value_are_blank_and_said(read, tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Hal 1")
        sheet.write_row(0, 0, ["name", "city", "notes"])
        sheet.write_row(1, 0, ["A"])
        sheet.write_formula(1, 1, "=NA()", None, "#N/A")
        sheet.write_formula(1, 2, "=1+1", None, 2)
        sheet.write_number(2, 0, 1234567890123456789)
    reading = read(tmp_path / "a.xlsx")
    assert reading.rows == [["A", "", "2"], ["1234567890123460000", "", ""]]
    assert reading.said("value.sheet_error") == [(2, "city", "#N/A", {"cell": "B2", "sheet": "Hal 1"})]
    assert reading.said("value.digits_lost")[0][3]["cell"] == "A3"


def test_merged_cells_are_filled_down_and_links_kept(read, tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["name", "city", "website"])
        sheet.write_row(1, 0, ["A", "", "Laman kami"])
        sheet.write_row(2, 0, ["B"])
        sheet.merge_range(1, 1, 2, 1, "Bandung")
        sheet.write_url(1, 2, "https://a.example/x", string="Laman kami")
        sheet.write_url(2, 2, "https://b.example", string="b.example")
        sheet.write_comment(1, 0, "ketua")
        sheet.set_row(2, None, None, {"hidden": True})
    reading = read(tmp_path / "a.xlsx")
    assert reading.records == [
        {"name": "A", "city": "Bandung", "website": "Laman kami", "website (link)": "https://a.example/x"},
        {"name": "B", "city": "Bandung", "website": "b.example"},
    ]
    codes = {"sheet.merges_filled", "sheet.hidden_rows_read", "sheet.comments_left"}
    assert dict.fromkeys(codes, 1) == {code: reading.said(code)[0][3]["number"] for code in codes}
    skipped = read(tmp_path / "a.xlsx", hidden="skip")
    assert [row[0] for row in skipped.rows] == ["A"]
    assert skipped.said("sheet.hidden_rows_skipped")[0][3]["number"] == 1


def test_the_one_sheet_that_fits_is_read_and_others_are_named(read, tmp_path):
    sheets = {"Petunjuk": [["Baca dulu"], ["Isi lembar kedua"]], "Data": _LIST, "Kosong": []}
    path = write_xlsx(tmp_path / "a.xlsx", sheets)
    reading = read(path)
    assert reading.rows == _LIST[1:]
    assert reading.said("sheet.others_left")[0][3] == {"sheets": "Petunjuk, Kosong"}


def test_several_sheets_that_fit_need_a_choice(read, tmp_path):
    more = [_LIST[0][::-1], ["1", "x@y.example", "Depok", "Lain"]]
    path = write_xlsx(tmp_path / "a.xlsx", {"Satu": _LIST, "Dua": more, "Tiga": [["x"], ["y"]]})
    with pytest.raises(UnreadableSource) as refused:
        read(path)
    assert (refused.value.issue.code, refused.value.issue.params) == ("sheet.choice_needed", {"sheets": "Satu, Dua"})
    assert read(path, sheet="dua").rows == more[1:]
    assert list(read(path, sheet="3").cells.columns) == ["x"]
    together = read(path, sheet="*")
    assert [row["Nama Organisasi"] for row in together.records] == ["Rumah Air", "Rumah Baca", "Forum Kali", "Lain"]
    assert [row["sheet"] for row in together.records] == ["Satu"] * 3 + ["Dua"]
    assert list(together.locations["row_number"]) == [1, 2, 3, 4]
    with pytest.raises(ConfigurationError, match="sheets: Satu, Dua, Tiga"):
        read(path, sheet="Empat")


def test_ranges_by_cells_and_by_name(read, tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Lembar 1")
        for at, row in enumerate(_LIST):
            sheet.write_row(at + 4, 2, row)
        sheet.write(0, 0, "Nama Organisasi")
        sheet.write(20, 2, "Bukan data")
        sheet.add_table(4, 2, 7, 5, {"name": "Tabel", "columns": [{"header": one} for one in _LIST[0]]})
        book.define_name("Isi", "='Lembar 1'!$C$5:$D$7")
    path = tmp_path / "a.xlsx"
    assert read(path, range="C5:F8").rows == _LIST[1:]
    assert read(path, range="'Lembar 1'!C5:F8").lines == [6, 7, 8]
    assert read(path, range="Tabel").rows == _LIST[1:]
    assert read(path, range="isi").rows == [row[:2] for row in _LIST[1:3]]
    with pytest.raises(ConfigurationError, match="neither cells"):
        read(path, range="Z")


def test_columns_without_header_come_when_they_have_values(read, tmp_path):
    rows = [[None, None, "name"], *([None, None, f"A{at}"] for at in range(200)), ["note", None, "B"]]
    reading = read(write_xlsx(tmp_path / "a.xlsx", {"S": rows}), batch_size=100)
    assert len(reading.rows) == 201
    assert reading.records[-1] == {"name": "B", "column 1": "note"}
    assert [(column, params) for _, column, _, params in reading.said("header.blank")] == [("column 1", {"number": 1})]


def test_dates_that_another_language_swapped_go_to_review(read, tmp_path):
    day = "yyyy-mm-dd"
    rows = [["title", "date"], ["A", (44989, day)], ["B", "25/06/2023"], ["C", (45118, day)], ["D", (45262, day)]]
    reading = read(write_xlsx(tmp_path / "a.xlsx", {"S": rows}), entity="events")
    assert [line for line, *_ in reading.said("value.dates_maybe_swapped")] == [2, 4, 5]
    rows[2] = ["B", "05/06/2023"]
    assert not read(write_xlsx(tmp_path / "b.xlsx", {"S": rows}), entity="events").said("value.dates_maybe_swapped")


def test_commands_show_a_workbook_and_list_its_sheets(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", {"Satu": _LIST, "Kosong": []})
    context = host_context(tmp_path, entity="organizations")
    shown = SpreadsheetCommands().run_command(
        "show", {"file": source_of(path), "entity": "organizations", "rows": 2}, context
    )
    assert list(shown.tables["First rows"]["Kota"]) == ["Bandung", "Sleman"]
    listed = SpreadsheetCommands().run_command("sheets", {"file": source_of(path)}, context)
    assert listed.tables["Sheets"].to_numpy().tolist() == [
        ["Satu", "visible", 4, "Nama Organisasi | Kota | Email | Telepon"], ["Kosong", "visible", 0, ""],
    ]  # fmt: skip


@pytest.mark.parametrize(("content", "code"), [
    (b"PK\x03\x04 and nothing else", "file.archive_damaged"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file.workbook_damaged"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "file.encrypted"),
])  # fmt: skip
def test_what_is_no_workbook_is_said(read, tmp_path, content, code):
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(UnreadableSource) as refused:
        read(tmp_path / "a.xlsx")
    assert refused.value.issue.code == code


def test_two_workbooks_read_at_once_in_one_folder_keep_their_texts(tmp_path):
    context = host_context(tmp_path, entity="organizations", batch_size=2)
    lists = [[_LIST[0], *([f"{letter}{at}", "Bandung"] for at in range(9))] for letter in "AB"]
    paths = [write_xlsx(tmp_path / f"{at}.xlsx", {"S": rows}) for at, rows in enumerate(lists)]
    readings = [SpreadsheetImporter().read(source_of(path), context) for path in paths]
    batches = [[], []]
    for pair in zip(*readings, strict=True):
        for found, batch in zip(batches, pair, strict=True):
            found.append(batch)
    names = [[row[0] for row in Read(found).rows] for found in batches]
    assert names == [[row[0] for row in rows[1:]] for rows in lists]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.xlsx", "1.xlsx"]
