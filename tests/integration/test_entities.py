"""Imports of members, posts and events: owners, matching, and fields that a source cannot set."""

import pytest
import sqlalchemy as sa

from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.errors import ImportFailed, NotPermitted
from kelompok_core.imports.applying import invariants
from kelompok_core.imports.applying.apply import apply, approve
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.shared.options import DuplicatePolicy, ImportOptions
from kelompok_core.imports.staging.stage import stage
from kelompok_core.values.conventions import DateOrder
from kelompok_core.values.merge_policy import MergePolicy
from tests.counting import codes_of, decided


@pytest.fixture
def owners(import_file, ask):
    """Three organizations, the last two with the same name; return their ids by slug."""
    import_file("id,name,city\nO1,Forum Air,Bandung\nO2,Kelompok Tani,Garut\nO3,Kelompok Tani,Medan\n", name="orgs.csv")
    return {row.slug: row.id for row in ask("SELECT slug, id FROM organizations")}


def _reasons(ask, report):
    query = """
        SELECT d.row_number, d.decision, d.reason, d.issues FROM import_decisions d JOIN imports i ON i.id = d.import_id
        WHERE i.id = :id AND d.revision = i.plan_revision ORDER BY d.row_number"""
    return [(row.decision, row.reason) for row in ask(query, id=report.import_.id)]


MEMBERS = "Nama,Jabatan,Email,No HP,Tanggal Bergabung,Status\n"


def test_members_are_imported_for_one_organization(import_file, ask, database, owners):
    report = import_file(
        MEMBERS + "Ani,Ketua,ANI@air.id,0812-3456-7890,1/2/2019,Aktif\nBudi,,,81234567891,13/2/2019,keluar\n",
        entity="members",
        organization="forum-air",
    )
    assert decided(report, read=False) == {"accepted": 2}
    ani, budi = ask("SELECT * FROM members ORDER BY name")
    assert (ani.organization_id, ani.position, ani.email, ani.phone) == (
        owners["forum-air"], "Ketua", "ani@air.id", "+6281234567890",
    )  # fmt: skip
    assert (str(ani.started_on), str(budi.started_on)) == ("2019-02-01", "2019-02-13"), "a day of 13 proves the order"
    assert (ani.status, budi.status, budi.phone) == ("active", "inactive", "+6281234567891")
    assert report.import_.read_as["date_order"] == {"Tanggal Bergabung": "dmy"}
    with database.connect() as connection:
        assert invariants.count_unaudited_writes(connection, report.import_.id) == 0
        assert invariants.count_writes_without_evidence(connection, report.import_.id) == 0


def test_ambiguous_date_is_an_error_until_the_date_order_is_given(import_file, ask, owners):
    content = MEMBERS + "Ani,,,,1/2/2019,\n"
    report = import_file(content, entity="members", organization="forum-air")
    assert _reasons(ask, report) == [("rejected", "value.date_ambiguous")]
    options = ImportOptions(date_order=DateOrder.MONTH_FIRST)
    import_file(content, entity="members", organization="forum-air", options=options)
    assert str(ask("SELECT started_on FROM members")[0].started_on) == "2019-01-02"


def test_date_order_can_be_proven_by_the_last_row_of_a_long_file(import_file, ask, owners):
    rows = "".join(f"N{number},,n{number}@x.id,,1/2/2019,\n" for number in range(10_005))
    report = import_file(MEMBERS + rows + "Akhir,,z@x.id,,31/1/2019,\n", entity="members", organization="forum-air")
    assert decided(report, read=False) == {"accepted": 10_006}
    assert {str(row.started_on) for row in ask("SELECT DISTINCT started_on FROM members")} == {
        "2019-02-01", "2019-01-31",
    }  # fmt: skip


def test_row_names_its_organization_by_slug_name_or_id(import_file, ask, owners):
    report = import_file(
        "nama,organisasi\nAni,forum-air\nBudi,FORUM  AIR\nCici,O2\nDedi,Kelompok Tani\nEka,Tiada\nFani,\n",
        entity="members",
    )
    assert _reasons(ask, report) == [
        ("accepted", "match.none"),
        ("accepted", "match.none"),
        ("accepted", "match.none"),
        ("rejected", "relation.ambiguous"),
        ("rejected", "relation.not_found"),
        ("rejected", "value.required"),
    ]
    placed = {row.name: row.slug for row in ask(
        "SELECT m.name, o.slug FROM members m JOIN organizations o ON o.id = m.organization_id")}  # fmt: skip
    assert placed == {"Ani": "forum-air", "Budi": "forum-air", "Cici": "kelompok-tani"}
    groups = {group.code: group for group in report.groups}
    example = groups["relation.not_found"]
    assert (example.column, example.examples[0].value) == ("organisasi", "Tiada")


@pytest.mark.parametrize("home", ["forum-air", "kelompok-tani"])
def test_records_are_matched_if_another_organization_of_the_list_has_none(import_file, ask, owners, home):
    import_file("nama,email\nAni,ani@x.id\nBudi,\n", entity="members", organization=home, source="a")
    text = f"nama,email,organisasi\nAni,ani@x.id,{home}\nBudi,,{home}\n"
    elsewhere = "".join(f"Cici {slug},,{slug}\n" for slug in sorted({"forum-air", "kelompok-tani"} - {home}))
    report = import_file(text + elsewhere, entity="members", source="b")
    assert _reasons(ask, report) == [
        ("unchanged", "match.email"), ("review", "match.possible_duplicate"), ("accepted", "match.none"),
    ]  # fmt: skip


def test_import_without_an_organization_fails(import_file, owners):
    with pytest.raises(ImportFailed, match="No column names the organization"):
        import_file("nama\nAni\n", entity="members")


def test_organization_column_does_not_change_the_organization_of_the_import(import_file, ask, owners):
    content = "nama,organisasi\nAni,Kelompok Tani\nBudi,Forum Air\n"
    report = import_file(content, entity="members", organization="forum-air")
    assert decided(report, read=False) == {"accepted": 2}
    assert ask("SELECT profile_data->'extra' AS extra FROM members WHERE name = 'Ani'")[0].extra == {
        "list": {"organisasi": "Kelompok Tani"}
    }
    mapped = ImportOptions(mapping={"organisasi": "organization"})
    report = import_file(
        "nama,organisasi\nCici,O2\nDedi,Forum Air\n", entity="members", organization="forum-air", options=mapped
    )
    assert _reasons(ask, report) == [("rejected", "permission.scope"), ("accepted", "match.none")]


def test_person_in_two_organizations_is_two_members_and_lists_may_share_ids(import_file, ask, owners):
    for slug in ("forum-air", "kelompok-tani"):
        report = import_file(f"id,nama,email\n1,Ani {slug},ani@x.id\n", entity="members", organization=slug)
        assert decided(report, read=False) == {"accepted": 1}
    again = import_file("id,nama,email\n1,Ani forum-air,ani@x.id\n", entity="members", organization="forum-air")
    assert decided(again, read=False) == {"unchanged": 1}
    assert len(ask("SELECT FROM members")) == 2


def test_member_is_matched_by_email_and_name_or_by_name_and_position(import_file, ask, owners):
    import_file("nama,jabatan,email\nAni,Ketua,ani@x.id\nBudi,Bendahara,\n", entity="members",
                organization="forum-air", source="a")  # fmt: skip
    report = import_file(
        "nama,jabatan,email,kota\nAni,,ani@x.id,Garut\nBudi,Bendahara,budi@x.id,\nOrang Lain,,ani@x.id,\nBudi,,,\n"
        "Ani,,lain@x.id,\n",
        entity="members", organization="forum-air", source="b",
    )  # fmt: skip
    assert _reasons(ask, report) == [
        ("merged", "match.email"),
        ("merged", "match.position"),
        ("review", "match.shared_key"),
        ("review", "match.possible_duplicate"),
        ("accepted", "match.same_name"),
    ]
    assert ask("SELECT email FROM members WHERE name = 'Budi'")[0].email == "budi@x.id"


def test_email_with_two_names_goes_to_review_or_the_last_row_wins(import_file, ask, owners):
    content = "Email,First name,Last name\njoao@x.id,João,Milton\nfoo@x.id,Foo,Bar\njoao@x.id,João,Nilton\n"
    report = import_file(content, entity="members", organization="forum-air", dry_run=True)
    assert _reasons(ask, report)[2] == ("review", "match.shared_key")
    last = ImportOptions(duplicates=DuplicatePolicy.LAST)
    report = import_file(content, entity="members", organization="forum-air", options=last)
    assert decided(report, read=False) == {"accepted": 2, "merged": 1}
    assert {row.name for row in ask("SELECT name FROM members")} == {"João Nilton", "Foo Bar"}


def test_period_that_ends_before_it_begins_is_an_error(import_file, ask, owners):
    header = "id,nama,tanggal mulai,tanggal selesai\n"
    report = import_file(
        header + "1,Ani,2020-05-01,2019-05-01\n2,Budi,2020-05-01,\n", entity="members", organization="forum-air"
    )
    assert _reasons(ask, report) == [("rejected", "value.end_before_start"), ("accepted", "match.none")]
    report = import_file(
        "id,nama,tanggal selesai\n2,Budi,2019-05-01\n", name="list.csv", entity="members", organization="forum-air"
    )
    assert _reasons(ask, report) == [("review", "value.end_before_start")]
    assert ask("SELECT ended_on FROM members")[0].ended_on is None


def test_personal_data_is_imported_only_if_the_mapping_names_it(import_file, ask, owners):
    content = "id,nama,tanggal lahir,agama\n1,Ani,21 Desember 1949,Islam\n"
    report = import_file(content, entity="members", organization="forum-air")
    assert "header.sensitive_refused" in codes_of(report)
    assert ask("SELECT profile_data FROM members")[0].profile_data == {}
    mapped = ImportOptions(mapping={"tanggal lahir": "birth_date"})
    import_file(content, entity="members", organization="forum-air", options=mapped)
    assert ask("SELECT profile_data FROM members")[0].profile_data == {"birth_date": "1949-12-21"}
    assert "Islam" not in str(ask("SELECT raw FROM source_records"))


def test_profile_may_append_to_lists_and_overwrite_values(import_file, ask, owners):
    import_file('id,nama,tags,jabatan\n1,Ani,"Air, Hutan",Ketua\n', entity="members", organization="forum-air",
                source="a")  # fmt: skip
    options = ImportOptions(
        mapping={"diubah": "changed_at"}, policies={"tags": MergePolicy.APPEND_SET, "position": MergePolicy.NEWEST}
    )
    report = import_file(
        'nama,email,jabatan,tags,diubah\nAni,,Sekretaris,"hutan; Laut",2001-01-01\n',
        entity="members", organization="forum-air", source="b", options=options, name="b.csv",
    )  # fmt: skip
    assert _reasons(ask, report) == [("review", "match.possible_duplicate")]
    import_file('id,nama,email,tags,jabatan\n1,Ani,ani@x.id,"Air, Hutan",Ketua\n', entity="members",
                organization="forum-air", source="a")  # fmt: skip
    for changed, position in (("2001-01-01", "Ketua"), ("2199-01-01", "Sekretaris")):
        import_file(
            f'nama,email,jabatan,tags,diubah\nAni,ani@x.id,Sekretaris,"hutan; Laut",{changed}\n',
            entity="members", organization="forum-air", source="b", options=options,
        )  # fmt: skip
        stored = ask("SELECT position, profile_data->'tags' AS tags FROM members")[0]
        assert (stored.position, stored.tags) == (position, ["Air", "Hutan", "Laut"])


POSTS = "Judul,Isi,Link,Tanggal,Kategori,Tags,Status\n"


def test_posts_get_category_tags_and_clean_markup(import_file, ask, owners):
    report = import_file(
        POSTS
        + 'Air Bersih,"<p>Baik</p><script>x()</script>",https://air.id/1,2020-01-31,Berita,"air|hutan",terbit\n'
        + "Air Bersih,,https://air.id/2,2020-02-01,BERITA,,\n",
        entity="posts",
        organization="forum-air",
    )
    assert decided(report, read=False) == {"accepted": 2}
    first, second = ask("""
        SELECT p.*, c.name AS category FROM posts p JOIN post_categories c ON c.id = p.category_id ORDER BY p.slug""")
    assert (first.slug, second.slug, first.category, second.category) == (
        "air-bersih", "air-bersih-2", "Berita", "Berita",
    )  # fmt: skip
    assert (first.content, first.tags, first.status, second.status) == (
        "<p>Baik</p>", ["air", "hutan"], "published", "draft",
    )  # fmt: skip
    assert first.published_at is None, "only the source knows when"
    assert [row.name for row in ask("SELECT name FROM post_tags ORDER BY name")] == ["air", "hutan"]
    raw = ask("SELECT raw->>'Isi' AS isi FROM source_records WHERE entity = 'posts' ORDER BY row_number LIMIT 1")[0]
    assert raw.isi == "<p>Baik</p><script>x()</script>", "the evidence is what came"
    again = import_file(
        POSTS + 'Air Bersih,"<p>Baik</p>",https://air.id/1,2020-01-31,berita,"air|laut",terbit\n',
        entity="posts",
        organization="forum-air",
    )
    assert decided(again, read=False) == {"merged": 1}
    assert [row.name for row in ask("SELECT name FROM post_tags ORDER BY name")] == ["air", "laut"]
    assert len(ask("SELECT FROM post_categories")) == 1


def test_right_to_publish_is_checked_again_when_the_import_is_applied(import_file, installation, ask, person, owners):
    content = POSTS + "Satu,,https://air.id/1,2020-01-31,,,terbit\n"
    editor = person("e@air.id", slug="forum-air", role="editor")
    report = import_file(content, entity="posts", organization="forum-air", actor=editor)
    assert "permission.value" in codes_of(report)
    assert ask("SELECT status, published_at FROM posts")[0] == ("draft", None)
    import_file(content, entity="posts", organization="forum-air")
    assert ask("SELECT status FROM posts")[0].status == "published"
    import_file(content.replace("Satu,", "Satu lagi,"), entity="posts", organization="forum-air", actor=editor)
    assert tuple(ask("SELECT title, status FROM posts")[0]) == ("Satu lagi", "published"), (
        "a right not held takes nothing"
    )
    owner = person("o@air.id", slug="forum-air", role="owner")
    plan = import_file(content.replace("air.id/1", "air.id/2"), entity="posts", organization="forum-air",
                       actor=owner, dry_run=True)  # fmt: skip
    with installation.database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(
            sa.text("UPDATE organization_user_roles SET role = 'editor' WHERE user_id = :id"), {"id": owner.id}
        )
    with pytest.raises(NotPermitted, match=r"record\.publish"):
        approve(installation, plan.import_.id, owner)
    assert len(ask("SELECT FROM posts WHERE status = 'published'")) == 1


EVENTS = "id,Nama Kegiatan,Tanggal,Jam,Tanggal Selesai,Tempat,Status\n"


def test_event_date_and_time_may_be_in_two_columns(import_file, ask, owners):
    report = import_file(
        EVENTS
        + "1,Rapat,2015-01-26,09:00,,Balai Desa,\n"
        + "2,Rapat,2015-01-27,19.30 WITA,,,dibatalkan\n"
        + "3,Bakti,2015-01-28,,2015-01-29,,selesai\n"
        + "4,Salah,2015-13-28,,,,\n"
        + "5,Terbalik,2015-01-28,,2015-01-27,,\n",
        entity="events",
        organization="forum-air",
    )
    assert _reasons(ask, report)[3:] == [("rejected", "value.date"), ("rejected", "value.end_before_start")]
    query = """
        SELECT slug, to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS starts,
               to_char(ends_at AT TIME ZONE timezone, 'YYYY-MM-DD HH24:MI') AS ends, timezone, all_day, status
        FROM events ORDER BY starts_at"""
    assert [tuple(row) for row in ask(query)] == [
        ("rapat", "2015-01-26 02:00", None, "Asia/Jakarta", False, "planned"),
        ("rapat-2", "2015-01-27 11:30", None, "Asia/Makassar", False, "cancelled"),
        ("bakti", "2015-01-27 17:00", "2015-01-29 23:59", "Asia/Jakarta", True, "held"),
    ]
    again = import_file(
        "Nama Kegiatan,Tanggal,Jam,Tempat\nRapat,26/1/2015,9.00,Balai Kota\nRapat,1/2/2015,9.00,Balai Kota\n",
        entity="events", organization="forum-air", source="lain",
    )  # fmt: skip
    assert _reasons(ask, again) == [("unchanged", "match.title_date"), ("accepted", "match.same_name")]


def test_member_import_into_a_foreign_organization_is_refused_at_each_step(
    import_file, installation, ask, person, owners
):
    editor = person("e@air.id", slug="forum-air", role="editor")
    with pytest.raises(NotPermitted, match="the role in this organization is none"):
        import_file("nama\nAni\n", entity="members", organization="kelompok-tani", actor=editor)
    with pytest.raises(NotPermitted, match="some organization"):
        import_file("nama,organisasi\nAni,forum-air\n", entity="members", actor=person("nobody@x.id"))
    plan = import_file("nama\nAni\n", entity="members", organization="forum-air", actor=editor, dry_run=True)
    with installation.database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(sa.text("DELETE FROM organization_user_roles WHERE user_id = :id"), {"id": editor.id})
    with pytest.raises(NotPermitted):
        approve(installation, plan.import_.id, editor)
    assert ask("SELECT FROM members") == []


def test_rows_of_foreign_organizations_are_row_errors_even_if_a_role_ends_in_between(
    import_file, installation, ask, person, owners, tmp_path
):
    editor = person("e@air.id", slug="forum-air", role="editor")
    with installation.database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(
            sa.text("""INSERT INTO organization_user_roles (organization_id, user_id, role)
                       SELECT id, :user, 'owner' FROM organizations WHERE slug = 'kelompok-tani'"""),
            {"user": editor.id},
        )
    file = tmp_path / "semua.csv"
    file.write_text("nama,organisasi\nAni,forum-air\nBudi,O2\nCici,O3\n")
    request = ImportRequest(plugin="csv-import", job="import-members", file=file)
    import_id = receive(installation, request, editor).import_id
    stage(installation, import_id)
    planned = decide(installation, import_id)
    assert (planned.counts["accepted"], planned.counts["rejected"]) == (2, 1)
    with installation.database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(
            sa.text("DELETE FROM organization_user_roles WHERE organization_id = :id"), {"id": owners["kelompok-tani"]}
        )
    applied = apply(installation, import_id)
    assert (applied.counts["accepted"], applied.counts["rejected"]) == (1, 2)
    assert [row.name for row in ask("SELECT name FROM members")] == ["Ani"]


def test_changes_to_a_claimed_organization_are_decided_by_its_people(import_file, installation, ask, person, owners):
    from kelompok_core.imports.reviewing.review import Reviewer
    from kelompok_core.imports.reviewing.review_items import list_review_items

    owner = person("o@air.id", slug="forum-air", role="owner")
    with installation.database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(
            sa.text("""UPDATE organizations SET claim_status = 'claimed', claimed_by_user_id = :user, claimed_at = now()
                       WHERE slug = 'forum-air'"""),
            {"user": owner.id},
        )
    report = import_file("nama,organisasi,email\nAni,forum-air,a@x.id\nAni,forum-air,a@x.id\nBudi,O2,\n",
                         entity="members")  # fmt: skip
    assert decided(report, read=False) == {"accepted": 1, "review": 2}
    stranger = person("e@tani.id", slug="kelompok-tani", role="owner")
    with pytest.raises(NotPermitted):
        Reviewer(installation, stranger).accept_as_new(report.import_.id, 1)
    made = Reviewer(installation, owner).accept_as_new(report.import_.id, 1)
    assert ask("SELECT organization_id FROM members WHERE id = :id", id=made.target_id)[0][0] == owners["forum-air"]
    merged = Reviewer(installation, owner).accept_into(report.import_.id, 2, made.target_id)
    assert merged.decision == "unchanged"
    with installation.database.connect() as connection:
        assert list_review_items(connection) == []


def test_reviewed_member_is_merged_into_the_one_named_by_a_short_id(import_file, installation, reviewer, ask, owners):
    from kelompok_core.imports.reviewing.review_items import compare, find_by_ref, get_review_item, list_candidates

    import_file("nama,jabatan\nBudi,Bendahara\n", entity="members", organization="forum-air", source="a")
    report = import_file(
        "nama,email,tanggal bergabung,tags\nBudi,budi@x.id,2020-01-02,air\n",
        entity="members",
        organization="forum-air",
        source="b",
    )
    with installation.database.connect() as connection:
        item = get_review_item(connection, report.import_.id, 1)
        ((ref, known),) = list_candidates(connection, item).items()
        assert find_by_ref(connection, item, ref) == known
        pairs = {one.field: (one.incoming, one.existing) for one in compare(connection, item, known)}
    assert pairs["started_on"] == ("2020-01-02", None)
    assert pairs["name"] == ("Budi", "Budi")
    verdict = reviewer.accept_into(report.import_.id, 1, known)
    assert verdict.changed == ["email", "started_on", "tags"]
    member = ask("SELECT * FROM members")[0]
    assert (member.email, str(member.started_on), member.profile_data["tags"]) == (
        "budi@x.id",
        "2020-01-02",
        ["air"],
    )


def test_reviewed_row_that_would_reverse_a_period_is_accepted_without_that_value(import_file, reviewer, ask, owners):
    from kelompok_core.errors import UsageError

    import_file("id,nama,tanggal mulai\n1,Budi,2020-05-01\n", entity="members", organization="forum-air")
    report = import_file(
        "id,nama,tanggal selesai,kota\n1,Budi,2019-05-01,Garut\n", entity="members", organization="forum-air"
    )
    with pytest.raises(UsageError, match="end before it begins"):
        reviewer.accept_into(report.import_.id, 1, None)
    reviewer.accept_into(report.import_.id, 1, None, choices={"ended_on": "existing"})
    member = ask("SELECT ended_on, profile_data->>'city' AS city FROM members")[0]
    assert (member.ended_on, member.city) == (None, "Garut")


def test_organization_deleted_between_plan_and_apply_is_a_row_error(import_file, installation, operator, ask, owners):
    from kelompok_core.organizations.service import OrganizationService

    plan = import_file("nama,organisasi\nAni,O2\nBudi,forum-air\n", entity="members", dry_run=True, source="semua")
    assert decided(plan, read=False) == {"accepted": 2}
    with installation.database.session() as session:
        OrganizationService(session, operator).delete(owners["kelompok-tani"])
    approve(installation, plan.import_.id, operator)
    applied = apply(installation, plan.import_.id)
    assert (applied.counts["accepted"], applied.counts["review"]) == (1, 1), "the plan was reviewed: what changed waits"
    assert [row.name for row in ask("SELECT name FROM members")] == ["Budi"]


def test_event_is_matched_by_its_uid_even_if_its_title_changes(import_file, ask, owners):
    import_file("uid,judul,tanggal\nA@x,Rapat,2020-01-01\n", entity="events", organization="forum-air", source="a")
    report = import_file(
        "uid,judul,tanggal\nA@x,Rapat Besar,2020-01-02\n", entity="events", organization="forum-air", source="b"
    )
    assert _reasons(ask, report) == [("unchanged", "match.uid")]
    assert "field.source_outranked" in codes_of(report), "another source's word stays"


def test_same_row_in_another_date_order_is_a_change(import_file, ask, owners):
    content = "id,nama,tanggal mulai\n1,Ani,1/2/2019\n"
    where = {"entity": "members", "organization": "forum-air"}
    import_file(content + "2,Budi,2/13/2019\n", **where)
    assert str(ask("SELECT started_on FROM members WHERE name = 'Ani'")[0].started_on) == "2019-01-02"
    report = import_file(content + "2,Budi,13/2/2019\n", **where)
    assert decided(report, read=False) == {"merged": 1, "unchanged": 1}
    assert str(ask("SELECT started_on FROM members WHERE name = 'Ani'")[0].started_on) == "2019-02-01"


def test_same_file_for_another_organization_is_not_a_repeat(import_file, owners):
    for slug in ("forum-air", "kelompok-tani"):
        report = import_file("nama\nAni\n", entity="members", organization=slug)
        assert "file.already_imported" not in {issue["code"] for issue in report.import_.issues}
    report = import_file("nama\nAni\n", entity="members", organization="forum-air")
    assert "file.already_imported" in {issue["code"] for issue in report.import_.issues}


def test_row_with_an_id_after_one_without_may_be_the_same_person(import_file, ask, owners):
    report = import_file(
        "id,nama,email\n,Ani,ani@x.id\n7,Ani,ani@x.id\n8,Budi,\n9,Budi,\n", entity="members", organization="forum-air"
    )
    assert _reasons(ask, report) == [
        ("accepted", "match.same_name"),
        ("review", "match.possible_duplicate"),
        ("accepted", "match.same_name"),
        ("accepted", "match.same_name"),
    ], "two ids are two people"


def test_interrupted_staging_continues_in_the_proven_date_order(
    import_file, installation, operator, ask, owners, tmp_path, monkeypatch
):
    from kelompok_core.imports.staging import staging_pass as module

    rows = "".join(f"{number},N{number},13/2/2019\n" for number in range(10_000)) + "x,Akhir,\n"
    whole = import_file("id,nama,tanggal mulai\n" + rows, entity="members", organization="forum-air", source="a")
    file = tmp_path / "terputus.csv"
    file.write_text("id,nama,tanggal mulai\n" + rows)
    request = ImportRequest(plugin="csv-import", job="import-members", file=file, organization="kelompok-tani")
    import_id = receive(installation, request, operator).import_id
    copied = iter([module.copy_rows])

    def copy_once(connection, table):
        next(copied)(connection, table)

    with monkeypatch.context() as patch:
        patch.setattr(module, "copy_rows", copy_once)
        with pytest.raises(StopIteration):
            stage(installation, import_id)
    assert ask("SELECT rows_staged FROM imports WHERE id = :id", id=import_id)[0].rows_staged == 10_000
    stage(installation, import_id)
    decide(installation, import_id)
    assert apply(installation, import_id).counts["accepted"] == 10_001
    readings = ask(
        "SELECT DISTINCT reading_sha256, read_as->>'date_order' AS read FROM imports WHERE entity = 'members'"
    )
    assert len(readings) == 1, whole.import_.read_as


def test_row_cannot_be_merged_into_a_record_of_a_foreign_organization(import_file, installation, ask, person, owners):
    from kelompok_core.imports.reviewing.review import Reviewer

    import_file("nama\nBudi\n", entity="members", organization="forum-air", source="a")
    import_file("nama\nBudi\n", entity="members", organization="kelompok-tani", source="a")
    report = import_file("nama,email\nBudi,b@x.id\n", entity="members", organization="forum-air", source="b")
    foreign = ask("SELECT id FROM members WHERE organization_id = :id", id=owners["kelompok-tani"])[0].id
    owner = person("o@air.id", slug="forum-air", role="owner")
    with pytest.raises(NotPermitted):
        Reviewer(installation, owner).accept_into(report.import_.id, 1, foreign)
    assert ask("SELECT email FROM members WHERE id = :id", id=foreign)[0].email is None
    Reviewer(installation, owner).accept_into(report.import_.id, 1, None)


def test_candidates_of_one_import_have_distinct_short_ids(import_file, installation, operator, owners):
    from kelompok_core.imports.reviewing.review_items import find_by_ref, get_review_item, list_candidates

    import_file("id,nama,jabatan\n1,Budi,Ketua\n2,Budi,Ketua\n", entity="members", organization="forum-air", source="a")
    report = import_file("nama,jabatan\nBudi,Ketua\n", entity="members", organization="forum-air", source="b")
    with installation.database.connect() as connection:
        item = get_review_item(connection, report.import_.id, 1)
        candidates = list_candidates(connection, item)
        assert item.reason == "match.multiple"
        assert len(candidates) == 2
        assert {find_by_ref(connection, item, ref) for ref in candidates} == set(candidates.values())


def test_user_without_the_right_to_publish_may_reject_a_row(import_file, installation, operator, person, ask, owners):
    from kelompok_core.imports.reviewing.review import Reviewer

    import_file(POSTS + "Satu,,https://air.id/1,,,,\n", entity="posts", organization="forum-air", source="a")
    content = POSTS + "Lain,,https://air.id/1,,,,terbit\nBeda,,https://air.id/1,,,,\n"
    report = import_file(content, entity="posts", organization="forum-air", source="b")
    assert report.counts["review"] == 2
    editor = Reviewer(installation, person("e@air.id", slug="forum-air", role="editor"))
    with pytest.raises(NotPermitted, match=r"record\.publish"):
        editor.accept_as_new(report.import_.id, 1)
    editor.reject(report.import_.id, 1)
    editor.accept_as_new(report.import_.id, 2)
    assert {row.status for row in ask("SELECT status FROM posts")} == {"draft"}


def test_list_set_by_a_person_goes_to_review_only_if_it_would_change(import_file, database, operator, ask, owners):
    from kelompok_core.members.service import MemberService

    content = "id,nama,tags,jabatan,diubah\n1,Ani,{tags},{position},{changed}\n"
    where = {"entity": "members", "organization": "forum-air"}
    options = ImportOptions(
        mapping={"diubah": "changed_at"},
        policies={"tags": MergePolicy.APPEND_SET, "position": MergePolicy.NEWEST},
        date_order=DateOrder.DAY_FIRST,
    )
    import_file(content.format(tags="air", position="Ketua", changed="1/2/2001"), **where, options=options)
    member = ask("SELECT id FROM members")[0].id
    with database.session() as session:
        MemberService(session, operator).update(member, {"tags": "air, hutan", "position": "Penasihat"})
    older = import_file(
        content.format(tags="hutan", position="Sekretaris", changed="2/2/2001"), **where, options=options
    )
    assert _reasons(ask, older) == [("unchanged", "match.known")]
    newer = import_file(
        content.format(tags="hutan", position="Sekretaris", changed="2/2/2199"), **where, options=options
    )
    assert _reasons(ask, newer) == [("review", "field.locked_by_person")]


def test_import_is_undone_by_a_user_with_rights_in_all_its_organizations(
    import_file, installation, ask, person, owners
):
    from kelompok_core.imports.undoing.undo import undo

    report = import_file("nama,organisasi\nAni,forum-air\nBudi,O2\n", entity="members")
    editor = person("e@air.id", slug="forum-air", role="editor")
    with pytest.raises(NotPermitted):
        undo(installation, report.import_.id, editor)
    with installation.database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(
            sa.text(
                "INSERT INTO organization_user_roles (organization_id, user_id, role) VALUES (:home, :user, 'owner')"
            ),
            {"home": owners["kelompok-tani"], "user": editor.id},
        )
    assert undo(installation, report.import_.id, editor).counts["deleted"] == 2
    assert ask("SELECT FROM members") == []
