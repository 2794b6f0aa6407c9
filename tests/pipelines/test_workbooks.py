"""A workbook as a run: its job, its settings in the run's config, its lineage, and what a bad workbook says."""

import pytest

from plugins.spreadsheet_import.tests.writing import write_xlsx

_JOB = "spreadsheet_import__import_organizations"
_STAGE = f"{_JOB}__stage"


@pytest.fixture
def workbook(grant, tmp_path):
    grant("spreadsheet-import")
    rows = [["id", "name", "email"], [(1, "000"), "Satu", "satu@a.or.id"], [(2, "000"), "Dua", "rusak"]]
    return write_xlsx(tmp_path / "list.xlsx", {"Satu": rows, "Dua": rows[:2]})


def _materialized(result):
    return [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]


def test_a_run_reads_the_sheet_of_its_config(execute, workbook, ask):
    result = execute(_JOB, _STAGE, file=str(workbook), settings={"sheet": "Satu"})
    assert result.success
    assert _materialized(result) == [
        "spreadsheet_import/organizations_source_records", "spreadsheet_import/organizations_candidates",
        "spreadsheet_import/organizations_decisions", "core/organizations",
    ]  # fmt: skip
    (row,) = ask("SELECT name FROM organizations")
    assert row.name == "Satu"
    (evidence,) = ask("SELECT external_id, selector FROM import_rows WHERE row_number = 1")
    assert tuple(evidence) == ("001", "#Satu!A2:C2")
    assert ask("SELECT read_as FROM imports")[0].read_as["format"] == "xlsx"


def test_a_run_that_has_to_choose_a_sheet_fails_with_their_names(execute, workbook, ask):
    result = execute(_JOB, _STAGE, file=str(workbook))
    assert not result.success
    failure = result.failure_data_for_node(_STAGE)
    assert "sheet" in str(failure.user_failure_data or failure.error)
    assert ask("SELECT failure FROM imports")[0].failure.count("Satu, Dua") == 1
    assert ask("SELECT 1 FROM organizations") == []
