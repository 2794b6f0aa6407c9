"""Undo: created records are deleted, changed records are restored, and later changes are kept and listed."""

import json

import pytest
import sqlalchemy as sa

from benchmarks.organizations import write_organizations
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.cli import records
from kelompok_core.errors import NotPermitted, UsageError
from kelompok_core.imports.applying import invariants
from kelompok_core.imports.undoing.undo import undo
from kelompok_core.records.registry import get_descriptor
from tests.counting import decided

# Everything a person would see of the organizations; not versions and times.
_SEEN = """
    SELECT jsonb_agg(to_jsonb(o) - ARRAY['id', 'version', 'created_at', 'updated_at'] ORDER BY o.slug) AS seen
    FROM organizations o"""

_OLD = "id,name,city,phone,instagram,Warna\n1,Satu,Bandung,021,@satu,biru\n2,Dua,Medan,,,\n"
_NEW = "id,name,city,phone,instagram,youtube,Warna\n1,Satu,Garut,,@satu.id,https://y.id/1,hijau\n2,Dua,Medan,061,,,\n3,Tiga,,,,,\n"


def test_created_records_go_and_changed_fields_come_back(import_file, installation, operator, ask):
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


def test_importing_undoing_and_importing_again_ends_where_one_import_ends(import_file, installation, operator, ask):
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


def test_undoing_everything_leaves_nothing_but_the_trace(import_file, installation, operator, ask):
    ids = [import_file(text).import_.id for text in (_OLD, _NEW)]
    for import_id in reversed(ids):
        assert not undo(installation, import_id, operator).left
    assert ask(_SEEN)[0].seen is None
    assert ask("SELECT count(*) AS number FROM source_records")[0].number == 5
    assert ask("SELECT count(*) AS number FROM audit_logs WHERE action = 'delete'")[0].number == 3
    assert decided(import_file(_OLD)) == {"rows_read": 2, "accepted": 2}


def test_a_field_a_person_edited_since_is_kept_and_listed(import_file, installation, operator, person_sets, ask):
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


def test_a_person_who_confirmed_the_value_keeps_it(import_file, installation, operator, person_sets, ask):
    import_file(_OLD)
    second = import_file(_NEW)
    person_sets("satu", city="Garut")
    undo(installation, second.import_.id, operator)
    assert ask("SELECT city FROM organizations WHERE slug = 'satu'")[0].city == "Garut"


def test_a_created_record_somebody_edited_is_kept_whole(import_file, installation, operator, person_sets, ask):
    first = import_file(_OLD)
    person_sets("satu", city="Cimahi")
    report = undo(installation, first.import_.id, operator)
    assert decided(report) == {"deleted": 1, "kept": 1}
    assert [(one.label, one.kept) for one in report.left] == [("Satu", ["city"])]
    assert [row.slug for row in ask("SELECT slug FROM organizations")] == ["satu"]


def test_a_record_that_others_need_is_refused_and_reported(import_file, installation, operator, person, ask):
    first = import_file(_OLD)
    person("e@satu.id", slug="satu")
    report = undo(installation, first.import_.id, operator)
    assert decided(report) == {"deleted": 1, "refused": 1}
    assert report.left[0].reason == "organization_user_roles still belong to it"


def test_a_later_import_keeps_what_it_changed(import_file, installation, operator, ask):
    import_file(_OLD)
    second = import_file(_NEW)
    third = import_file("id,name,city\n1,Satu,Kupang\n")
    report = undo(installation, second.import_.id, operator)
    assert [(one.label, one.kept) for one in report.left] == [("Satu", ["city"])]
    assert "(import)" in report.left[0].reason
    assert ask("SELECT city FROM organizations WHERE slug = 'satu'")[0].city == "Kupang"
    undo(installation, third.import_.id, operator)
    assert ask("SELECT city FROM organizations WHERE slug = 'satu'")[0].city == "Garut", "the second one's value"


def test_a_record_deleted_since_is_reported(import_file, installation, operator, database):
    first = import_file(_OLD)
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor=str(operator.id), origin="cli"))
        connection.execute(sa.text("DELETE FROM organizations WHERE slug = 'satu'"))
    report = undo(installation, first.import_.id, operator)
    assert [(one.label, one.outcome, one.reason) for one in report.left] == [("Satu", "kept", "deleted since")]


def test_a_dry_run_says_the_same_and_does_nothing(import_file, installation, operator, person_sets, ask):
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


def test_undoing_twice_does_it_once(import_file, installation, operator, ask):
    first = import_file(_OLD)
    assert not undo(installation, first.import_.id, operator).again
    before = ask("SELECT count(*) AS number FROM audit_logs")
    for dry_run in (False, True):
        again = undo(installation, first.import_.id, operator, dry_run=dry_run)
        assert (again.again, decided(again), again.left) == (True, {}, [])
    assert ask("SELECT count(*) AS number FROM audit_logs") == before


def test_what_was_refused_goes_when_nothing_needs_it_any_more(import_file, installation, operator, ask):
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


def test_what_a_later_import_had_changed_comes_back_when_that_is_undone(import_file, installation, operator, ask):
    import_file(_OLD)
    before = ask(_SEEN)
    second = import_file(_NEW)
    third = import_file("id,name,city\n1,Satu,Kupang\n")
    assert [one.kept for one in undo(installation, second.import_.id, operator).left] == [["city"]]
    undo(installation, third.import_.id, operator)
    assert decided(undo(installation, second.import_.id, operator)) == {"restored": 1}
    assert ask(_SEEN) == before
    assert not decided(undo(installation, second.import_.id, operator))


def test_what_a_person_changed_stays_however_often(import_file, installation, operator, person_sets, ask):
    import_file(_OLD)
    second = import_file(_NEW)
    person_sets("satu", city="Cimahi")
    for _ in range(3):
        report = undo(installation, second.import_.id, operator)
        assert [(one.label, one.kept) for one in report.left] == [("Satu", ["city"])]
    assert ask("SELECT city FROM organizations WHERE slug = 'satu'")[0].city == "Cimahi"


def test_what_was_sent_again_since_stays(import_file, installation, operator, person, database, ask):
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


def test_what_was_not_applied_cannot_be_undone_and_who_may_not_is_refused(import_file, installation, operator, person):
    planned = import_file(_OLD, dry_run=True)
    with pytest.raises(UsageError, match="planned"):
        undo(installation, planned.import_.id, operator)
    applied = import_file(_OLD)
    with pytest.raises(NotPermitted):
        undo(installation, applied.import_.id, person("tamu@example.org"))
    with pytest.raises(NotPermitted):
        undo(installation, applied.import_.id, person("v@satu.id", slug="satu", role="editor"))


def test_many_rows(import_file, installation, operator, ask, tmp_path):
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
def test_undo_in_every_entity(import_file, installation, operator, ask, entity):
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
def test_what_a_person_edited_since_is_kept_in_every_entity(import_file, installation, operator, database, ask, entity):
    import_file("id,name\nH,Rumah\n", name="rumah.csv")
    where = {"entity": entity, "organization": "rumah"}
    old, new = _BY_ENTITY[entity]
    import_file(old, **where)
    second = import_file(new, **where)
    noun = next(noun for noun in (records.MEMBER, records.POST, records.EVENT) if noun.entity == entity)
    label = get_descriptor(entity).label
    first = ask(f"SELECT id FROM {entity} ORDER BY {label} = :first DESC", first=old.splitlines()[1].split(",")[1])[
        0
    ].id
    with database.session() as session:
        noun.service(session, operator).update(first, {"tags": "milik sendiri"})
    report = undo(installation, second.import_.id, operator)
    (left,) = report.left
    assert (left.record_id, left.kept) == (first, ["tags"])
    shown = ask(f"SELECT to_jsonb(t)::text AS text FROM {entity} t WHERE id = :id", id=first)[0].text
    assert "milik sendiri" in shown
