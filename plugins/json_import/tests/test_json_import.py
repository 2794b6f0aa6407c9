"""The reader on the shapes JSON really has: lists, maps, lines, folders, envelopes, and texts that are none."""

import io
import json
import tarfile

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kelompok_json_import.plugin import JsonImporter

from kelompok_core.contracts import ConfigurationError, PluginContext, UnreadableSource
from tests.reading import Bytes, Read, peak_memory, read_with


@pytest.fixture(scope="session")
def open_with(tmp_path_factory):
    files = Bytes(tmp_path_factory.mktemp("files"))

    def run(content, *, name="data.json"):
        media_type = "application/x-tar" if name.endswith(".tar") else "application/json"
        return files.source(content, name, media_type)

    return run


@pytest.fixture(scope="session")
def read(open_with):
    return lambda content, name="data.json", **more: read_with(JsonImporter(), open_with(content, name=name), **more)


@pytest.fixture(scope="session")
def originals(open_with):
    return lambda content, name="data.json": list(
        JsonImporter().originals(open_with(content, name=name), PluginContext())
    )


_TWO = [{"name": "Satu"}, {"name": "Dua"}]


def test_an_array_with_its_places(read):
    found = read('[\n  {"name": "Satu"},\n\n  {"name": "Dua", "city": "Garut"}\n]\n')
    assert found.records == [{"name": "Satu"}, {"name": "Dua", "city": "Garut"}]
    assert list(found.locations["line"]) == [2, 4]
    assert list(found.locations["selector"]) == ["/0", "/1"]
    assert found.read_as == {"encoding": "utf-8", "shape": "list"}


@pytest.mark.parametrize(("content", "shape", "selectors"), [
    ('{"data": {"items": [{"name": "Satu"}, {"name": "Dua"}], "next": null}}', "list",
     ["/data/items/0", "/data/items/1"]),
    ('{"count": 2, "results": [{"name": "Satu"}, {"name": "Dua"}], "tags": [{"a": 1}]}', "list",
     ["/results/0", "/results/1"]),
    ('{"@context": "x", "@graph": [{"name": "Satu"}, {"name": "Dua"}]}', "list", ["/@graph/0", "/@graph/1"]),
    ('{"name": "Satu"}\n{"name": "Dua"}\n', "lines", ["", ""]),
    ('{"name": "Satu"}\r\n\r\n{"name": "Dua"}\r\n', "lines", ["", ""]),
])  # fmt: skip
def test_where_the_records_are_is_found(read, content, shape, selectors):
    found = read(content)
    assert found.records == _TWO
    assert found.read_as["shape"] == shape
    assert list(found.locations["selector"]) == selectors


def test_maps_and_single_objects(read):
    found = read('{"a/b": {"name": "Satu"}, "b": {"name": "Dua", "city": "x"}}')
    assert found.records == [{"key": "a/b", "name": "Satu"}, {"key": "b", "name": "Dua", "city": "x"}]
    assert list(found.locations["selector"]) == ["/a~1b", "/b"]
    one = read('{"name": "Satu", "links": [{"url": "x"}]}')
    assert one.records == [{"name": "Satu", "links": '[{"url": "x"}]'}]
    assert one.read_as["shape"] == "one"
    as_map = read('{"/dev/hack": "https://a.example", "<b>": "https://b.example"}', shape="map")
    assert as_map.records == [
        {"key": "/dev/hack", "value": "https://a.example"},
        {"key": "<b>", "value": "https://b.example"},
    ]


@pytest.mark.parametrize("content", ['{"/dev/hack": "x", "<b>": "y"}', "7", '"text"', "null"])
def test_what_is_no_list_of_records_is_asked_about(read, content):
    with pytest.raises(UnreadableSource) as caught:
        read(content)
    assert caught.value.issue.code == "file.shape_unclear"


def test_records_under_a_path(read):
    text = '{"db": [{"data": {"posts": [{"name": "Satu"}, {"name": "Dua"}]}}], "x": [{"a": 1}, {"a": 2}, {"a": 3}]}'
    assert read(text, records="db[0].data.posts").records == _TWO
    assert read(text, records="db[0].data.posts").locations["selector"][1] == "/db/0/data/posts/1"
    with pytest.raises(UnreadableSource) as caught:
        read(text, records="db[1].data")
    assert (caught.value.issue.code, caught.value.issue.params["path"]) == ("file.path_missing", "db[1].data")
    with pytest.raises(ConfigurationError, match="records"):
        read(text, records="db[?x]")


def test_a_folder_of_files(read):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, content in (
            ("b/2.json", b'{"name": "Dua"}'),
            ("README.md", b"no"),
            ("a/1.json", b'{"name": "Satu"}'),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    found = read(target.getvalue(), name="all.tar")
    assert found.records == _TWO
    assert list(found.locations["selector"]) == ["a/1.json#", "b/2.json#"]
    assert found.read_as["files"] == 2


def test_nested_members_become_columns_and_lists_one_text(read):
    found = read('[{"name": "Satu", "location": {"city": "Bandung", "geo": {"lat": 1.50}}, "tags": ["a", "b"],'
                 ' "odd": ["a; b", "c"], "mixed": [{"x": 1}], "on": true, "no": null, "empty": {}}]')  # fmt: skip
    assert found.records == [{
        "name": "Satu", "location.city": "Bandung", "location.geo.lat": "1.50", "tags": "a; b",
        "odd": '["a; b", "c"]', "mixed": '[{"x": 1}]', "on": "true", "empty": "{}",
    }]  # fmt: skip
    assert read('[{"name": "x", "tags": ["a", "b"]}]', lists="keep").records[0]["tags"] == '["a", "b"]'


def test_columns_of_the_mapping_are_paths_people_know(read):
    path = "names[?type=='label'].value | [0]"
    found = read(
        '[{"names": [{"type": "alias", "value": "x"}, {"type": "label", "value": "Satu"}]}, {"title": "Dua"}]',
        columns=[path, "names[0].value || title", "missing.member"],
    )
    assert found.records[0][path] == "Satu"
    assert [row.get("names[0].value || title") for row in found.records] == ["x", "Dua"]
    assert "missing.member" in found.cells.columns, "a mapping may name what no record has"


def test_records_are_chosen_by_an_expression(read):
    text = '[{"model": "a", "name": "Satu"}, {"model": "b", "name": "x"}, {"model": "a", "name": "Dua"}]'
    found = read(text, where="model=='a'")
    assert [row["name"] for row in found.records] == ["Satu", "Dua"]
    assert list(found.locations["selector"]) == ["/0", "/2"]
    assert found.issues.to_dict("records")[-1]["params"] == {"rows": 1}
    with pytest.raises(ConfigurationError, match="where"):
        read(text, where="model==")


@pytest.mark.parametrize("digits", [
    "9007199254740993", "10000000000000000999", "-9223372036854775809", "1.000000000000000005", "1E400", "0.10",
    "9" * 5000,
])  # fmt: skip
def test_numbers_keep_their_digits(read, digits):
    assert read(f'[{{"name": {digits}}}]').records == [{"name": digits}]
    assert read(f'[{{"name": [{{"x": {digits}}}]}}]').records[0]["name"].strip('[{}]"x: ') == digits.strip('"')


def test_a_repeated_member_is_reported_and_the_last_one_counts(read):
    found = read('[{"name": "Satu", "name": "Dua"}]')
    assert found.records == [{"name": "Dua"}]
    (issue,) = found.issues.to_dict("records")
    assert (issue["code"], issue["row_number"], issue["params"]) == ("row.duplicate_member", 1, {"member": "name"})


@pytest.mark.parametrize(("content", "line", "column"), [
    ('[{"name": "Satu"},\n {"name": "Dua",}]', 2, 17),
    ('[{"name": NaN}]', 1, 2),
    ('[{"name": "Satu"}', 1, 18),
    ('[{"name": "Satu"}]]', 1, 19),
    ('[{"name": "Satu"} {"name": "Dua"}]', 1, 19),
    ("{'name': 1}", 1, 2),
    ("[1, 01]", 1, 6),
])  # fmt: skip
def test_what_is_no_json_is_named_by_its_place(read, content, line, column):
    with pytest.raises(UnreadableSource) as caught:
        read(content)
    issue = caught.value.issue
    assert issue.code == "file.json_invalid"
    assert (issue.line, issue.params["column"]) == (line, column)


def test_a_place_far_into_a_large_file_is_named(read):
    text = "[" + ",\n".join('{"name": "' + "x" * 90 + '"}' for _ in range(20_000)) + ',\n{"name": tru}]'
    with pytest.raises(UnreadableSource) as caught:
        read(text)
    assert (caught.value.issue.line, caught.value.issue.params["column"]) == (20_001, 10)


def test_a_broken_line_loses_itself_alone(read, originals):
    text = '{"name": "Satu"}\n{"name": \n{"name": NaN}\n{"name": "Dua"}\n'
    found = read(text, name="data.ndjson")
    assert [row.get("name") for row in found.records] == ["Satu", None, None, "Dua"]
    assert found.records[1]["(broken line)"] == '{"name": '
    assert [(one["code"], one["row_number"], one["line"]) for one in found.issues.to_dict("records")] == [
        ("row.json_invalid", 2, 2), ("row.json_invalid", 3, 3),
    ]  # fmt: skip
    assert [one["column"] for one in found.issues["params"]] == [9, 1]
    given_back = originals(text, name="data.ndjson")
    assert given_back == ['{"name": "Satu"}', '{"name": ', '{"name": NaN}', '{"name": "Dua"}']


def test_depth_and_size_are_bounded(read):
    for text in ("[" * 100_000, '[{"name": ' + "[" * 200 + "]" * 200 + "}]", '{"a":' * 100_000):
        with pytest.raises(UnreadableSource) as caught:
            read(text)
        assert caught.value.issue.code in ("file.too_deep", "file.json_invalid")
    with pytest.raises(UnreadableSource) as caught:
        read('[{"name": "' + "x" * 17_000_000)
    assert caught.value.issue.code == "file.record_too_large"


def test_secrets_never_leave_the_reader(read, originals):
    text = (
        '[{"name": "Satu", "password": "pbkdf2$x", "users": [{"Password": "pbkdf2$y"}], "fields": {"password": "z$"}}]'
    )
    found = read(text)
    assert "$" not in found.cells.to_json()
    assert found.codes == ["file.secrets_left_out"]
    assert "$" not in "".join(originals(text))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
def test_encodings_json_may_have(read, encoding):
    assert read('[{"name": "Café 🎉"}]'.encode(encoding)).records == [{"name": "Café 🎉"}]


def test_bytes_that_are_no_text_and_halves_of_characters(read):
    with pytest.raises(UnreadableSource) as caught:
        read(b'[\n{"name": "\xff"}]')
    assert (caught.value.issue.code, caught.value.issue.line) == ("file.encoding_unreadable", 2)
    found = read('[{"name": "a\\ud800b", "\\udc00": 1}]')
    assert found.records == [{"name": "a\ufffdb", "\ufffd": "1"}]
    assert found.codes == ["header.unstorable", "value.half_character"]
    assert found.issues["params"][0] == {"number": 2, "line": 1}


def test_batches_say_the_same_however_they_are_cut(read):
    text = json.dumps([{"name": f"N{number}", **({"late": "x"} if number > 7 else {})} for number in range(10)])
    whole, cut = read(text), read(text, batch_size=3)
    assert len(cut.batches) == 4
    assert cut.records == whole.records
    assert list(cut.locations["row_number"]) == list(range(1, 11))
    assert list(cut.batches[-1].cells.columns) == ["name", "late"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(['{"name": "x"}', "", "  ", '{"name": ', "[1, NaN]", "7"]), min_size=1, max_size=8))
def test_lines_are_records_broken_or_blank_and_all_are_counted(read, lines):
    found = read("\n".join(lines) + "\n", name="data.ndjson")
    broken = sum(code == "row.json_invalid" for code in found.codes)
    assert broken == sum(line in ('{"name": ', "[1, NaN]") for line in lines)
    assert len(found.cells) + found.blank_lines == len(lines)


@pytest.mark.proof
@pytest.mark.parametrize("name", ["data.json", "data.ndjson"])
def test_memory_does_not_grow_with_the_file(tmp_path, name):
    def peak(rows):
        path = tmp_path / f"{rows}-{name}"
        record = f'{{"name": "{"x" * 200}", "place": {{"city": "Kota"}}, "tags": ["a", "b"]}}'
        lines = [record] * rows
        path.write_text("\n".join(lines) if name.endswith("ndjson") else f"[{', '.join(lines)}]")
        del lines
        return peak_memory(JsonImporter(), path)

    assert peak(32_000) < 1.2 * peak(8_000), "2 and 8 megabytes"


@pytest.mark.parametrize(
    ("content", "said"),
    [("[]", ("file.no_records", "warning")), (" \n", ("file.empty", "fatal")), ("", ("file.empty", "fatal"))],
)
@pytest.mark.parametrize("name", ["x.ndjson", "x.json"])
def test_a_list_without_items_is_no_file_without_content(read, content, said, name):
    found = read(content, name=name).issues
    assert list(zip(found["code"], found["severity"], strict=True)) == [said]


# --- several lists


def _fields(_, columns):
    known = {"title": "title", "starts_at": "starts_at", "name": "title", "place": "location_name"}
    return {column: known.get(column, "(extra)") for column in columns}


@pytest.fixture
def read_events(open_with):
    def run(content, **config):
        context = PluginContext(config=config, entity="events", map_headers=_fields)
        return Read(list(JsonImporter().read(open_with(content), context)))

    return run


def test_lists_that_are_alike_are_read_together_with_their_names(read):
    found = read('{"A": [{"name": "Satu", "x": 1}], "B": [{"name": "Dua", "x": 2}], "total": 2}')
    assert found.records == [{"list": "A", "name": "Satu", "x": "1"}, {"list": "B", "name": "Dua", "x": "2"}]
    assert (found.codes, found.read_as["records"]) == ([], "*")
    deeper = read('{"2030": {"days": [{"name": "Satu"}]}, "2031": {"days": [{"name": "Dua"}]}, "of": [{"page": 1}]}')
    assert [row["list"] for row in deeper.records] == ["2030", "2031"]
    assert deeper.read_as["records"] == "*.days"


def test_the_list_whose_items_fit_the_entity_is_read_and_others_are_reported(read_events):
    text = '{"rooms": [{"name": "A"}, {"name": "B"}], "talks": [{"title": "x", "starts_at": "2031-01-01"}]}'
    found = read_events(text)
    assert found.records == [{"title": "x", "starts_at": "2031-01-01"}]
    (said,) = found.issues.to_dict("records")
    assert (said["code"], said["params"]["path"], said["params"]["rows"]) == ("file.list_not_read", "rooms", 2)


@pytest.mark.parametrize("content", [
    '{"talks": [{"title": "x", "place": "A"}], "shows": [{"name": "y", "starts_at": "2031"}]}',
    '{"years": [{"year": 2031, "talks": [{"title": "x"}]}]}',
    '{"name": "Pekan", "talks": [{"title": "x", "starts_at": "2031"}]}',
])  # fmt: skip
def test_lists_that_could_all_be_meant_are_asked_about(read_events, content):
    with pytest.raises(UnreadableSource) as caught:
        read_events(content)
    assert caught.value.issue.code == "file.lists_unclear"
    assert "talks" in caught.value.issue.params["lists"]


@pytest.mark.parametrize("path", ["years[*].talks", "years.*.talks"])
def test_a_path_may_span_lists_and_reach_what_is_around_them(read_events, path):
    first, second = (
        '{"year": 2031, "talks": [{"title": "x"}]}',
        '{"year": 2032, "talks": [{"title": "y"}, {"title": "z"}]}',
    )
    found = read_events(f'{{"years": [{first},\n{second}]}}', records=path)
    assert found.records == [
        {"title": "x", "parent.year": "2031"}, {"title": "y", "parent.year": "2032"},
        {"title": "z", "parent.year": "2032"},
    ]  # fmt: skip
    assert list(found.locations["selector"])[-1] == "/years/1/talks/1"
    assert list(found.locations["line"]) == [1, 2, 2]
    with pytest.raises(UnreadableSource) as caught:
        read_events(f'{{"years": [{first}]}}', records="years[*].shows")
    assert caught.value.issue.code == "file.path_missing"


# --- lines in the wild


@pytest.mark.parametrize("content", [
    '{"name": "Satu"} {"name": "Dua"}\n', '{"name":"Satu"}\r{"name":"Dua"}\r',
    '{\n "name": "Satu"\n}\n{\n "name": "Dua"\n}\n', '[\n{"name": "Satu"},\n{"name": "Dua"}\n]\n',
    '[{"name": "Satu"}, {"name": "Dua"}]', '\x1e{"name": "Satu"}\n\x1e{"name": "Dua"}\n',
    '{"name": "Satu"}{"name": "Dua"}',
])  # fmt: skip
def test_lines_as_programs_write_them(read, content):
    found = read(content, name="data.jsonl")
    assert found.records == _TWO
    assert found.codes == []


def test_the_rest_of_a_line_behind_a_broken_value_is_one_error(read):
    found = read('{"name": "Satu"} {"name": }\n{"name": "Dua"}\n', name="data.jsonl")
    assert [row.get("name") for row in found.records] == ["Satu", None, "Dua"]
    assert found.codes == ["row.json_invalid"]


@pytest.mark.parametrize(("content", "good", "lines"), [
    ('{"name": "Satu"}\r{"name": "x"\r{"name": "Dua"}\r{"name": "Tiga"}\r', ["Satu", "Dua", "Tiga"], [2]),
    ('{"name": "x"\r{"name": "Satu"}\r\r{"name": }\r{"name": "Dua"}', ["Satu", "Dua"], [1, 4]),
    ('{"name": "Satu",\n{"name": "Dua"}\n', ["Dua"], [1]),
])  # fmt: skip
def test_a_broken_line_takes_no_other_with_it_however_lines_end(read, content, good, lines):
    found = read(content, name="data.ndjson")
    assert [row["name"] for row in found.records if "name" in row] == good
    assert list(found.issues["line"]) == lines


@pytest.mark.parametrize("name", ["data.json", "data.jsonl"])
@pytest.mark.parametrize("content", [
    '\x1e{"name": "Satu"}\n\x1e{"name": "Dua"}\n', '\x1e{\n"name": "Satu"}\n\x1e{\n"name": "Dua"}\n',
    '{"name": "Satu"},\n{"name": "Dua"},\n', '{"name": "Satu"}\n\ufeff{"name": "Dua"}\n',
    '{"name": "Satu"}\n{"name":\n "Dua"\n}\n',
])  # fmt: skip
def test_marks_and_commas_between_values_and_values_over_lines(read, content, name):
    found = read(content, name=name)
    assert found.records == _TWO
    assert found.codes == []


@pytest.mark.parametrize("content", ['data: {"name": "Satu"}\n\ndata: {"name": "Dua"}\n', "{'name': 'Satu'}\n{'a': 1}"])
def test_lines_of_which_none_is_json_are_no_file_of_records(read, content):
    issues = read(content, name="data.jsonl").issues.to_dict("records")
    assert [one["line"] for one in issues if (one["code"], one["severity"]) == ("file.json_invalid", "fatal")] == [1]


_NAMES = st.text(max_size=4).filter(lambda name: name.casefold() != "pwd")  # a secret, which is left out
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(_NAMES, _VALUES, max_size=4), min_size=1, max_size=5), st.booleans())
def test_what_a_program_wrote_is_counted_and_given_back(read, originals, records, as_lines):
    text = "\n".join(map(json.dumps, records)) if as_lines else json.dumps(records)
    name = "data.ndjson" if as_lines else "data.json"
    found = read(text, name=name)
    assert len(found.cells) == len(records)
    kept = [json.loads(one) for one in originals(text, name=name)]
    assert kept == records


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=120) | st.text(alphabet='[]{}",:0123456789.eE-ntfu\\ \n', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused_with_a_code(read, content):
    try:
        found = read(content)
    except UnreadableSource as error:
        assert error.issue.code.startswith("file.")  # noqa: PT017  (a refusal is one of two good ends)
    else:
        assert len(found.cells) == len(found.locations)
        assert found.cells.columns.is_unique
        assert all(name.strip() for name in found.cells.columns)


@pytest.mark.parametrize(("content", "config", "first"), [
    ('{"a1": {"x": 1}}', {"shape": "map"}, {"x": 1, "key": "a1"}),
    ('{"a": [{"n": "A", "list": [{"x": 1}]}]}', {"records": "a[*].list"}, {"x": 1, "parent": {"n": "A"}}),
    ('{"r": [{"n": "R", "a": [{"n": "A", "list": [{"x": 1}]}]}]}', {"records": "r[*].a[*].list"},
     {"x": 1, "parent": {"n": "A", "parent": {"n": "R"}}}),
], ids=["map", "one-level", "two-levels"])  # fmt: skip
def test_a_record_on_its_own_gives_the_cells_it_gave_where_it_stood(open_with, content, config, first):
    context = PluginContext(config=config)
    (line,) = JsonImporter().originals(open_with(content, name="data.json"), context)
    assert json.loads(line) == first
    there = pd.concat([one.cells for one in JsonImporter().read(open_with(content, name="data.json"), context)])
    alone = pd.concat([one.cells for one in JsonImporter().read(open_with(line, name="one.ndjson"), PluginContext())])
    assert alone.iloc[0].dropna().to_dict() == there.iloc[0].dropna().to_dict()
