"""Tests each case of the decision table on a real database."""

import json

import pytest
import sqlalchemy as sa

from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.imports.reporting.report import iter_row_issues
from kelompok_core.imports.shared.options import DuplicatePolicy, ImportOptions
from kelompok_core.values.merge_policy import MergePolicy
from tests.counting import decided


@pytest.fixture
def organization(ask):
    """The stored organization with this slug."""

    def get(slug):
        return ask("SELECT * FROM organizations WHERE slug = :slug", slug=slug)[0]

    return get


@pytest.fixture
def edit(database, operator):
    """Set one column as a person, and record the setter."""

    def run(slug, column, value, more=""):
        with database.connect() as connection, connection.begin():
            announce(connection, AuditContext(actor=str(operator.id), origin="cli"))
            connection.execute(
                sa.text(f"""
                    UPDATE organizations SET {column} = :value, {more}
                      field_origins = field_origins || jsonb_build_object(CAST(:key AS text), CAST(:origin AS text))
                    WHERE slug = :slug"""),
                {"value": value, "key": column, "origin": f"person:{operator.id}", "slug": slug},
            )

    return run


def test_new_row_is_accepted_with_evidence_and_audit_entry(import_file, ask, organization):
    report = import_file("Kode,Nama Organisasi,Kota,Warna\nA1, Rumah  Baca ,KAB. BANDUNG,biru\n", name="partners.csv")
    assert decided(report) == {"rows_read": 1, "accepted": 1}
    stored = organization("rumah-baca")
    assert (stored.name, stored.city, stored.version) == ("Rumah Baca", "Kabupaten Bandung", 1)
    assert stored.profile_data["extra"] == {"partners": {"Warna": "biru"}}
    assert stored.field_origins == {"name": "source:partners", "city": "source:partners"}
    evidence = ask("SELECT * FROM source_records WHERE record_id = :id", id=stored.id)
    assert len(evidence) == 1
    assert evidence[0].raw == {
        "Kode": "A1",
        "Nama Organisasi": " Rumah  Baca ",
        "Kota": "KAB. BANDUNG",
        "Warna": "biru",
    }
    assert (evidence[0].external_id, evidence[0].line, evidence[0].selector) == ("A1", 2, "#row=2")
    audit = ask("SELECT * FROM audit_logs WHERE record_id = :id", id=stored.id)
    assert [(one.action, one.origin, one.import_id) for one in audit] == [("create", "import", report.import_.id)]
    assert audit[0].plugin.startswith("csv-import@")


def test_same_file_again_changes_nothing(import_file, ask):
    text = "id,name,city\n1,Sanggar Bumi,Bandung\n2,Forum Air,Garut\n"
    import_file(text)
    before = ask(
        "SELECT (SELECT count(*) FROM audit_logs WHERE entity <> 'imports') AS audit, "
        "(SELECT max(version) FROM organizations) AS version"
    )
    again = import_file(text)
    assert decided(again) == {"rows_read": 2, "unchanged": 2}
    assert before == ask(
        "SELECT (SELECT count(*) FROM audit_logs WHERE entity <> 'imports') AS audit, "
        "(SELECT max(version) FROM organizations) AS version"
    )
    assert "file.already_imported" in {group.code for group in again.groups}


def test_only_changed_values_are_merged(import_file, ask, organization):
    import_file("id,name,city,phone\n1,Sanggar Bumi,Bandung,021\n")
    report = import_file("id,name,city,phone\n1,Sanggar Bumi,Garut,\n")
    assert decided(report) == {"rows_read": 1, "merged": 1}
    stored = organization("sanggar-bumi")
    assert stored.city == "Garut"
    assert stored.phone == "021", "an empty cell says nothing"
    changes = ask("SELECT changes FROM import_decisions WHERE import_id = :id", id=report.import_.id)
    assert changes[0].changes == {"city": ["Bandung", "Garut"]}


def test_value_of_another_source_is_kept_with_a_warning(import_file, codes, organization):
    import_file("name,website,city\nForum Air,https://air.or.id,Bandung\n", source="a")
    report = import_file("name,website,city,phone\nForum Air,https://air.or.id,,0812\n", source="b")
    assert decided(report) == {"rows_read": 1, "merged": 1}
    assert organization("forum-air").phone == "0812"
    report = import_file("name,website,city,email\nForum Air,https://air.or.id,,x@air.or.id\n", source="a")
    assert decided(report)["merged"] == 1
    report = import_file("name,website,phone,email\nForum Air,https://air.or.id,0899,x@air.or.id\n", source="a")
    assert "field.source_outranked" in codes(report)
    assert organization("forum-air").phone == "0812"


@pytest.mark.parametrize(("policy", "phone"), [
    (MergePolicy.OWN, "0812"), (MergePolicy.FILL_EMPTY, "0812"), (MergePolicy.KEEP, "0812"),
    (MergePolicy.OVERWRITE, "0899"),
])  # fmt: skip
def test_policies_between_sources(import_file, organization, policy, phone):
    import_file("name,website,phone\nForum Air,https://air.or.id,0812\n", source="a")
    options = ImportOptions(policies={"phone": policy})
    import_file("name,website,phone\nForum Air,https://air.or.id,0899\n", source="b", options=options)
    assert organization("forum-air").phone == phone


def test_value_of_a_person_is_not_replaced(import_file, codes, edit, organization):
    import_file("id,name,city\n1,Forum Air,Bandung\n")
    edit("forum-air", "city", "Cimahi")
    report = import_file("id,name,city\n1,Forum Air,Garut\n")
    assert decided(report) == {"rows_read": 1, "review": 1}
    assert "field.locked_by_person" in codes(report)
    assert organization("forum-air").city == "Cimahi"


def test_row_of_a_claimed_organization_goes_to_review_unless_its_people_import(
    import_file, codes, operator, edit, organization, person
):
    import_file("id,name,city\n1,Forum Air,Bandung\n")
    edit("forum-air", "claim_status", "claimed", f"claimed_by_user_id = '{operator.id}',")
    report = import_file("id,name,city\n1,Forum Air,Garut\n")
    assert decided(report) == {"rows_read": 1, "review": 1}
    assert "match.target_claimed" in codes(report)
    owner = person("ibu@air.or.id", slug="forum-air", role="owner")
    report = import_file("id,name,city\n1,Forum Air,Garut\n", organization="forum-air", actor=owner)
    assert decided(report) == {"rows_read": 1, "merged": 1}
    assert organization("forum-air").city == "Garut"


@pytest.mark.parametrize(("first", "second", "reason"), [
    ("name,website\nForum Air,www.air.or.id\n", "name,website\nFORUM AIR,https://air.or.id/\n", "match.website"),
    ("name,email\nForum Air,Halo@air.or.id\n", "name,email\nforum air,halo@AIR.or.id\n", "match.email"),
    ("name,slug\nForum Air,forum-air\n", "name,slug\nForum Air,forum-air\n", "match.slug"),
])  # fmt: skip
def test_matching_keys_find_the_record_of_another_source(import_file, ask, first, second, reason):
    import_file(first, source="a")
    report = import_file(second, source="b")
    assert not report.counts["accepted"]
    assert not report.counts["review"]
    (found,) = ask("SELECT reason FROM import_decisions WHERE import_id = :id", id=report.import_.id)
    assert found.reason == reason
    assert ask("SELECT count(*) AS number FROM organizations")[0].number == 1


def test_name_alone_goes_to_review(import_file, codes):
    import_file("name\nForum Air\n", source="a")
    report = import_file("name\nForum Air\n", source="b")
    assert decided(report) == {"rows_read": 1, "review": 1}
    assert "match.possible_duplicate" in codes(report)


@pytest.mark.parametrize(("there", "here"), [("Bandung", "BANDUNG"), ("", "Bandung"), ("Bandung", ""), ("", "")])
def test_name_without_a_different_place_goes_to_review(import_file, codes, there, here):
    import_file(f"name,city\nForum Air,{there}\n", source="a")
    report = import_file(f"name,city\nForum Air,{here}\n", source="b")
    assert decided(report) == {"rows_read": 1, "review": 1}
    assert "match.possible_duplicate" in codes(report)


def test_same_name_in_another_place_is_another_organization(import_file, ask):
    import_file("name,city\nForum Air,Bandung\n", source="a")
    report = import_file("name,city\nForum Air,Medan\n", source="b")
    assert decided(report) == {"rows_read": 1, "accepted": 1}
    assert [row.slug for row in ask("SELECT slug FROM organizations ORDER BY slug")] == ["forum-air", "forum-air-2"]


def test_two_matching_records_go_to_review(import_file, codes):
    import_file("name,website,city\nForum Air,https://a.or.id,Bandung\n", source="a")
    import_file("name,email,city\nForum Air,x@a.or.id,Medan\n", source="c")
    report = import_file("name,website,email\nForum Air,https://a.or.id,x@a.or.id\n", source="b")
    assert decided(report) == {"rows_read": 1, "review": 1}
    assert "match.multiple" in codes(report)


def test_duplicates_in_one_file(import_file, codes, organization):
    text = (
        "id,name,city,phone\n"
        "1,Satu,Bandung,\n"
        "1,Satu,Bandung,\n"      # says the same
        "1,Satu,,0812\n"         # adds
        "1,Satu,Medan,\n"        # contradicts
        "2,Dua,,\n"
    )  # fmt: skip
    report = import_file(text)
    assert decided(report) == {"rows_read": 5, "accepted": 2, "merged": 1, "unchanged": 1, "rejected": 1}
    assert {"dup.identical_in_file", "id.duplicate_in_file"} <= codes(report)
    assert organization("satu").phone == "0812"
    assert organization("satu").city == "Bandung"


def test_last_row_wins_in_a_log(import_file, organization):
    options = ImportOptions(duplicates=DuplicatePolicy.LAST)
    report = import_file("id,name,city\n1,Satu,Bandung\n1,Satu,Medan\n", options=options)
    assert decided(report) == {"rows_read": 2, "accepted": 1, "merged": 1}
    assert organization("satu").city == "Medan"


def test_contradicting_rows_without_ids_go_to_review(import_file, codes):
    report = import_file("name,city,phone\nSatu,Bandung,1\nSatu,Bandung,2\n")
    assert decided(report) == {"rows_read": 2, "accepted": 1, "review": 1}
    assert "dup.conflict_in_file" in codes(report)


def test_row_of_a_deleted_record_goes_to_review(import_file, database, operator, codes):
    import_file("id,name,city\n1,Satu,Bandung\n")
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor=str(operator.id), origin="cli"))
        connection.execute(sa.text("DELETE FROM organizations"))
    report = import_file("id,name,city\n1,Satu,Medan\n")
    assert decided(report) == {"rows_read": 1, "review": 1}
    assert "match.target_deleted" in codes(report)


def test_slugs_in_any_script_and_their_collisions(import_file, ask):
    text = "id,name\n1,Rumah Baca\n2,Rumah Baca!\n3,rumah-baca 2\n4,日本赤十字社\n5,Общество\n6,!!!\n"
    report = import_file(text)
    assert report.counts["accepted"] == 6
    slugs = [row.slug for row in ask('SELECT slug FROM organizations ORDER BY name_key COLLATE "C"')]
    assert len(set(slugs)) == 6
    assert {"rumah-baca", "rumah-baca-2", "obshchestvo"} <= set(slugs)


def test_rejected_rows_have_line_column_value_code_and_both_languages(import_file, database):
    report = import_file('Nama,Email,Website\n"A\nB",rusak,https://a.or.id\n,x@y.id,\nC,,ftp://x\n')
    assert decided(report) == {"rows_read": 3, "rejected": 3}
    with database.connect() as connection:
        issues = [one for one in iter_row_issues(connection, report.import_) if one.severity == "error"]
    assert [(one.line, one.column, one.value, one.code) for one in issues] == [
        (2, "Email", "rusak", "value.email"),
        (4, "Nama", "", "value.required"),
        (5, "Website", "ftp://x", "value.url"),
    ]
    for one in issues:
        assert one.message("en") != one.message("id")
        assert one.column in one.message("en")


def test_unknown_columns_are_kept_and_refused_ones_are_not(import_file, ask):
    report = import_file("Nama,NIK,Warna,No\nSatu,317,biru,1\n")
    assert {(group.code, group.column) for group in report.groups} >= {
        ("header.sensitive_refused", "NIK"), ("header.unknown", "Warna"), ("id.looks_like_running_number", "No"),
    }  # fmt: skip
    everything = json.dumps(
        [row.raw for row in ask("SELECT raw FROM import_rows UNION ALL SELECT raw FROM source_records")]
    )
    assert "317" not in everything
    assert "biru" in everything


def test_header_without_a_name_stops_the_import_and_lists_the_columns(import_file, ask):
    with pytest.raises(Exception, match=r"(?s)name.*Kode"):
        import_file("Kode,Alamat\n1,Jl. Satu\n")
    assert ask("SELECT state FROM imports")[0].state == "failed"
    assert not ask("SELECT FROM import_rows")


def test_import_limited_to_an_organization_cannot_change_others(import_file, findings, person):
    import_file("id,name,website\n1,Satu,https://satu.or.id\n2,Dua,https://dua.or.id\n", source="all")
    editor = person("e@satu.or.id", slug="satu")
    text = "name,website,phone\nSatu,https://satu.or.id,1\nDua,https://dua.or.id,2\nTiga,https://tiga.or.id,3\n"
    report = import_file(text, source="own", organization="satu", actor=editor)
    assert decided(report) == {"rows_read": 3, "merged": 1, "rejected": 2}
    assert {one for one in findings(report) if one[0] == "permission.scope"} == {
        ("permission.scope", 3), ("permission.scope", 4),
    }  # fmt: skip
