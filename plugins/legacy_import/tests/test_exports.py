"""Exports of other systems, as CSV, as a workbook and packed: each gives the records that its expectations name."""

import csv
import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from kelompok_legacy_import.commands import LegacyCommands
from kelompok_legacy_import.expressions import Cells, complete_id
from kelompok_legacy_import.plugin import LegacyImporter
from kelompok_legacy_import.systems import load_systems, recognize

from kelompok_core.contracts import FOLDER_TYPE, PluginContext, UnreadableSource
from kelompok_core.imports.shared.columns import header_words
from plugins.spreadsheet_import.tests.writing import write_xlsx
from tests.reading import Read, source_of

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
_FOLDER = Path(_DATA or ".") / "legacy-made-here" / "files"
_WITH_DATA = pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")


def _fields(read):
    """Return the records as values of fields, without the columns that are kept as extra data."""
    fields = {column: field for batch in read.batches for column, field in batch.mapping.items() if field != "extra"}
    return [
        {fields[column]: cell for column, cell in record.items() if column in fields and cell}
        for record in read.records
    ]


@pytest.fixture
def read(tmp_path):
    def run(path, entity, *, batch_size=10_000, media_type="text/csv", **config):
        context = PluginContext(
            entity=entity, workdir=tmp_path, batch_size=batch_size, config=config, header_words=header_words
        )
        return Read(list(LegacyImporter().read(source_of(path, media_type=media_type), context)))

    return run


def _as_workbook(path, folder):
    """Return a text file's table as a workbook of texts."""
    content = path.read_bytes()
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    return write_xlsx(folder / f"{path.stem}.xlsx", {"Sheet1": [[(cell, "@") for cell in row] for row in rows]})


_RECORDS = [
    ("civicrm-contacts.csv", "organizations", ["11", "18"]),
    ("civicrm-contacts.csv", "members", ["12", "13", "14", "17"]),
    ("civicrm-participants.csv", "events", ["3", "3", "4"]),
    ("salesforce-Account.csv", "organizations", ["0015g00000AAAAAAA0", "0015g00000AAAADAA0"]),
    ("salesforce-Contact.csv", "members", ["0035g00000BBBBBAA0", "0035g00000BBBBCAA0"]),
    ("npsp-data-import.csv", "organizations", ["Koperasi Tani", "Kelompok Wanita Tani", "Koperasi Tani"]),
    ("npsp-data-import.csv", "members", [None] * 4),
    ("hubspot-crm-exports-all-companies-2026-03-01.csv", "organizations", ["77", "78"]),
    ("hubspot-crm-exports-all-contacts-2026-03-01.csv", "members", ["901", "902"]),
    ("audience_export_0a1b2c3d4e.zip", "members", ["1001", "1002", "1003", "1004"]),
    ("google-contacts.csv", "members", [None]),
    ("google-contacts.csv", "organizations", [None]),
    ("google-contacts-old.csv", "members", [None]),
    ("outlook-contacts.csv", "members", [None]),
    ("eventbrite-attendees.csv", "events", ["555"]),
    ("eventbrite-attendees.csv", "members", ["70001"]),
    ("wild-apricot-contacts.csv", "members", ["31", "32"]),
]


@_WITH_DATA
@pytest.mark.parametrize("batch_size", [1, 1_000])
@pytest.mark.parametrize(("name", "entity", "ids"), _RECORDS)
def test_records_of_each_export(read, name, entity, ids, batch_size):
    found = read(_FOLDER / name, entity, batch_size=batch_size)
    assert [one.get("external_id") for one in _fields(found)] == ids
    assert list(found.locations["row_number"]) == list(range(1, len(ids) + 1))


@_WITH_DATA
@pytest.mark.parametrize(("name", "entity"), [(name, entity) for name, entity, _ in _RECORDS if name.endswith(".csv")])
def test_the_same_export_saved_as_a_workbook(read, name, entity, tmp_path):
    assert _fields(read(_as_workbook(_FOLDER / name, tmp_path), entity)) == _fields(read(_FOLDER / name, entity))


@_WITH_DATA
def test_fields_of_civicrm(read):
    siti, budi, yohanes, rina = _fields(read(_FOLDER / "civicrm-contacts.csv", "members"))
    assert (siti["name"], siti["position"], siti["organization"]) == ("Siti Rahmawati", "Ketua", "11")
    assert json.loads(siti["tags"]) == ["Pengurus", "Buletin"]
    assert [one["do_not_contact"] for one in (siti, budi, rina)] == ["email", "bulk_email, phone", "email"]
    assert (yohanes["status"], yohanes["ended_on"]) == ("inactive", "2021-08-01")
    assert "organization" not in rina


@_WITH_DATA
def test_fields_of_salesforce(read):
    dewi, agus = _fields(read(_FOLDER / "salesforce-Contact.csv", "members"))
    assert (dewi["organization"], dewi["email"], dewi["phone"], dewi["do_not_contact"]) == (
        "0015g00000AAAAAAA0", "dewi@kantor.example", "0813-0000-1111", "email",
    )  # fmt: skip
    assert (agus["organization"], agus["status"], agus["do_not_contact"]) == ("0015g00000AAAAAAA0", "inactive", "all")


@_WITH_DATA
def test_household_is_no_employer_if_the_accounts_are_in_the_export(read, tmp_path):
    contact = (_FOLDER / "salesforce-Contact.csv").read_text("utf-8").replace("0015g00000AAAAAAA0", "", 1)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("data/Contact.csv", contact)
        archive.write(_FOLDER / "salesforce-Account.csv", "data/Account.csv")
    dewi, agus = _fields(read(tmp_path / "a.zip", "members"))
    assert "organization" not in dewi
    assert agus["organization"] == "0015g00000AAAAAAA0"


@_WITH_DATA
def test_several_records_of_a_row_have_selectors_of_their_own(read):
    found = read(_FOLDER / "npsp-data-import.csv", "members")
    assert list(found.locations["selector"])[:2] == ["#row=2;part=Contact1", "#row=2;part=Contact2"]
    assert [one.get("organization") for one in _fields(found)] == ["Koperasi Tani"] * 3 + [None]
    assert found.said("legacy.columns_left")[0][3]["columns"] == "Donation_Amount__c, Donation_Date__c"


@_WITH_DATA
def test_fields_of_the_others(read):
    first, second, third, fourth = _fields(read(_FOLDER / "audience_export_0a1b2c3d4e.zip", "members"))
    assert json.loads(first["tags"]) == ["Relawan", "Bandung, Jabar"]
    assert (second.get("name"), third["do_not_contact"], fourth["do_not_contact"]) == (None, "bulk_email", "email")
    assert "status" not in third
    (siti,) = _fields(read(_FOLDER / "google-contacts.csv", "members"))
    assert (siti["email"], siti["phone"], siti["city"]) == ("siti@contoh.example", "0812-3456-7890", "Bandung")
    assert json.loads(siti["tags"]) == ["Relawan", "Pengurus"]
    (agus,) = _fields(read(_FOLDER / "outlook-contacts.csv", "members"))
    assert (agus["name"], agus["position"], agus["phone"]) == ("Agus Nugroho", "Bendahara", "0815 1111 2222")
    active, lapsed = _fields(read(_FOLDER / "wild-apricot-contacts.csv", "members"))
    assert (active["status"], active["do_not_contact"], lapsed["status"]) == ("active", "email", "inactive")
    assert "ended_on" not in active
    companies = _fields(read(_FOLDER / "hubspot-crm-exports-all-companies-2026-03-01.csv", "organizations"))
    assert [one.get("website_url") for one in companies] == ["forumair.example", None]


def test_other_columns_are_kept_without_a_finding(read, tmp_path):
    (tmp_path / "a.csv").write_text("Record ID,Company name,Favourite colour\n1,Rumah Air,blue\n")
    found = read(tmp_path / "a.csv", "organizations")
    assert found.records[0]["Favourite colour"] == "blue"
    assert found.batches[0].mapping["Favourite colour"] == "extra"
    assert found.codes == []


def test_rows_of_a_template_are_no_records(read, tmp_path):
    header = "Contact1_Firstname__c,Contact1_Lastname__c,Account1_Name__c\n"
    (tmp_path / "a.csv").write_text(f"{header}INSTRUCTIONS: fill in,Required,Optional\nExample: Siti,Example: R,\n")
    assert _fields(read(tmp_path / "a.csv", "members")) == []


def test_what_is_not_known_is_said_with_what_is(read, tmp_path):
    (tmp_path / "a.csv").write_text("name,city\nA,B\n")
    with pytest.raises(UnreadableSource) as refused:
        read(tmp_path / "a.csv", "members")
    assert refused.value.issue.code == "legacy.not_recognized"
    assert "CiviCRM" in refused.value.issue.params["systems"]
    (tmp_path / "b.csv").write_text("Record ID,Company name\n1,A\n")
    with pytest.raises(UnreadableSource) as refused:
        read(tmp_path / "b.csv", "members")
    assert refused.value.issue.code == "legacy.entity_missing"
    assert refused.value.issue.params["found"] == "HubSpot (companies)"


def test_folder_of_files(read, tmp_path):
    import tarfile

    (tmp_path / "in").mkdir()
    (tmp_path / "in/companies.csv").write_text("Record ID,Company name\n1,A\n")
    (tmp_path / "in/readme.md").write_text("no table")
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.USTAR_FORMAT) as packed:
        for path in sorted((tmp_path / "in").iterdir()):
            packed.add(path, path.name)
    assert [one["name"] for one in _fields(read(tmp_path / "a.tar", "organizations", media_type=FOLDER_TYPE))] == ["A"]


@_WITH_DATA
def test_plan_says_what_was_recognized_and_the_imports_in_order(tmp_path):
    with zipfile.ZipFile(tmp_path / "civi.zip", "w") as archive:
        for name in ("civicrm-participants.csv", "civicrm-contacts.csv"):
            archive.write(_FOLDER / name, name)
        archive.writestr("notes.csv", "a,b\n1,2\n")
    result = LegacyCommands().run_command(
        "plan", {"file": source_of(tmp_path / "civi.zip")}, PluginContext(workdir=tmp_path)
    )
    assert result.tables["Tables"][["system", "table"]].to_numpy().tolist() == [
        ["CiviCRM", "participants"], ["CiviCRM", "contacts"], ["", "not recognized"],
    ]  # fmt: skip
    jobs = [line.split("--job ")[1].split()[0] for line in result.text.splitlines() if "--job" in line]
    assert jobs == ["import-organizations", "import-members", "import-events"]
    assert "--profile legacy-import/civicrm" in result.text


def test_every_rule_names_fields_that_exist():
    from kelompok_core.imports.shared.columns import list_targets

    for system in load_systems():
        for kind in system.tables:
            for entity, rule in kind.entities.items():
                cells = Cells({}, 0)
                for part in rule.parts:
                    cells.select(part.where)
                    for name, expression in part.fields.items():
                        assert name in list_targets(entity), (system.name, entity, name)
                        assert list(cells.evaluate(expression)) == []


def test_the_most_specific_table_is_recognized():
    columns = ["Contact ID", "Contact Type", "Display Name", "Event Title", "Event Start Date"]
    assert recognize(columns)[1].name == "participants"
    assert recognize(columns[:3])[1].name == "contacts"
    assert recognize(["contact id", " CONTACT TYPE ", "Display  Name"])[0].name == "civicrm"
    assert recognize(columns, "hubspot") is None


@pytest.mark.parametrize(("short", "complete"), [
    ("001A0000006Vm9r", "001A0000006Vm9rIAC"), ("0015g00000AAAAA", "0015g00000AAAAAAA5"), ("x", "x"), ("", ""),
])  # fmt: skip
def test_ids_of_15_characters_become_ids_of_18(short, complete):
    assert complete_id(short) == complete
