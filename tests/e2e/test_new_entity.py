"""An entity is a folder: donations, dropped into a copy with their migration, are imported like any other entity."""

import csv
import io
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.e2e.conftest import PROJECT, Installation
from tests.e2e.test_api import Service

pytestmark = pytest.mark.xdist_group("up")

_PARTS = Path(__file__).parent / "new_entity"
_IMPORT = ("plugin", "run", "csv-import", "--job", "import-donations", "--organization", "forum-air")
_LIST = """\
id,Nomor Kuitansi,Nama Donatur,Jumlah,Mata Uang,Tanggal Donasi,Cara Bayar
1,K-001,Siti Aminah,1500000.50,IDR,2026-01-31,tunai
2,K-002,Budi Santoso,12345678901234567890.1234,Rp,2026-02-01,transfer
3,K-003,Ani,dua ratus ribu,IDR,2026-02-02,transfer
"""


@pytest.fixture(scope="module")
def ready():
    """A copy of the project with donations, and an installation of it with one organization."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # the database runs as another user
        installation = _copy_with_donations(folder)
        yield installation
        installation.kelompok("db", "remove", "--yes")


def _copy_with_donations(folder):
    copy = folder / "project"
    copy.mkdir()
    for name in ("kelompok_core", "kelompok_pipelines", "plugins"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dagster.yaml", "workspace.yaml", "pyproject.toml"):
        shutil.copy(PROJECT / name, copy / name)
    shutil.copytree(
        _PARTS / "donations", copy / "kelompok_core/donations", ignore=shutil.ignore_patterns("__pycache__")
    )
    migrations = copy / "kelompok_core/database/migrations"
    newest = max(path.name for path in (migrations / "versions").glob("[0-9]*.py"))[:4]
    migration = (_PARTS / "donations_migration.py").read_text("utf-8").replace("NEWEST", newest)
    (migrations / "versions/9000_donations.py").write_text(migration, "utf-8")
    shutil.copy(_PARTS / "donations.sql", migrations / "sql/9000_donations.sql")
    installation = Installation(folder)
    code = [copy, *sorted((copy / "plugins").iterdir())]
    installation.environment["PYTHONPATH"] = os.pathsep.join(map(str, code))
    for command in (
        ("init",),
        ("plugin", "enable", "csv-import", "--grant"),
        ("org", "create", "--set", "name=Forum Air"),
    ):
        done = installation.kelompok(*command)
        assert done.returncode == 0, done.stderr
    return installation


def _json(installation, *command, code=0):
    done = installation.kelompok(*command, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def _file(installation, name, text):
    path = installation.folder / "examples" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def imported(ready):
    """Its first list, imported by the command line."""
    return _json(ready, *_IMPORT, "--file", _file(ready, "donasi.csv", _LIST), code=3)


def test_the_command_line_imports_lists_exports_and_hands_back(ready, imported):
    assert {name: imported["counts"][name] for name in ("accepted", "rejected")} == {"accepted": 2, "rejected": 1}
    listed = _json(ready, "donation", "list")
    assert [(one["donor"], one["amount"], one["currency"]) for one in listed] == [
        ("Budi Santoso", "12345678901234567890.1234", "IDR"), ("Siti Aminah", "1500000.5", "IDR"),
    ]  # fmt: skip
    exported = list(csv.DictReader(io.StringIO(ready.kelompok("donation", "export").stdout)))
    assert [one["amount"] for one in exported] == ["1500000.5", "12345678901234567890.1234"]
    errors = ready.folder / "errors.csv"
    ready.kelompok("import", "errors", imported["import"], "--output", errors)
    assert errors.read_text("utf-8-sig").splitlines()[1].startswith("3,K-003,Ani,")
    again = _json(ready, *_IMPORT, "--file", _file(ready, "lagi.csv", ready.kelompok("donation", "export").stdout))
    assert again["counts"]["unchanged"] == 2


def test_its_errors_speak_indonesian(ready):
    missing = ready.kelompok("donation", "show", "tidak-ada", KELOMPOK_LANGUAGE="id")
    assert missing.returncode == 2
    assert "donasi" in missing.stderr


def test_records_have_audit_evidence_and_what_a_person_set_stays(ready, imported):
    record = next(one for one in _json(ready, "donation", "list") if one["receipt"] == "K-001")
    assert _json(ready, "donation", "show", "K-001")["id"] == record["id"], "its words.json calls it by its receipt"
    _json(ready, "donation", "update", record["id"], "--set", "amount=1600000")
    shown = _json(ready, "donation", "show", record["id"])
    assert [one["action"] for one in shown["history"]] == ["update", "create"]
    assert "1500000.50" in [one["raw"].get("Jumlah") for one in shown["evidence"]]
    assert shown["donation_data"]["extra"] == {"donasi": {"Cara Bayar": "tunai"}}
    again = _json(ready, *_IMPORT, "--file", _file(ready, "donasi.csv", _LIST), code=3)
    assert again["counts"]["accepted"] == 0
    assert _json(ready, "donation", "show", record["id"])["amount"] == "1600000"


def test_a_doubtful_row_is_reviewed_and_its_import_undone(ready, imported):
    file = _file(ready, "lain.csv", "id,Nomor Kuitansi,Nama Donatur,Jumlah\n9,K-002,Orang Lain,500\n")
    done = _json(ready, *_IMPORT, "--file", file, code=3)
    assert done["counts"]["review"] == 1
    waiting = _json(ready, "import", "review", "list")
    assert [(one["reason"], one["name"]) for one in waiting] == [("match.key_conflict", "Orang Lain")]
    accepted = ready.kelompok("import", "review", "accept", f"{done['import']}:1", "--as-new")
    assert accepted.returncode == 0, accepted.stderr
    assert "Orang Lain" in [one["donor"] for one in _json(ready, "donation", "list")]
    undone = ready.kelompok("import", "undo", done["import"])
    assert undone.returncode == 0, undone.stderr
    assert "Orang Lain" not in [one["donor"] for one in _json(ready, "donation", "list")]


def test_dagster_imports_and_has_its_assets(ready, imported):
    file = _file(ready, "dagster.csv", "id,donatur,jumlah\n1,Lewat Dagster,10\n")
    config = ready.folder / "run.yaml"
    step = "csv_import__import_donations__stage"
    config.write_text(f"ops:\n  {step}:\n    config:\n      file: {file}\n      organization: forum-air\n", "utf-8")
    environment = _json(ready, "env")
    code = ("-m", "kelompok_pipelines.definitions")
    done = ready.run(
        "dagster", "job", "execute", *code, "-j", "csv_import__import_donations", "-c", config, **environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Lewat Dagster" in [one["donor"] for one in _json(ready, "donation", "list")]
    listed = ready.run("dagster", "asset", "list", *code, **environment)
    assert {"core/donations", "csv_import/donations_decisions"} <= set(listed.stdout.split()), listed.stdout


def test_the_api_imports_reads_and_describes_them(ready, imported):
    with ready.up() as (process, _, address):
        service = Service(ready, process, address)
        location = service.send(
            "id,donatur,jumlah\n1,Lewat API,12.5\n", entity="donations", organization="forum-air", source="api"
        )
        assert service.client.post(service.wait(location)["links"]["apply"]).status_code == 202
        assert service.wait(location)["state"] == "applied"
        found = service.client.get("/api/v1/donations", params={"search": "lewat api"}).json()["data"]
        assert [(one["entity"], one["label"], one["values"]["amount"]) for one in found] == [
            ("donations", "Lewat API", "12.5")
        ]
        audit = service.client.get(f"/api/v1/donations/{found[0]['id']}/audit").json()["data"]
        assert [one["action"] for one in audit] == ["create"]
        described = service.client.get("/openapi.json").json()
        assert "donations" in json.dumps(described["paths"]["/api/v1/imports/{entity}"])
        service.client.close()
