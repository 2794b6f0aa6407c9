"""A workbook in a terminal of 80 columns: its sheets, how it is read, its import, and the undo."""

import pytest

from plugins.spreadsheet_import.tests.writing import write_xlsx

_ROWS = [
    ["DAFTAR ANGGOTA"],
    ["No. Anggota", "Nama", "Email", "Tanggal Bergabung"],
    [(7, "0000"), "Siti Rahmawati", "siti@contoh.id", (45063, "d mmm yyyy")],
    [(8, "0000"), "Budi Santoso", "budi@contoh", (45064, "d mmm yyyy")],
]


@pytest.fixture(scope="module")
def ready(installation):
    assert installation.kelompok("init").returncode == 0
    for plugin in ("csv-import", "spreadsheet-import"):
        assert installation.kelompok("plugin", "enable", plugin, "--grant").returncode == 0
    (installation.folder / "home.csv").write_text("name,slug\nForum Air,forum-air\n")
    imported = installation.kelompok(
        "plugin", "run", "csv-import", "--job", "import-organizations", "--file", "home.csv"
    )
    assert imported.returncode == 0, imported.stderr
    write_xlsx(installation.folder / "anggota.xlsx", {"Petunjuk": [["Baca dulu"]], "Anggota": _ROWS})
    return installation


def test_sheets_and_how_they_are_read(ready):
    sheets = ready.kelompok("spreadsheet-import", "sheets", "anggota.xlsx", COLUMNS="80")
    assert sheets.returncode == 0, sheets.stderr
    assert "Petunjuk" in sheets.stdout
    assert "Anggota" in sheets.stdout
    shown = ready.kelompok("spreadsheet-import", "show", "anggota.xlsx", "--entity", "members", COLUMNS="80")
    assert shown.returncode == 0, shown.stderr
    for text in ("0007", "2023-05-17", "external_id", "started_on"):
        assert text in shown.stdout


def test_import_report_and_undo(ready):
    run = ("plugin", "run", "spreadsheet-import", "--job", "import-members", "--organization", "forum-air")
    done = ready.kelompok(*run, "--file", "anggota.xlsx", COLUMNS="80")
    assert done.returncode == 3, done.stderr
    assert "budi@contoh" in done.stdout
    listed = ready.kelompok("member", "list", "--json")
    assert "Siti Rahmawati" in listed.stdout
    again = ready.kelompok(*run, "--file", "anggota.xlsx", "--json")
    assert '"unchanged": 1' in again.stdout, again.stdout
    wrong = ready.kelompok("plugin", "run", "csv-import", "--job", "import-members", "--file", "anggota.xlsx")
    assert wrong.returncode == 2
    assert "spreadsheet-import" in wrong.stderr
