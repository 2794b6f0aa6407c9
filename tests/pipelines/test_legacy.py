"""An export of another system as a run: a package with its profile, twice."""

import zipfile

import pytest

_JOB = "legacy_import__import_organizations"
_STAGE = f"{_JOB}__stage"


@pytest.fixture
def package(grant, tmp_path):
    grant("legacy-import")
    with zipfile.ZipFile(tmp_path / "hubspot.zip", "w") as archive:
        archive.writestr("companies.csv", "Record ID,Company name,City\n77,Forum Air,Bandung\n78,Rumah Baca,Sleman\n")
    return tmp_path / "hubspot.zip"


def test_a_run_with_the_profile_of_a_system(execute, package, ask):
    first = execute(_JOB, _STAGE, file=str(package), profile="legacy-import/hubspot")
    assert first.success
    assert [row.name for row in ask("SELECT name FROM organizations ORDER BY name")] == ["Forum Air", "Rumah Baca"]
    (run,) = ask("SELECT source_name, read_as FROM imports")
    assert (run.source_name, run.read_as["system"], run.read_as["table"]) == ("hubspot", "hubspot", "companies")
    assert execute(_JOB, _STAGE, file=str(package), profile="legacy-import/hubspot").success
    assert ask("SELECT count(*) AS n FROM organizations")[0].n == 2


def test_a_run_of_an_export_that_is_not_known_fails_with_the_reason(execute, grant, tmp_path, ask):
    grant("legacy-import")
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    assert not execute(_JOB, _STAGE, file=str(tmp_path / "list.csv")).success
    assert "CiviCRM" in ask("SELECT failure FROM imports")[0].failure
