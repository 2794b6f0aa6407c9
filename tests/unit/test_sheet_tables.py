"""The table of a sheet: where it stands, what merged cells fill, which cells are spoken of, what is left out."""

import pytest

from kelompok_core.contracts import PluginContext, Severity, UnreadableSource
from kelompok_core.imports.shared.columns import header_words
from kelompok_core.imports.staging.likely_columns import judge_columns
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords
from kelompok_core.plugin_kit.reading.workbooks.choosing import TEMPLATE_RANGE, read_workbook
from kelompok_core.plugin_kit.reading.workbooks.sheets import Around, CellFinding, Merge, Sheet, SheetRows, Workbook
from kelompok_core.plugin_kit.reading.workbooks.tables import EVERYTHING, open_sheet, read_sheet
from tests.reading import Read

_HEADER = ["name", "city", "notes"]


def _sheet(rows, *, name="S", around=None, hidden=(), findings=(), dates=None, at_once=3, is_hidden=False):
    """Return a sheet of rows by line, given in small pieces."""
    lines = sorted(rows)

    def read():
        for start in range(0, len(lines), at_once):
            here = lines[start : start + at_once]
            yield SheetRows(
                lines=here,
                cells=[list(rows[line]) for line in here],
                findings=[one for one in findings if one.line in here],
                hidden={line for line in hidden if line in here},
                dates={column: [line for line in of if line in here] for column, of in (dates or {}).items()},
            )

    return Sheet(name=name, is_hidden=is_hidden, read=read, look_around=lambda: around or Around())


def _read(sheet, *, cells=EVERYTHING, batch_size=10_000, **config):
    words = HeaderWords(header_words("organizations"))
    found = open_sheet(sheet, config, words, cells=cells)
    return Read(list(read_sheet(found, PluginContext(batch_size=batch_size))))


def _lines(rows, start=1):
    return dict(enumerate(rows, start=start))


def test_table_that_stands_lower_and_to_the_right():
    rows = {4: ["", "", *_HEADER], 5: ["", "", "A", "Bandung"], 9: ["", "", "B", "", "x"]}
    reading = _read(_sheet(rows))
    assert list(reading.cells.columns) == _HEADER
    assert reading.rows == [["A", "Bandung", ""], ["B", "", "x"]]
    assert reading.lines == [5, 9]
    assert reading.blank_lines == 3
    assert list(reading.locations["selector"]) == ["#S!A5:E5", "#S!A9:E9"]


def test_many_blank_rows_between_two_rows_cost_nothing():
    reading = _read(_sheet({1: _HEADER, 2: ["A", "Bandung"], 1_048_576: ["B", "Depok"]}))
    assert reading.lines == [2, 1_048_576]
    assert reading.blank_lines == 100


def test_name_of_a_sheet_is_quoted_in_selectors():
    reading = _read(_sheet(_lines([_HEADER, ["A", "B"]]), name="Daftar 'baru'"))
    assert list(reading.locations["selector"]) == ["#'Daftar ''baru'''!A2:C2"]


def test_part_of_a_sheet():
    rows = _lines([["x", *_HEADER, "y"], ["x", "A", "Bandung", "", "y"], ["x", "B", "Depok", "n", "y"], ["x", "C"]])
    found = (CellFinding(3, 2, "value.sheet_error", Severity.WARNING, "#N/A", {"cell": "C3"}),
             CellFinding(3, 4, "value.sheet_error", Severity.WARNING, "#N/A", {"cell": "E3"}))  # fmt: skip
    reading = _read(_sheet(rows, findings=found), cells=Merge(1, 1, 3, 3))
    assert reading.rows == [["A", "Bandung", ""], ["B", "Depok", "n"]]
    assert [(line, column) for line, column, *_ in reading.said("value.sheet_error")] == [(3, "city")]
    assert reading.locations["selector"].iloc[0] == "#S!B2:D2"


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_findings_belong_to_their_rows_at_any_batch_size(batch_size):
    rows = _lines([_HEADER, *([f"A{at}", "x"] for at in range(2, 9))])
    found = [
        CellFinding(line, 1, "value.sheet_error", Severity.WARNING, "#N/A", {"cell": f"B{line}"}) for line in (1, 4, 8)
    ]
    reading = _read(_sheet(rows, findings=found), batch_size=batch_size)
    said = reading.issues[reading.issues["code"] == "value.sheet_error"]
    assert list(zip(said["row_number"], said["line"], strict=True)) == [(3, 4), (7, 8)]


def test_cells_merged_over_rows_are_filled_within_their_column_only():
    around = Around(merges=[Merge(2, 1, 4, 1), Merge(5, 0, 6, 1), Merge(1, 2, 1, 3), Merge(7, 1, 8, 1)])
    rows = _lines([_HEADER, ["A", "Bandung"], ["B", ""], ["C"], ["D", "Depok"], ["E"], ["F", ""], ["G"]])
    reading = _read(_sheet(rows, around=around))
    assert [row[1] for row in reading.rows] == ["Bandung", "Bandung", "Bandung", "Depok", "", "", ""]
    assert reading.said("sheet.merges_filled")[0][3] == {"sheet": "S", "number": 2}


def test_merged_header_is_not_counted_as_filled():
    around = Around(merges=[Merge(1, 0, 2, 0)])
    rows = _lines([["name", "contact", ""], ["", "phone", "email"], *(["A", "0811", "a@b.example"] for _ in range(6))])
    reading = _read(_sheet(rows, around=around))
    assert list(reading.cells.columns) == ["name", "phone", "email"]
    assert not reading.said("sheet.merges_filled")


def test_hidden_rows_are_read_and_said_or_skipped():
    sheet = _sheet(_lines([_HEADER, ["A", "x"], ["B", "y"], ["C", "z"]]), hidden={3})
    assert [row[0] for row in _read(sheet).rows] == ["A", "B", "C"]
    assert _read(sheet).said("sheet.hidden_rows_read")[0][3]["number"] == 1
    assert [row[0] for row in _read(sheet, hidden="skip").rows] == ["A", "C"]


def test_cells_behind_the_last_header_are_a_further_column():
    reading = _read(_sheet(_lines([_HEADER, ["A", "x", "", "", "behind"], ["B", "y"]])))
    assert reading.records[0] == {"name": "A", "city": "x", "notes": "", "column 5": "behind"}
    assert [column for _, column, *_ in reading.said("header.blank")] == ["column 5"]
    assert not {"row.too_many_cells", "row.too_few_cells"} & set(reading.codes)


def test_more_columns_than_allowed_are_refused():
    with pytest.raises(UnreadableSource, match="too_many_columns"):
        _read(_sheet(_lines([[f"c{at}" for at in range(20)], ["x"] * 20])), max_columns=10)


def test_header_line_and_rows_as_set():
    rows = _lines([["junk", "junk"], _HEADER, ["sub", "sub", "sub"], ["A", "B", "C"]])
    reading = _read(_sheet(rows), header_line=2, header_rows=2)
    assert reading.rows == [["A", "B", "C"]]
    assert reading.read_as["header_line"] == 2


def test_empty_sheet():
    reading = _read(_sheet({}))
    assert reading.rows == []
    assert reading.codes == ["file.empty"]


def test_swapped_dates_need_true_dates_and_texts_that_could_not_be_swapped():
    def said(true, texts):
        rows = [["name", "date"], *(["A", one] for one in true), *(["B", one] for one in texts)]
        sheet = _sheet(_lines(rows), dates={1: list(range(2, 2 + len(true)))})
        return len(_read(sheet).said("value.dates_maybe_swapped"))

    true = ["2023-03-04", "2023-07-11", "2023-12-02"]
    assert said(true, ["25/06/2023", "30/01/2023"]) == 3
    assert said(true, []) == 0
    assert said(true, ["25/06/2023", "05/06/2023"]) == 0
    assert said([*true, "2023-03-25"], ["25/06/2023"]) == 0
    assert said(true[:2], ["25/06/2023"]) == 0
    assert said(["09:00:00", *true], ["25/06/2023"]) == 0


class TestChoosing:
    def _choose(self, sheets, ranges=(), **config):
        context = PluginContext(
            entity="organizations", config=config, header_words=header_words,
            judge_columns=lambda kind, cells: judge_columns(kind, cells, {}),
        )  # fmt: skip
        workbook = Workbook(kind="x", sheets=sheets, ranges=lambda: dict(ranges), has_macros=True)
        return Read(list(read_workbook(workbook, context, HeaderWords(header_words("organizations")))))

    def test_hidden_and_empty_sheets_are_no_choice(self):
        rows = _lines([_HEADER, ["A", "Bandung"]])
        sheets = [_sheet(rows, name="Lama", is_hidden=True), _sheet({}, name="Kosong"), _sheet(rows, name="Isi")]
        reading = self._choose(sheets)
        assert reading.read_as["sheet"] == "Isi"
        assert reading.said("sheet.others_left")[0][3] == {"sheets": "Lama, Kosong"}
        assert reading.said("sheet.macros_left")

    def test_sheet_that_is_no_list_of_the_entity_is_no_choice(self):
        wrong = _sheet(_lines([["tanggal", "jumlah"], ["2024-01-01", "5"]]), name="Kas")
        reading = self._choose([wrong, _sheet(_lines([_HEADER, ["A", "Bandung"]]), name="Isi")])
        assert reading.read_as["sheet"] == "Isi"

    def test_range_of_a_template_is_read_to_the_end(self):
        rows = _lines([["Petunjuk"], [], _HEADER, ["A", "Bandung"], ["B", "Depok"]])
        sheets = [_sheet(rows, name="Data"), _sheet(_lines([_HEADER, ["contoh", "x"]]), name="Contoh")]
        reading = self._choose(sheets, {TEMPLATE_RANGE: ("Data", Merge(3, 0, 3, 2))})
        assert [row[0] for row in reading.rows] == ["A", "B"]

    def test_all_sheets_of_one_header_in_whatever_order(self):
        sheets = [
            _sheet(_lines([_HEADER, ["A", "Bandung", ""]]), name="1"),
            _sheet(_lines([["x"], ["y"]]), name="2"),
            _sheet(_lines([_HEADER[::-1], ["n", "Depok", "B"]]), name="3"),
        ]
        reading = self._choose(sheets, sheet="*")
        assert [(row["name"], row["sheet"]) for row in reading.records] == [("A", "1"), ("B", "3")]
        assert list(reading.locations["row_number"]) == [1, 2]

    def test_workbook_without_sheets(self):
        with pytest.raises(UnreadableSource, match=r"sheet\.none"):
            self._choose([])
