"""What readers share, used as an author uses it: delimited text and rows of cells become batches of records."""

import pytest

from kelompok_core.contracts import Issue, PluginContext, Severity, UnreadableSource
from kelompok_core.plugin_kit.reading.delimited.opening import open_table
from kelompok_core.plugin_kit.reading.tables.batches import BatchMaker, read_batches
from kelompok_core.plugin_kit.reading.tables.blocks import Block, Cells
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords
from kelompok_core.plugin_kit.reading.tables.skipped_rows import Passed
from kelompok_core.plugin_kit.reading.tables.table import SAMPLE_ROWS, Rows, make_table, number_of
from kelompok_core.plugin_kit.reading.tables.table_reader import Record, Records
from tests.reading import Read

_WORDS = HeaderWords({"name", "city", "email", "phone"})


class _Lines:
    """Rows of cells, each with its line."""

    def __init__(self, rows, start=1):
        self._rows = list(enumerate(rows, start=start))

    def read(self, limit):
        taken, self._rows = self._rows[:limit], self._rows[limit:]
        return Block(cells=Cells([list(row) for _, row in taken]), lines=[line for line, _ in taken])


def _table(rows, *, width=3, may_be_wider=False, **config):
    reader = _Lines(rows)
    found = Rows(reader=reader, first=reader.read(SAMPLE_ROWS), width=width, may_be_wider=may_be_wider,
                 read_as={"from": "a test"}, issues=[Issue(code="odd.first", severity=Severity.INFO)])  # fmt: skip
    return make_table(found, config, _WORDS)


def _read(table, batch_size=10_000, **given):
    return Read(list(read_batches(table, PluginContext(batch_size=batch_size), **given)))


_ROWS = [["name", "city", "email"], ["A", "Bandung", "a@b.example"], ["B", "Sleman", ""]]


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_rows_of_cells_become_records(batch_size):
    reading = _read(_table(_ROWS), batch_size)
    assert reading.rows == _ROWS[1:]
    assert list(reading.locations["selector"]) == ["#row=2", "#row=3"]
    assert reading.lines == [2, 3]
    assert reading.read_as == {"from": "a test", "header_line": 1, "header_rows": 1}
    assert reading.codes == ["odd.first"]


def test_titles_footers_and_blank_rows_are_no_records():
    rows = [["Daftar 2024", "", ""], ["", "", ""], *_ROWS, ["", "", ""], ["Jumlah: 2", "", ""]]
    reading = _read(_table(rows))
    assert reading.rows == _ROWS[1:]
    assert {"file.preamble_skipped", "file.footer_skipped"} <= set(reading.codes)
    assert reading.blank_lines == 1


def test_header_that_is_configured():
    reading = _read(_table([["x", "y", "z"], *_ROWS[1:]], header_rows=0))
    assert list(reading.cells.columns) == ["column 1", "column 2", "column 3"]
    assert len(reading.rows) == 3


def test_cells_behind_the_last_header_are_an_error_or_a_column():
    rows = [*_ROWS, ["C", "Depok", "c@d.example", "more"]]
    assert "row.too_many_cells" in _read(_table(rows)).codes
    reading = _read(_table(rows, may_be_wider=True))
    assert reading.records[-1]["column 4"] == "more"
    assert "row.too_many_cells" not in reading.codes


def test_selectors_and_first_row_number_as_given():
    reading = _read(_table(_ROWS), select=lambda row, line: f"#{row}/{line}", first=11)
    assert list(reading.locations["selector"]) == ["#2/2", "#3/3"]
    assert list(reading.locations["row_number"]) == [11, 12]


def test_nothing_but_blank_rows():
    reading = _read(_table([["", "", ""], []]))
    assert reading.rows == []
    assert reading.codes == ["file.empty"]


def test_too_many_columns_are_refused_with_their_line():
    with pytest.raises(UnreadableSource) as refused:
        _table([["a", "b", "c"], ["1", "2", "3"]], max_columns=2)
    assert (refused.value.issue.code, refused.value.issue.line) == ("header.too_many_columns", 1)


@pytest.mark.parametrize(("config", "number"), [({"n": 3}, 3), ({"n": "3"}, None), ({}, None), ({"n": None}, None)])
def test_settings_that_are_numbers(config, number):
    assert number_of(config, "n") == number


@pytest.mark.parametrize("content", [
    "name;city\nA;Bandung\n", "name\tcity\nA\tBandung\n", "\ufeffname,city\r\nA,Bandung\r\n",
    '"name,city"\n"A,Bandung"\n',
])  # fmt: skip
def test_delimited_text_in_whatever_dialect(tmp_path, content):
    (tmp_path / "a.csv").write_text(content, "utf-8", newline="")
    with open_table(tmp_path / "a.csv", {}, _WORDS, max_columns=100) as table:
        reading = _read(table)
    assert reading.records == [{"name": "A", "city": "Bandung"}]


def test_table_with_its_footer_for_conversions(tmp_path):
    (tmp_path / "a.csv").write_text("name,amount,city\nA,1,x\nB,2,y\nTotal,3,\n")
    for keeps, rows in ((True, 3), (False, 2)):
        with open_table(tmp_path / "a.csv", {}, HeaderWords(), max_columns=100, keeps_footer=keeps) as table:
            assert len(table.reader.read(10)) == rows


class TestBlocks:
    def test_cells_are_kept_by_column_until_rows_are_asked_for(self):
        import pyarrow as pa

        cells = Cells(columns=[pa.array(["a", "b"]), pa.array(["c", "d"])])
        cells.extend(Cells(columns=[pa.array(["e"]), pa.array(["f"])]))
        assert (len(cells), len(cells.columns)) == (3, 2)
        assert cells.rows == [["a", "c"], ["b", "d"], ["e", "f"]]
        assert cells.columns == ()
        cells.extend(Cells([["g"]]))
        assert len(cells) == 4

    def test_parts_of_a_block_keep_what_is_odd(self):
        issue = Issue(code="odd.x", severity=Severity.WARNING)
        block = Block(cells=Cells([["a"], ["b"], ["c"]]), lines=[1, 2, 3], oddities={1: issue}, marked={0, 2})
        part = block.taken_from(1)
        assert (part.rows, part.lines, part.oddities, part.marked) == ([["b"], ["c"]], [2, 3], {0: issue}, {1})
        assert block.firsts(1) == ["a", "b", "c"]
        assert block.firsts(2) == ["", "", ""]

    def test_records_number_their_oddities(self):
        issue = Issue(code="odd.x", severity=Severity.WARNING, line=4)
        records = Records()
        records.add(Record(["a"], 3, 2, None))
        records.add(Record(["b"], 4, 3, issue))
        batch = BatchMaker(["name"], width=1, delimiter=",").make(records)
        assert list(zip(batch.issues["row_number"], batch.issues["line"], strict=True)) == [(2, 4)]

    def test_skipped_rows_are_said_by_kind(self):
        passed = Passed()
        passed.footer.add(9, 10)
        passed.comments.add(2)
        said = [(issue.code, issue.params) for issue in passed.issues()]
        assert said == [
            ("file.comments_skipped", {"line": 2, "rows": 1}), ("file.footer_skipped", {"line": 9, "rows": 2}),
        ]  # fmt: skip
