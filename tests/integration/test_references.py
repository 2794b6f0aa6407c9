"""Repeated rows are stored as references to earlier evidence, with the same decisions."""

from itertools import count

import pytest

from kelompok_core.access.actors import get_actor
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.reporting.row_pages import list_rows
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.staging.stage import stage
from kelompok_core.imports.undoing.undo import undo

_LIST = "id,name,city\n1,Forum Air,Garut\n2,Forum Api,Kupang\n3,Forum Angin,Ende\n"
_REFERENCES = """
    SELECT row_number FROM import_rows WHERE import_id = :import AND raw IS NULL AND candidate IS NULL
    ORDER BY row_number"""
_DECISIONS = """
    SELECT row_number, decision, reason FROM import_decisions
    WHERE import_id = :import AND revision = (SELECT plan_revision FROM imports WHERE id = :import)
    ORDER BY row_number"""


@pytest.fixture(params=["read", "taken"])
def way(request):
    """How repeated rows are staged: read from a file of other bytes, or copied from the import that read the file."""
    return request.param


@pytest.fixture
def import_file(import_file, way):
    """Import a list; to force reading, append one more blank line each time."""
    lines = count()

    def run(content, **further):
        return import_file(content + "\n" * next(lines) if way == "read" else content, **further)

    return run


@pytest.fixture
def references(ask):
    return lambda report: [row.row_number for row in ask(_REFERENCES, **{"import": report.import_.id})]


@pytest.fixture
def decisions(ask):
    return lambda report: [tuple(row) for row in ask(_DECISIONS, **{"import": report.import_.id})]


def test_repeated_rows_are_staged_as_references(import_file, references, decisions, ask, database):
    first = import_file(_LIST)
    assert references(first) == []
    again = import_file(_LIST)
    assert references(again) == [1, 2, 3]
    assert decisions(again) == [(number, "unchanged", "match.known") for number in (1, 2, 3)]
    seen = ask("SELECT import_id, last_import_id, last_row_number FROM evidence ORDER BY row_number")
    assert [tuple(row) for row in seen] == [(first.import_.id, again.import_.id, number) for number in (1, 2, 3)]
    third = import_file(_LIST)
    places = ask("SELECT as_import, as_row_number FROM import_rows WHERE import_id = :id", id=third.import_.id)
    assert {row.as_import for row in places} == {first.import_.id}, "a reference leads to a row, not to a reference"
    with database.connect() as connection:
        rows = list_rows(connection, third.import_, after=0, limit=10)
    assert [row.raw["name"] for row in rows] == ["Forum Air", "Forum Api", "Forum Angin"]


@pytest.mark.parametrize("header", ["id,name,address", "warna,name,address"], ids=["with an id", "by name"])
def test_latest_value_wins_even_if_an_older_one_is_repeated(import_file, decisions, ask, header):
    """A source that returns to an earlier value makes a change; repeating that value makes none."""
    there, here = (f"{header}\n1,Forum Air,{address}\n" for address in ("Jalan 1", "Jalan 2"))
    decided = [decisions(import_file(content))[0][1] for content in (there, here, there, there, here, here)]
    assert decided == ["accepted", "merged", "merged", "unchanged", "merged", "unchanged"]
    assert len(ask("SELECT FROM source_records")) == 2
    last = ask("SELECT raw->>'address' AS address FROM evidence ORDER BY last_seen_at DESC LIMIT 1")
    assert last[0].address == "Jalan 2"


@pytest.mark.parametrize("column", ["address", "warna"], ids=["a field", "a column of the source's own"])
def test_rejected_row_of_a_duplicate_id_is_rejected_again_when_repeated(import_file, ask, column):
    content = f"id,name,{column}\n" + "".join(f"1,Forum Air,{value}\n" for value in ("satu", "dua", "satu", "tiga"))
    first, *later = (import_file(content).counts for _ in range(3))
    assert (first["accepted"], first["unchanged"], first["rejected"]) == (1, 1, 2)
    assert [(one["unchanged"], one["rejected"]) for one in later] == [(2, 2)] * 2, "as the first time"
    stored = ask("SELECT address, profile_data::text AS extra FROM organizations")[0]
    texts = f"{stored.address} {stored.extra}"
    assert ("satu" in texts, "tiga" in texts) == (True, False)


def test_only_changed_rows_are_read_again(import_file, references, decisions, ask):
    import_file(_LIST)
    again = import_file(_LIST.replace("Kupang", "Soe") + "4,Forum Laut,Ende\n")
    assert references(again) == [1, 3]
    assert [decision for _, decision, _ in decisions(again)] == ["unchanged", "merged", "unchanged", "accepted"]
    assert ask("SELECT city FROM organizations WHERE name = 'Forum Api'")[0].city == "Soe"


def test_row_issues_are_reported_each_time(import_file, references, ask):
    content = "id,name,email\n1,Satu,a@a.or.id\n2,Dua,rusak\n3,Ti\0ga,\n"
    first, again = import_file(content), import_file(content)
    assert [dict(one.counts) for one in (first, again)] == [
        {"rows_read": 3, "accepted": 2, "merged": 0, "unchanged": 0, "rejected": 1, "review": 0},
        {"rows_read": 3, "accepted": 0, "merged": 0, "unchanged": 2, "rejected": 1, "review": 0},
    ]  # fmt: skip
    assert references(again) == [1]
    found = (
        "SELECT row_number, issues FROM import_rows WHERE import_id = :id AND issues IS NOT NULL ORDER BY row_number"
    )
    assert ask(found, id=again.import_.id) == ask(found, id=first.import_.id)


def test_rows_with_another_reading_are_changes(import_file, references):
    import_file(_LIST)
    assert references(import_file(_LIST.replace("id,name,city", "id,name,warna"))) == []


def test_same_cells_under_another_mapping_are_read_again(import_file, ask):
    content = "id,name,warna\n1,Forum Air,biru\n"
    import_file(content)
    again = import_file(content, options=ImportOptions(mapping={"warna": "category"}))
    assert again.counts["merged"] == 1
    assert ask("SELECT category FROM organizations")[0].category == "biru"


def test_same_cells_in_another_country_are_read_again(import_file, ask):
    content = "id,name,phone\n1,Forum Air,082 345 678\n"
    import_file(content)
    again = import_file(content, options=ImportOptions(phone_country="MY"))
    assert again.counts["merged"] == 1
    assert ask("SELECT phone FROM organizations")[0].phone.startswith("+60")


def test_new_row_with_a_name_of_a_referenced_row_is_accepted_with_a_note(import_file, references, decisions):
    import_file(_LIST)
    again = import_file(_LIST + "4,Forum Air,Ende\n5,Forum Air,Garut\n")
    assert references(again) == [1, 2, 3]
    assert decisions(again)[3:] == [(4, "accepted", "match.same_name"), (5, "accepted", "match.same_name")]


def test_two_rows_of_one_record_are_not_references(import_file, references, decisions):
    import_file(_LIST)
    again = import_file(_LIST + "1,Forum Air,Soe\n1,Forum Air,Garut\n")
    assert references(again) == [2, 3], "what others speak about too is recalled"
    assert decisions(again) == [
        (1, "unchanged", "match.known"), (2, "unchanged", "match.known"), (3, "unchanged", "match.known"),
        (4, "unchanged", "match.known"), (5, "unchanged", "match.known"),
    ]  # fmt: skip
    last = import_file(_LIST + "1,Forum Air,Soe\n", source="list")
    assert decisions(last)[3] == (4, "rejected", "id.duplicate_in_file")


@pytest.fixture
def staged_again(installation, operator, tmp_path):
    """Stage the list a second time, so that its rows are references."""

    def run():
        file = tmp_path / "again.csv"
        file.write_text(_LIST)
        request = ImportRequest(plugin="csv-import", job="import-organizations", file=file, source_name="list")
        import_id = receive(installation, request, operator).import_id
        stage(installation, import_id)
        return import_id

    return run


def test_reference_to_an_undone_record_is_filled_in(installation, operator, import_file, staged_again, ask):
    first = import_file(_LIST)
    import_id = staged_again()
    undo(installation, first.import_.id, operator)
    decide(installation, import_id)
    apply(installation, import_id)
    names = [row.name for row in ask("SELECT name FROM organizations ORDER BY name")]
    assert names == ["Forum Air", "Forum Angin", "Forum Api"]


def test_reference_to_a_deleted_record_is_filled_in(installation, import_file, staged_again, ask, database):
    import_file(_LIST)
    import_id = staged_again()
    with database.connect() as connection, connection.begin():
        actor = get_actor(connection, email=None)
        announce(connection, AuditContext(actor=str(actor.id), origin="cli"))
        connection.exec_driver_sql("DELETE FROM organizations WHERE name = 'Forum Api'")
    decide(installation, import_id)
    apply(installation, import_id)
    item = ask("SELECT row_number, reason FROM import_decisions WHERE decision = 'review'")
    assert [tuple(row) for row in item] == [(2, "match.target_deleted")]
    row = ask("SELECT raw, candidate FROM import_rows WHERE import_id = :id AND row_number = 2", id=import_id)[0]
    assert (row.raw["city"], row.candidate["city"]) == ("Kupang", "Kupang")
    with database.connect() as connection:
        assert get_import(connection, import_id).counts["unchanged"] == 2


def test_references_are_changes_if_the_reading_changed_meanwhile(installation, import_file, staged_again, ask):
    swapped = ImportOptions(mapping={"name": "city", "city": "name"})
    import_file(_LIST, source="list")
    import_id = staged_again()
    import_file(_LIST, source="list", options=swapped)
    decide(installation, import_id)
    apply(installation, import_id)
    decided = ask("SELECT DISTINCT decision FROM import_decisions WHERE import_id = :id", id=import_id)
    assert [row.decision for row in decided] == ["merged"], "the source came back to what it meant first"


@pytest.mark.parametrize("address", ["Jalan 1", "Jalan\0 1"], ids=["a reference", "a row with a finding"])
def test_repeated_value_does_not_question_a_persons_later_value(import_file, decisions, person_sets, address):
    content = f"id,name,city,address\n1,Forum Air,Garut,{address}\n"
    import_file(content)
    person_sets("forum-air", city="Ende")
    assert decisions(import_file(content)) == [(1, "unchanged", "match.known")]


def test_repeated_value_does_not_question_it_next_to_another_row_of_the_record(import_file, decisions, person_sets):
    import_file(_LIST)
    own = person_sets("forum-air", city="Ende")
    again = import_file(f"{_LIST}{own},Forum Air,Ende\n")
    assert decisions(again)[0] == (1, "unchanged", "match.known")


def test_statistics_include_the_number_of_references(import_file, references, ask):
    content = "id,name\n" + "".join(f"{number},Forum {number}\n" for number in range(1, 1_001))
    import_file(content)
    assert len(references(import_file(content))) == 1_000
    statistics = ask("SELECT null_frac FROM pg_stats WHERE tablename = 'import_rows' AND attname = 'evidence_id'")
    assert [round(row.null_frac, 2) for row in statistics] == [0.5]


def test_repeated_members_of_one_organization_are_references(import_file, references):
    import_file("id,name\n1,Forum Air\n", source="owners")
    content = "id,nama,email\n1,Ani,ani@a.or.id\n2,Budi,\n"
    where = {"entity": "members", "organization": "forum-air", "source": "people"}
    import_file(content, **where)
    again = import_file(content, **where)
    assert references(again) == [1, 2]
    assert again.counts["unchanged"] == 2


def test_file_of_an_undone_import_is_read_again(import_file, references, installation, operator):
    first = import_file(_LIST)
    undo(installation, first.import_.id, operator)
    again = import_file(_LIST)
    assert references(again) == []
    assert again.counts["accepted"] == 3


def test_rows_without_an_id_are_read_again_next_to_references(import_file, references, way):
    content = 'id,name,city\n1,Forum Air,Garut\n,Forum Api,Kupang\n"1""x",Forum Angin,Ende\n\u00e9\\,Forum Laut,Sabu\n'
    import_file(content)
    again = import_file(content)
    assert references(again) == ([1, 3, 4] if way == "read" else [1, 2, 3, 4])
    assert again.counts["unchanged"] == 4


_IDS = """
    SELECT array(SELECT new_record_id FROM import_rows WHERE import_id = :import ORDER BY row_number) AS brought,
           array(SELECT target_id FROM import_decisions WHERE import_id = :import ORDER BY row_number) AS given"""


def test_new_records_use_the_ids_of_their_rows_and_references_have_none(import_file, ask):
    first = import_file(_LIST)
    ids = ask(_IDS, **{"import": first.import_.id})[0]
    assert len(set(ids.brought)) == 3
    assert ids.brought == ids.given == [row.id for row in ask("SELECT id FROM organizations ORDER BY id")]
    again = ask(_IDS, **{"import": import_file(_LIST).import_.id})[0]
    assert again.brought == [None] * 3
    assert again.given == ids.given


def test_undone_records_are_created_again_with_other_ids(import_file, installation, operator, ask):
    first = import_file(_LIST)
    undo(installation, first.import_.id, operator)
    again = import_file(_LIST)
    ids = [ask(_IDS, **{"import": report.import_.id})[0] for report in (first, again)]
    assert again.counts["accepted"] == 3
    assert set(ids[1].given).isdisjoint(ids[0].given)
    assert [row.id for row in ask("SELECT id FROM organizations ORDER BY id")] == sorted(ids[1].given)
