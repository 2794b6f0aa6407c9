"""Which format a workbook has: by its bytes, whatever it is called, and what old workbooks give."""

import os
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kelompok_core.contracts import UnreadableSource
from kelompok_core.plugin_kit.reading.workbooks.number_formats import find_format, show_number
from kelompok_core.plugin_kit.reading.workbooks.opening import open_workbook
from kelompok_core.sources.forms import ARCHIVE, DELIMITED, JSON, WEB_PAGE, WORKBOOK, XML
from kelompok_core.sources.forms import find_format as find_file_format

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
_SS = "urn:schemas-microsoft-com:office:spreadsheet"
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"


@pytest.mark.parametrize(("content", "kind"), [
    (f'<?xml version="1.0"?><Workbook xmlns="{_SS}"/>', "SpreadsheetML"),
    (f'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<ss:Workbook xmlns:ss="{_SS}"/>',
     "SpreadsheetML"),
    (f'<office:document xmlns:office="{_OFFICE}" office:mimetype="x.opendocument.spreadsheet"/>', "fods"),
    ("<!DOCTYPE html><HTML><body><TABLE><tr><td>x</table>", "HTML"),
    ("  \n<table><tr><td>x</td></tr></table>", "HTML"),
    ("nama;kota\nA;B\n", None),
    ("", None),
])  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_formats_of_text(tmp_path, content, kind, encoding):
    (tmp_path / "a.xls").write_bytes(content.encode(encoding))
    with open_workbook(tmp_path / "a.xls", tmp_path) as workbook:
        assert (workbook.kind if workbook else None) == kind


def test_package_without_sheets_is_said(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    with pytest.raises(UnreadableSource, match="workbook_damaged"), open_workbook(tmp_path / "a.xlsx", tmp_path):
        pass


@pytest.mark.parametrize(("head", "found"), [
    (b"PK\x03\x04" + b"\0" * 26 + b"XL\\workbook.xml", WORKBOOK),
    (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", WORKBOOK),
    (b"PK\x03\x04" + b"\0" * 26 + b"contacts.csv", ARCHIVE),
    (f'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="{_SS}">'.encode(), WORKBOOK),
    (b'<?xml version="1.0"?><office:document xmlns:office="x">', WORKBOOK),
    (b'<?xml version="1.0"?><rows><row/></rows>', XML),
    (b"<html><table>", WEB_PAGE),
    (b"name,city\nA,B\n", DELIMITED),
    (b'[{"name": "A"}]', JSON),
])  # fmt: skip
def test_formats_of_received_files(head, found):
    assert find_file_format(head) is found


@pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")
class TestOldWorkbooks:
    def _read(self, name, tmp_path, corpus="xls-calamine"):
        with open_workbook(Path(str(_DATA)) / corpus / "files" / name, tmp_path) as workbook:
            return {
                sheet.name: (
                    sheet.is_hidden,
                    [row for piece in sheet.read() for row in piece.cells],
                    sheet.look_around(),
                )
                for sheet in workbook.sheets
            }

    def test_hidden_sheets(self, tmp_path):
        found = self._read("any_sheets.xls", tmp_path)
        assert [(name, is_hidden) for name, (is_hidden, _, _) in found.items()] == [
            ("Visible", False), ("Hidden", True), ("VeryHidden", True),
        ]  # fmt: skip

    def test_dates_of_both_calendars(self, tmp_path):
        for name in ("date.xls", "date_1904.xls"):
            rows = next(iter(self._read(name, tmp_path).values()))[1]
            assert rows[0][0] == "2021-01-01"

    def test_merged_cells(self, tmp_path):
        merges = [one for _, _, around in self._read("merge_cells.xls", tmp_path).values() for one in around.merges]
        assert merges
        assert all(one.top <= one.bottom and one.left <= one.right for one in merges)

    def test_errors_are_blank_and_said(self, tmp_path):
        with open_workbook(Path(str(_DATA)) / "xls-readxl/files/types.xls", tmp_path) as workbook:
            found = [one for sheet in workbook.sheets for piece in sheet.read() for one in piece.findings]
        assert len([one for one in found if one.code == "value.sheet_error"]) == 8
        assert all(one.value.startswith("#") for one in found)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e14, max_value=1e14))
def test_numbers_have_no_exponent_and_keep_15_digits(number):
    shown = show_number(repr(number))
    assert "e" not in shown.lower()
    assert Decimal(shown) == Decimal(f"{number:.15g}")


@given(st.dates(min_value=date(1900, 3, 1), max_value=date(9999, 12, 31)), st.integers(0, 86_399))
def test_dates_and_times_come_back(day, second):
    serial = (day - date(1899, 12, 30)).days + second / 86_400
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    assert find_format("yyyy-mm-dd hh:mm:ss")(repr(serial)) == f"{day} {clock}"
    of_1904 = (day + timedelta()) - date(1904, 1, 1)
    if of_1904.days >= 0:
        assert find_format("dd/mm/yyyy", of_1904=True)(str(of_1904.days)) == str(day)


@given(st.integers(0, 10**12), st.integers(1, 14))
def test_leading_zeros_come_back(number, zeros):
    shown = find_format("0" * zeros)(str(number))
    assert int(shown) == number
    assert len(shown) == max(len(str(number)), zeros if zeros > 1 else 0)
