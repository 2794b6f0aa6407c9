"""An NGO moves from CiviCRM: organizations, members and events of one package, opt-outs kept, again, and undone."""

import os
import zipfile
from pathlib import Path

import pytest

from kelompok_core.errors import SourceUnreadable
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.shared.profiles import chosen_profile
from kelompok_core.imports.undoing.undo import undo
from tests.counting import codes_of, decided

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
pytestmark = pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")


@pytest.fixture
def package(tmp_path):
    """A package of three tables."""
    folder = Path(str(_DATA)) / "legacy-made-here" / "files"
    with zipfile.ZipFile(tmp_path / "civicrm.zip", "w") as archive:
        for name in ("civicrm-contacts.csv", "civicrm-participants.csv"):
            archive.write(folder / name, name)
    return tmp_path / "civicrm.zip"


@pytest.fixture
def move(import_file, settings, grant):
    """Import an entity of an export with the profile of its system."""
    grant("legacy-import")

    def run(path, entity, profile="civicrm", **given):
        chosen = chosen_profile(settings, ImportOptions(profile=f"legacy-import/{profile}"))
        return import_file(
            path, entity=entity, plugin="legacy-import", source=chosen.source_name, options=chosen.options, **given
        )

    return run


def test_organizations_members_and_events(move, package, ask, person_sets):
    organizations = move(package, "organizations")
    assert decided(organizations) == {"rows_read": 2, "accepted": 2}
    assert organizations.import_.source_name == "civicrm"
    members = move(package, "members")
    assert decided(members) == {"rows_read": 4, "accepted": 3, "rejected": 1}
    query = """SELECT m.name, o.name AS owner, m.status, m.profile_data->'do_not_contact' AS ways
               FROM members m JOIN organizations o ON o.id = m.organization_id ORDER BY m.name"""
    assert [(row.name, row.owner, row.status, row.ways) for row in ask(query)] == [
        ("Budi Santoso", "Forum Air Bersih", "active", ["bulk_email", "phone"]),
        ("Siti Rahmawati", "Forum Air Bersih", "active", ["email"]),
        ("Yohanes Hutapea", "Forum Air Bersih", "inactive", None),
    ]
    assert ask("SELECT 1 FROM members WHERE profile_data::text LIKE '%birth%'") == []
    events = move(package, "events", organization="forum-air-bersih")
    assert decided(events) == {"rows_read": 3, "accepted": 2, "unchanged": 1}
    for entity in ("organizations", "members"):
        again = move(package, entity)
        assert decided(again)["unchanged"] == decided(again)["rows_read"] - decided(again).get("rejected", 0)


def test_an_opt_out_outlives_a_later_export_without_it(move, package, ask, tmp_path):
    move(package, "organizations")
    move(package, "members")
    text = (Path(str(_DATA)) / "legacy-made-here/files/civicrm-contacts.csv").read_text("utf-8")
    cleared = tmp_path / "civicrm-contacts.csv"
    lines = text.splitlines(keepends=True)
    cleared.write_text("".join(line.replace('"1"', '""') for line in lines))
    move(cleared, "members")
    ways = {row.name: row.ways for row in ask("SELECT name, profile_data->'do_not_contact' AS ways FROM members")}
    assert ways["Siti Rahmawati"] == ["email"]
    assert ways["Budi Santoso"] == ["bulk_email", "phone"]


def test_a_move_is_undone_in_reverse(move, package, ask, installation, operator):
    done = [move(package, entity) for entity in ("organizations", "members")]
    for report in reversed(done):
        undo(installation, report.import_.id, operator)
    assert ask("SELECT count(*) AS n FROM members")[0].n == 0
    assert ask("SELECT count(*) AS n FROM organizations")[0].n == 0


def test_an_address_of_two_systems_is_no_employer_of_the_other(move, ask):
    folder = Path(str(_DATA)) / "legacy-made-here" / "files"
    move(folder / "hubspot-crm-exports-all-companies-2026-03-01.csv", "organizations", "hubspot")
    report = move(folder / "hubspot-crm-exports-all-contacts-2026-03-01.csv", "members", "hubspot")
    assert decided(report) == {"rows_read": 2, "accepted": 2}
    assert "value.required" not in codes_of(report)
    sites = {row.name: row.website_url for row in ask("SELECT name, website_url FROM organizations")}
    assert sites == {"Forum Air Bersih": "https://forumair.example", "Sanggar Anak": None}


def test_rows_that_give_several_records(move, ask):
    path = Path(str(_DATA)) / "legacy-made-here/files/npsp-data-import.csv"
    organizations = move(path, "organizations", "npsp-data-import")
    assert decided(organizations) == {"rows_read": 3, "accepted": 2, "unchanged": 1}
    assert "header.other_entity" not in codes_of(organizations)
    members = move(path, "members", "npsp-data-import")
    assert decided(members) == {"rows_read": 4, "accepted": 3, "rejected": 1}
    owners = {(row.name, row.owner) for row in ask(
        "SELECT m.name, o.name AS owner FROM members m JOIN organizations o ON o.id = m.organization_id"
    )}  # fmt: skip
    assert owners == {(name, "Koperasi Tani") for name in ("Siti Aminah", "Umar Hadi", "Joko Susilo")}


def test_what_is_not_there_is_said_before_anything_is_written(move, ask, installation, operator, tmp_path):
    path = tmp_path / "daftar.csv"
    path.write_text("nama,kota\nA,B\n")
    with pytest.raises(SourceUnreadable, match="CiviCRM"):
        move(path, "members")
    assert receive(
        installation, ImportRequest(plugin="legacy-import", job="import-members", file=path, source_name="x"), operator
    )
    assert ask("SELECT 1 FROM members") == []
