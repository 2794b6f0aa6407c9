"""The cells of published and of random workbooks, compared with what calamine reads: a library that shares no code."""

import datetime as dt
import os
import random
from pathlib import Path

import pytest
import python_calamine

from kelompok_core.contracts import UnreadableSource
from kelompok_core.plugin_kit.reading.workbooks.opening import open_workbook
from plugins.spreadsheet_import.tests.writing import write_xlsx

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
pytestmark = pytest.mark.slow

_WRONG_THERE = {
    "any_sheets.xls": "gives a chart the cells of another sheet",
    "mtcars.xls": "reads text of one byte per character as two",
    "sheet_name_parsing.xls": "the same",
    "biff5-rich-text-string.xls": "does not know the code page",
    "dates-leap-year-1900-xls.xls": "has no 29 February 1900",
    "dates-leap-year-1900-xlsx.xlsx": "the same",
}
"""Files in which calamine is wrong, and why."""


def _paths():
    folders = [Path(_DATA, corpus, "files") for corpus in ("xls-readxl", "xls-calamine")] if _DATA else []
    paths = [path for folder in folders for path in sorted(folder.iterdir())]
    return [path for path in paths if path.suffix != ".xlsb" and path.name not in _WRONG_THERE]


def _ours(path, folder):
    """Return the cells of each sheet by line and column; None if the file cannot be read."""
    try:
        with open_workbook(path, folder) as workbook:
            sheets = () if workbook is None else workbook.sheets
            return {
                sheet.name: {
                    (line, column): cell
                    for piece in sheet.read()
                    for line, row in zip(piece.lines, piece.cells, strict=True)
                    for column, cell in enumerate(row)
                    if cell.strip()
                }
                for sheet in sheets
            }
    except UnreadableSource:
        return None


def _theirs(path):
    workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    found = {}
    for name in workbook.sheet_names:
        try:
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        except python_calamine.CalamineError:
            continue
        found[name] = {
            (line, column): cell
            for line, row in enumerate(rows, start=1)
            for column, cell in enumerate(row)
            if not isinstance(cell, str) or cell.strip()
        }
    return found


def _is_same(ours, theirs):
    """Return whether a shown text and a typed value are the same cell."""
    if isinstance(theirs, str):
        return ours.strip() == theirs.strip()
    if isinstance(theirs, bool):
        return ours == str(theirs).upper()
    if isinstance(theirs, int | float):
        try:
            return float(ours.rstrip("%")) == pytest.approx(theirs * 100 if ours.endswith("%") else theirs)
        except ValueError:  # shown with literals between its digits
            return "".join(sign for sign in ours if sign.isdigit()).lstrip("0") == str(abs(int(theirs)))
    if isinstance(theirs, dt.timedelta):
        return ours.startswith("PT")
    whole = theirs.isoformat(" ") if isinstance(theirs, dt.datetime) else theirs.isoformat()
    return whole.startswith(ours) or ours.removesuffix(" 00:00:00") == whole or ours == whole[:19]


@pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")
@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in _paths()])
def test_cells_of_published_workbooks(path, tmp_path):
    ours = _ours(path, tmp_path)
    try:
        theirs = _theirs(path)
    except python_calamine.CalamineError:
        return
    if ours is None:
        return
    for name, cells in theirs.items():
        differing = {
            place: (ours.get(name, {}).get(place), cell)
            for place, cell in cells.items()
            if not _is_same(ours.get(name, {}).get(place, ""), cell)
        }
        assert not differing, name


@pytest.mark.parametrize("seed", range(20))
def test_cells_of_random_workbooks(seed, tmp_path):
    rng = random.Random(seed)

    def cell():
        return rng.choice([
            None, "", "teks", " x ", "Ä\n<&>\"'", "_x000D_", rng.randint(-(10**9), 10**9), rng.uniform(-1e6, 1e6),
            rng.choice([True, False]), (rng.randint(61, 60_000), "yyyy-mm-dd"), (rng.random(), "0.0%"), 1e-7, 1e14,
        ])  # fmt: skip

    rows = [[cell() for _ in range(rng.randint(0, 12))] for _ in range(rng.randint(1, 60))]
    path = write_xlsx(tmp_path / "a.xlsx", {"S": rows}, constant_memory=rng.random() < 0.5)
    ours, theirs = _ours(path, tmp_path)["S"], _theirs(path)["S"]
    assert ours.keys() == theirs.keys()
    assert all(_is_same(ours[place], cell) for place, cell in theirs.items())
