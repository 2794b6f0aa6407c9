"""Workbooks of other projects' tests, and those made to be odd or hostile: each as its expectations say."""

import json
import os
import resource
import time
from pathlib import Path

import pytest
from kelompok_spreadsheet_import.plugin import SpreadsheetImporter

from kelompok_core.contracts import UnreadableSource
from kelompok_core.plugin_kit.reading.workbooks.opening import open_workbook
from tests.reading import Read, host_context, source_of

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")]


def _cases(corpus):
    folder = Path(_DATA or ".") / corpus
    expected = json.loads((folder / "expected.json").read_text("utf-8")) if _DATA else {}
    return [pytest.param(folder / "files" / name, one, id=name) for name, one in expected.items()]


@pytest.mark.parametrize(("path", "expected"), [*_cases("xls-readxl"), *_cases("xls-calamine")])
def test_every_cell_that_two_other_readers_see(path, expected, tmp_path):
    is_refused = {"refused_by_first", "refused_by_calamine"} & expected.keys() or path.suffix == ".xlsb"
    try:
        with open_workbook(path, tmp_path) as workbook:
            found = {} if workbook is None else {one.name: _count(one) for one in workbook.sheets}
    except UnreadableSource as error:
        if not is_refused:
            raise AssertionError(error.issue) from error
        return
    for reader in ("openpyxl", "xlrd", "calamine"):
        for name, _, cells in expected.get(reader, ()):
            least, most = found.get(name, (0, 0))
            assert least <= cells <= most, (name, reader)


def _count(sheet):
    """Return the least and the most that other readers may count: without blanks and errors, or with them."""
    pieces = list(sheet.read())
    filled = [cell for piece in pieces for row in piece.cells for cell in row if cell]
    errors = sum(one.code == "value.sheet_error" for piece in pieces for one in piece.findings)
    return sum(bool(cell.strip()) for cell in filled), len(filled) + errors


@pytest.fixture
def read(tmp_path):
    def run(name, *, entity="organizations", **config):
        context = host_context(tmp_path, entity=entity, config=config)
        path = Path(_DATA) / "xlsx-made-here" / "files" / name
        return Read(list(SpreadsheetImporter().read(source_of(path), context)))

    return run


def test_member_list_with_everything_that_members_lists_have(read):
    reading = read("anggota.xlsx", entity="members")
    assert reading.lines == [6, 7, 8, 9, 10]
    cells = dict(zip(reading.lines, reading.rows, strict=True))
    assert (cells[6][1], cells[8][1], cells[6][3], cells[7][3]) == ("0007", "0108", "81234567890", "628123456701")
    assert (cells[6][5], cells[8][5], cells[10][5], cells[6][6]) == ("2023-03-15", "2023-01-01", "17 Mei 2023", "2024")
    ((_, column, value, params),) = reading.said("value.sheet_error")
    assert (column, params["cell"], value, cells[9][4]) == ("Email", "E9", "#N/A", "")
    assert reading.said("sheet.hidden_rows_read")
    assert reading.said("sheet.comments_left")
    assert reading.said("file.footer_skipped")
    assert len(read("anggota.xlsx", entity="members", hidden="skip").rows) == 4


def test_a_sheet_for_each_province(read):
    with pytest.raises(UnreadableSource) as refused:
        read("per-provinsi.xlsx")
    assert refused.value.issue.params["sheets"] == "Jawa Barat, Bali, Papua"
    assert len(read("per-provinsi.xlsx", sheet="Bali").rows) == 2
    assert len(read("per-provinsi.xlsx", sheet="*").rows) == 9


@pytest.mark.parametrize(("name", "records"), [
    ("dimension-A1.xlsx", 5), ("no-references.xlsx", 5), ("prefixed.xlsx", 5), ("strict.xlsx", 6),
    ("date1904-with-extension.xlsx", 1), ("meetup-members.xls", 2), ("laporan.xls", 2), ("ekspor.xls", 1),
    ("hostile-dimension.xlsx", 1), ("styled-blank-rows.xlsx", 1),
])  # fmt: skip
def test_odd_packages_and_disguises(read, name, records):
    reading = read(name)
    assert len(reading.rows) == records
    assert reading.blank_lines == (name == "ekspor.xls")


def test_cells_of_odd_packages(read):
    assert read("strict.xlsx").rows[-1][1] == "2023-05-17"
    assert read("date1904-with-extension.xlsx").rows[0][1] == "2017-02-27"
    assert read("laporan.xls").rows == [["Siti & Ani\n(ketua)", "08123", "Bandung"], ["Budi", "0812 3456", "Bandung"]]
    assert read("ekspor.xls").rows[0][2] == "2011-05-17"
    assert len(read("tanggal-tertukar.xlsx", entity="events").said("value.dates_maybe_swapped")) == 3


@pytest.mark.parametrize(("name", "code"), [
    ("hostile-sparse.xlsx", "header.too_many_columns"), ("hostile-row-number.xlsx", "file.workbook_damaged"),
    ("hostile-laughs.xlsx", "file.xml_document_type"), ("hostile-entity.xlsx", "file.xml_document_type"),
    ("hostile-cell-300MB.xlsx", "file.text_too_long"), ("hostile-repeat.ods", "file.cells_repeated"),
    ("hostile-token-200MB.xlsx", "file.xml_token_too_long"), ("hostile-entries.xlsx", "file.archive_too_many"),
])  # fmt: skip
def test_hostile_files_are_refused_before_they_cost_anything(read, name, code):
    read("strict.xlsx")  # loads what is loaded once
    memory, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(UnreadableSource) as refused:
        read(name)
    assert refused.value.issue.code == code
    assert time.process_time() - started < 3, "one second on an idle machine"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 50 << 10
