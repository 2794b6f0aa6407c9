"""The error file holds rejected rows with their errors; corrected, it can be imported."""

import csv
import io

from kelompok_core.imports.reporting.error_file import write_error_file


def _error_file(database, report, language="en"):
    target = io.StringIO(newline="")
    with database.connect() as connection:
        write_error_file(connection, report.import_, {language: target})
    return target.getvalue()


_TEXT = (
    "Kode,Nama,Email,Catatan\n"
    "1,Satu,satu@a.or.id,\n"
    "2,Dua,salah,=1+1\n"
    '3,"",tiga@a.or.id,\'kutip\n'
    '4,Empat,juga salah,"baris\nkedua"\n'
)  # fmt: skip


def test_error_file_holds_the_received_rows_and_their_errors(import_file, database):
    report = import_file(_TEXT)
    rows = list(csv.reader(io.StringIO(_error_file(database, report))))
    assert rows[0] == ["Kode", "Nama", "Email", "Catatan", "_line", "_decision", "_codes", "_message"]
    assert [row[:4] for row in rows[1:]] == [
        ["2", "Dua", "salah", "'=1+1"],
        ["3", "", "tiga@a.or.id", "'kutip"],
        ["4", "Empat", "juga salah", "baris\nkedua"],
    ]
    assert [row[4:7] for row in rows[1:]] == [
        ["3", "rejected", "value.email"], ["4", "rejected", "value.required"], ["5", "rejected", "value.email"],
    ]  # fmt: skip
    assert all(row[7] for row in rows[1:])
    assert _error_file(database, report, "id") != _error_file(database, report, "en")


def test_corrected_error_file_imports_the_rest_under_the_same_source(import_file, database, ask):
    first = import_file(_TEXT, name="mitra.csv")
    text = _error_file(database, first)
    corrected = text.replace("salah", "dua@a.or.id", 1).replace("3,,", "3,Tiga,").replace("juga salah", "empat@a.or.id")
    second = import_file(corrected, name="mitra.errors.csv")
    assert dict(second.counts) == dict.fromkeys(second.counts, 0) | {"rows_read": 3, "accepted": 3}
    assert second.import_.source_name == "mitra"
    stored = ask("SELECT raw FROM source_records WHERE external_id = '2'")[0].raw
    assert stored == {"Kode": "2", "Nama": "Dua", "Email": "dua@a.or.id", "Catatan": "=1+1"}
    whole = _TEXT.replace("salah", "dua@a.or.id", 1).replace('3,"",', "3,Tiga,").replace("juga salah", "empat@a.or.id")
    again = import_file(whole, name="mitra.csv")
    assert again.counts["unchanged"] == 4, "the error file said the same as the original would have"


def test_formulas_in_cells_and_headers_are_restored(import_file, database, ask):
    cells = ["x;=HYPERLINK(1)", "\u00a0=1+1", "＝1+1", "x,-1\t@SUM(1)", 'x;"=1+1;y', "x;'=1+1", "'=1+1"]
    text = io.StringIO(newline="")
    header = ["Kode", "Nama", "Email", "x;=1", "'=1"]
    csv.writer(text).writerows([header, *([at, f"N{at}", "salah", one, ""] for at, one in enumerate(cells, 1))])
    written = _error_file(database, import_file(text.getvalue(), name="mitra.csv"))
    assert "x;'=1" in written
    assert "x;=" not in written
    again = import_file(written.replace("salah", "a@a.or.id"), name="mitra.errors.csv")
    assert again.counts["accepted"] == len(cells)
    assert list(again.import_.header) == header
    stored = [raw for (raw,) in ask("SELECT raw FROM source_records ORDER BY external_id::int")]
    assert [raw["x;=1"] for raw in stored] == cells


def test_error_file_without_errors_has_only_a_header(import_file, database):
    report = import_file("name\nSatu\n")
    assert _error_file(database, report) == "name,_line,_decision,_codes,_message\r\n"
