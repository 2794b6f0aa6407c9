"""Records cut by column: the same as the standard library's parser makes of them, or not cut at all."""

import csv
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kelompok_csv_import.plugin import CsvImporter

from kelompok_core.plugin_kit.reading.delimited import records
from kelompok_core.plugin_kit.reading.delimited.dialect import Dialect, make_parser
from kelompok_core.plugin_kit.reading.delimited.plain import cut, is_simple
from tests.reading import Bytes, read_with

_SIGNS = ["a", "b", "é", "日", " ", "\t", "\x0b", "\x1c", "\u2028", "\ufeff", "\0", "'", ";"]
_WELL_FORMED = st.sampled_from(["a", "", " b", '"a"', '""', '"a,b"', '"a\nb"', '"a\r\nb"', '"say ""a"""', '""""', "é"])
_ODD = st.sampled_from(['a"b', '"a"b', ' "a"', '"a', 'a"', '"a,"b"', "a\rb", '"\r"', "\ufeffa", "\0", "a,b", "\n"])
_CELLS = st.one_of(_WELL_FORMED, _WELL_FORMED, _ODD, st.text(alphabet=[*_SIGNS, '"', ",", "\n", "\r"], max_size=5))
_END = st.sampled_from(["\n", "\n", "\r\n", ""])


def _split(text):
    """Physical lines, as a file opened without translation of line ends gives them."""
    starts = [0, *(at + 1 for at, sign in enumerate(text) if _ends_line(text, at, sign)), len(text)]
    return [text[start:end] for start, end in pairwise(starts) if end > start]


def _ends_line(text, at, sign):
    return sign == "\n" or (sign == "\r" and text[at + 1 : at + 2] != "\n")


def _by_the_parser(lines, dialect):
    """Each record with the line it begins on; ends where the parser gives up, or in the middle of a record."""
    taken = []

    def one_by_one():
        for line in lines:
            taken.append(line)
            yield line

    begin, found = 0, []
    parser = make_parser(one_by_one(), dialect, is_strict=True)
    try:
        for cells in parser:
            found.append((begin, cells))
            begin = len(taken)
    except csv.Error:
        pass
    return found


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.lists(_CELLS, min_size=2, max_size=2), _END), max_size=6),
    st.sampled_from([",", ",", ";", " ", "\t"]), st.sampled_from(['"', '"', "", "'"]), st.integers(1, 7),
)  # fmt: skip
@example([(['"a', "b"], "\n"), (["c", "d"], "\n")], ",", '"', 5)
@example([(["a", "b"], "\n"), ([' "a"', "b"], "\n")], ",", '"', 5)
@example([(["a", '"b'], "\n"), (["c", 'd"'], "\n")], ",", '"', 5)
@settings(max_examples=1_500, deadline=None)
def test_what_is_cut_is_what_the_parser_reads(rows, delimiter, quote, limit):
    dialect = Dialect(delimiter=delimiter, quote=quote)
    lines = _split("".join(delimiter.join(cells) + end for cells, end in rows))
    found = cut(lines, dialect, 2, limit) if lines else None
    if found is None:
        return
    cut_rows = zip(*(column.to_pylist() for column in found.columns), strict=True)
    by_the_parser = _by_the_parser(lines, dialect)[:limit][: len(found.begins)]
    assert list(zip(found.begins, map(list, cut_rows), strict=True)) == by_the_parser
    whole = _by_the_parser(lines[: found.lines], dialect)
    assert len(whole) == len(found.begins)
    assert 0 < found.lines <= len(lines)


@pytest.mark.parametrize("lines", [
    ["a,b\n", "c\n"], ["a,b\n", "\n", "c,d\n"], ["a,b\n", "c,d,e\n"], ['a,"b"c\n'], ['a, "b"\n'], ["a,b\rc\n"],
    ["\ufeffa,b\n"], ['"a,b\n'], ["a,\ud800\n"],
])  # fmt: skip
def test_what_could_be_read_otherwise_is_not_cut(lines):
    assert cut(lines, Dialect(), 2, 10) is None


def test_a_record_that_goes_on_is_left_and_no_more_are_cut_than_asked_for():
    lines = ['1,"a\n', 'b"\n', "2,c\n", '3,"d\n']
    found = cut(lines, Dialect(), 2, 10)
    assert [column.to_pylist() for column in found.columns] == [["1", "2"], ["a\nb", "c"]]
    assert (found.begins, found.lines) == ([0, 2], 3)
    assert cut(lines, Dialect(), 2, 1).lines == 2


def test_only_simple_dialects_are_cut():
    assert is_simple(Dialect(), 2)
    assert is_simple(Dialect(delimiter="\t", quote=""), 2)
    assert not is_simple(Dialect(), 1)
    for dialect in (
        Dialect(delimiter="||"),
        Dialect(delimiter="||", quote=""),
        Dialect(padded=True),
        Dialect(escape="\\"),
        Dialect(delimiter="¦"),
    ):
        assert not is_simple(dialect, 2)


def test_long_lines_are_cut_in_pieces(tmp_path_factory, monkeypatch):
    """Of wide records not as many are held at once as a batch has."""
    sizes = []
    monkeypatch.setattr(records, "cut", lambda lines, *more: sizes.append(sum(map(len, lines))) or cut(lines, *more))
    monkeypatch.setattr(records, "_MOST_CHARACTERS", 100_000)
    lines = ["nama,catatan\n", *(f"{number},{'x' * 1_000}\n" for number in range(1_500))]
    source = Bytes(tmp_path_factory.mktemp("files")).source("".join(lines), "list.csv", "text/csv")
    found = read_with(CsvImporter(), source, batch_size=1_000)
    assert list(found.cells["nama"]) == [str(number) for number in range(1_500)]
    assert list(found.locations["line"]) == list(range(2, 1_502))
    assert [len(batch.cells) for batch in found.batches] == [1_000, 500]
    assert len(sizes) > 10
    assert max(sizes) < 200_000


def test_records_of_few_lines_and_of_many_are_all_cut(tmp_path_factory, monkeypatch):
    asked = []
    monkeypatch.setattr(records, "cut", lambda *more: asked.append(cut(*more)) or asked[-1])
    lines = ["nama,catatan\n", *(f'{number},"{"x" + chr(10) * (number % 41 == 0) * 9}"\n' for number in range(3_000))]
    source = Bytes(tmp_path_factory.mktemp("files")).source("".join(lines), "list.csv", "text/csv")
    assert len(read_with(CsvImporter(), source, batch_size=1_000).cells) == 3_000
    assert all(asked)


@pytest.mark.parametrize("quote", ['"', ""])
def test_a_delimiter_of_several_characters_is_left_to_the_parser(tmp_path_factory, quote):
    lines = ["nama||kota\n", *(f"{number}||Garut\n" for number in range(1_500))]
    source = Bytes(tmp_path_factory.mktemp("files")).source("".join(lines), "list.csv", "text/csv")
    found = read_with(CsvImporter(), source, batch_size=1_000, delimiter="||", quote=quote)
    assert found.rows[-1] == ["1499", "Garut"]


_ROWS = 3_000
_ODDITIES = {
    "none": (), "blank": ["\n"], "short": ["x\n"], "long": ["x,y,z,more,cells\n"], "comment": ["# said aside,,,\n"],
    "header": ["nama,kota,catatan,nomor\n"], "mark": ['x,"y" z,c,1\n'], "unclosed": ['x,"y,c,1\n'],
    "lines": ['x,"y\n', "\n", 'z",c,1\n'], "control": ["x,\0,c,1\n"], "spaces": ["\x1c ,y,c,1\n"],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("oddity", _ODDITIES)
@pytest.mark.parametrize("places", [(1_600,), (700, 2_950), (1_300, 1_301, 2_500)])
def test_a_file_is_read_the_same_by_column_and_by_row(tmp_path_factory, monkeypatch, oddity, places):
    cells = ["a", "", '"a, b"', '"x\ny"', '"say ""a"""', "é", " b "]
    lines = ["nama,kota,catatan,nomor\n"]
    for number in range(_ROWS):
        first, second, third = (cells[number * step % len(cells)] for step in (1, 3, 5))
        lines.append(f"{first},{second},{third},{number}\n")
        lines += _ODDITIES[oddity] if number in places else []
    source = Bytes(tmp_path_factory.mktemp("files")).source("".join(lines), "list.csv", "text/csv")
    asked = []
    monkeypatch.setattr(records, "cut", lambda *more: asked.append(cut(*more)) or asked[-1])
    by_column = read_with(CsvImporter(), source, batch_size=1_000)
    assert any(asked)
    monkeypatch.setattr(records, "is_simple", lambda *_: False)
    by_row = read_with(CsvImporter(), source, batch_size=1_000)
    assert by_column.cells.equals(by_row.cells)
    assert by_column.locations.equals(by_row.locations)
    assert by_column.issues.to_dict("records") == by_row.issues.to_dict("records")
    assert by_column.blank_lines == by_row.blank_lines
