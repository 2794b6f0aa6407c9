"""Address cards of the folder in KELOMPOK_TEST_DATA, through all steps of an import; skipped without it."""

import json
import os
from pathlib import Path

import pytest

from kelompok_core.errors import UsageError
from kelompok_core.imports.shared.options import ImportOptions
from tests.counting import codes_of, decided

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
needs_data = pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")
_MADE_HERE = Path(str(_DATA)) / "documents-made-here"


@pytest.fixture
def import_cards(import_file, grant):
    """Import cards, of members into an organization."""
    grant("vcard-import")
    import_file("name\nForum Air Bersih\n", name="forum.csv")

    def run(content, *, entity="members", **more):
        home = "forum-air-bersih" if entity == "members" else None
        return import_file(content, plugin="vcard-import", entity=entity, **({"organization": home} | more))

    return run


@needs_data
def test_the_cards_made_here_give_the_expected_members(import_cards, ask):
    file = _MADE_HERE / "files/kontak.vcf"
    expected = json.loads((_MADE_HERE / "expected.json").read_text("utf-8"))["kontak.vcf"]["members"]
    report = import_cards(file)
    assert decided(report) == {"rows_read": expected["records"], "accepted": expected["records"]}
    siti, dewi = ask("SELECT * FROM members ORDER BY name DESC")
    wanted = expected["1"]
    assert (siti.name, siti.position, siti.profile_data["tags"]) == (wanted["name"], wanted["position"], wanted["tags"])
    assert (siti.email, siti.phone) == (wanted["email"].partition(" ")[0], wanted["phone"].partition(" ")[0])
    assert siti.social_links["instagram"] == wanted["instagram"]
    (home,) = ask("SELECT name FROM organizations WHERE id = :id", id=siti.organization_id)
    assert home.name == wanted["organization"]
    assert (siti.profile_data["city"], siti.profile_data["country"]) == ("Sleman", "ID")
    assert {name: dewi._mapping[name] for name in expected["2"]} == expected["2"]
    stored = json.dumps([[str(cell) for cell in row] for row in ask("SELECT * FROM import_rows")])
    assert "1990" not in stored, "birth dates are not taken in"
    assert [
        row.external_id for row in ask("SELECT external_id FROM source_records WHERE external_id LIKE 'urn:%'")
    ] == [wanted["external_id"]]
    groups = {group.code: group.examples[0].to_json() for group in report.groups}
    assert "BDAY (1), PHOTO (1)" in str(groups["vcard.left_out"])
    assert {"vcard.organizations_left", "vcard.groups_left"} <= groups.keys()
    assert decided(import_cards(file)) == {"rows_read": 2, "unchanged": 2}


@needs_data
def test_the_cards_made_here_give_the_expected_organizations(import_cards, ask):
    file = _MADE_HERE / "files/kontak.vcf"
    expected = json.loads((_MADE_HERE / "expected.json").read_text("utf-8"))["kontak.vcf"]["organizations"]
    report = import_cards(file, entity="organizations")
    assert decided(report) == {"rows_read": expected["records"], "accepted": expected["records"]}
    found = {row.name: row for row in ask("SELECT * FROM organizations WHERE slug <> 'forum-air-bersih'")}
    assert set(found) == set(expected["names"])
    house = found["Yayasan Rumah Baca"]
    assert (house.phone, house.official_email) == ("+62274555123", "halo@rumahbaca.example")
    assert house.website_url == "https://rumahbaca.example"
    assert decided(import_cards(file, entity="organizations")) == {"rows_read": 2, "unchanged": 2}


@needs_data
def test_cards_name_their_organization(import_cards, ask):
    report = import_cards(_MADE_HERE / "files/kontak.vcf", organization=None)
    assert decided(report) == {"rows_read": 2, "accepted": 1, "rejected": 1}, "the second card names no organization"
    assert (
        ask("SELECT o.name FROM members m JOIN organizations o ON o.id = m.organization_id")[0].name
        == "Forum Air Bersih"
    )


@needs_data
@pytest.mark.parametrize("name", [
    "mem-vcards/files/gmail-list.vcf", "mem-vcards/files/outlook-2007.vcf",
    "mem-vcards-android/files/v21_multiple_entry.vcf",
    "mem-vcards/files/John_Doe_LOTUS_NOTES.vcf", "mem-vcards-android/files/v40_sort_as.vcf",
])  # fmt: skip
def test_real_cards_are_imported_and_known_again(import_cards, name):
    report = import_cards(Path(str(_DATA)) / name)
    assert report.counts["rows_read"] == report.counts["accepted"] > 0, codes_of(report)
    again = import_cards(Path(str(_DATA)) / name)
    assert again.counts["unchanged"] == report.counts["rows_read"]


_CARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Ani\nN:Ani;;;;\nREV:20240105T020000Z\nTITLE:Ketua\nUID:1\nEND:VCARD\n"


def test_an_older_card_changes_nothing_if_the_newest_counts(import_cards, ask):
    newest = ImportOptions(policies={"position": "newest"})
    assert decided(import_cards(_CARD, name="a.vcf"), read=False) == {"accepted": 1}
    older = _CARD.replace("2024", "2001").replace("Ketua", "Anggota")
    import_cards(older, name="a.vcf", options=newest)
    assert ask("SELECT position FROM members")[0].position == "Ketua"


def test_each_plugin_takes_only_its_kind_and_names_the_other(import_file, import_cards):
    with pytest.raises(UsageError) as refused:
        import_file(_CARD, name="list.csv", entity="members", organization="forum-air-bersih")
    assert "plugin run vcard-import --job import-members --file" in refused.value.hint
    with pytest.raises(UsageError) as refused:
        import_cards("name,city\nA,B\n", name="a.vcf")
    assert "csv-import reads it" in refused.value.hint
    with pytest.raises(UsageError, match="a calendar"):
        import_cards("BEGIN:VCALENDAR\nEND:VCALENDAR\n", name="a.vcf")
