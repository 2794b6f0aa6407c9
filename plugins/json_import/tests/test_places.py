"""Where the records of a text are: what is taken for an entity's, what is named instead, and what is asked about."""

from functools import partial

import pytest
from kelompok_json_import.places import Survey
from kelompok_json_import.plugin import JsonImporter

from kelompok_core.contracts import PluginContext, UnreadableSource
from kelompok_core.imports.shared.columns import map_columns
from kelompok_core.imports.staging.likely_columns import judge_columns
from kelompok_core.records.registry import find_entity_by_list_name, get_descriptor
from tests.reading import Bytes, Read


def _fields(entity, columns):
    mapping = map_columns(get_descriptor(entity), list(columns), {}, scoped=False)
    return dict.fromkeys(columns, "(extra)") | dict(mapping.targets)


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Read a text as an import of an entity does, with what the core knows of that."""
    files = Bytes(tmp_path_factory.mktemp("files"))

    def run(entity, content, *, name="data.json", columns=(), **config):
        context = PluginContext(
            config=config,
            entity=entity,
            columns=columns,
            map_headers=_fields,
            judge_columns=partial(judge_columns, given={}),
            find_entity=find_entity_by_list_name,
        )
        return Read(list(JsonImporter().read(files.source(content, name, "application/json"), context)))

    return run


def _unread(found):
    return {
        one["params"]["path"]: one["params"].get("rows")
        for one in found.issues.to_dict("records")
        if one["code"] in ("file.list_not_read", "file.object_not_read")
    }


def _names(found):
    return [row.get("name") or row.get("title") for row in found.records]


# --- names of lists are no ids


@pytest.mark.parametrize(("content", "names"), [
    ('{"total": 2, "inti": {"members": [{"name": "Wati"}]}, "bantu": {"members": [{"name": "Yono"}]}}', "list"),
    ('{"inti": {"members": [{"name": "Wati"}]}, "bantu": {"members": [{"name": "Yono"}]}}', "list"),
    ('{"inti 1": [{"name": "Wati"}], "bantu 1": [{"name": "Yono"}]}', "list"),
    ('{"a1": {"name": "Wati"}, "a2": {"name": "Yono"}}', "key"),
])  # fmt: skip
def test_only_the_name_of_a_maps_member_is_its_key(read, content, names):
    found = read("members", content)
    assert _names(found) == ["Wati", "Yono"]
    assert [sorted(row.keys() & {"list", "key"}) for row in found.records] == [[names], [names]]


def test_names_that_a_path_leads_through_are_all_kept(read):
    text = '{"Jawa Barat": {"Bogor": [{"name": "A"}], "Depok": [{"name": "B"}]}, "Aceh": {"Sabang": [{"name": "C"}]}}'
    found = read("organizations", text, records="*.*")
    assert [(row["list"], row["parent.list"]) for row in found.records] == [
        ("Bogor", "Jawa Barat"), ("Depok", "Jawa Barat"), ("Sabang", "Aceh"),
    ]  # fmt: skip
    chairs = read(
        "members", '{"Bogor": {"chair": {"name": "A"}}, "Depok": {"chair": {"name": "B"}}}', records="*.chair"
    )
    assert [row["list"] for row in chairs.records] == ["Bogor", "Depok"]


def test_a_maps_names_and_members_of_the_same_name_are_both_kept(read):
    text = '{"a1": {"name": "A", "key": "x", "city": "Bogor"}, "a2": {"name": "B", "key": "y", "city": "Depok"}}'
    found = read("organizations", text)
    assert [(row["key"], row["key (2)"]) for row in found.records] == [("a1", "x"), ("a2", "y")]
    clash = read("organizations", '[{"name": "A", "geo.lat": 1, "geo": {"lat": 2}}]')
    assert clash.codes == ["row.duplicate_member"]
    assert clash.records[0]["geo.lat"] == "2"


# --- lists of other things


_VENUE, _EVENT = '{"name": "Balai Warga"}', '{"name": "Kerja bakti", "start": "2031-04-01"}'
_PERSON, _GROUP = '{"name": "Wati", "email": "wati@x.org", "city": "Bogor"}', '{"name": "Sanggar", "city": "Bogor"}'


@pytest.mark.parametrize(("entity", "content", "taken", "unread"), [
    ("events", f'{{"venues": [{_VENUE}], "hosts": [{_VENUE}], "acara": [{_EVENT}]}}', "acara",
     {"venues": 1, "hosts": 1}),
    ("organizations", f'{{"lembaga": [{_GROUP}], "kontak": [{_PERSON}, {_PERSON}]}}', "lembaga", {"kontak": 2}),
    ("organizations", f'{{"kota": [{{"id": 5, "name": "Bogor"}}], "ngos": [{_GROUP}]}}', "ngos", {"kota": 1}),
    ("posts", '{"berita": [{"id": 1, "judul": "Halo", "isi": "x"}], "tag": [{"id": 1, "title": "umum"}]}', "berita",
     {"tag": 1}),
    ("posts", '{"pages": [{"title": "Tentang"}], "posts": [{"title": "x", "content": "y"}]}', "posts", {"pages": 1}),
    ("organizations",
     f'{{"data": [{{"type": "o", "attributes": {_GROUP}}}], "included": [{{"type": "p", "attributes": {_PERSON}}}]}}',
     "data", {"included": 1}),
    ("organizations", '{"fields": [{"name": "nama", "type": "text"}], "records": [{"nama": "A"}]}', "records",
     {"fields": 1}),
])  # fmt: skip
def test_the_list_named_for_the_entity_is_read_and_each_other_named(read, entity, content, taken, unread):
    found = read(entity, content)
    assert found.read_as["records"] == taken
    assert len(found.records) == 1
    assert _unread(found) == unread


@pytest.mark.parametrize(("entity", "content", "settings"), [
    ("members", f'{{"anggota": [{{"name": "A", "email": "a@x.org"}}], "panitia": [{_PERSON}]}}',
     ["records=anggota (1)", "records=panitia (1)"]),
    ("organizations", '{"venues": [{"name": "A"}], "hosts": [{"name": "B"}]}',
     ["records=* (2)", "records=venues (1)", "records=hosts (1)"]),
    ("members", f'{{"tim": {{"ketua": {_PERSON}, "lain": [{_PERSON}]}}}}',
     ["records=tim.lain (1)", "records=tim.ketua (1)"]),
    ("events", f'{{"event": {{"title": "K", "start": "2031-01-01", "sesi": [{_EVENT}]}}}}',
     ["records=event (1)", "records=event.sesi (1)"]),
    ("organizations", '{"a": [{"name": "A"}], "b": {"name": "B"}, "c": [{"name": "C"}]}',
     ["records=a (1)", "records=b (1)", "records=c (1)"]),
    ("events", '{"name": "Pekan", "talks": [{"title": "x", "starts_at": "2031-01-01"}]}',
     ["records=talks (1)", "shape=one (1)"]),
])  # fmt: skip
def test_what_is_as_likely_is_asked_about_with_the_settings_that_read_it(read, entity, content, settings):
    with pytest.raises(UnreadableSource) as caught:
        read(entity, content)
    assert caught.value.issue.code == "file.lists_unclear"
    assert all(one in caught.value.issue.params["lists"] for one in settings)


@pytest.mark.parametrize(("entity", "content", "unread"), [
    ("posts", '{"posts": [], "penulis": [{"name": "Wati"}]}', {"penulis": 1}),
    ("organizations", f'{{"users": [{_PERSON}, {_PERSON}], "organizations": []}}', {"users": 2}),
    ("organizations", '{"organizations": []}', {}),
    ("organizations", '{"data": [], "total": 0}', {}),
    ("organizations", "[]", {}),
])  # fmt: skip
def test_an_empty_list_that_is_the_right_one_has_nothing_to_import(read, entity, content, unread):
    found = read(entity, content)
    assert len(found.cells) == 0
    assert found.codes[-1] == "file.no_records"
    assert _unread(found) == unread


# --- lists and objects beside, around and inside


def test_deep_lists_and_objects_next_to_lists_are_found(read):
    deep = read(
        "members", f'{{"a": {{"b": {{"c": {{"d": {{"e": {{"members": [{_PERSON}]}}}}}}}}}}, "tag": [{_VENUE}]}}'
    )
    assert deep.read_as["records"] == "a.b.c.d.e.members"
    assert _unread(deep) == {"tag": 1}
    found = read("members", f'{{"ketua": {_PERSON}, "members": [{_PERSON}]}}')
    assert len(found.records) == 1
    assert _unread(found) == {"ketua": None}


def test_lists_inside_records_are_read_named_or_left(read):
    groups = f'[{{"name": "A", "members": [{_PERSON}]}}, {{"name": "B", "members": [{_PERSON}, {_PERSON}]}}]'
    people = read("members", groups)
    assert [row["parent.name"] for row in people.records] == ["A", "B", "B"]
    assert _unread(people) == {"[*]": 2}
    assert _names(read("organizations", groups)) == ["A", "B"]
    nested = '{"name": "A", "sub": [{"name": "A1"}, {"name": "A2"}]}'
    for text, path in ((f'{{"groups": [{nested}]}}', "groups[*].sub"), (f"[{nested}, {nested}]", "[*].sub")):
        found = read("organizations", text)
        assert set(_names(found)) == {"A"}
        assert _unread(found) == {path: 2 * len(found.records)}


def test_the_one_object_of_a_text_may_be_a_record_or_stand_around_them(read):
    text = f'{{"name": "Forum", "email": "f@x.org", "members": [{_PERSON}]}}'
    people = read("members", text)
    assert (_names(people), people.records[0]["parent.name"]) == (["Wati"], "Forum")
    assert "file.object_not_read" in people.codes
    assert _names(read("organizations", text)) == ["Forum"]


# --- values around


def test_values_of_the_objects_around_are_columns_wherever_they_stand(read):
    text = '{"provinsi": "Aceh", "status": "ok", "organizations": [{"name": "A"}], "exportedAt": 7, "dari": "dinas"}'
    expected = [{"name": "A", "parent.provinsi": "Aceh", "parent.dari": "dinas"}]
    assert read("organizations", text).records == expected
    assert read("organizations", text, records="organizations").records == expected
    text = '{"region": "Jawa", "groups": [{"name": "G", "status": "x", "members": [{"name": "A"}]}], "next_page": 2}'
    assert read("members", text, records="groups[*].members").records == [
        {"name": "A", "parent.name": "G", "parent.status": "x", "parent.parent.region": "Jawa"}
    ]


@pytest.mark.parametrize("entity", ["organizations", "members", "posts", "events"])
def test_no_value_around_becomes_a_field_by_itself(entity):
    names = {field.name for field in get_descriptor(entity).fields} | {"id", "organization", "list"}
    columns = [f"{before}{name}" for name in sorted(names) for before in ("parent.", "parent.parent.")]
    assert set(_fields(entity, columns).values()) == {"(extra)"}


# --- what the mapping names


def test_a_mapped_member_that_no_record_has_is_reported(read):
    found = read(
        "organizations", '[{"name": "A", "provinsi": "Aceh"}, {"name": "B"}]', columns=("propinsi", "provinsi")
    )
    (issue,) = found.issues.to_dict("records")
    assert (issue["code"], issue["column"]) == ("header.mapped_missing", "propinsi")
    assert issue["params"]["columns"] == ["name", "provinsi"]


# --- tables, maps, wrappers, pages


@pytest.mark.parametrize("content", [
    '{"values": [["Nama", "Kota"], ["A", "Bogor"]]}', '[["Nama", "Kota"], ["A", "Bogor"]]',
    '{"rows": [["A", "Bogor"]], "fields": ["Nama", "Kota"]}',
    '{"columns": [{"name": "Nama"}, {"id": "Kota"}], "data": [["A", "Bogor"]]}',
])  # fmt: skip
def test_rows_under_a_header_are_records(read, content):
    found = read("organizations", content)
    assert found.records == [{"Nama": "A", "Kota": "Bogor"}]
    assert found.codes == []


def test_a_table_under_a_given_path_has_its_header_too(read):
    text = '{"rows": [["A", "Bogor", 7]], "fields": ["Nama", "Kota"]}'
    assert read("organizations", text, records="rows").records == [{"Nama": "A", "Kota": "Bogor", "column 3": "7"}]


@pytest.mark.parametrize(("table", "record"), [
    ('"fields": [{"name": "nama"}, {"type": "string"}, {"name": "email"}], "rows": [["A", "x", "a@b.id"]]',
     {"nama": "A", "column 2": "x", "email": "a@b.id"}),
    ('"columns": ["nama", null, "", " ", true, "email"], "rows": [["A", 1, 2, 3, 4, "a@b.id"]]',
     {"nama": "A", "column 2": "1", "column 3": "2", "column 4": "3", "column 5": "4", "email": "a@b.id"}),
    ('"columns": ["nama", {"name": "", "label": "kota"}], "rows": [["A", "Bogor"]]', {"nama": "A", "kota": "Bogor"}),
    ('"columns": ["nama", 2019, 20.50], "rows": [["A", 1, 2]]', {"nama": "A", "2019": "1", "20.50": "2"}),
    ('"columns": ["nama", "hp", "hp"], "rows": [["A", "1", "2"]]', {"nama": "A", "hp": "1", "hp (2)": "2"}),
    ('"columns": ["nama", "column 3"], "rows": [["A", 1, 2]]', {"nama": "A", "column 3": "1", "column 3 (2)": "2"}),
    ('"rows": [["nama", "", "hp"], ["A", "x", "1"]]', {"nama": "A", "column 2": "x", "hp": "1"}),
    ('"fields": ["nama"], "columns": ["nama", "kota"], "rows": [["A"], ["B", "Bogor"]]',
     {"nama": "B", "kota": "Bogor"}),
    ('"fields": ["nama", "kota"], "columns": ["nama"], "rows": [["A", "Bogor"]]', {"nama": "A", "kota": "Bogor"}),
    ('"columns": [[], {}], "schema": {"fields": ["nama", "kota"]}, "rows": [["A", "Bogor"]]',
     {"nama": "A", "kota": "Bogor"}),
])  # fmt: skip
@pytest.mark.parametrize("config", [{}, {"records": "rows"}, {"records": "rows", "shape": "table"}])
def test_each_cell_of_a_table_comes_under_the_name_of_its_own_place(read, table, record, config):
    found = read("organizations", f"{{{table}}}", **config)
    assert found.records[-1] == record
    assert "row.duplicate_member" not in found.codes


def test_a_first_row_with_a_blank_or_a_number_is_a_header_if_configured(read):
    found = read("organizations", '[["nama", null, 2019, "hp", "hp"], ["A", 1, 2, 3, 4]]', shape="table")
    assert found.records == [{"nama": "A", "column 2": "1", "2019": "2", "hp": "3", "hp (2)": "4"}]


@pytest.mark.parametrize("table", [
    '"columns": ["nama", "kota"], "rows": [[], ["A", "Bogor"], [], [null, " "], ["B", "Solo"]]',
    '"rows": [["nama", "kota"], ["A", "Bogor"], [], ["", ""], [null], ["B", "Solo"]]',
])  # fmt: skip
def test_a_row_of_a_table_with_nothing_in_it_is_blank(read, table):
    found = read("organizations", f"{{{table}}}")
    assert found.records == [{"nama": "A", "kota": "Bogor"}, {"nama": "B", "kota": "Solo"}]
    assert (found.blank_lines, found.codes) == (3, [])


def test_to_ask_for_a_table_twice_counts_its_rows_once():
    survey = Survey()
    survey.note_header(("fields",), ["nama"])
    survey.note_row(("rows",), ["A"])
    assert [survey.table_at(("rows",)).items for _ in range(2)] == [1, 1]
    (place,) = survey.places(lambda *_: True, lambda _: True)
    assert (place.items, place.header) == (1, ("nama",))


@pytest.mark.parametrize("content", [
    f'{{"organizations": {{"a1": {_GROUP}, "a2": {_GROUP}}}, "count": 2}}',
    f'{{"a1": {_GROUP}, "a2": {_GROUP}, "meta": {{"version": 3}}}}',
])  # fmt: skip
def test_a_map_is_read_under_a_name_and_with_something_beside_it(read, content):
    found = read("organizations", content)
    assert [row["key"] for row in found.records] == ["a1", "a2"]
    assert found.read_as["shape"] == "map"


def test_objects_of_several_kinds_are_no_map(read):
    found = read("organizations", f'{{"user": {_PERSON}, "organization": {_GROUP}}}')
    assert _names(found) == ["Sanggar"]
    assert _unread(found) == {"user": None}
    chair = '{"name": "Wati", "since": "kemarin"}'
    beside = read("organizations", f'{{"a1": {_GROUP}, "a2": {_GROUP}, "chair": {chair}}}')
    assert [row["key"] for row in beside.records] == ["a1", "a2"]
    assert _unread(beside) == {"chair": None}


@pytest.mark.parametrize("content", [
    f'{{"data": {{"groups": {{"edges": [{{"cursor": "x", "node": {_GROUP}}}]}}}}}}',
    f'{{"took": 1, "hits": {{"total": {{"value": 1}}, "hits": [{{"_id": "7", "_source": {_GROUP}}}]}}}}',
])  # fmt: skip
def test_objects_in_wrappers_are_the_records(read, content):
    assert _names(read("organizations", content)) == ["Sanggar"]


_PAGES = [f'{{"page": {page}, "data": [{{"name": "{name}"}}]}}' for page, name in ((1, "A"), (2, "B"))]


@pytest.mark.parametrize(("content", "name", "config"), [
    ("\n".join(_PAGES), "data.json", {}), ("\n".join(_PAGES), "data.jsonl", {}),
    ("\n".join(_PAGES), "data.json", {"records": "data"}), (f"[{', '.join(_PAGES)}]", "data.json", {}),
    ('[{"name": "A"}]\n[{"name": "B"}]', "data.json", {}), ('[{"name": "A"}]\n[{"name": "B"}]', "data.jsonl", {}),
])  # fmt: skip
def test_pages_of_records_are_all_read(read, content, name, config):
    found = read("organizations", content, name=name, **config)
    assert found.records == [{"name": "A"}, {"name": "B"}]
    assert found.codes == []
