"""What one small file, and what is said with it, may cost: expressions, names, and what stands around the records."""

import json
import lzma
import tarfile

import pytest
from kelompok_json_import.cells import CellMaker
from kelompok_json_import.records import Found

from kelompok_core.contracts import FOLDER_TYPE, ConfigurationError
from tests.bounded import read_bounded

pytestmark = pytest.mark.proof

JSON = "kelompok_json_import.plugin:JsonImporter"
_LONG = "join(about, list[*].to_string(a))"
_ALL = {"name": "Satu", "about": "x" * 1_000, "list": [{"a": one, "b": [one, one]} for one in range(200)]}


@pytest.fixture
def ask():
    """Give the cells an expression makes of a record."""

    def run(expression, value=_ALL, **more):
        maker = CellMaker([expression], where=None, joins_lists=True)
        return maker.cells(Found(value, 7, ""), **more)[expression]

    return run


@pytest.mark.parametrize("expression", [
    "|".join(["@", *["[@,@]"] * 60]),
    "|".join(["@", *["[@,@]"] * 8]),
    "|".join(["@", *["{a: @, b: @}"] * 9]),
    "@" + " | [@, @][]" * 4,
    "[about, about] | join(list[0].b[0] || '', @)" + " | [@, @] | join('xxxxxxxxxxxxxxxxxxxx', @)" * 7,
    "list[*].[to_string(@), to_string(@), to_string(@)] | map(&to_string([@, @, @, @]), @) | map(&[@, @], @)",
    "to_string(" * 39 + "about" + ")" * 39,
    f"join(join('', [{_LONG}, {_LONG}, {_LONG}, {_LONG}, {_LONG}, {_LONG}]), list[*].b[].to_string(@))",
    "list[?contains(to_string(@), 'b')] | [@, @, @, @] | [?contains(@, `1`) == contains(@, `2`)] | [@ == @, @]",
])  # fmt: skip
def test_an_expression_that_multiplies_is_refused_or_stays_small(expression, tmp_path):
    path = tmp_path / "data.json"
    path.write_text(json.dumps([_ALL] * 3))
    told = read_bounded(JSON, path, megabytes=200, seconds=20, columns=[expression])
    assert told["error"] is None or told["error"].startswith("ConfigurationError: setting 'map'"), told


@pytest.mark.parametrize(("expression", "said"), [
    ("a" * 1_001, "has 1001 characters; at most 1000 are allowed"),
    ("!" * 60 + "a", "has 61 levels; at most 40 are allowed"),
    ("[" + ",".join(["a"] * 250) + "]", "has 251 parts; at most 200 are allowed"),
    ("[a]" + " | [a]" * 8, "builds 9 lists or objects; at most 8"),
    ("(" * 499 + "a" + ")" * 499, "nested too deeply"),
])  # fmt: skip
def test_an_expression_that_is_too_large_is_no_header(expression, said):
    for where in (None, expression):
        with pytest.raises(ConfigurationError, match=r"setting '(map|where)'") as told:
            CellMaker([] if where else [expression], where=where, joins_lists=True)
        assert said in str(told.value)


def test_a_too_costly_expression_is_reported_with_its_line(ask):
    with pytest.raises(ConfigurationError, match=r"more than 200000 values for the record in line 7"):
        ask("[@,@,@,@,@,@,@,@,@,@]" + " | [@,@,@,@,@,@,@,@,@,@]" * 3)


def test_each_repetition_of_a_field_counts_towards_the_limit():
    value = {"a": {"b": "x" * 2_000_000}}
    maker = CellMaker([f"a{' ' * blanks}.b" for blanks in range(12)], where=None, joins_lists=True)
    with pytest.raises(ConfigurationError, match="line 7"):
        maker.cells(Found(value, 7, ""))


@pytest.mark.parametrize(("expression", "value", "cell"), [
    ("list[*].b[] | length(@)", _ALL, "400"),
    ("list[?a > `197`].a", _ALL, "198; 199"),
    ("a < 'x'", {"a": 1}, None),  # a number is neither before nor behind a text
    ("a[::0]", {"a": [1]}, None),
    ("max_by(a, &b)", {"a": [{"b": 1}, {"b": "x"}]}, None),
    ("join(', ', a[*].b)", {"a": [{"b": "x"}, {"b": "y"}]}, "x, y"),
    ("{x: a, y: b}", {"a": 1, "b": 2}, '{"x": 1, "y": 2}'),
    ("[a, b] == [b, a]", {"a": 1, "b": 1}, "true"),
])  # fmt: skip
def test_usual_expressions_give_the_same_results(ask, expression, value, cell):
    assert ask(expression, value) == cell


def test_a_record_of_many_values_may_be_asked_for_all_of_them(ask):
    assert ask("list[*].a | length(@)", {"list": [{"a": one} for one in range(20_000)]}) == "20000"


@pytest.mark.parametrize("digits", [30_000, 1_000_000])
def test_findings_about_a_file_in_a_folder_are_bounded(tmp_path, digits):
    path = tmp_path / "all.tar"
    naming, file = tarfile.TarInfo("x"), tarfile.TarInfo("a.json")
    naming.type, naming.size = tarfile.XHDTYPE, digits
    head = naming.tobuf(tarfile.USTAR_FORMAT) + b"1" * digits + bytes(-digits % 512)
    path.write_bytes((head + file.tobuf(tarfile.USTAR_FORMAT)) * 3 + bytes(1_024))
    told = read_bounded(JSON, path, megabytes=100, seconds=5, media_type=FOLDER_TYPE)
    assert told["code"] == "file.folder_damaged"


def test_a_packed_folder_is_not_unpacked_any_further(tmp_path):
    path = tmp_path / "all.tar"
    with lzma.open(path, "wb", preset=0) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        member = tarfile.TarInfo("a.json")
        member.size = 100_000_000
        tar.addfile(member, _Zeros())
    told = read_bounded(JSON, path, megabytes=60, seconds=5, media_type=FOLDER_TYPE)
    assert told["code"] == "file.folder_damaged"


class _Zeros:
    @staticmethod
    def read(size):
        return bytes(size)


def _lines(rows, columns):
    return "".join(json.dumps({f"k{row * columns + at}": "x" for at in range(columns)}) + "\n" for row in range(rows))


def test_values_used_as_column_names_are_refused_before_a_table_is_made(tmp_path):
    path = tmp_path / "data.ndjson"
    path.write_text(_lines(30_000, 1))
    told = read_bounded(JSON, path, megabytes=200, seconds=20)
    assert told["code"] == "header.too_many_columns"
    assert told["params"] == {"found": 2_001, "limit": 2_000}


@pytest.mark.proof
@pytest.mark.parametrize("line", ["[1,\n", '{"a":\n'])
def test_values_that_never_end_are_read_in_linear_time(tmp_path, line):
    path = tmp_path / "data.ndjson"
    path.write_text('{"name": "x"}\n' * 3 + line * 20_000 + '{"a": 1,\n"b": 2}\n')
    told = read_bounded(JSON, path, megabytes=300, seconds=20)
    assert told["rows"] > 20_000, "broken lines, each said"


@pytest.mark.proof
def test_objects_over_many_lines_are_read_after_ones_that_never_end(tmp_path):
    path = tmp_path / "data.ndjson"
    whole = json.dumps({f"k{at}": "x" * 200 for at in range(490)}, indent=1)
    path.write_text('{"name": "x"}\n' * 3 + '{"a": [\n' * 2 + f"{whole}\n" * 50)
    told = read_bounded(JSON, path, megabytes=300, seconds=60)
    assert (told["error"], told["rows"]) == (None, 55)


@pytest.mark.proof
def test_a_wide_table_comes_in_smaller_batches(tmp_path):
    path = tmp_path / "data.ndjson"
    path.write_text(_lines(1, 1_999) + "{}\n" * 9_999)
    told = read_bounded(JSON, path, megabytes=300, seconds=40)
    assert (told["rows"], told["columns"], told["batches"]) == (10_000, 2_000, 10)


@pytest.mark.proof
def test_data_around_the_records_does_not_fill_memory(tmp_path):
    path = tmp_path / "data.json"
    path.write_text(json.dumps({"about": "x" * 900_000, "items": [{"id": one} for one in range(500)]}))
    told = read_bounded(JSON, path, megabytes=300, seconds=40)
    assert told["rows"] == 500
    assert told["batches"] > 10


def test_a_thousand_columns_of_one_name_are_named_in_no_time(tmp_path):
    path = tmp_path / "data.json"
    path.write_text(json.dumps({"fields": ["a"] * 40_000, "rows": [["1"], ["2"]]}))
    assert read_bounded(JSON, path, megabytes=300, seconds=20, max_columns=50_000)["rows"] == 2
