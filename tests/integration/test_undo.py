"""Undo deletes created records and restores changed fields; later changes are kept and listed."""

import json

import pytest
import sqlalchemy as sa

from benchmarks.organizations import write_organizations
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.errors import NotPermitted, UsageError
from kelompok_core.imports.applying import invariants
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.undoing.undo import undo
from kelompok_core.records.registry import get_descriptor, get_service
from kelompok_core.values.merge_policy import MergePolicy
from tests.counting import decided

# Everything a person would see of the organizations; not versions and times.
_SEEN = """
    SELECT jsonb_agg(to_jsonb(o) - ARRAY['id', 'version', 'created_at', 'updated_at'] ORDER BY o.slug) AS seen
    FROM organizations o"""

_OLD = "id,name,city,phone,instagram,Warna\n1,Satu,Bandung,021,@satu,biru\n2,Dua,Medan,,,\n"
_NEW = "id,name,city,phone,instagram,youtube,Warna\n1,Satu,Garut,,@satu.id,https://y.id/1,hijau\n2,Dua,Medan,061,,,\n3,Tiga,,,,,\n"


def test_created_records_are_deleted_and_changed_fields_restored(import_file, installation, operator, ask):
    import_file(_OLD)
    before = ask(_SEEN)
    second = import_file(_NEW)
    assert decided(second) == {"rows_read": 3, "accepted": 1, "merged": 2}
    audit = ask("SELECT count(*) AS number FROM audit_logs")[0].number
    report = undo(installation, second.import_.id, operator)
    assert decided(report) == {"deleted": 1, "restored": 2}
    assert not report.left
    assert ask(_SEEN) == before
    assert ask("SELECT state FROM imports WHERE id = :id", id=second.import_.id)[0].state == "undone"
    entries = ask(
        "SELECT action, origin, actor FROM (SELECT * FROM audit_logs ORDER BY id OFFSET :known) a "
        "WHERE entity <> 'imports'",
        known=audit,
    )
    assert sorted((one.action, one.origin, one.actor) for one in entries) == [
        ("delete", "undo", str(operator.id)),
        ("update", "undo", str(operator.id)),
        ("update", "undo", str(operator.id)),
    ]  # fmt: skip
    with installation.database.connect() as connection:
        assert invariants.count_unaudited_writes(connection, second.import_.id) == 0


def test_import_undo_import_equals_one_import(import_file, installation, operator, ask):
    import_file(_OLD)
    second = import_file(_NEW)
    after = ask(_SEEN)
    undo(installation, second.import_.id, operator)
    again = import_file(_NEW)
    assert decided(again) == decided(second)
    assert ask(_SEEN) == after
    with installation.database.connect() as connection:
        assert invariants.count_writes_without_evidence(connection, again.import_.id) == 0
    assert decided(import_file(_NEW)) == {"rows_read": 3, "unchanged": 3}


def test_undo_of_all_imports_leaves_only_source_records_and_audit(import_file, installation, operator, ask):
    ids = [import_file(text).import_.id for text in (_OLD, _NEW)]
    for import_id in reversed(ids):
        assert not undo(installation, import_id, operator).left
    assert ask(_SEEN)[0].seen is None
    assert ask("SELECT count(*) AS number FROM source_records")[0].number == 5
    assert ask("SELECT count(*) AS number FROM audit_logs WHERE action = 'delete'")[0].number == 3
    assert decided(import_file(_OLD)) == {"rows_read": 2, "accepted": 2}


def test_field_edited_by_a_person_is_kept_and_listed(import_file, installation, operator, person_sets, ask):
    import_file(_OLD)
    second = import_file(_NEW)
    person_sets("satu", city="Cimahi")
    report = undo(installation, second.import_.id, operator)
    assert decided(report) == {"deleted": 1, "restored": 2}
    (left,) = report.left
    assert (left.label, left.outcome, left.kept) == ("Satu", "restored", ["city"])
    assert "operator@localhost" in left.reason
    (stored,) = ask("SELECT * FROM organizations WHERE slug = 'satu'")
    assert (stored.city, stored.phone) == ("Cimahi", "021")
    assert stored.social_links == {"instagram": "https://www.instagram.com/satu"}
    assert stored.profile_data["extra"] == {"list": {"Warna": "biru"}}
    assert stored.field_origins["city"] == f"person:{operator.id}"


def test_value_confirmed_by_a_person_is_kept(import_file, installation, operator, person_sets, ask):
    import_file(_OLD)
    second = import_file(_NEW)
    person_sets("satu", city="Garut")
    undo(installation, second.import_.id, operator)
    assert ask("SELECT city FROM organizations WHERE slug = 'satu'")[0].city == "Garut"


def test_edited_record_is_kept_whole(import_file, installation, operator, person_sets, ask):
    first = import_file(_OLD)
    person_sets("satu", city="Cimahi")
    report = undo(installation, first.import_.id, operator)
    assert decided(report) == {"deleted": 1, "kept": 1}
    assert [(one.label, one.kept) for one in report.left] == [("Satu", ["city"])]
    assert [row.slug for row in ask("SELECT slug FROM organizations")] == ["satu"]


def test_record_that_others_reference_is_not_deleted(import_file, installation, operator, person, ask):
    first = import_file(_OLD)
    person("e@satu.id", slug="satu")
    report = undo(installation, first.import_.id, operator)
    assert decided(report) == {"deleted": 1, "refused": 1}
    assert report.left[0].reason == "organization_user_roles still belong to it"


def test_changes_of_a_later_import_are_kept(import_file, installation, operator, ask):
    import_file(_OLD)
    second = import_file(_NEW)
    third = import_file("id,name,city\n1,Satu,Kupang\n")
    report = undo(installation, second.import_.id, operator)
    assert [(one.label, one.kept) for one in report.left] == [("Satu", ["city"])]
    assert "(import)" in report.left[0].reason
    assert ask("SELECT city FROM organizations WHERE slug = 'satu'")[0].city == "Kupang"
    undo(installation, third.import_.id, operator)
    assert ask("SELECT city FROM organizations WHERE slug = 'satu'")[0].city == "Garut", "the second one's value"


def test_deleted_record_is_reported(import_file, installation, operator, database):
    first = import_file(_OLD)
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor=str(operator.id), origin="cli"))
        connection.execute(sa.text("DELETE FROM organizations WHERE slug = 'satu'"))
    report = undo(installation, first.import_.id, operator)
    assert [(one.label, one.outcome, one.reason) for one in report.left] == [("Satu", "kept", "deleted since")]


def test_dry_run_reports_the_same_and_changes_nothing(import_file, installation, operator, person_sets, ask):
    import_file(_OLD)
    second = import_file(_NEW)
    person_sets("satu", city="Cimahi")
    before = ask(_SEEN), ask("SELECT count(*) AS number FROM audit_logs")
    planned = undo(installation, second.import_.id, operator, dry_run=True)
    assert (ask(_SEEN), ask("SELECT count(*) AS number FROM audit_logs")) == before
    done = undo(installation, second.import_.id, operator)
    assert planned.counts == done.counts
    assert planned.left == done.left
    assert planned.dry_run
    assert json.dumps(planned.to_json())


def test_second_undo_changes_nothing(import_file, installation, operator, ask):
    first = import_file(_OLD)
    assert not undo(installation, first.import_.id, operator).again
    before = ask("SELECT count(*) AS number FROM audit_logs")
    for dry_run in (False, True):
        again = undo(installation, first.import_.id, operator, dry_run=dry_run)
        assert (again.again, decided(again), again.left) == (True, {}, [])
    assert ask("SELECT count(*) AS number FROM audit_logs") == before


def test_record_is_deleted_once_nothing_references_it(import_file, installation, operator, ask):
    owners = import_file("id,name\n1,Rumah\n2,Balai\n", name="rumah.csv")
    people = import_file("id,nama\n1,Ani\n", entity="members", organization="rumah")
    assert decided(undo(installation, owners.import_.id, operator)) == {"deleted": 1, "refused": 1}
    still = undo(installation, owners.import_.id, operator)
    assert (decided(still), [one.label for one in still.left]) == ({"refused": 1}, ["Rumah"])
    undo(installation, people.import_.id, operator)
    planned = undo(installation, owners.import_.id, operator, dry_run=True)
    done = undo(installation, owners.import_.id, operator)
    assert planned.counts == done.counts
    assert (decided(done), done.left) == ({"deleted": 1}, [])
    assert ask(_SEEN)[0].seen is None
    assert not decided(undo(installation, owners.import_.id, operator))
    (entry,) = ask("SELECT origin FROM audit_logs WHERE action = 'delete' ORDER BY id DESC LIMIT 1")
    assert entry.origin == "undo"


def test_field_is_restored_when_the_later_import_is_undone(import_file, installation, operator, ask):
    import_file(_OLD)
    before = ask(_SEEN)
    second = import_file(_NEW)
    third = import_file("id,name,city\n1,Satu,Kupang\n")
    assert [one.kept for one in undo(installation, second.import_.id, operator).left] == [["city"]]
    undo(installation, third.import_.id, operator)
    assert decided(undo(installation, second.import_.id, operator)) == {"restored": 1}
    assert ask(_SEEN) == before
    assert not decided(undo(installation, second.import_.id, operator))


def test_value_changed_by_a_person_stays_after_repeated_undo(import_file, installation, operator, person_sets, ask):
    import_file(_OLD)
    second = import_file(_NEW)
    person_sets("satu", city="Cimahi")
    for _ in range(3):
        report = undo(installation, second.import_.id, operator)
        assert [(one.label, one.kept) for one in report.left] == [("Satu", ["city"])]
    assert ask("SELECT city FROM organizations WHERE slug = 'satu'")[0].city == "Cimahi"


def test_record_sent_again_is_kept(import_file, installation, operator, person, database, ask):
    first = import_file(_OLD)
    person("e@satu.id", slug="satu")
    undo(installation, first.import_.id, operator)
    assert decided(import_file(_OLD)) == {"rows_read": 2, "accepted": 1, "unchanged": 1}
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor=str(operator.id), origin="cli"))
        connection.execute(sa.text("DELETE FROM organization_user_roles"))
    again = undo(installation, first.import_.id, operator)
    assert [(one.label, one.outcome, one.reason) for one in again.left] == [("Satu", "kept", "sent again since")]
    assert len(ask("SELECT FROM organizations")) == 2


def test_undo_requires_an_applied_import_and_the_right(import_file, installation, operator, person):
    planned = import_file(_OLD, dry_run=True)
    with pytest.raises(UsageError, match="planned"):
        undo(installation, planned.import_.id, operator)
    applied = import_file(_OLD)
    with pytest.raises(NotPermitted):
        undo(installation, applied.import_.id, person("tamu@example.org"))
    with pytest.raises(NotPermitted):
        undo(installation, applied.import_.id, person("v@satu.id", slug="satu", role="editor"))


def test_undo_of_many_rows_restores_them(import_file, installation, operator, ask, tmp_path):
    old, new = tmp_path / "list.csv", tmp_path / "new/list.csv"
    new.parent.mkdir()
    write_organizations(old, 5_000, seed=9)
    import_file(old)
    before = ask(_SEEN)
    write_organizations(new, 6_000, seed=9, changed=0.2)
    second = import_file(new)
    report = undo(installation, second.import_.id, operator)
    assert report.counts["deleted"] == second.counts["accepted"]
    assert report.counts["restored"] == second.counts["merged"] > 500
    assert ask(_SEEN) == before


# The same in each entity that belongs to an organization: a first list, a second one that changes and adds.
_OF_MEMBERS = (
    (
        "id,nama,jabatan,kota,tags,mulai menjabat,instagram,Warna\n"
        "1,Ani,Ketua,Bandung,air|hutan,2020-01-02,@ani,biru\n2,Budi,,,,,,\n"
    ),
    (
        "id,nama,jabatan,kota,tags,mulai menjabat,status,Warna\n"
        "1,Ani,Anggota,Garut,laut,2021-01-02,keluar,hijau\n2,Budi,Bendahara,,,,,\n3,Cici,,,,,,\n"
    ),
)
_OF_POSTS = (
    "id,judul,isi,kategori,tags,tanggal,bahasa\n1,Satu,<p>a</p>,Berita,air|hutan,2020-01-02,id\n2,Dua,,,,,\n",
    (
        "id,judul,isi,kategori,tags,tanggal,status\n1,Satu,<p>b</p>,Opini,laut,2021-01-02,terbit\n2,Dua,x,Berita,air,,\n"
        "3,Tiga,,Baru,air,,terbit\n"
    ),
)
_OF_EVENTS = (
    "id,judul,tanggal,jam,tempat,tags\n1,Rapat,2020-01-02,09.00 WIB,Balai,air\n2,Bakti,2020-02-02,,,\n",
    (
        "id,judul,tanggal,jam,tempat,selesai,status,tags\n1,Rapat,2020-01-03,10.00 WITA,Aula,2020-01-04,batal,laut\n"
        "2,Bakti,2020-02-02,08.00,,,,\n3,Baru,2020-03-03,,,,,\n"
    ),
)
_BY_ENTITY = {"members": _OF_MEMBERS, "posts": _OF_POSTS, "events": _OF_EVENTS}


def _seen_of(entity):
    label = get_descriptor(entity).label
    tags = ", (SELECT jsonb_agg(p.name ORDER BY p.name) FROM post_tags p WHERE p.post_id = t.id)"
    also = tags if entity == "posts" else ""
    return f"""
        SELECT t.{label}, to_jsonb(t) - ARRAY['id', 'version', 'created_at', 'updated_at', 'published_at']{also}
        FROM {entity} t ORDER BY t.{label}"""


@pytest.mark.parametrize("entity", _BY_ENTITY)
def test_undo_restores_every_entity(import_file, installation, operator, ask, entity):
    import_file("id,name\nH,Rumah\n", name="rumah.csv")
    where = {"entity": entity, "organization": "rumah"}
    old, new = _BY_ENTITY[entity]
    import_file(old, **where)
    before = ask(_seen_of(entity))
    second = import_file(new, **where)
    after = ask(_seen_of(entity))
    assert decided(second) == {"rows_read": 3, "accepted": 1, "merged": 2}
    audit = ask("SELECT count(*) AS number FROM audit_logs")[0].number
    report = undo(installation, second.import_.id, operator)
    assert (decided(report), report.left) == ({"deleted": 1, "restored": 2}, [])
    assert ask(_seen_of(entity)) == before
    assert ask("SELECT count(*) AS number FROM audit_logs")[0].number > audit
    again = import_file(new, **where)
    assert decided(again) == decided(second)
    assert ask(_seen_of(entity)) == after
    assert decided(import_file(new, **where)) == {"rows_read": 3, "unchanged": 3}


@pytest.mark.parametrize("entity", _BY_ENTITY)
def test_edited_values_are_kept_in_every_entity(import_file, installation, operator, database, ask, entity):
    import_file("id,name\nH,Rumah\n", name="rumah.csv")
    where = {"entity": entity, "organization": "rumah"}
    old, new = _BY_ENTITY[entity]
    import_file(old, **where)
    second = import_file(new, **where)
    label = get_descriptor(entity).label
    first = ask(f"SELECT id FROM {entity} ORDER BY {label} = :first DESC", first=old.splitlines()[1].split(",")[1])[
        0
    ].id
    with database.session() as session:
        get_service(entity, session, operator).update(first, {"tags": "milik sendiri"})
    report = undo(installation, second.import_.id, operator)
    (left,) = report.left
    assert (left.record_id, left.kept) == (first, ["tags"])
    shown = ask(f"SELECT to_jsonb(t)::text AS text FROM {entity} t WHERE id = :id", id=first)[0].text
    assert "milik sendiri" in shown


@pytest.mark.parametrize("organization", [None, "forum-air"])
def test_an_old_slug_that_another_record_has_now_is_left(import_file, installation, operator, ask, organization):
    entity, label = ("events", "title") if organization else ("organizations", "name")
    if organization:
        import_file("name\nForum Air\n")
    where = {"entity": entity, "organization": organization}
    import_file(f"id,{label},slug\n1,Rapat Air,rapat\n", **where)
    second = import_file(
        f"id,{label},slug,description\n1,Rapat Air,rapat-air,Lama\n",
        **where,
        options=ImportOptions(policies={"slug": MergePolicy.OWN}),
    )
    assert ask(f"SELECT slug FROM {entity} WHERE {label} = 'Rapat Air'")[0].slug == "rapat-air"
    third = import_file(f"id,{label},slug\n9,Rapat Lain,rapat\n", **where, source="lain")
    report = undo(installation, second.import_.id, operator)
    (left,) = report.left
    assert (left.outcome, left.reason, list(left.kept)) == ("restored", "another record has its old slug", ["slug"])
    found = ask(f"SELECT slug, description FROM {entity} WHERE {label} = 'Rapat Air'")[0]
    assert (found.slug, found.description) == ("rapat-air", None)
    undo(installation, third.import_.id, operator)
    assert undo(installation, second.import_.id, operator).left == []
    assert ask(f"SELECT slug FROM {entity} WHERE {label} = 'Rapat Air'")[0].slug == "rapat"
