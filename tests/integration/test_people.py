"""Matching members and their consent: ids, shared addresses, derived names, withdrawn consent."""

import pytest

from kelompok_core.imports.shared.options import DuplicatePolicy, ImportOptions
from kelompok_core.members.service import MemberService
from kelompok_core.records.export import ExportFormat, write_export
from kelompok_core.records.registry import get_descriptor
from kelompok_core.values.merge_policy import MergePolicy
from tests.counting import decided


@pytest.fixture
def home(import_file, ask):
    import_file("id,name\n1,Paguyuban Rukun\n", source="owners")
    return ask("SELECT id FROM organizations")[0].id


@pytest.fixture
def take(import_file, home):
    """Import members into the one organization there is."""

    def run(text, *, source="anggota", **options):
        more = {key: options.pop(key) for key in ("dry_run", "name") if key in options}
        return import_file(
            text,
            entity="members",
            organization="paguyuban-rukun",
            source=source,
            options=ImportOptions(**options),
            **more,
        )

    return run


@pytest.fixture
def members(ask):
    def run(*columns):
        return [tuple(row) for row in ask(f"SELECT {', '.join(columns or ('name', 'email'))} FROM members ORDER BY id")]

    return run


_OUT = "(profile_data->'do_not_contact')::text"


# A new id under a known name and address


def test_a_new_id_under_a_known_name_and_address_is_a_question(take, members, waiting, reviewer):
    take("id,nama,email\n7,Sari Dewi,sari@x.example.org\n")
    asked = take("id,nama,email\n8,Sari Dewi,sari@x.example.org\n")
    assert decided(asked) == {"rows_read": 1, "review": 1}
    (item,) = waiting()
    assert item.reason == "id.new_for_known"
    assert len(item.candidates) == 1
    reviewer.accept_into(asked.import_.id, 1, None)
    assert members() == [("Sari Dewi", "sari@x.example.org")]
    again = take("id,nama,email,jabatan\n8,Sari Dewi,sari@x.example.org,Ketua\n")
    assert decided(again) == {"rows_read": 1, "merged": 1}, "the new id is that person's from now on"


@pytest.mark.parametrize("second", ["8,Sari Dewi,sari@x.example.org", '"=""008""",sari  DEWI,SARI@x.example.org'])
def test_so_it_is_inside_one_file(take, members, second):
    report = take(f"id,nama,email\n7,Sari Dewi,sari@x.example.org\n{second}\n")
    assert decided(report) == {"rows_read": 2, "accepted": 1, "review": 1}
    assert members() == [("Sari Dewi", "sari@x.example.org")]


def test_another_name_or_another_source_is_no_such_question(take):
    take("id,nama,email\n7,Sari Dewi,sari@x.example.org\n")
    other = take("id,nama,email\n1,Sari Dewi,sari@x.example.org\n", source="lain")
    assert decided(other) == {"rows_read": 1, "unchanged": 1}
    new = take("id,nama,email\n8,Budi Santoso,budi@x.example.org\n")
    assert decided(new) == {"rows_read": 1, "accepted": 1}


@pytest.mark.parametrize(("lost", "header"), [
    ("3.17501E+15", "no anggota"), ("3,17501e+15", "id"), ("3.17501E15", "id"), ("3E+15", "member id"),
])  # fmt: skip
def test_an_id_whose_digits_are_lost_identifies_nobody(take, members, findings, ask, lost, header):
    take(f'{header},nama,email\n"{lost}",Satu,satu@x.example.org\n')
    report = take(f'{header},nama,email\n"{lost}",Dua,dua@x.example.org\n"{lost}",Tiga,tiga@x.example.org\n')
    assert [name for name, _ in members()] == ["Satu", "Dua", "Tiga"]
    assert findings(report) == {("id.digits_lost", 2), ("id.digits_lost", 3)}
    assert {row.external_id for row in ask("SELECT external_id FROM source_records WHERE entity = 'members'")} == {None}


def test_an_id_that_has_all_its_digits_is_that_id(take, members):
    take("id,nama\n317501,Satu\n3E12,Dua\n")
    assert decided(take("id,nama\n3.17501E+5,Satu Dewi\n3E12,Dua Dewi\n")) == {"rows_read": 2, "merged": 2}
    assert [name for name, _ in members()] == ["Satu Dewi", "Dua Dewi"]


# Names that were made of addresses


def test_a_name_made_of_the_address_never_replaces_a_real_one(take, members):
    take("id,nama,email\n1,Dewi Lestari,d.lestari@x.example.org\n")
    again = take("id,nama,email\n1,,d.lestari@x.example.org\n")
    assert members() == [("Dewi Lestari", "d.lestari@x.example.org")]
    assert decided(again) == {"rows_read": 1, "unchanged": 1}


def test_a_row_without_a_name_is_known_by_its_address(take, members):
    take("nama,email\nDewi Lestari,d.lestari@x.example.org\n")
    report = take("nama,email,jabatan\n,d.lestari@x.example.org,Bendahara\n", source="lain")
    assert decided(report) == {"rows_read": 1, "merged": 1}
    assert members("name", "position") == [("Dewi Lestari", "Bendahara")]


def test_a_real_name_takes_the_place_of_one_that_was_made_up(take, members, ask):
    take("id,nama,email\n1,,d.lestari@x.example.org\n")
    assert ask("SELECT field_origins ? 'name' AS said FROM members")[0].said is False
    take("id,nama,email\n1,Dewi Lestari,d.lestari@x.example.org\n", source="lain")
    assert members()[0][0] == "Dewi Lestari"


# Accepting a row about identity


@pytest.fixture
def siblings(take):
    take("nama,email\nAlya Putri,ibu@x.example.org\n")
    report = take("nama,email,telepon\nCakra Putra,ibu@x.example.org,0812-3450-0001\n", source="kelas")
    assert decided(report) == {"rows_read": 1, "review": 1}
    return report


def test_accepting_into_a_record_fills_and_never_renames(siblings, reviewer, members):
    verdict = reviewer.accept_into(siblings.import_.id, 1, None)
    assert verdict.changed == ["phone"]
    assert members("name", "email", "phone") == [("Alya Putri", "ibu@x.example.org", "+6281234500001")]


def test_taken_as_new_it_is_not_asked_again(siblings, reviewer, take, members, waiting):
    reviewer.accept_as_new(siblings.import_.id, 1)
    assert [name for name, _ in members()] == ["Alya Putri", "Cakra Putra"]
    assert waiting() == []
    again = take("nama,email,telepon\nCakra Putra,ibu@x.example.org,0812-3450-0001\n", source="kelas")
    assert decided(again) == {"rows_read": 1, "unchanged": 1}
    moved = take("nama,email,telepon\nCakra Putra,ibu@x.example.org,0812-3450-0002\n", source="kelas")
    assert decided(moved) == {"rows_read": 1, "merged": 1}
    assert members("name", "phone") == [("Alya Putri", None), ("Cakra Putra", "+6281234500002")]


def test_a_name_is_replaced_where_a_person_says_so(siblings, reviewer, members):
    reviewer.accept_into(siblings.import_.id, 1, None, choices={"name": "incoming"})
    assert members()[0][0] == "Cakra Putra"


def test_rejected_it_is_rejected_again_without_a_question(siblings, reviewer, take, waiting):
    reviewer.reject(siblings.import_.id, 1)
    again = take("nama,email,telepon\nCakra Putra,ibu@x.example.org,0812-3450-0001\n", source="kelas")
    assert decided(again) == {"rows_read": 1, "rejected": 1}
    assert waiting() == []


# An id used for two


def test_one_of_two_duplicates_alone_does_not_become_the_other(take, handed_back, written, members, findings, reviewer):
    first = take("id,nama,email\n5,Rina Hartati,rina@x.example.org\n5,Tono Wijaya,tono@@x.example.org\n")
    assert decided(first) == {"rows_read": 2, "accepted": 1, "rejected": 1}
    rows = handed_back(first)
    assert {"value.email", "id.duplicate_in_file"} & set(rows[0]["_codes"].split())
    rows[0]["email"] = "tono@x.example.org"
    alone = take(written(rows, "anggota.csv"))
    assert members() == [("Rina Hartati", "rina@x.example.org")], "nothing is overwritten"
    assert decided(alone) == {"rows_read": 1, "review": 1}
    assert ("id.conflict_before", 2) in findings(alone)
    reviewer.accept_as_new(alone.import_.id, 1)
    assert [name for name, _ in members()] == ["Rina Hartati", "Tono Wijaya"]


def test_whichever_of_them_came_first(take, handed_back, written, members, findings):
    first = take("id,nama,email\n5,Tono Wijaya,tono@@x.example.org\n5,Rina Hartati,rina@x.example.org\n")
    assert decided(first) == {"rows_read": 2, "accepted": 1, "rejected": 1}
    assert ("id.duplicate_in_file", 2) in findings(first), "both things are said at once"
    rows = handed_back(first)
    rows[0]["email"] = "tono@x.example.org"
    alone = take(written(rows, "anggota.csv"))
    assert members() == [("Rina Hartati", "rina@x.example.org")]
    assert ("id.conflict_before", 2) in findings(alone)


def test_the_same_name_with_values_of_the_other_row_is_a_question_too(take, members, findings):
    take("id,nama,kota\n5,Rina Hartati,Bandung\n5,Rina Hartati,Garut\n")
    alone = take("id,nama,kota,email\n5,Rina Hartati,Garut,rina@x.example.org\n")
    assert ("id.conflict_before", 2) in findings(alone)
    assert members("profile_data->>'city'") == [("Bandung",)]


def test_as_it_was_it_is_rejected_again(take, handed_back, written, members, findings):
    first = take("id,nama,kota\n5,Rina Hartati,Bandung\n5,Tono Wijaya,Garut\n")
    rows = handed_back(first)
    alone = take(written(rows, "anggota.csv"))
    assert decided(alone) == {"rows_read": 1, "rejected": 1}
    assert findings(alone) == {("id.duplicate_before", 2)}, "the file has no earlier row"
    assert [name for name, _ in members()] == ["Rina Hartati"]


def test_the_record_that_has_the_id_changes_as_before(take, members):
    take("id,nama,kota\n5,Rina Hartati,Bandung\n5,Tono Wijaya,Garut\n")
    done = take("id,nama,kota\n5,Rina Hartati,Cimahi\n")
    assert members("name", "profile_data->>'city'") == [("Rina Hartati", "Cimahi")]
    assert decided(done) == {"rows_read": 1, "merged": 1}


@pytest.mark.parametrize("rows", ["5,Tono Wijaya,Garut", "5,Rina Hartati,Bandung\n5,Tono Wijaya,Garut"])
def test_nor_is_it_taken_over_where_later_rows_are_newer(take, members, codes, rows):
    take("id,nama,kota\n5,Rina Hartati,Bandung\n5,Tono Wijaya,Garut\n")
    again = take(f"id,nama,kota\n{rows}\n", duplicates=DuplicatePolicy.LAST)
    assert again.counts["review"] == 1
    assert "id.conflict_before" in codes(again)
    assert members("name", "profile_data->>'city'") == [("Rina Hartati", "Bandung")]
    take("id,nama,kota\n5,Rina Hartati,Cimahi\n", duplicates=DuplicatePolicy.LAST)
    assert members("name", "profile_data->>'city'") == [("Rina Hartati", "Cimahi")]


def test_accepting_settles_whose_the_row_is_and_not_its_name(take, members, reviewer, findings):
    take("id,nama,email\n5,Rina Hartati,rina@x.example.org\n5,Tono,tono@x.example.org\n")
    asked = take("id,nama,email,jabatan\n5,Tono Wijaya,tono@x.example.org,Ketua\n")
    assert reviewer.accept_into(asked.import_.id, 1, None).changed == ["position"]
    for row in ("Tono Wijaya,tono@x.example.org,Sekretaris", "T. Wijaya,t.wijaya@x.example.org,Sekretaris"):
        later = take(f"id,nama,email,jabatan\n5,{row}\n")
        assert ("field.kept_in_review", 2) in findings(later)
        assert members("name", "email", "position") == [("Rina Hartati", "rina@x.example.org", "Sekretaris")]


def test_nor_the_values_that_were_not_taken(take, members, reviewer, findings):
    take("id,nama,email,jabatan\n7,Sari Dewi,sari@x.example.org,Ketua\n")
    asked = take("id,nama,email,jabatan\n8,Sari Dewi,sari@x.example.org,Bendahara\n")
    reviewer.accept_into(asked.import_.id, 1, None)
    later = take("id,nama,email,jabatan,kota\n8,Sari Dewi,sari@x.example.org,Bendahara,Garut\n")
    assert members("position", "profile_data->>'city'") == [("Ketua", "Garut")]
    assert ("field.kept_in_review", 2) in findings(later)
    take("id,nama,email,jabatan\n8,Sari Dewi,sari@x.example.org,Sekretaris\n")
    assert members("position") == [("Sekretaris",)], "that nobody left out"


def test_a_name_that_was_taken_is_no_question_again(take, members, reviewer, findings):
    take("id,nama,email\n5,Rina Hartati,rina@x.example.org\n5,Tono,tono@x.example.org\n")
    asked = take("id,nama,email\n5,Tono Wijaya,tono@x.example.org\n")
    reviewer.accept_into(asked.import_.id, 1, None, choices={"name": "incoming", "email": "incoming"})
    later = take("id,nama,email\n5,Tono A. Wijaya,tono@x.example.org\n")
    assert members() == [("Tono A. Wijaya", "tono@x.example.org")]
    assert findings(later) == set()


def test_a_row_that_was_rejected_settles_nothing(take, members, reviewer, findings):
    take("id,nama,email\n5,Rina Hartati,rina@x.example.org\n5,Tono,tono@x.example.org\n")
    asked = take("id,nama,email\n5,Tono Wijaya,tono@x.example.org\n")
    reviewer.reject(asked.import_.id, 1)
    later = take("id,nama,email,jabatan\n5,Tono Wijaya,tono@x.example.org,Ketua\n")
    assert findings(later) == {("id.conflict_before", 2)}
    assert members() == [("Rina Hartati", "rina@x.example.org")]


def test_with_an_id_of_its_own_it_is_taken(take, members):
    take("id,nama,kota\n5,Rina Hartati,Bandung\n5,Tono Wijaya,Garut\n")
    done = take("id,nama,kota\n6,Tono Wijaya,Garut\n")
    assert decided(done) == {"rows_read": 1, "accepted": 1}
    assert len(members()) == 2


# Consent


@pytest.mark.parametrize(("header", "cell", "stored"), [
    ("unsubscribed", "yes", '["bulk_email"]'), ("Berhenti berlangganan", "ya", '["bulk_email"]'),
    ("do not contact", "TRUE", None), ("Do Not Email", "1", '["email"]'), ("email opt-out", "x", None),
    ("do not call", "yes", '["phone"]'), ("do_not_contact", "phone; sms", '["phone", "sms"]'),
    ("jangan hubungi", "ya", None), ("status", "unsubscribed", '["bulk_email"]'),
])  # fmt: skip
def test_columns_that_withdraw_consent(take, members, header, cell, stored):
    take(f"id,nama,email,{header}\n1,Satu,a@x.example.org,{cell}\n2,Dua,b@x.example.org,\n")
    (first, second) = members(_OUT, "status")
    assert first[0], "somebody who asked out is not asked again"
    assert stored is None or first[0] == stored
    assert second == (None, "active")


def test_no_in_such_a_column_withdraws_nothing(take, members):
    take("id,nama,email,unsubscribed\n1,Satu,a@x.example.org,no\n2,Dua,b@x.example.org,tidak\n")
    assert members(_OUT, "status") == [(None, "active"), (None, "active")]


@pytest.mark.parametrize("source", ["anggota", "lain"])
def test_ways_are_added_to_whatever_the_policy(take, members, source):
    take("id,nama,email,do_not_contact\n1,Satu,a@x.example.org,phone;sms\n")
    more = "nama,email,do_not_contact\nSatu,a@x.example.org,post\n"
    take(more, source=source, policies={"do_not_contact": MergePolicy.OVERWRITE})
    assert members(_OUT) == [('["phone", "sms", "post"]',)]


@pytest.mark.parametrize("policies", [{}, {"status": MergePolicy.OVERWRITE}, {"do_not_contact": MergePolicy.OVERWRITE}])
def test_no_source_brings_anybody_back(take, members, findings, policies):
    take("id,nama,email,status\n1,Satu,a@x.example.org,unsubscribed\n", source="buletin")
    for source in ("buletin", "crm"):
        report = take("id,nama,email,status\n1,Satu,a@x.example.org,active\n", source=source, policies=policies)
        assert members("status", _OUT) == [("inactive", '["bulk_email"]')], source
        assert ("consent.withdrawn_kept", 2) in findings(report)


def test_one_sources_opt_out_outranks_anothers_active(take, members):
    take("id,nama,email,status\n1,Satu,a@x.example.org,active\n", source="crm")
    take("id,nama,email,unsubscribed\n9,Satu,a@x.example.org,yes\n", source="buletin")
    assert members("status", _OUT) == [("active", '["bulk_email"]')], "a letter less does not end a membership"
    take("id,nama,email,status\n9,Satu,a@x.example.org,unsubscribed\n", source="buletin")
    assert members("status", _OUT) == [("inactive", '["bulk_email"]')]
    take("id,nama,email,status\n1,Satu,a@x.example.org,active\n", source="crm")
    assert members("status", _OUT) == [("inactive", '["bulk_email"]')]


def test_sources_only_add_ways_that_are_closed(take, members):
    take("id,nama,email,do_not_contact\n1,Satu,a@x.example.org,phone\n")
    take("id,nama,email,do_not_contact\n1,Satu,a@x.example.org,sms\n")
    take("id,nama,email,do_not_contact\n1,Satu,a@x.example.org,\n")
    assert members(_OUT) == [('["phone", "sms"]',)]


def _brought_back(database, operator, ask):
    with database.session() as session:
        service = MemberService(session, operator)
        service.update(ask("SELECT id FROM members")[0].id, {"status": "active", "do_not_contact": ""})


def test_a_person_brings_somebody_back(take, members, database, operator, ask):
    take("id,nama,email,status\n1,Satu,a@x.example.org,unsubscribed\n")
    _brought_back(database, operator, ask)
    assert members("status", _OUT) == [("active", None)]
    again = take("id,nama,email,status\n1,Satu,a@x.example.org,active\n")
    assert members("status", _OUT) == [("active", None)]
    assert decided(again)["rows_read"] == 1


def test_a_person_who_brought_somebody_back_is_not_overruled_by_the_same_list(take, members, database, operator, ask):
    take("id,nama,email,status\n1,Satu,a@x.example.org,unsubscribed\n")
    _brought_back(database, operator, ask)
    take("id,nama,email,status\n1,Satu,a@x.example.org,unsubscribed\n")
    assert members("status") == [("active",)]


_ASKED_OUT = "id,nama,email,unsubscribed\n1,Satu,a@x.example.org,yes\n"
_STILL_OUT = "id,nama,email,jabatan,unsubscribed\n1,Satu,a@x.example.org,Ketua,yes\n"
_SAYS_NO = "id,nama,email,unsubscribed\n1,Satu,a@x.example.org,no\n"


@pytest.mark.parametrize("later", [
    (_ASKED_OUT,), (_STILL_OUT,), (_STILL_OUT, _ASKED_OUT), (_SAYS_NO, _ASKED_OUT),
])  # fmt: skip
def test_a_repeated_row_is_no_new_withdrawal(take, members, database, operator, ask, later):
    take(_ASKED_OUT)
    take("id,nama,email,kota,unsubscribed\n1,Satu,a@x.example.org,Garut,yes\n")
    _brought_back(database, operator, ask)
    for text in later:
        take(text)
    assert members("status", _OUT) == [("active", None)]


@pytest.mark.parametrize("later", [
    (_SAYS_NO, _STILL_OUT), ("id,nama,email,unsubscribed,do not call\n1,Satu,a@x.example.org,yes,yes\n",),
])  # fmt: skip
def test_a_new_withdrawal_counts_whoever_brought_somebody_back(take, members, database, operator, ask, later):
    take(_ASKED_OUT)
    _brought_back(database, operator, ask)
    for text in later:
        take(text)
    (out,) = members(_OUT)[0]
    assert out in {'["bulk_email"]', '["phone"]'}


@pytest.mark.parametrize(("text", "decision"), [
    ("nama,email,status\nDua,dua@x.example.org,aktif\nDua,dua@x.example.org,unsubscribed\n", "review"),
    ("id,nama,hp,unsubscribed\n2,Dua,0812-3450-0001,\n2,Dua,0812-3450-0002,yes\n", "rejected"),
])  # fmt: skip
def test_a_withdrawal_counts_even_if_its_row_is_not_imported(take, members, findings, text, decision):
    plan = take(text, dry_run=True)
    assert ("consent.taken", 3) in findings(plan)
    assert members() == []
    report = take(text)
    assert decided(report) == {"rows_read": 2, "accepted": 1, decision: 1}
    assert ("consent.taken", 3) in findings(report)
    assert members("status", _OUT) == [("active", '["bulk_email"]')], "and nothing else of the row"
    again = take(text)
    assert decided(again)[decision] == 1
    assert ("consent.taken", 3) not in findings(again)


def test_so_it_does_where_the_row_itself_is_a_question(take, members, findings):
    take("id,nama,bergabung\n2,Dua,2020-01-01\n")
    report = take("id,nama,bergabung,do not call\n2,Dua,2112-01-01,yes\n")
    assert decided(report) == {"rows_read": 1, "review": 1}
    assert ("consent.taken", 2) in findings(report)
    assert members("started_on::text", _OUT) == [("2020-01-01", '["phone"]')]


def test_but_not_of_a_row_that_may_be_somebody_else(take, members, codes):
    report = take("id,nama,email,unsubscribed\n2,Dua,dua@x.example.org,\n2,Tiga,tiga@x.example.org,yes\n")
    assert members("name", _OUT) == [("Dua", None)]
    assert "consent.taken" not in codes(report)


def test_a_row_that_was_not_imported_before_overrides_no_decision_of_a_person(take, members, database, operator, ask):
    first, second = "2,Dua,0812-3450-0001,\n", "2,Dua,0812-3450-0002,yes\n"
    take(f"id,nama,hp,unsubscribed\n{first}{second}")
    _brought_back(database, operator, ask)
    take(f"id,nama,hp,unsubscribed\n{first}{second}3,Tiga,,\n")
    assert members("name", _OUT) == [("Dua", None), ("Tiga", None)]


def test_opt_outs_go_round_by_an_export(take, members, database, import_file, tmp_path, ask):
    take("id,nama,email,do_not_contact\n1,Satu,a@x.example.org,phone;bulk_email\n2,Dua,b@x.example.org,\n")
    exported = tmp_path / "members.csv"
    with database.connect() as connection, exported.open("w", encoding="utf-8", newline="") as target:
        write_export(connection, get_descriptor("members"), target, form=ExportFormat.CSV, organization_id=None)
    assert "do_not_contact" in exported.read_text("utf-8").splitlines()[0]
    again = import_file(exported, entity="members", source="export")
    assert decided(again) == {"rows_read": 2, "unchanged": 2}
    before = members("name", "status", _OUT)
    import_file("id,name\n1,Paguyuban Lain\n", source="homes2")
    fresh = exported.read_text("utf-8").replace("paguyuban-rukun", "paguyuban-lain").splitlines()
    header = fresh[0].split(",")
    assert header[0] == "_kelompok_id"
    moved = "\n".join(line.partition(",")[2] for line in fresh)
    import_file(moved, entity="members", source="pindah")
    assert members("name", "status", _OUT)[2:] == before


@pytest.mark.parametrize("column", ["organization", "Lembaga", "organisasi"])
def test_a_column_that_names_the_organization_says_nothing_new(take, members, column):
    header = f"id,nama,{column}"
    take("id,nama\n1,Satu\n2,Dua\n")
    again = take(f"{header}\n1,Satu,paguyuban-rukun\n2,Dua, PAGUYUBAN  Rukun\n")
    assert decided(again) == {"rows_read": 2, "unchanged": 2}
    other = take(f"{header}\n1,Satu,PT Lain\n2,Dua,\n")
    assert decided(other) == {"rows_read": 2, "merged": 1, "unchanged": 1}


def test_an_export_of_one_organization_changes_nothing_there(take, members, database, import_file, tmp_path, home):
    take("id,nama,email\n1,Satu,a@x.example.org\n")
    exported = tmp_path / "members.csv"
    with database.connect() as connection, exported.open("w", encoding="utf-8", newline="") as target:
        write_export(connection, get_descriptor("members"), target, form=ExportFormat.CSV, organization_id=home)
    again = import_file(exported, entity="members", source="export", organization="paguyuban-rukun")
    assert decided(again) == {"rows_read": 1, "unchanged": 1}


# Values that are asked about


def test_a_value_that_is_a_question_waits_and_is_taken_when_a_person_says_so(take, members, waiting, reviewer):
    plan = take("id,nama,tanggal lahir\n1,Satu,14/02/2112\n", mapping={"tanggal lahir": "birth_date"}, dry_run=True)
    assert decided(plan) == {"rows_read": 1, "review": 1}
    report = take("id,nama,tanggal lahir\n1,Satu,14/02/2112\n", mapping={"tanggal lahir": "birth_date"})
    (item,) = waiting()
    assert item.reason == "value.date_implausible"
    assert "2112" in item.message("id")
    reviewer.accept_into(report.import_.id, 1, None)
    assert members("name", "profile_data->>'birth_date'") == [("Satu", "2112-02-14")]
    again = take("id,nama,tanggal lahir\n1,Satu,14/02/2112\n", mapping={"tanggal lahir": "birth_date"})
    assert decided(again) == {"rows_read": 1, "unchanged": 1}


def test_of_a_known_person_it_waits_beside_the_record(take, members, waiting, reviewer):
    take("id,nama,bergabung\n1,Satu,2020-01-01\n")
    report = take("id,nama,bergabung\n1,Satu,2112-01-01\n")
    (item,) = waiting()
    assert len(item.candidates) == 1
    assert members("started_on::text") == [("2020-01-01",)]
    reviewer.reject(report.import_.id, 1)
    assert members("started_on::text") == [("2020-01-01",)]


# Phones by where the organization is


def test_numbers_without_a_code_are_of_the_organizations_country(import_file, members):
    import_file("id,name,country\n1,Rumah Kuala,Malaysia\n2,Rumah Kupang,\n", source="owners")
    for slug, number in (("rumah-kuala", "012-345 6789"), ("rumah-kupang", "0812-3450-0001")):
        import_file(f"id,nama,telepon\n1,Satu,{number}\n", entity="members", organization=slug, source=slug)
    assert members("phone") == [("+60123456789",), ("+6281234500001",)]


def test_the_installation_says_how_values_are_read(import_file, settings, ask):
    settings.config_file.write_text(
        settings.config_file.read_text()
        + '\n[imports]\ndate_order = "mdy"\nphone_country = "SG"\ntimezone = "Asia/Jayapura"\n'
    )
    import_file("id,name,phone,founded\n1,Satu,6123 4567,03/04/2012\n")
    assert ask("SELECT phone, founded_on FROM organizations")[0] == ("+6561234567", "2012-03-04")
    import_file("id,judul,mulai\n1,Rapat,2024-05-01 09:00\n", entity="events", organization="satu")
    assert ask("SELECT to_char(starts_at AT TIME ZONE 'UTC', 'HH24:MI') AS at, timezone FROM events")[0] == (
        "00:00", "Asia/Jayapura",
    )  # fmt: skip
    said = ImportOptions(phone_country="ID")
    import_file("id,name,phone\n2,Dua,0812-3450-0001\n", source="dua", options=said)
    assert ask("SELECT phone FROM organizations WHERE slug = 'dua'")[0].phone == "+6281234500001"


# Whose country a number is of


def test_a_number_is_of_the_country_of_the_organization_its_row_names(import_file, ask):
    import_file("id,name,country\n1,Kelab Sungai,Malaysia\n2,Paguyuban Rukun,\n3,Verein Fluss,DE\n", source="owners")
    text = (
        "id,nama,organisasi,hp,negara\n1,Ani,kelab-sungai,03-2345 6790,\n2,Budi,Paguyuban Rukun,0812-3450-2001,\n"
        "3,Cici,3,030 901820,\n4,Dedi,Kelab Sungai,0812-3450-2002,Indonesia\n5,Euis,kelab-sungai,+62 812 3450 2003,\n"
    )
    report = import_file(text, entity="members", source="semua")
    assert decided(report) == {"rows_read": 5, "accepted": 5}
    assert ask("SELECT phone FROM members ORDER BY id") == [
        ("+60323456790",), ("+6281234502001",), ("+4930901820",), ("+6281234502002",), ("+6281234502003",),
    ]  # fmt: skip


def test_a_file_is_read_again_when_an_organization_moved(import_file, ask):
    import_file("id,name\n1,Kelab Sungai\n", source="owners")
    text = "id,nama,organisasi,hp\n1,Ani,kelab-sungai,03-2345 6790\n"
    import_file(text, entity="members", source="semua", dry_run=True)
    import_file("id,name,country\n1,Kelab Sungai,Malaysia\n", source="owners")
    import_file(text, entity="members", source="semua")
    assert ask("SELECT phone FROM members") == [("+60323456790",)]
