"""Real files nobody here wrote, read from the folder KELOMPOK_TEST_DATA names; skipped where there is none."""

import json
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from kelompok_core.imports import promises
from kelompok_core.imports.records import DuplicatePolicy, ImportOptions

_DATA = os.environ.get("KELOMPOK_TEST_DATA")
pytestmark = pytest.mark.skipif(not _DATA, reason="KELOMPOK_TEST_DATA names no folder")


def _file(folder: str, name: str) -> Path:
    return Path(str(_DATA)) / folder / "files" / name


def _expected(folder: str, name: str) -> dict:
    found = json.loads((Path(str(_DATA)) / folder / "expected.json").read_text())
    return found if "data_records" in found else found[name]


def _decided(report) -> dict[str, int]:
    return {name: number for name, number in report.counts.items() if number}


def _promises_hold(database, report) -> None:
    with database.connect() as connection:
        assert promises.count_undecided_rows(connection, report.record.id) == 0
        assert promises.count_unaudited_writes(connection, report.record.id) == 0
        assert promises.count_writes_without_evidence(connection, report.record.id) == 0


def test_indonesian_parties_then_their_next_list(import_file, database):
    first = import_file(_file("org-id-parties", "partai.csv"), source="partai")
    assert _decided(first) == {"rows_read": 15, "accepted": 15}
    second = import_file(_file("org-id-parties", "parties.csv"), source="partai")
    assert _decided(second) == {"rows_read": 12, "unchanged": 11, "merged": 1}
    _promises_hold(database, second)


@pytest.mark.parametrize(
    ("folder", "name", "mapping"),
    [
        (
            "org-id-observer-ngos",
            "monitoring_organizations.csv",
            {"id_monitoring": "external_id", "monitoring_name": "name"},
        ),
        ("org-uk-government-register", "government-organisation.csv", {"key": "external_id"}),
        ("org-uk-government-register", "organisation.csv", {"organisation": "external_id"}),
        ("org-in-ngos-mumbai", "ngos.csv", {}),
    ],
)
def test_every_valid_row_is_accepted_and_then_unchanged(import_file, database, folder, name, mapping):
    expected = _expected(folder, name)
    options = ImportOptions(mapping=mapping)
    first = import_file(_file(folder, name), options=options)
    assert _decided(first) == {"rows_read": expected["data_records"], "accepted": expected["valid_strict"]}
    again = import_file(_file(folder, name), options=options)
    assert _decided(again) == {"rows_read": expected["data_records"], "unchanged": expected["valid_strict"]}
    _promises_hold(database, first)


def test_european_charities(import_file, database):
    expected = _expected("org-eu-charities", "charities.csv")
    report = import_file(_file("org-eu-charities", "charities.csv"))
    assert report.counts["rows_read"] == expected["data_records"]
    assert report.counts["rejected"] == expected["data_records"] - expected["valid_strict"]
    assert report.counts["accepted"] == expected["distinct_keys_among_valid"]
    assert report.counts["review"] == expected["valid_strict"] - expected["distinct_keys_among_valid"]
    assert {group.code for group in report.groups} >= {"dup.conflict_in_file", "value.mojibake"}
    _promises_hold(database, report)


def test_research_organizations_as_a_log(import_file, database):
    expected = _expected("org-ror-99k-csv", "ror-all-versions.csv")
    options = ImportOptions(mapping={"release": "-"}, duplicates=DuplicatePolicy.LAST)
    report = import_file(_file("org-ror-99k-csv", "ror-all-versions.csv"), options=options)
    assert report.counts["rows_read"] == expected["data_records"]
    assert report.counts["accepted"] == expected["distinct_keys_among_valid"]
    assert report.counts["rejected"] == report.counts["review"] == 0
    _promises_hold(database, report)
    with database.connect() as connection:
        entries = connection.scalar(sa.text("SELECT count(*) FROM audit_logs WHERE entity = 'organizations'"))
    assert entries == report.counts["accepted"] + report.counts["merged"]
    again = import_file(_file("org-ror-99k-csv", "ror-all-versions.csv"), options=options)
    assert _decided(again) == {"rows_read": expected["data_records"], "unchanged": expected["data_records"]}
