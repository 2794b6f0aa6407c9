"""Workbooks through the core: one list in every format, error cells, sheets as one list, and what is refused."""

import csv
import io
import os
from pathlib import Path

import pytest

from kelompok_core.errors import ImportFailed, SourceUnreadable, UsageError
from kelompok_core.imports.shared.options import ImportOptions
from plugins.spreadsheet_import.tests.writing import write_fods, write_html, write_spreadsheetml, write_xlsx
from tests.counting import codes_of, decided

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
_LIST = [
    ["ID", "Nama Organisasi", "Kota", "Email", "Telepon", "Berdiri", "Catatan"],
    ["0001", "Rumah Air", "Kota Bandung", "air@contoh.id", "0812 3456 7890", "2001-02-03", "satu"],
    ["0002", "Rumah Baca", "Kabupaten Sleman", "baca@contoh", "", "17 Mei 2005", ""],
    ["0003", "", "Kota Bogor", "kali@contoh.id", "", "2010", "tanpa nama"],
]
_VALID = [_LIST[0], _LIST[1], [*_LIST[2][:3], "baca@contoh.id", *_LIST[2][4:]]]
_CANDIDATES = "SELECT row_number, candidate, external_id FROM import_rows WHERE import_id = :id ORDER BY row_number"


@pytest.fixture
def take(import_file, grant):
    """Import a workbook."""
    grant("spreadsheet-import", "csv-import")

    def run(path, entity="organizations", **given):
        options = ImportOptions(config={key: given.pop(key) for key in ("sheet", "range", "hidden") if key in given})
        return import_file(path, entity=entity, plugin="spreadsheet-import", options=options, **given)

    return run


def _csv(rows):
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


@pytest.mark.parametrize("write", [
    lambda folder: write_xlsx(folder / "list.xlsx", {"Daftar": _LIST}),
    lambda folder: write_fods(folder / "list.fods", "Daftar", _LIST),
    lambda folder: write_html(folder / "list.xls", _LIST),
    lambda folder: write_spreadsheetml(folder / "list.xml", "Daftar", _LIST),
])  # fmt: skip
def test_one_list_gives_the_same_candidates_and_decisions(take, import_file, ask, tmp_path, write):
    from_csv = import_file(_csv(_LIST), dry_run=True, source="daftar")
    from_workbook = take(write(tmp_path), dry_run=True, source="daftar")
    expected = ask(_CANDIDATES, id=from_csv.import_.id)
    assert ask(_CANDIDATES, id=from_workbook.import_.id) == expected
    assert len(expected) == 3
    assert decided(from_workbook) == decided(from_csv)
    assert codes_of(from_workbook) == codes_of(from_csv)


def test_workbook_after_the_same_csv_changes_nothing(take, import_file, tmp_path):
    import_file(_csv(_VALID), source="daftar")
    again = take(write_xlsx(tmp_path / "a.xlsx", {"Daftar": _VALID}), source="daftar")
    assert decided(again) == {"rows_read": 2, "unchanged": 2}


def test_sheets_of_one_header_are_one_list(take, ask, tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", {"Jawa": _VALID[:2], "Bali": [_VALID[0], _VALID[2]], "Lain": [["x"], ["y"]]})
    with pytest.raises(SourceUnreadable, match="Jawa, Bali"):
        take(path)
    report = take(path, sheet="*")
    assert decided(report) == {"rows_read": 2, "accepted": 2}
    extra = ask("SELECT profile_data->'extra' AS extra FROM organizations ORDER BY name")
    assert [next(iter(row.extra.values()))["sheet"] for row in extra] == ["Jawa", "Bali"]
    selectors = [row.selector for row in ask("SELECT selector FROM import_rows ORDER BY row_number")]
    assert selectors == ["#Jawa!A2:G2", "#Bali!A2:G2"]


def test_sheet_that_does_not_exist_is_named(take, tmp_path):
    with pytest.raises((ImportFailed, UsageError), match="there is no sheet 'X'; sheets: Daftar"):
        take(write_xlsx(tmp_path / "a.xlsx", {"Daftar": _LIST}), sheet="X")


def test_wrong_plugin_answers_with_the_right_command(import_file, grant, tmp_path):
    grant("csv-import", "spreadsheet-import")
    for path in (
        write_xlsx(tmp_path / "a.csv", {"Daftar": _LIST}),
        write_html(tmp_path / "b.csv", _LIST),
        write_spreadsheetml(tmp_path / "c.csv", "D", _LIST),
        write_fods(tmp_path / "d.csv", "D", _LIST),
    ):
        with pytest.raises(UsageError) as refused:
            import_file(path)
        run = f"kelompok plugin run spreadsheet-import --job import-organizations --file {path}"
        assert refused.value.hint == f"spreadsheet-import reads it: {run}"


@pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")
def test_a_real_member_list(take, import_file, ask):
    import_file("name,slug\nForum Air Bersih,forum-air\n")
    path = Path(str(_DATA)) / "xlsx-made-here" / "files" / "anggota.xlsx"
    report = take(path, entity="members", organization="forum-air")
    assert decided(report) == {"rows_read": 5, "accepted": 5}
    query = "SELECT name, phone, email, started_on, profile_data->'extra' AS extra FROM members ORDER BY name"
    members = {row.name: row for row in ask(query)}
    assert str(members["Siti Rahmawati"].started_on) == "2023-03-15"
    assert members["Siti Rahmawati"].phone == "+6281234567890"
    assert members["Yohanes Hutapea"].email is None
    again = take(path, entity="members", organization="forum-air")
    assert decided(again) == {"rows_read": 5, "unchanged": 5}
