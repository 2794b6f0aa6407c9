"""An organization's imports neither depend on nor disclose other organizations' data."""

import io
import json
import re
from itertools import count

import pytest
import sqlalchemy as sa

from kelompok_core.access.rules import list_visible_organizations
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.errors import NotFound, NotPermitted
from kelompok_core.imports.reporting.error_file import write_error_file
from kelompok_core.imports.reporting.row_pages import BEGINNING, iter_rows, list_issues
from kelompok_core.imports.reviewing.review import Reviewer
from kelompok_core.imports.reviewing.review_items import (
    compare,
    find_by_ref,
    get_review_item,
    list_candidates,
    list_review_items,
)
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.undoing.undo import undo
from tests.roles import grant_role

OURS = "id,name,slug,website,email\nA,Ours,ours,https://ours.or.id,halo@ours.or.id\n"
THEIRS = (
    "id,name,slug,website,email,city,tanggal berdiri\n"
    "1,Rahasia,rahasia,https://rahasia.or.id,halo@rahasia.or.id,Kupang,1999\n"
    "2,Kembar,kembar,https://kembar.or.id,halo@kembar.or.id,Ende,2001\n"
)
HOME_MEMBERS = "id,name,email,position\n1,Siti,siti@ours.or.id,Ketua\n"
THEIR_MEMBERS = "id,name,email,position\n1,Joko,joko@x.org,Ketua\n2,Rara,rara@x.org,Bendahara\n3,Ani,,Anggota\n"


@pytest.fixture
def ours(import_file, person):
    """An organization with one member and its editor, and no other records."""

    def make():
        import_file(OURS, source="owners")
        import_file(HOME_MEMBERS, source="ours", entity="members", organization="ours")

    make()
    return make, person("ibu@ours.or.id", slug="ours", role="editor")


_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{12}\b")
_PASSING = ("seconds", "rows_per_second", "durations", "at")


def _plain(report):
    """Return the report without values that differ each time: ids are numbered, times removed."""
    numbers, names = count(1), {}

    def name(found):
        return names.setdefault(found[0], f"id-{next(numbers)}")

    text = re.sub(
        rf'"({"|".join(_PASSING)})": (\{{[^}}]*\}}|"[^"]*"|[\d.]+)', r'"\1": 0', json.dumps(report, default=str)
    )
    return json.dumps(json.loads(_ID.sub(name, text)), indent=1).splitlines()


@pytest.fixture
def visible_data(database):
    """Return everything that the users of an import's organization can see of it."""

    def run(report, actor):
        with database.connect() as connection:
            sees = list_visible_organizations(connection, actor)
            errors = io.StringIO()
            write_error_file(connection, report.import_, {"en": errors})
            item = list_review_items(connection, import_id=report.import_.id, organizations=sees, sees=sees)
            visible = {
                "report": report.to_json(),
                "file": [issue["code"] for issue in report.import_.issues],
                "rows": [
                    one.to_json() | {"raw": dict(one.raw)} for one in iter_rows(connection, report.import_, sees=sees)
                ],
                "issues": [
                    one.issue.to_json()
                    for one in list_issues(connection, report.import_, after=BEGINNING, limit=1000, sees=sees)
                ],
                "errors": errors.getvalue(),
                "item": [
                    [one.reason, one.message(), dict(one.raw), list(map(str, one.may_be)),
                     {ref: [vars(pair) for pair in compare(connection, one, known)]
                      for ref, known in list_candidates(connection, one).items()}]
                    for one in item
                ],
            }  # fmt: skip
        return _plain(visible)

    return run


# Data of another organization, each of a kind that could reach the outcome of an import.
def _their_records(import_file, **_):
    import_file(THEIRS, source="list")


def _their_members(import_file, **_):
    import_file(THEIRS, source="list")
    import_file(THEIR_MEMBERS, source="list", entity="members", organization="rahasia")
    import_file(THEIR_MEMBERS.replace("\n", ",Kembar\n").replace("position,Kembar", "position,organisasi"),
                source="list", entity="members")  # fmt: skip


def _namesake_of_ours(import_file, **_):
    import_file("id,name,slug,city\n9,Ours,ours-too,Ende\n", source="others")
    import_file("id,name,email,organisasi\n1,Joko,joko@x.org,ours-too\n7,Tini,tini@x.org,ours-too\n", source="list",
                entity="members")  # fmt: skip


def _their_rejected_rows(import_file, reviewer, waiting, **_):
    import_file(THEIRS, source="list")
    text, _ = ROWS["organizations"]
    import_file("".join(line for line in text.splitlines(keepends=True) if "Ours" not in line), source="list")
    import_file(THEIR_MEMBERS, source="list", entity="members", organization="rahasia")
    import_file("name,email\nAni,\nAni,\n", source="others", entity="members", organization="rahasia")
    import_file("name,email\nAni,\nSiti,siti@ours.or.id\n", source="list", entity="members", organization="rahasia")
    for one in waiting():
        reviewer.reject(one.import_id, one.row_number)


def _theirs_are_gone(import_file, installation, operator, **_):
    import_file(THEIRS, source="list")
    members = import_file(THEIR_MEMBERS, source="list", entity="members", organization="rahasia")
    undo(installation, members.import_.id, operator)


WORLDS = [_their_records, _their_members, _namesake_of_ours, _their_rejected_rows, _theirs_are_gone]

# Files an editor of «ours» may send to find out about others; the second says how.
ROWS = {
    "organizations": (
        (
            "id,name,slug,website,email,city,tanggal berdiri\n"
            "A,Ours,ours,https://ours.or.id,halo@ours.or.id,Garut,\n"
            "1,Rahasia,rahasia,https://rahasia.or.id,halo@rahasia.or.id,Kupang,1999\n"
            "2,Kembar,,,,,\n"
            "3,Nama Lain,,https://rahasia.or.id,,,\n"
            "4,Nama Lain Lagi,,,halo@kembar.or.id,,\n"
            "5,Nobody,nobody,https://nobody.or.id,halo@nobody.or.id,Ende,\n"
            ",Rahasia,,,,Kupang,\n"
            "6,Ours,,,,,\n"
        ),
        {},
    ),
    "members": (
        "id,name,email,position\n1,Joko,joko@x.org,Ketua\n2,Rara,rara@x.org,\n,Ani,,Anggota\n9,Siti,siti@ours.or.id,\n",
        {},
    ),
    "members that name organizations": (
        (
            "id,name,email,organisasi\n1,Joko,joko@x.org,Kembar\n2,Rara,rara@x.org,rahasia\n3,Ani,,Nowhere\n4,Tini,,2\n"
            "5,Budi,,Ours\n6,Tono,,ours\n7,Tini,tini@x.org,Ours\n"
        ),
        {"options": ImportOptions(mapping={"organisasi": "organization"})},
    ),
}


@pytest.mark.proof
@pytest.mark.parametrize("confined", [True, False], ids=["confined", "row by row"])
@pytest.mark.parametrize("what", ROWS)
def test_outcome_does_not_depend_on_records_of_others(
    what, confined, forget, ours, import_file, visible_data, reviewer, waiting, installation, operator, database
):
    text, how = ROWS[what]
    if not confined and not how:
        return  # who has a role in one organization has no other way to send these
    make, actor = ours
    outcomes = []
    for world in (lambda **_: None, *WORLDS):
        forget()
        make()
        grant_role(database, actor.id, "ours")
        world(import_file=import_file, reviewer=reviewer, waiting=waiting, installation=installation, operator=operator)
        outcomes.append([
            visible_data(
                import_file(
                    text, source=source, entity=what.split()[0], organization="ours" if confined else None,
                    actor=actor, **how,
                ),
                actor,
            )
            for source in ("list", "own")
        ])  # fmt: skip
    for world, outcome in zip(WORLDS, outcomes[1:], strict=True):
        for other, alone in zip(outcome, outcomes[0], strict=True):
            assert [pair for pair in zip(other, alone, strict=True) if pair[0] != pair[1]] == [], world.__name__


def test_row_of_another_organization_is_refused_before_review(ours, import_file, waiting, ask):
    _, actor = ours
    import_file(THEIRS, source="all")
    text, _ = ROWS["organizations"]
    report = import_file(text, source="own", organization="ours", actor=actor)
    decided = [
        tuple(row) for row in ask(
            "SELECT row_number, decision, reason, issues FROM import_decisions WHERE import_id = :id ORDER BY 1",
            id=report.import_.id,
        )
    ]  # fmt: skip
    outside = [row for row in decided if row[2] == "permission.scope"]
    assert [row[0] for row in outside] == [2, 3, 4, 5, 6, 7]
    assert {(row[1], json.dumps(row[3][0]["params"])) for row in outside} == {("rejected", "{}")}
    assert {row[1] for row in decided if row[0] in (1, 8)} == {"merged", "review"}
    assert [one.row_number for one in waiting()] == [8]


def test_review_does_not_bypass_the_right_to_create_organizations(ours, import_file, installation, ask, person):
    _, actor = ours
    report = import_file("id,name\n6,Ours\n", source="own", organization="ours", actor=actor)
    assert report.counts["review"] == 1
    with pytest.raises(NotPermitted):
        Reviewer(installation, actor).accept_as_new(report.import_.id, 1)
    assert len(ask("SELECT FROM organizations")) == 1
    steward = person("s@example.org", platform_role="steward")
    made = Reviewer(installation, steward).accept_as_new(report.import_.id, 1)
    with pytest.raises(NotPermitted):
        undo(installation, report.import_.id, actor)
    assert ask("SELECT FROM organizations WHERE id = :id", id=made.target_id)
    assert undo(installation, report.import_.id, steward).counts["deleted"] == 1


def test_editor_of_one_organization_cannot_create_records_from_a_shared_list(ours, import_file, installation, ask):
    _, actor = ours
    report = import_file("id,name\n6,Ours\n", source="of many")
    with pytest.raises(NotPermitted):
        Reviewer(installation, actor).accept_as_new(report.import_.id, 1)
    assert len(ask("SELECT FROM organizations")) == 1
    assert Reviewer(installation, actor).accept_into(report.import_.id, 1, None).decision in ("merged", "unchanged")


def test_candidates_are_limited_to_organizations_visible_to_the_reader(ours, import_file, database):
    """A record created after the row was sent to review, in another organization and in the reader's own."""
    _, actor = ours
    report = import_file("id,name,website\n6,Ours,https://rahasia.or.id\n", source="own", organization="ours")
    import_file(THEIRS, source="all")
    with database.connect() as connection:
        sees = list_visible_organizations(connection, actor)
        for reader in (sees, None):
            item = get_review_item(connection, report.import_.id, 1, sees=reader)
            assert list(list_candidates(connection, item)) == ["ours"], "confined, the row is of that organization"
            with pytest.raises(NotFound):
                find_by_ref(connection, item, "rahasia", sees=sees)


def test_candidate_moved_to_another_organization_is_not_shown(
    ours, import_file, database, ask, waiting, visible_data, installation
):
    """An import from before candidates were limited to the organization; a moved record is hidden, too."""
    _, actor = ours
    import_file(THEIRS, source="all")
    report = import_file("name,position\nSiti,\n", source="own", entity="members", organization="ours", actor=actor)
    assert [one.reason for one in waiting()] == ["match.possible_duplicate"]
    before = visible_data(report, actor)
    assert any("siti@ours.or.id" in line for line in before)
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(
            sa.text("""
            UPDATE members SET organization_id = (SELECT id FROM organizations WHERE slug = 'rahasia')""")
        )
    moved = ask("SELECT id FROM members")[0].id
    with database.connect() as connection:
        sees = list_visible_organizations(connection, actor)
        item = get_review_item(connection, report.import_.id, 1, sees=sees)
        assert (item.may_be, list_candidates(connection, item)) == ([], {})
        for one in list_issues(connection, report.import_, after=BEGINNING, limit=99, sees=sees):
            assert str(moved) not in json.dumps(one.issue.to_json(), default=str)
    assert not [line for line in visible_data(report, actor) if "siti@ours.or.id" in line]
    with pytest.raises(NotPermitted):
        Reviewer(installation, actor).accept_into(report.import_.id, 1, moved)


def test_rows_do_not_disclose_values_of_a_moved_record(ours, import_file, database):
    _, actor = ours
    import_file(THEIRS, source="all")
    report = import_file("id,name,email\n1,Siti,baru@ours.or.id\n", source="ours", entity="members",
                         organization="ours", actor=actor)  # fmt: skip
    with database.connect() as connection, connection.begin():
        sees = list_visible_organizations(connection, actor)
        (row,) = iter_rows(connection, report.import_, sees=sees)
        assert (row.name, row.changes["email"]) == ("Siti", ["siti@ours.or.id", "baru@ours.or.id"])
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(
            sa.text("""
            UPDATE members SET organization_id = (SELECT id FROM organizations WHERE slug = 'rahasia')""")
        )
    with database.connect() as connection:
        (row,) = iter_rows(connection, report.import_, sees=sees)
        assert (row.target_id, row.ref, row.changes, row.name) == (None, None, None, "Siti")
        (row,) = iter_rows(connection, report.import_)
        assert row.changes["email"] == ["siti@ours.or.id", "baru@ours.or.id"]


def test_list_of_another_organization_does_not_replace_review_items(ours, import_file, person, waiting):
    """Two lists with the same name, of two organizations: the names of lists are not reserved."""
    _, actor = ours
    import_file(THEIRS, source="all")
    import_file("id,name\n7,Rahasia\n", source="list")
    assert len(waiting()) == 1
    import_file("id,name,website\n7,Ours,https://ours.or.id\n", source="list", organization="ours", actor=actor)
    assert len(waiting()) == 1, "it waits for who asked about it"


def test_organization_name_is_looked_up_only_among_visible_ones(ours, import_file, ask):
    _, actor = ours
    import_file("id,name,slug,city\n1,Ours,ours-too,Ende\n2,Lain,lain,Ende\n", source="others")
    text = "name,organisasi\nAni,Ours\nBudi,ours-too\nCici,Lain\nDedi,Nowhere\n"
    report = import_file(text, source="x", entity="members", actor=actor)
    rows = ask(
        "SELECT decision, reason FROM import_decisions WHERE import_id = :id ORDER BY row_number", id=report.import_.id
    )
    assert [tuple(row) for row in rows] == [
        ("accepted", "match.none"), *[("rejected", "relation.not_found")] * 3,
    ]  # fmt: skip


def test_visible_organization_without_import_right_is_permission_denied(ours, import_file, ask, database):
    _, actor = ours
    import_file(THEIRS, source="others")
    grant_role(database, actor.id, "kembar", "viewer")
    report = import_file("name,organisasi\nAni,Kembar\n", source="x", entity="members", actor=actor)
    assert [group.code for group in report.groups] == ["permission.denied"]


def test_same_file_of_another_sender_is_not_disclosed(ours, import_file, person, database):
    _, actor = ours
    import_file(THEIRS, source="others")
    text = "name,organisasi\nAni,Ours\nBudi,kembar\n"
    import_file(text, source="x", entity="members", actor=person("pak@x.org", slug="kembar"))
    report = import_file(text, source="x", entity="members", actor=actor)
    assert "file.already_imported" not in {issue["code"] for issue in report.import_.issues}
    assert "read_in_import" not in report.import_.read_as


def _decided(ask, report):
    rows = ask(
        "SELECT decision, reason FROM import_decisions WHERE import_id = :id ORDER BY row_number", id=report.import_.id
    )
    return [tuple(row) for row in rows]


def test_decisions_of_an_editor_do_not_identify_rows_of_a_shared_list(ours, import_file, ask):
    """Names of lists and their ids are easy to guess: «list» and 1."""
    _, actor = ours
    import_file("id,name,slug\n1,Ours,ours\n", source="list", organization="ours", actor=actor)
    report = import_file(THEIRS, source="list")
    assert _decided(ask, report) == [("accepted", "match.none")] * 2
    assert {row.name for row in ask("SELECT name FROM organizations")} == {"Ours", "Rahasia", "Kembar"}
    again = import_file(THEIRS.replace("Kupang", "Ende"), source="list")
    assert _decided(ask, again) == [("merged", "match.known"), ("unchanged", "match.known")]


def test_id_from_an_editor_does_not_name_an_organization_in_other_imports(ours, import_file, ask):
    _, actor = ours
    import_file("id,name,slug\n1,Ours,ours\n", source="own", organization="ours", actor=actor)
    rows = "name,organisasi\nJoko,1\n"
    report = import_file(rows, source="members", entity="members")
    assert _decided(ask, report) == [("rejected", "relation.not_found")]
    assert _decided(ask, import_file(rows, source="x", entity="members", actor=actor)) == [("accepted", "match.none")]


def test_members_of_an_editor_are_not_matched_with_a_shared_list(ours, import_file, ask):
    _, actor = ours
    import_file(THEIRS, source="others")
    import_file("id,name\n1,Tini\n", source="list", entity="members", organization="ours", actor=actor)
    report = import_file("id,name,organisasi\n1,Joko,rahasia\n", source="list", entity="members")
    assert _decided(ask, report) == [("accepted", "match.none")]


def test_row_rejected_by_an_editor_is_still_reviewed_in_a_shared_list(ours, import_file, ask, installation):
    _, actor = ours
    text = "id,name,organisasi\n5,Siti,ours\n"
    report = import_file(text, source="list", entity="members", actor=actor)
    Reviewer(installation, actor).reject(report.import_.id, 1)
    again = import_file(text, source="list", entity="members", actor=actor)
    assert _decided(ask, again) == [("rejected", "review.rejected_before")]
    report = import_file(text, source="list", entity="members")
    assert [decision for decision, _ in _decided(ask, report)] == ["review"]


def test_link_made_by_a_steward_applies_to_an_editors_import(ours, import_file, ask):
    _, actor = ours
    first = import_file("id,name,website\n17,Ours,https://ours.or.id\n", source="list", organization="ours")
    assert _decided(ask, first) == [("unchanged", "match.website")]
    report = import_file("id,name,city\n17,Ours,Garut\n", source="list", organization="ours", actor=actor)
    assert _decided(ask, report) == [("merged", "match.known")]
