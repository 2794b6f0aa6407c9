"""The reader on the shapes JSON really has: lists, maps, lines, folders, envelopes, and texts that are none."""

import io
import json
import tarfile
from itertools import count

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kelompok_json_import.plugin import JsonImporter

from kelompok_core.contracts import ConfigurationError, PluginContext, Source, UnreadableSource


class Read:
    """Everything the reader gave for some bytes."""

    def __init__(self, batches):
        self.batches = batches
        self.cells = pd.concat([batch.cells for batch in batches], ignore_index=True)
        self.locations = pd.concat([batch.locations for batch in batches], ignore_index=True)
        self.issues = pd.concat([batch.issues for batch in batches], ignore_index=True)
        self.read_as = dict(batches[-1].read_as)

    @property
    def rows(self):
        rows = self.cells.astype("object").to_dict("records")
        return [{name: cell for name, cell in row.items() if not pd.isna(cell)} for row in rows]

    @property
    def lines(self):
        return list(self.locations["line"])

    @property
    def selectors(self):
        return list(self.locations["selector"])

    @property
    def codes(self):
        return list(self.issues["code"])


@pytest.fixture(scope="session")
def open_with(tmp_path_factory):
    folder, numbers = tmp_path_factory.mktemp("files"), count()

    def run(content, *, name="data.json", batch_size=10_000, columns=(), **config):
        path = folder / f"{next(numbers)}-{name}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        media_type = "application/x-tar" if name.endswith(".tar") else "application/json"
        source = Source(path=path, file_name=name, media_type=media_type, sha256="0" * 64, size=path.stat().st_size)
        context = PluginContext(
            config=config,
            batch_size=batch_size,
            columns=columns,
        )
        return source, context

    return run


@pytest.fixture(scope="session")
def read(open_with):
    return lambda content, **more: Read(list(JsonImporter().read(*open_with(content, **more))))


_TWO = [{"name": "Satu"}, {"name": "Dua"}]


def test_an_array_with_its_places(read):
    found = read('[\n  {"name": "Satu"},\n\n  {"name": "Dua", "city": "Garut"}\n]\n')
    assert found.rows == [{"name": "Satu"}, {"name": "Dua", "city": "Garut"}]
    assert (found.lines, found.selectors) == ([2, 4], ["/0", "/1"])
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
    assert found.rows == _TWO
    assert found.read_as["shape"] == shape
    assert found.selectors == selectors


def test_maps_and_single_objects(read):
    found = read('{"a/b": {"name": "Satu"}, "b": {"name": "Dua", "city": "x"}}')
    assert found.rows == [{"key": "a/b", "name": "Satu"}, {"key": "b", "name": "Dua", "city": "x"}]
    assert found.selectors == ["/a~1b", "/b"]
    one = read('{"name": "Satu", "links": [{"url": "x"}]}')
    assert one.rows == [{"name": "Satu", "links": '[{"url": "x"}]'}]
    assert one.read_as["shape"] == "one"
    as_map = read('{"/dev/hack": "https://a.example", "<b>": "https://b.example"}', shape="map")
    assert as_map.rows == [
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
    assert read(text, records="db[0].data.posts").rows == _TWO
    assert read(text, records="db[0].data.posts").selectors[1] == "/db/0/data/posts/1"
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
    assert found.rows == _TWO
    assert found.selectors == ["a/1.json#", "b/2.json#"]
    assert found.read_as["files"] == 2


def test_nested_members_become_columns_and_lists_one_text(read):
    found = read('[{"name": "Satu", "location": {"city": "Bandung", "geo": {"lat": 1.50}}, "tags": ["a", "b"],'
                 ' "odd": ["a; b", "c"], "mixed": [{"x": 1}], "on": true, "no": null, "empty": {}}]')  # fmt: skip
    assert found.rows == [{
        "name": "Satu", "location.city": "Bandung", "location.geo.lat": "1.50", "tags": "a; b",
        "odd": '["a; b", "c"]', "mixed": '[{"x": 1}]', "on": "true", "empty": "{}",
    }]  # fmt: skip
    assert read('[{"name": "x", "tags": ["a", "b"]}]', lists="keep").rows[0]["tags"] == '["a", "b"]'


def test_columns_of_the_mapping_are_paths_people_know(read):
    path = "names[?type=='label'].value | [0]"
    found = read(
        '[{"names": [{"type": "alias", "value": "x"}, {"type": "label", "value": "Satu"}]}, {"title": "Dua"}]',
        columns=[path, "names[0].value || title", "missing.member"],
    )
    assert found.rows[0][path] == "Satu"
    assert [row.get("names[0].value || title") for row in found.rows] == ["x", "Dua"]
    assert "missing.member" in found.cells.columns, "a mapping may name what no record has"


def test_records_are_chosen_by_an_expression(read):
    text = '[{"model": "a", "name": "Satu"}, {"model": "b", "name": "x"}, {"model": "a", "name": "Dua"}]'
    found = read(text, where="model=='a'")
    assert [row["name"] for row in found.rows] == ["Satu", "Dua"]
    assert found.selectors == ["/0", "/2"]
    assert found.issues.to_dict("records")[-1]["params"] == {"rows": 1}
    with pytest.raises(ConfigurationError, match="where"):
        read(text, where="model==")


@pytest.mark.parametrize("digits", [
    "9007199254740993", "10000000000000000999", "-9223372036854775809", "1.000000000000000005", "1E400", "0.10",
    "9" * 5000,
])  # fmt: skip
def test_numbers_keep_their_digits(read, digits):
    assert read(f'[{{"name": {digits}}}]').rows == [{"name": digits}]
    assert read(f'[{{"name": [{{"x": {digits}}}]}}]').rows[0]["name"].strip('[{}]"x: ') == digits.strip('"')


def test_a_member_twice_is_said_and_the_last_one_counts(read):
    found = read('[{"name": "Satu", "name": "Dua"}]')
    assert found.rows == [{"name": "Dua"}]
    (issue,) = found.issues.to_dict("records")
    assert (issue["code"], issue["record"], issue["params"]) == ("row.duplicate_member", 1, {"member": "name"})


@pytest.mark.parametrize(("content", "line", "column"), [
    ('[{"name": "Satu"},\n {"name": "Dua",}]', 2, 17),
    ('[{"name": NaN}]', 1, 2),
    ('[{"name": "Satu"}', 1, 18),
    ('[{"name": "Satu"}]]', 1, 19),
    ('[{"name": "Satu"} {"name": "Dua"}]', 1, 19),
    ("{'name': 1}", 1, 2),
    ("[1, 01]", 1, 6),
    ("", 1, 1),
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


def test_a_broken_line_loses_itself_alone(read, open_with):
    text = '{"name": "Satu"}\n{"name": \n{"name": NaN}\n{"name": "Dua"}\n'
    found = read(text, name="data.ndjson")
    assert [row.get("name") for row in found.rows] == ["Satu", None, None, "Dua"]
    assert found.rows[1]["(broken line)"] == '{"name": '
    assert [(one["code"], one["record"], one["line"]) for one in found.issues.to_dict("records")] == [
        ("row.json_invalid", 2, 2), ("row.json_invalid", 3, 3),
    ]  # fmt: skip
    originals = list(JsonImporter().originals(*open_with(text, name="data.ndjson")))
    assert originals == ['{"name": "Satu"}', '{"name": ', '{"name": NaN}', '{"name": "Dua"}']


def test_depth_and_size_are_bounded(read):
    for text in ("[" * 100_000, '[{"name": ' + "[" * 200 + "]" * 200 + "}]", '{"a":' * 100_000):
        with pytest.raises(UnreadableSource) as caught:
            read(text)
        assert caught.value.issue.code in ("file.too_deep", "file.json_invalid")
    with pytest.raises(UnreadableSource) as caught:
        read('[{"name": "' + "x" * 17_000_000)
    assert caught.value.issue.code == "file.record_too_large"


def test_secrets_never_leave_the_reader(read, open_with):
    text = (
        '[{"name": "Satu", "password": "pbkdf2$x", "users": [{"Password": "pbkdf2$y"}], "fields": {"password": "z$"}}]'
    )
    found = read(text)
    assert "$" not in found.cells.to_json()
    assert found.codes == ["file.secrets_left_out"]
    assert "$" not in "".join(JsonImporter().originals(*open_with(text)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
def test_encodings_json_may_have(read, encoding):
    assert read('[{"name": "Café 🎉"}]'.encode(encoding)).rows == [{"name": "Café 🎉"}]


def test_bytes_that_are_no_text_and_halves_of_characters(read):
    with pytest.raises(UnreadableSource) as caught:
        read(b'[\n{"name": "\xff"}]')
    assert (caught.value.issue.code, caught.value.issue.line) == ("file.encoding_unreadable", 2)
    found = read('[{"name": "a\\ud800b", "\\udc00": 1}]')
    assert found.rows == [{"name": "a\ufffdb", "\ufffd": "1"}]
    assert found.codes == ["value.half_character"]


def test_batches_say_the_same_however_they_are_cut(read):
    text = json.dumps([{"name": f"N{number}", **({"late": "x"} if number > 7 else {})} for number in range(10)])
    whole, cut = read(text), read(text, batch_size=3)
    assert len(cut.batches) == 4
    assert cut.rows == whole.rows
    assert list(cut.locations["record"]) == list(range(1, 11))
    assert list(cut.batches[-1].cells.columns) == ["name", "late"]


def test_an_empty_list_is_said_and_refused(read):
    assert [(one["code"], one["severity"]) for one in read("[]").issues.to_dict("records")] == [("file.empty", "fatal")]


_NAMES = st.text(max_size=4).filter(lambda name: name.casefold() != "pwd")  # a secret, which is left out
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(_NAMES, _VALUES, max_size=4), min_size=1, max_size=5), st.booleans())
def test_what_a_program_wrote_is_counted_and_given_back(read, open_with, records, as_lines):
    text = "\n".join(map(json.dumps, records)) if as_lines else json.dumps(records)
    name = "data.ndjson" if as_lines else "data.json"
    found = read(text, name=name)
    assert len(found.cells) == len(records)
    kept = [json.loads(one) for one in JsonImporter().originals(*open_with(text, name=name))]
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
