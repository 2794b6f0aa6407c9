"""Moving from another system in a terminal: the plan of a package, the imports that it prints, and the API."""

import json
import zipfile

import pytest

_COMPANIES = "Record ID,Company name,City,Company Domain Name\n77,Forum Air,Bandung,forumair.example\n"
_CONTACTS = (
    "Record ID,First Name,Last Name,Email,Associated Company IDs,Unsubscribed from all email\n"
    "901,Siti,Rahmawati,siti@contoh.example,77,Yes\n902,Budi,Santoso,budi@contoh.example,77,No\n"
)


@pytest.fixture(scope="module")
def ready(installation):
    assert installation.kelompok("init").returncode == 0
    for plugin in ("csv-import", "legacy-import"):
        assert installation.kelompok("plugin", "enable", plugin, "--grant").returncode == 0
    with zipfile.ZipFile(installation.folder / "hubspot.zip", "w") as archive:
        archive.writestr("export/all-contacts.csv", _CONTACTS)
        archive.writestr("export/all-companies.csv", _COMPANIES)
    return installation


def test_the_plan_is_run_as_it_is_printed(ready):
    plan = ready.kelompok("legacy-import", "plan", "hubspot.zip", COLUMNS="80")
    assert plan.returncode == 0, plan.stderr
    commands = [line.split() for line in plan.stdout.splitlines() if line.strip().startswith("kelompok plugin run")]
    assert [one[one.index("--job") + 1] for one in commands] == ["import-organizations", "import-members"]
    for command in commands:
        done = ready.kelompok(*command[1:])
        assert done.returncode == 0, done.stderr
    members = ready.kelompok("member", "list", "--json")
    assert {"Siti Rahmawati", "Budi Santoso"} == {one["name"] for one in json.loads(members.stdout)}
    again = ready.kelompok(*commands[1][1:], "--json")
    assert json.loads(again.stdout)["counts"]["unchanged"] == 2


def test_plan_in_indonesian_and_of_what_is_not_known(ready):
    (ready.folder / "other.csv").write_text("a,b\n1,2\n")
    plan = ready.kelompok("legacy-import", "plan", "other.csv")
    assert plan.returncode == 1
    assert "not recognized" in plan.stdout
    refused = ready.kelompok(
        "plugin", "run", "legacy-import", "--job", "import-members", "--file", "other.csv", "--language", "id"
    )
    assert refused.returncode == 1
    assert "CiviCRM" in refused.stderr


def test_package_for_another_plugin_names_this_one(ready):
    refused = ready.kelompok("plugin", "run", "csv-import", "--job", "import-members", "--file", "hubspot.zip")
    assert refused.returncode == 2
    assert "legacy-import --job import-members" in refused.stderr


def test_csv_files_are_still_read_by_csv_import_where_no_plugin_is_named(ready):
    (ready.folder / "list.json").write_text('[{"name": "A"}]')
    refused = ready.kelompok("plugin", "run", "legacy-import", "--job", "import-organizations", "--file", "list.json")
    assert refused.returncode == 2
    assert "JSON" in refused.stderr
