"""Workbooks of every format, written by hand: what their sheets give, and what is said about cells."""

import zipfile

import pytest

from kelompok_core.contracts import UnreadableSource
from kelompok_core.plugin_kit.reading.workbooks import shared_strings
from kelompok_core.plugin_kit.reading.workbooks.opening import open_workbook
from kelompok_core.plugin_kit.reading.workbooks.shared_strings import SharedStrings
from kelompok_core.plugin_kit.reading.workbooks.sheets import Merge, column_letters, column_number
from kelompok_core.plugin_kit.reading.workbooks.xlsx_sheet import parse_cells

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _relations(*pairs):
    inside = "".join(f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{to}"/>' for key, kind, to in pairs)
    return f'<Relationships xmlns="{_RELATIONS}">{inside}</Relationships>'


def write_xlsx(path, rows, *, behind="", strings=(), styles="", columns="", further=None):
    """Write the parts of a workbook with one sheet by hand."""
    texts = "".join(f"<si>{one}</si>" for one in strings)
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": _relations(("a", "officeDocument", "/xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="S" r:id="s"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            ("s", "worksheet", "worksheets\\sheet1.xml"), ("t", "sharedStrings", "texts.xml"), ("y", "styles", "y.xml")
        ),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{columns}<sheetData>{rows}'
        f"</sheetData>{behind}</worksheet>",
        "xl/texts.xml": f'<sst xmlns="{_MAIN}">{texts}</sst>',
        "xl/y.xml": f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>',
        **(further or {}),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def read(tmp_path):
    """Read all sheets: name, lines, cells, findings by cell, and what is around."""

    def run(path):
        with open_workbook(path, tmp_path) as workbook:
            return [_read(sheet) for sheet in workbook.sheets]

    return run


def _read(sheet):
    pieces = list(sheet.read())
    return {
        "name": sheet.name,
        "hidden": sheet.is_hidden,
        "rows": {line: row for piece in pieces for line, row in zip(piece.lines, piece.cells, strict=True)},
        "said": {one.params["cell"]: (one.code, one.value) for piece in pieces for one in piece.findings},
        "hidden_rows": {line for piece in pieces for line in piece.hidden},
        "dates": {column: lines for piece in pieces for column, lines in piece.dates.items()},
        "around": sheet.look_around(),
    }


class TestXlsx:
    def test_cells_of_every_kind(self, read, tmp_path):
        rows = (
            '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="C2" t="inlineStr"><is><r><t>one</t></r><r><t> two</t></r>'
            '<rPh><t>no</t></rPh></is><v>9</v></c><c r="D2" t="str"><f>A1</f><v>a_x000D_b</v></c>'
            '<c r="E2" t="b"><v>1</v></c><c r="F2" t="d"><v>2023-05-17T00:00:00</v></c></row>'
            '<row r="5" hidden="1"><c r="A5" t="e"><v>#REF!</v></c><c r="B5"><f>1+1</f></c><c r="C5"><v>1E2</v></c>'
            '<c r="D5" t="s"><v></v></c><c r="E5" t="b"><v>0</v></c></row><row r="6"><c r="A6"/></row>'
        )
        (sheet,) = read(write_xlsx(tmp_path / "a.xlsx", rows, strings=["<t>zero</t>", "<t>first</t>"]))
        assert sheet["rows"] == {
            2: ["first", "", "one two", "a\rb", "TRUE", "2023-05-17"],
            5: ["", "", "100", "", "FALSE"],
        }
        assert sheet["said"] == {"A5": ("value.sheet_error", "#REF!"), "B5": ("value.formula_uncached", None)}
        assert sheet["hidden_rows"] == {5}
        assert sheet["dates"] == {5: [2]}

    def test_styles_of_cells_and_not_of_other_things(self, read, tmp_path):
        styles = (
            '<numFmts><numFmt numFmtId="164" formatCode="0000"/></numFmts><cellStyleXfs><xf numFmtId="14"/>'
            '</cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs>'
        )
        rows = '<row><c><v>7</v></c><c s="1"><v>7</v></c><c s="2"><v>45063</v></c><c s="9"><v>7</v></c></row>'
        (sheet,) = read(write_xlsx(tmp_path / "a.xlsx", rows, styles=styles))
        assert sheet["rows"] == {1: ["7", "0007", "2023-05-17", "7"]}

    def test_what_stands_around_the_rows(self, read, tmp_path):
        behind = (
            '<mergeCells><mergeCell ref="B2:B4"/></mergeCells><hyperlinks><hyperlink ref="A2" r:id="l"/></hyperlinks>'
        )
        relations = (
            f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="l" TargetMode="External" '
            f'Type="{_OFFICE}/hyperlink" Target="https://a.example"/>'
            f'<Relationship Id="c" Type="{_OFFICE}/comments" Target="../c.xml"/></Relationships>'
        )
        comments = (
            f'<comments xmlns="{_MAIN}"><commentList><comment ref="A1"/><comment ref="A2"/></commentList></comments>'
        )
        further = {"xl/worksheets/_rels/sheet1.xml.rels": relations, "xl/c.xml": comments}
        columns = '<cols><col min="1" max="1" hidden="1"/><col min="2" max="2"/></cols>'
        path = write_xlsx(tmp_path / "a.xlsx", "", behind=behind, columns=columns, further=further)
        around = read(path)[0]["around"]
        assert around.merges == [Merge(2, 1, 4, 1)]
        assert around.links == {(2, 0): "https://a.example"}
        assert (around.comments, around.hidden_columns) == (2, 1)

    def test_end_of_the_rows_across_chunks(self, read, tmp_path):
        rows = "".join(f'<row r="{at}"><c><v>{at}</v></c></row>' for at in range(1, 3_000))
        behind = '<mergeCells><mergeCell ref="A1:A2"/></mergeCells>'
        for blanks in range(0, 65_536, 4_096):
            path = write_xlsx(tmp_path / "a.xlsx", rows + " " * blanks, behind=behind)
            assert len(read(path)[0]["around"].merges) == 1

    @pytest.mark.parametrize(("rows", "problem"), [
        ('<row r="0"/>', "row 0"),
        ('<row r="3"/><row r="3"/>', "row 3"),
        ('<row r="1048577"/>', "row 1048577"),
        ('<row><c r="XFE1"><v>1</v></c></row>', "column XFE"),
        ('<row><c r="1"><v>1</v></c></row>', "column "),
        ('<row><c t="s"><v>5</v></c></row>', "there is no text 5"),
        ('<row><c t="s"><v>-1</v></c></row>', "text '-1'"),
    ])  # fmt: skip
    def test_damaged_sheets(self, read, tmp_path, rows, problem):
        with pytest.raises(UnreadableSource) as refused:
            read(write_xlsx(tmp_path / "a.xlsx", rows))
        assert refused.value.issue.code == "file.workbook_damaged"
        assert refused.value.issue.params["problem"] == problem

    def test_text_that_is_too_long(self, read, tmp_path, monkeypatch):
        monkeypatch.setattr(shared_strings, "LONGEST_TEXT", 1_000)
        for long in ({"rows": f'<row><c t="str"><v>{"x" * 300_000}</v></c></row>'},
                     {"rows": '<row><c t="s"><v>0</v></c></row>', "strings": [f"<t>{'x' * 300_000}</t>"]}):  # fmt: skip
            with pytest.raises(UnreadableSource, match="text_too_long"):
                read(write_xlsx(tmp_path / "a.xlsx", **long))

    def test_named_ranges_and_tables(self, tmp_path):
        workbook = (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="S 1" r:id="s" state="veryHidden"/>'
            "</sheets><definedNames><definedName name=\"Data\">'S 1'!$B$2:$C$9</definedName>"
            '<definedName name="Odd">OFFSET(A1)</definedName></definedNames></workbook>'
        )
        relations = _relations(("t", "table", "../t.xml"))
        further = {
            "xl/workbook.xml": workbook,
            "xl/worksheets/_rels/sheet1.xml.rels": relations,
            "xl/t.xml": f'<table xmlns="{_MAIN}" displayName="Tabel" ref="A1:B3"/>',
        }
        with open_workbook(write_xlsx(tmp_path / "a.xlsx", "", further=further), tmp_path) as found:
            assert found.ranges() == {"Data": ("S 1", Merge(2, 1, 9, 2)), "Tabel": ("S 1", Merge(1, 0, 3, 1))}
            assert found.sheets[0].is_hidden

    def test_binary_workbook_is_named(self, read, tmp_path):
        further = {"_rels/.rels": _relations(("a", "officeDocument", "xl/workbook.bin"))}
        with pytest.raises(UnreadableSource, match="workbook_binary"):
            read(write_xlsx(tmp_path / "a.xlsb", "", further=further))


class TestSharedStrings:
    def test_many_texts_are_read_only_as_far_as_they_are_asked_for(self, tmp_path, monkeypatch):
        monkeypatch.setattr(shared_strings, "_CHUNK", 10)
        chunks = iter([b"<sst>", *(f"<si><t>{number}</t></si>".encode() for number in range(100)), b"</sst>"])
        strings = SharedStrings(chunks, tmp_path, "texts.xml")
        assert strings.get([3, 0]) == ["3", "0"]
        assert len(list(chunks)) > 80
        assert len(list(tmp_path.glob("*.arrow"))) == 1

    def test_texts_of_several_chunks(self, tmp_path, monkeypatch):
        monkeypatch.setattr(shared_strings, "_CHUNK", 10)
        texts = b"".join(f"<si><t>{number}</t></si>".encode() for number in range(35))
        strings = SharedStrings([b"<sst>" + texts + b"</sst>"], tmp_path, "texts.xml")
        assert strings.get([34, 2, 17, 2]) == ["34", "2", "17", "2"]
        assert strings.get([]) == []
        with pytest.raises(UnreadableSource):
            strings.get([35])


_ODS = " ".join(
    f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for one, name in (
        ("office", "office"),
        ("table", "table"),
        ("text", "text"),
        ("style", "style"),
        ("number", "datastyle"),
    )
)


def write_ods(path, table, styles="", manifest="<m/>"):
    """Write an OpenDocument spreadsheet by hand."""
    content = (
        f'<office:document-content {_ODS} xmlns:xlink="http://www.w3.org/1999/xlink"><office:automatic-styles>{styles}'
        f"</office:automatic-styles><office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return path


def _cell(kind, text="", **given):
    attributes = "".join(f' {key.replace("_", ":", 1).replace("_", "-")}="{value}"' for key, value in given.items())
    return f'<table:table-cell office:value-type="{kind}"{attributes}><text:p>{text}</text:p></table:table-cell>'


class TestOpenDocument:
    def test_cells_of_every_kind(self, read, tmp_path):
        styles = (
            '<number:date-style style:name="N1"><number:year/><number:month/></number:date-style>'
            '<number:number-style style:name="N2"><number:number number:min-integer-digits="4"/></number:number-style>'
            '<style:style style:name="c1" style:data-style-name="N1"/>'
            '<style:style style:name="c2" style:data-style-name="N2"/>'
            '<style:style style:name="t2"><style:table-properties table:display="false"/></style:style>'
        )
        row = (
            _cell("string", 'a<text:s text:c="2"/>b</text:p><text:p>c<text:line-break/>d')
            + _cell("float", "0.007", office_value="7", table_style_name="c2")
            + _cell("float", "1.234,5", office_value="1234.50")
            + _cell("percentage", "15,5%", office_value="0.155")
            + _cell("currency", "Rp 5", office_value="5")
            + _cell("date", "x", office_date_value="2023-05-17T09:00:00", table_style_name="c1")
            + _cell("date", "x", office_date_value="2023-05-17")
            + _cell("time", "x", office_time_value="PT09H30M00S")
            + _cell("time", "x", office_time_value="PT36H00M00S")
            + _cell("boolean", "WAHR", office_boolean_value="true")
            + _cell("string", "#N/A", table_formula="of:=NA()")
            + '<table:table-cell table:formula="of:=1"/>'
        )
        table = (
            f'<table:table table:name="S"><table:table-row>{row}</table:table-row></table:table>'
            '<table:table table:name="T" table:style-name="t2"/>'
        )
        first, second = read(write_ods(tmp_path / "a.ods", table, styles))
        assert first["rows"][1] == [
            "a  b\nc\nd", "0007", "1234.5", "15.5%", "5", "2023-05", "2023-05-17", "09:30:00", "PT36H00M00S", "TRUE",
            "",
        ]  # fmt: skip
        assert first["said"] == {"K1": ("value.sheet_error", "#N/A"), "L1": ("value.formula_uncached", None)}
        assert (second["name"], second["hidden"], second["rows"]) == ("T", True, {})

    def test_repeated_rows_and_cells(self, read, tmp_path):
        blank = '<table:table-cell table:number-columns-repeated="1000"/>'
        table = (
            '<table:table table:name="S"><table:table-column table:visibility="collapse"/>'
            f'<table:table-row table:number-rows-repeated="3">{blank}</table:table-row>'
            '<table:table-row table:number-rows-repeated="2" table:visibility="filter">'
            f"{_cell('string', 'x', table_number_columns_repeated='2')}{blank}</table:table-row>"
            f"<table:table-row>{blank}{_cell('string', 'far')}</table:table-row>"
            f'<table:table-row table:number-rows-repeated="1048570">{blank}</table:table-row></table:table>'
        )
        (sheet,) = read(write_ods(tmp_path / "a.ods", table))
        assert {line: len(row) for line, row in sheet["rows"].items()} == {4: 2, 5: 2, 6: 1_001}
        assert sheet["hidden_rows"] == {4, 5}
        assert sheet["around"].hidden_columns == 1

    def test_notes_links_and_merges(self, read, tmp_path):
        cell = (
            '<table:table-cell table:number-rows-spanned="2" office:value-type="string"><office:annotation><text:p>no'
            '</text:p></office:annotation><text:p><text:a xlink:href="https://a.example">A</text:a></text:p>'
            "</table:table-cell>"
        )
        covered = "<table:covered-table-cell/>" + _cell("string", "B")
        rows = f"<table:table-row>{cell}</table:table-row><table:table-row>{covered}</table:table-row>"
        (sheet,) = read(write_ods(tmp_path / "a.ods", f'<table:table table:name="S">{rows}</table:table>'))
        assert sheet["rows"] == {1: ["A"], 2: ["", "B"]}
        assert sheet["around"].merges == [Merge(1, 0, 2, 0)]
        assert sheet["around"].links == {(1, 0): "https://a.example"}
        assert sheet["around"].comments == 1

    def test_protected_document(self, read, tmp_path):
        with pytest.raises(UnreadableSource, match=r"file\.encrypted"):
            read(write_ods(tmp_path / "a.ods", "", manifest="<m><encryption-data/></m>"))


class TestSpreadsheetML:
    def test_cells_rows_and_styles(self, read, tmp_path):
        space = "urn:schemas-microsoft-com:office:spreadsheet"
        path = tmp_path / "a.xls"
        path.write_text(
            f'<?xml version="1.0"?><ss:Workbook xmlns:ss="{space}" xmlns:x="urn:schemas-microsoft-com:office:excel">'
            '<ss:Styles><ss:Style ss:ID="d"><ss:NumberFormat ss:Format="Short Date"/></ss:Style>'
            '<ss:Style ss:ID="z"><ss:NumberFormat ss:Format="0000"/></ss:Style></ss:Styles>'
            '<ss:Worksheet ss:Name="S"><ss:Table><ss:Column ss:Hidden="1"/>'
            '<ss:Row ss:Index="3"><ss:Cell ss:Index="2" ss:StyleID="z"><ss:Data ss:Type="Number">7</ss:Data></ss:Cell>'
            '<ss:Cell ss:StyleID="d"><ss:Data ss:Type="DateTime">2023-05-17T00:00:00.000</ss:Data></ss:Cell>'
            '<ss:Cell ss:HRef="https://a.example" ss:MergeDown="1"><ss:Data ss:Type="String">A</ss:Data>'
            "<ss:Comment><ss:Data>note</ss:Data></ss:Comment></ss:Cell>"
            '<ss:Cell><ss:Data ss:Type="Boolean">1</ss:Data></ss:Cell>'
            '<ss:Cell><ss:Data ss:Type="Error">#N/A</ss:Data></ss:Cell><ss:Cell ss:Formula="=1"/></ss:Row>'
            "</ss:Table></ss:Worksheet>"
            '<ss:Worksheet ss:Name="T"><x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions>'
            "</ss:Worksheet></ss:Workbook>"
        )
        first, second = read(path)
        assert first["rows"] == {3: ["", "0007", "2023-05-17", "A", "TRUE", ""]}
        assert first["said"] == {"F3": ("value.sheet_error", "#N/A"), "G3": ("value.formula_uncached", None)}
        assert first["around"].merges == [Merge(3, 3, 4, 3)]
        assert first["around"].links == {(3, 3): "https://a.example"}
        assert (first["around"].comments, first["around"].hidden_columns) == (1, 1)
        assert second["hidden"]


class TestHtml:
    def test_spans_breaks_and_tables_in_cells(self, read, tmp_path):
        path = tmp_path / "a.xls"
        path.write_bytes(
            "<html><head><title>no</title><style>td {}</style><meta charset=windows-1252></head><body><p>Laporan</p>"
            "<table><caption>Daftar</caption><tr><th>Nama<th>Kota</tr>"
            "<tr><td rowspan=2>Caf\xe9 &amp; <b>Co</b><br>dua<td>A</td></tr>"
            "<tr><td>B <table><tr><td>in</td></tr></table></td></tr>"
            "<tr><td colspan=2><a href='https://a.example'>C</a></td><td>D</td></tr></table>"
            "<table><tr><td>x</td></tr></table></body></html>".encode("cp1252")
        )
        first, second = read(path)
        assert first["name"] == "Daftar"
        assert first["rows"] == {
            1: ["Nama", "Kota"], 2: ["Café & Co\ndua", "A"], 3: ["", "B\nin"], 4: ["C", "", "D"],
        }  # fmt: skip
        assert first["around"].merges == [Merge(2, 0, 3, 0), Merge(4, 0, 4, 1)]
        assert first["around"].links == {(4, 0): "https://a.example"}
        assert (second["name"], second["rows"]) == ("Table 2", {1: ["x"]})

    def test_spans_that_cover_too_much(self, read, tmp_path):
        (tmp_path / "a.xls").write_text("<table>" + "<tr>" + "<td rowspan=99999 colspan=999>x" * 9 + "</table>")
        with pytest.raises(UnreadableSource, match="cells_repeated"):
            read(tmp_path / "a.xls")


@pytest.mark.parametrize(
    ("number", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
)
def test_letters_of_columns(number, letters):
    assert column_letters(number) == letters
    assert column_number(letters.lower()) == number


@pytest.mark.parametrize(("reference", "cells"), [
    ("A1", Merge(1, 0, 1, 0)), ("$B$2:D4", Merge(2, 1, 4, 3)), ("D4:B2", Merge(2, 1, 4, 3)),
    ("A0", None), ("XFE1", None), ("A1048577", None), ("A", None), ("", None), ("A1:B2:C3", None),
])  # fmt: skip
def test_references(reference, cells):
    assert parse_cells(reference) == cells
