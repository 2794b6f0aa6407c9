"""``kelompok db backup | restore | remove`` as a person types them: what is said, and with which exit code."""

import json
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.e2e.conftest import PROJECT, Installation


@pytest.fixture
def elsewhere():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        made = Installation(Path(folder))
        yield made
        made.kelompok("db", "remove", "--yes")


def test_an_installation_moves_by_two_commands(installation, elsewhere):
    assert installation.kelompok("plugin", "enable", "csv-import", "--grant").returncode == 0
    done = installation.kelompok(
        "plugin", "run", "csv-import", "--job", "import-organizations", "--file", PROJECT / "examples/organizations.csv"
    )
    assert done.returncode == 3, done.stderr
    made = installation.kelompok("db", "backup", "--output", "backup.tar", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert (told["tables"]["organizations"], told["files"], told["missing"]) == (10, 1, [])
    backup = Path(told["file"])
    assert backup.stat().st_size == told["bytes"]
    again = installation.kelompok("db", "backup", "--output", "backup.tar", "--language", "id")
    assert again.returncode == 2
    assert "sudah ada" in again.stderr

    checked = elsewhere.kelompok("db", "restore", backup, "--dry-run")
    assert checked.returncode == 0, checked.stderr
    assert "is intact" in checked.stdout
    assert list(elsewhere.folder.iterdir()) == [], "nothing was made"
    restored = elsewhere.kelompok("db", "restore", backup, "--language", "id")
    assert restored.returncode == 0, restored.stderr
    assert "Dipulihkan ke" in restored.stdout
    listed = [made.kelompok("org", "list", "--json").stdout for made in (installation, elsewhere)]
    assert json.loads(listed[0]) == json.loads(listed[1]) != []
    assert elsewhere.kelompok("doctor").returncode == 0
    twice = elsewhere.kelompok("db", "restore", backup, "--json")
    assert twice.returncode == 2
    assert json.loads(twice.stdout)["error"]["code"] == "conflict"

    for kept in (elsewhere.folder / "home/files").rglob("*"):
        if kept.is_file():
            kept.unlink()
    lacking = elsewhere.kelompok("db", "backup")
    assert lacking.returncode == 3
    assert "Missing or damaged: 1 received file" in lacking.stdout
    (found,) = elsewhere.folder.glob("kelompok-*Z.tar")
    assert found.stat().st_mode & 0o077 == 0
    assert "received files" in elsewhere.kelompok("doctor").stdout

    url = elsewhere.kelompok("db", "url").stdout.strip()
    with psycopg.connect(url, application_name="somebody's report"):
        refused = elsewhere.kelompok("db", "remove", "--yes")
    assert refused.returncode == 2
    assert "in use: «somebody's report» (kelompok_runtime)" in refused.stderr
    assert elsewhere.kelompok("org", "list").returncode == 0
