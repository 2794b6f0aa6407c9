"""Dagster's processes import no plugin: a broken one does not stop them, and a run leaves no trace of one."""

import subprocess
import sys

from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.resources import Core
from tests.distributions import install_plugin
from tests.enabling import set_enabled

_MANIFEST = {
    "name": "odd",
    "version": "1.0",
    "api": "1",
    "implements": {"organization_importer": "odd_plugin.code:Reader"},
    "permissions": {"propose": ["organizations"]},
    "jobs": [{"name": "read", "uses": "organization_importer", "entity": "organizations", "inputs": ["text/csv"]}],
}


def test_code_location_starts_with_a_plugin_that_cannot_be_imported(settings, installation, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    install_plugin(tmp_path, "odd_plugin", _MANIFEST, entry="odd", code="raise SystemExit('never')\n")
    set_enabled(settings, "odd", enabled=True)
    definitions = build_definitions(settings, Core(installation=installation))
    assert "odd__read" in {job.name for job in definitions.resolve_all_job_defs()}
    assert not [name for name in sys.modules if name.startswith("odd_plugin")]


def test_an_import_leaves_the_plugin_out_of_the_process(settings, tmp_path):
    (tmp_path / "list.csv").write_text("id,name\n1,Rumah Air\n")
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, str(settings.home), str(settings.config_file), str(settings.database_url),
         str(settings.dagster_database_url), str(tmp_path / "list.csv")],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    assert done.stdout.split() == ["accepted", "1"]


_IMPORT = """
import sys
from pathlib import Path

from kelompok_core.access.actors import get_actor
from kelompok_core.database.engine import Addresses, Database
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.reporting.report import get_report
from kelompok_core.installation import Installation
from kelompok_core.settings import Settings
from kelompok_pipelines.in_process import open_runner

home, config, database, dagster, file = sys.argv[1:]
settings = Settings(
    home=Path(home), config_file=Path(config), database_url=database, dagster_database_url=dagster)
installation = Installation(database=Database(Addresses(runtime=database, dagster=dagster)), settings=settings)
with installation.database.connect() as connection, connection.begin():
    operator = get_actor(connection, email=None)
request = ImportRequest(plugin="csv-import", job="import-organizations", file=Path(file))
import_id = receive(installation, request, operator).import_id
with open_runner(installation) as runner:
    runner.run_import(import_id)
plugins = [name for name in sys.modules if name.startswith("kelompok_csv_import")]
assert not plugins, plugins
with installation.database.connect() as connection:
    print("accepted", get_report(connection, import_id).counts["accepted"])
"""
