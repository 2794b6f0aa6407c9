"""What one small table may cost: many columns, and many of one name."""

import bz2
from time import process_time

import pytest

from kelompok_core.plugin_kit.reading.tables.header import name_columns
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords
from tests.bounded import read_bounded

pytestmark = pytest.mark.proof

CSV = "kelompok_csv_import.plugin:CsvImporter"


@pytest.fixture
def write(tmp_path):
    def run(content):
        path = tmp_path / "list.csv"
        path.write_text(content)
        return path

    return run


@pytest.mark.slow
@pytest.mark.parametrize("header", [["a"] * 2_001, [str(at) for at in range(2_001)]])
def test_the_limit_on_columns_is_the_installation_s(write, header):
    path = write(f"{','.join(header)}\n{','.join(['x'] * 2_001)}\n")
    for asked in ({}, {"max_columns": 1_000_000}, {"header_rows": 0}):
        told = read_bounded(CSV, path, megabytes=200, seconds=30, config=asked)
        assert (told["code"], told["params"]) == ("header.too_many_columns", {"found": 2_001, "limit": 2_000}), asked
    assert read_bounded(CSV, path, megabytes=200, seconds=30, config={"max_columns": 9})["params"]["limit"] == 9


@pytest.mark.proof
def test_a_wide_table_comes_in_smaller_batches(write):
    row = ",".join(["x"] * 2_000)
    path = write("\n".join([",".join(f"c{at}" for at in range(2_000)), *[row] * 2_500]) + "\n")
    told = read_bounded(CSV, path, megabytes=400, seconds=60)
    assert (told["rows"], told["batches"]) == (2_500, 3)


@pytest.mark.parametrize("cells", [["a"] * 8_000, [""] * 7_999 + ["a"], ["a (2)", "a"] * 4_000])
def test_many_headers_of_one_name_are_named_in_no_time(cells):
    before = process_time()
    names = name_columns([cells], 1, len(cells), HeaderWords()).names
    assert process_time() - before < 1, "of a processor, however busy the machine is"
    assert len(set(names)) == len(cells)


_TABLE = "name,b,c\na,b,c\n" * 200


@pytest.mark.proof
@pytest.mark.parametrize(("content", "seconds"), [
    ('1,"' + '""' * 1_000_000, 8),
    (_TABLE + '1,"' + '""' * 1_000_000 + "\n", 8),
    (_TABLE + '1,"' + '""' * 1_000_000 + '",c\n', 8),
    ('1,"' + '"a' * 500_000, 8),
    (_TABLE + "1," + '"a",' * 100_000 + '"b\n', 8),
    ("1," + '"a",' * 100_000 + '"b\n', 8),
    ('a, "b"\n' * 200 + "1" + ", " * 300_000 + '"x" y\n', 8),
    (f"{','.join('abcdefghijkl')}\n" * 50 + (",".join(['"a"'] * 24) + ',"b x\n') * 20, 5),
    ("name,city\na,b\n" + "\n" * 4_000_000, 16),
    ("\n" * 10_000_000, 8),
    ("name,city\na,b\n" + "\r" * 2_000_000, 8),
], ids=[
    "doubled marks", "doubled in a table", "doubled and closed", "marks in words", "open behind cells", "open at once",
    "blanks behind delimiters", "ways to cut", "blank lines", "nothing else", "returns",
])  # fmt: skip
def test_unclosed_quotes_and_blank_lines_are_read_in_linear_time(write, content, seconds):
    read_bounded(CSV, write(content), megabytes=400, seconds=seconds)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["bz2", "zlib", "base64", "uu", "unicode_escape", "undefined"])
def test_a_codec_that_is_no_encoding_of_text_reads_nothing(tmp_path, encoding):
    path = tmp_path / "list.csv"
    path.write_bytes(bz2.compress(b"name\n" + b"x" * 20_000_000))
    told = read_bounded(CSV, path, megabytes=200, seconds=20, config={"encoding": encoding})
    assert told["error"] == f"ConfigurationError: setting 'encoding': unknown text encoding '{encoding}'"
