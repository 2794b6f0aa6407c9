"""The reader on what people have: encodings, dialects, line ends, ragged rows, and files that are none."""

import codecs
import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kelompok_csv_import.plugin import CsvImporter

from kelompok_core.contracts import ISSUE_COLUMNS, ConfigurationError, UnreadableSource
from kelompok_core.plugin_kit.reading.tables.footers import is_footer
from tests.reading import Bytes, peak_memory, read_with


@pytest.fixture(scope="session")
def read(tmp_path_factory):
    files = Bytes(tmp_path_factory.mktemp("files"))
    return lambda content, **more: read_with(CsvImporter(), files.source(content, "list.csv", "text/csv"), **more)


@pytest.mark.parametrize(("encoding", "mark", "shown"), [
    ("utf-8", b"", "utf-8"), ("utf-8", codecs.BOM_UTF8, "utf-8"), ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16"),
    ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"), ("utf-16-le", b"", "utf-16-le"), ("utf-16-be", b"", "utf-16-be"),
    ("utf-32-le", codecs.BOM_UTF32_LE, "utf-32"), ("utf-32-be", b"", "utf-32-be"),
])  # fmt: skip
def test_unicode_in_its_forms(read, encoding, mark, shown):
    found = read(mark + "name,city\r\nCafé «Nusantara»,Malmö\r\n".encode(encoding))
    assert list(found.cells.columns) == ["name", "city"]
    assert found.rows == [["Café «Nusantara»", "Malmö"]]
    assert found.read_as["encoding"] == shown
    assert found.codes == []


@pytest.mark.slow
def test_a_legacy_encoding_is_guessed_over_the_whole_file_and_reported(read):
    text = "name\n" + "plain\n" * 400_000 + "Malmö – «x»\n"
    found = read(text.encode("cp1252"))
    assert found.rows[-1] == ["Malmö – «x»"]
    assert found.read_as["encoding"] == "windows-1252"
    (issue,) = found.issues.to_dict("records")
    assert issue["code"] == "file.encoding_guessed"
    assert issue["params"] == {"encoding": "windows-1252", "offset": 5 + 6 * 400_000 + 4, "line": 400_002}


_NAMES = {
    "gb18030": "王小明\n李娜\n陈伟\n", "big5": "林美玲\n陳志偉\n臺北\n", "cp932": "山田太郎\n佐藤花子\nスズキ\n",
    "cp949": "김철수\n이영희\n부산\n", "cp1251": "Иван Петров\nОльга\nКазань\n",
    "koi8_r": "Иван Петров\nОльга\nКазань\n",
    "cp1253": "Γιώργος\nΑθήνα\nΜαρία\n", "cp1256": "أحمد علي\nفاطمة\nبغداد\n",
    "cp1254": "Şükrü Yılmaz\nÇağla Gök\nİzmir\n",
    "cp1252": "José Núñez\nFrançois\n“Baru” – naïve\n", "cp850": "José\nRené\n",
}  # fmt: skip


@pytest.mark.parametrize("encoding", list(_NAMES))
def test_scripts_are_distinguished_by_their_words(read, encoding):
    found = read(("name,email\n" + _NAMES[encoding].replace("\n", ",a@x.id\n")).encode(encoding))
    assert [row[0] for row in found.rows] == _NAMES[encoding].splitlines()
    assert found.codes == ["file.encoding_guessed"]


@pytest.mark.parametrize(("encoding", "names"), [
    ("cp1253", "ΕΛΕΝΗ ΓΕΩΡΓΙΟΥ\nΝΙΚΟΣ"), ("cp1250", "Ágota Kővári\nErdős Béla"), ("cp1250", "Mădălin\nŁucja"),
    ("cp1250", "Tomáš Nový\nŠárka Černá"), ("cp1257", "Ģirts Kalniņš\nRūta"), ("koi8_u", "Ївга Єременко"),
    ("iso8859_6", "فاطمة علي"), ("iso2022_jp", "佐藤花子\n鈴木"), ("cp1252", "Mãe Conceição\nNiccolò\nBjørn"),
    ("cp1252", "Lefèvre\nNoël\nGonçalves"), ("cp1252", "Jäääär Öö"), ("koi8_r", "Анна Павлова\nПётр"),
])  # fmt: skip
def test_similar_encodings_are_distinguished_by_spelling(read, encoding, names):
    found = read(("name,email\n" + "".join(f"{name},a@x.id\n" for name in names.split("\n"))).encode(encoding))
    assert [row[0] for row in found.rows] == names.split("\n")
    assert found.codes == ["file.encoding_guessed"]


@pytest.mark.parametrize(("encoding", "names"), [
    ("euc_jp", "鈴木"), ("cp1250", "Zoran Babić"), ("cp1251", "АННА ПАВЛОВА"), ("cp1252", "Noè"),
])  # fmt: skip
def test_words_that_several_encodings_spell_are_asked_about(read, encoding, names):
    with pytest.raises(UnreadableSource) as caught:
        read(f"name\n{names}\n".encode(encoding))
    assert caught.value.issue.code == "file.encoding_unclear"


def test_an_encoding_that_is_not_sure_is_asked_for_with_what_each_would_read(read):
    with pytest.raises(UnreadableSource) as caught:
        read("name\nสมชาย ใจดี\nกรุงเทพ\n".encode("cp874"))
    assert caught.value.issue.code == "file.encoding_unclear"
    assert "«" in caught.value.issue.params["encoding"]


def test_a_configured_encoding_wins(read):
    assert read("name\nМосква\n".encode("cp1251"), encoding="cp1251").rows == [["Москва"]]
    with pytest.raises(ConfigurationError, match="klingon"):
        read("name\n", encoding="klingon")


@pytest.mark.parametrize(("content", "config", "line"), [
    (b"name\nok\n\xff\xfe\n", {"encoding": "utf-8"}, 3),
    (b"\xff\xfen\x00a\x00\n", {}, 1),
])  # fmt: skip
def test_bytes_no_encoding_fits_are_named_by_line(read, content, config, line):
    with pytest.raises(UnreadableSource) as caught:
        read(content, **config)
    assert caught.value.issue.code == "file.encoding_unreadable"
    assert caught.value.issue.line == line


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(read, delimiter, ending):
    rows = [["name", "note", "city"], ["Satu, Dua; Tiga", "a\nb", "Bandung"], ["Empat", "", "Garut"]]
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
    found = read(target.getvalue())
    assert found.rows == rows[1:]
    assert found.read_as["delimiter"] == {"\t": "tab"}.get(delimiter, delimiter)
    if ending != "\r":
        assert list(found.locations["line"]) == [2, 4]


def test_a_declared_delimiter_and_configured_ones(read):
    found = read("sep=;\nname;city\nSatu;Bandung\n")
    assert found.rows == [["Satu", "Bandung"]]
    assert list(found.locations["line"]) == [3]
    assert read("a:b\n1:2\n", delimiter=":").rows == [["1", "2"]]
    assert read("a\tb\n1\t2\n", delimiter="tab").rows == [["1", "2"]]
    assert read("a,b\n'1,0',2\n", quote="'").rows == [["1,0", "2"]]
    with pytest.raises(ConfigurationError, match="delimiter"):
        read("a\n", delimiter="12345")
    assert read("a||b\n1||'2||3'\n", delimiter="||", quote="'").rows == [["1", "2||3"]]


def test_lines_before_the_header(read):
    text = "Laporan 2024\n\nname,city\nSatu,Bandung\n"
    found = read(text, header_line=3)
    assert found.rows == [["Satu", "Bandung"]]
    assert list(found.locations["line"]) == [4]
    assert list(found.locations["selector"]) == ["#row=2"]
    assert read("\n\nname\nSatu\n").read_as["header_line"] == 3


def test_line_breaks_in_cells_count_as_lines(read):
    found = read('name,note\n"a\nb\nc",1\nd,2\n"e\r\nf",3\ng,4\n')
    assert list(found.locations["line"]) == [2, 5, 6, 8]
    assert found.rows[2][0] == "e\r\nf"


def test_blank_lines_are_counted_and_are_no_rows(read):
    found = read("name,city\n\nSatu,A\n,\n   \nDua,B\n\n\n")
    assert [row[0] for row in found.rows] == ["Satu", "Dua"]
    assert found.blank_lines == 5
    assert list(found.locations["line"]) == [3, 6]
    assert list(found.locations["row_number"]) == [1, 2]


def test_ragged_rows_keep_every_cell_and_are_reported(read):
    found = read("a,b,c\n1,2\n1,2,3,4\n1,2,3,,\n")
    assert found.rows == [["1", "2", None, None], ["1", "2", "3", "4"], ["1", "2", "3", ""]]
    assert list(found.cells.columns) == ["a", "b", "c", "column 4"]
    assert [(one["code"], one["line"], one["params"]) for one in found.issues.to_dict("records")] == [
        ("row.too_few_cells", 2, {"expected": 3, "found": 2}),
        ("row.too_many_cells", 3, {"expected": 3, "found": 4}),
    ]


def test_headers_that_are_blank_or_repeated_get_names(read):
    found = read("name,,name,\nSatu,x,y,\n")
    assert list(found.cells.columns) == ["name", "column 2", "name (2)"]
    assert found.codes == ["header.blank", "header.duplicate"]


def test_a_nul_in_a_cell_is_left_to_the_host_and_a_file_full_of_them_is_no_text(read):
    assert read(b"name,city\nSa\0tu,Bandung\n").rows == [["Sa\0tu", "Bandung"]]
    with pytest.raises(UnreadableSource) as caught:
        read(b"name,city\n" + b"\0" * 20 + b"abcdefgh" * 9 + b"\n")
    assert (caught.value.issue.code, caught.value.issue.line) == ("file.not_text", 2)


def test_limits(read):
    with pytest.raises(UnreadableSource) as caught:
        read(",".join("abcd") + "\n", max_columns=3)
    assert caught.value.issue.code == "header.too_many_columns"


@pytest.mark.parametrize("content", [b"", b"\n\n\n", codecs.BOM_UTF8, b" \r\n"])
def test_nothing_in_it(read, content):
    found = read(content)
    assert (found.rows, list(found.cells.columns)) == ([], [])
    assert [(one["code"], one["severity"]) for one in found.issues.to_dict("records")] == [("file.empty", "fatal")]


def test_a_header_alone_is_one_empty_batch(read):
    found = read("name,city\n")
    assert len(found.batches) == 1
    assert found.rows == []
    assert list(found.cells.columns) == ["name", "city"]


@pytest.mark.parametrize(("content", "rows", "code", "line"), [
    ('name,city\nSatu,Bandung\n"Dua,Garut\nTiga,Bitung\n', [["Satu", "Bandung"], ['"Dua', "Garut"], ["Tiga", "Bitung"]],
     "row.quote_repaired", 3),
    ('name,city\n"Satu', [['"Satu', None]], "row.quote_broken", 2),
    ('"name,city\nSatu,Bandung\n', [["Satu", "Bandung"]], "row.quote_repaired", 1),
    ('name\n"a\nb"\n"c\nd\n', [["a\nb"], ['"c'], ["d"]], "row.quote_repaired", 4),
    ('a,b,c\n1,"2,"3",4\nx,y,z\n', [["1", '2,"3', "4"], ["x", "y", "z"]], "row.quote_repaired", 2),
    ('a,b,c\n1,"he said "no" and left",4\n', [["1", 'he said "no" and left', "4"]], "row.quote_repaired", 2),
    ('a,b,c\n1,"one\nsaid "two" and\nthree",4\nx,y,z\n', [["1", 'one\nsaid "two" and\nthree', "4"], ["x", "y", "z"]],
     "row.quote_repaired", 2),
    ('a,b\n1,"2\n3,4\n5,"6"\n7,8\n', [["1", '"2'], ["3", "4"], ["5", "6"], ["7", "8"]], "row.quote_repaired", 2),
])  # fmt: skip
def test_a_row_whose_quotes_do_not_pair_loses_at_most_itself(read, content, rows, code, line):
    found = read(content)
    assert found.rows == rows
    assert [(one["code"], one["line"]) for one in found.issues.to_dict("records") if "quote" in one["code"]] == [
        (code, line)
    ]


def test_a_quote_never_closed_in_a_large_file_ends(read):
    found = read('name,city\n"Satu,' + "x" * 99 + "\nabc,def" * 200_000)
    assert len(found.cells) == 200_001
    assert found.cells.iloc[0, 0] == '"Satu'
    assert found.codes == ["row.quote_repaired"]


@pytest.mark.proof
def test_a_million_columns_end_soon(read):
    million = ",".join(map(str, range(1_000_000)))
    with pytest.raises(UnreadableSource) as caught:
        read(f"{million}\n1,2\n")
    assert caught.value.issue.code == "header.too_many_columns"
    found = read(f"a,b\n1,2\n{million}\n3,4\n")
    assert found.rows[1][:2] == ["0", "1"]
    assert found.rows[1][-1].endswith(",999999")
    assert len(found.cells.columns) == 2 + 64
    assert found.codes == ["row.too_many_cells"]


@pytest.mark.slow
def test_a_cell_of_128_kilobytes_and_one_of_many_megabytes(read):
    assert len(read('a,b\n"' + "x" * 131_072 + '",y\n').rows[0][0]) == 131_072
    long = read("a,b\n" + "x" * 11_000_000 + ",y\n1,2\n")
    assert [len(row[0]) for row in long.rows] == [11_000_000, 1]


def test_halves_of_characters_are_no_unicode(read):
    found = read(b"name,city\n\xed\xa0\x80,x\n")
    assert (found.codes, found.issues["params"][0]["line"]) == (["file.encoding_guessed"], 2)
    assert len(found.rows) == 1


@pytest.mark.proof
def test_memory_does_not_grow_with_the_file(tmp_path):
    def peak(rows):
        path = tmp_path / f"{rows}.csv"
        path.write_text("name,city\n" + f'Nama {"x" * 200},"Kota, x"\n' * rows + "\nlain,kolom,x\n" * 3)
        return peak_memory(CsvImporter(), path)

    assert peak(40_000) < 1.2 * peak(10_000), "2 and 8 megabytes"


def test_layouts_people_have(read):
    body = "".join(f"Nama {n},{n},2024-01-{n:02}\n" for n in range(1, 9))
    plain = [[f"Nama {n}", str(n), f"2024-01-{n:02}"] for n in range(1, 9)]
    titled = read(f"Laporan,,\n,,\nname,number,date\n{body}")
    assert (titled.rows, titled.read_as["header_line"]) == (plain, 3)
    assert titled.codes == ["file.preamble_skipped"]
    commented = read(f"# ekspor\n# 2024\nname,number,date\n{body}# selesai\n")
    assert commented.rows == plain
    assert commented.codes == ["file.preamble_skipped", "file.comments_skipped"]
    twice = read(f"name,Data,\n,number,date\n{body}")
    assert list(twice.cells.columns) == ["name", "Data number", "Data date"]
    assert (twice.rows, twice.codes) == (plain, ["header.two_rows"])
    units = read(f"name,number,date\n(teks),(buah),(hari)\n{body}")
    assert list(units.cells.columns) == ["name (teks)", "number (buah)", "date (hari)"]
    bare = read(body)
    assert list(bare.cells.columns) == ["column 1", "column 2", "column 3"]
    assert (bare.rows, bare.codes) == (plain, ["header.none"])
    assert read(body, header_rows=1).rows == plain[1:]
    tagged = read(f"name,number,date\n#org+name,#meta,#date\n{body}")
    assert (tagged.rows, tagged.read_as["tags_line"], tagged.codes) == (plain, 2, ["file.tags_skipped"])
    above = read(f"#org+name,#meta,#date\nname,number,date\n{body}")
    assert (list(above.cells.columns), above.rows) == (["name", "number", "date"], plain)
    again = read(f"name,number,date\n{body}name,number,date\n{body}")
    assert (again.rows, again.codes) == (plain * 2, ["header.repeated"])


def test_a_further_table_is_reported_and_can_be_imported(read):
    body = "".join(f"Nama {n},{n},2024-01-{n:02}\n" for n in range(1, 9))
    text = f"name,number,date\n{body}\nSumber: BPS\n"
    found = read(text)
    assert len(found.rows) == 8
    assert found.issues.to_dict("records")[0]["params"] == {"line": 11, "rows": 1}
    assert found.codes == ["file.footer_skipped"]
    assert len(read(text, last_line=0).rows) == 9
    assert len(read(text, last_line=5).rows) == 4
    other = f"name,number,date\n{body}\nname,number\nX,1\nY,2\n"
    first = read(other)
    assert (len(first.rows), first.codes) == (8, ["file.further_table"])
    line = first.issues.to_dict("records")[0]["params"]["line"]
    assert read(other, header_line=line).rows == [["X", "1"], ["Y", "2"]]


def test_escapes_padding_and_other_quotes(read):
    rows = [["Satu", 'kata "x", lalu', "C:\\d"], ["Dua", "b", "c"], ["Tiga", "d", "e"]]
    escaped = read('a,b,c\n"Satu","kata \\"x\\", lalu",C:\\d\nDua,b,c\nTiga,d,e\n')
    assert escaped.rows == rows
    assert escaped.read_as["escape"] == "\\"
    padded = read('a, b, c\nSatu, "x, y", z\nDua, b, c\n')
    assert padded.rows == [["Satu", "x, y", "z"], ["Dua", "b", "c"]]
    single = read("a,b,c\nSatu,'x, y',z\nDua,'tidak, won't',c\n")
    assert single.rows == [["Satu", "x, y", "z"], ["Dua", "tidak, won't", "c"]]
    assert single.read_as["quote"] == "'"


def test_a_lone_quote_in_a_cell_is_text(read):
    assert read('name,size\nSatu,12" layar\nDua,5\n').rows == [["Satu", '12" layar'], ["Dua", "5"]]


def test_batches_say_the_same_however_they_are_cut(read):
    text = "name,city\n" + "\n".join(f"N{number},C{number}" for number in range(25)) + "\n1,2,3\n\n"
    whole, cut = read(text), read(text, batch_size=4)
    assert len(cut.batches) == 7, "the last one says that there is a blank line at the end"
    assert whole.rows[25] == cut.rows[25] == ["1", "2", "3"]
    assert cut.rows[:25] == [[*row[:2], None] for row in whole.rows[:25]]
    assert list(cut.locations["line"]) == list(whole.locations["line"])
    assert list(cut.locations["row_number"]) == list(range(1, 27))
    assert cut.blank_lines == whole.blank_lines == 1
    for batch in cut.batches:
        assert tuple(batch.issues.columns) == ISSUE_COLUMNS
        assert list(batch.cells.index) == list(batch.locations.index)


_CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0#"), max_size=12)
_ROW = st.lists(_CELL, min_size=2, max_size=2).filter(
    lambda row: all(map(str.strip, row)) or not any(map(str.strip, row)) or not is_footer(row, 2)
)


@pytest.mark.parametrize("rows", [[[";\n", ""]], [[";\n", "x"], ["y", ";\n"]]])
def test_quotes_around_every_cell_are_not_part_of_the_cells(read, rows):
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=";", lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["name", "city"], *rows])
    assert read(target.getvalue().encode(), delimiter=";").rows == rows


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(_ROW, min_size=1, max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    ending=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_program_wrote_is_read_back(read, rows, delimiter, ending, encoding):
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerows([["name", "city"], *rows])
    found = read(target.getvalue().encode(encoding), delimiter=delimiter)
    assert found.rows == [row for row in rows if any(cell.strip() for cell in row)]
    assert len(found.rows) + found.blank_lines == len(rows)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_code(read, content):
    try:
        found = read(content)
    except UnreadableSource as error:
        assert error.issue.code in {  # noqa: PT017  (a refusal is one of two good ends)
            "file.encoding_unreadable",
            "file.encoding_unclear",
            "file.not_text",
            "file.type_unsupported",
            "header.too_many_columns",
        }
    else:
        assert len(found.cells) == len(found.locations)
        assert found.cells.columns.is_unique
        assert all(name.strip() for name in found.cells.columns)
