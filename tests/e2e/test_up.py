"""``kelompok up``: database, UI and daemon by one command; runs from the UI and the inbox; one signal stops all."""

import json
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

from tests.e2e.conftest import free_port

_LAUNCH = """
mutation($selector: JobOrPipelineSelector!, $config: RunConfigData) {
  launchPipelineExecution(executionParams: {selector: $selector, runConfigData: $config}) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}"""
_RUN = """query($id: ID!) { runOrError(runId: $id) { ... on Run { status
  assetMaterializations { assetKey { path } } } } }"""


@pytest.fixture
def ui(installation):
    """The Dagster UI's GraphQL endpoint, asked as the UI asks it; everything is stopped at the end."""
    assert installation.kelompok("plugin", "enable", "csv-import").returncode == 0
    with installation.up() as (process, address, _):

        def ask(query, **variables):
            request = urllib.request.Request(  # noqa: S310 -- our own, on loopback
                f"{address}/graphql",
                json.dumps({"query": query, "variables": variables}).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer)["data"]

        ask.port, ask.process = int(address.rpartition(":")[2]), process
        yield ask


def _wait_for(what, seconds=90):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.5)
    raise AssertionError("it did not happen in time")


def test_up_runs_what_the_ui_launches_and_what_lies_in_the_inbox_and_stops_cleanly(installation, ui, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("id,name\n1,Lembaga Satu\n")
    selector = {
        "repositoryLocationName": "kelompok",
        "repositoryName": "__repository__",
        "pipelineName": "csv_import__import_organizations",
    }
    config = {"ops": {"csv_import__organizations__stage": {"config": {"file": str(file)}}}}
    launched = ui(_LAUNCH, selector=selector, config=config)["launchPipelineExecution"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["run"]["runId"]
    ended = ("SUCCESS", "FAILURE", "CANCELED")
    run = _wait_for(lambda: (one := ui(_RUN, id=run_id)["runOrError"])["status"] in ended and one)
    assert run["status"] == "SUCCESS"
    assert [one["assetKey"]["path"] for one in run["assetMaterializations"]][-1] == ["core", "organizations"]

    inbox = installation.folder / "home/inbox/csv-import/import-organizations"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "dropped.csv").write_text("id,name\n1,Lembaga Dua\n")
    _wait_for(lambda: "lembaga-dua" in installation.kelompok("org", "list", "--json").stdout, seconds=150)
    assert not (inbox / "dropped.csv").exists()

    second = installation.kelompok("up", "--port", free_port(), "--api-port", free_port())
    assert second.returncode == 2
    assert f"kelompok up (process {ui.process.pid}) runs the services" in second.stderr
    refused = installation.kelompok("db", "remove", "--yes")
    assert refused.returncode == 2
    for name in ("serve", "up", "worker"):
        assert f"kelompok {name} (process " in refused.stderr
    assert installation.kelompok("org", "list").returncode == 0
    home_of_its_own = {"KELOMPOK_HOME": str(tmp_path / "home"), "KELOMPOK_DATABASE_URL": "postgresql://nowhere"}
    taken = installation.kelompok("up", "--port", ui.port, **home_of_its_own)
    assert taken.returncode == 2
    assert "in use" in taken.stderr

    ui.process.send_signal(signal.SIGINT)
    said, _ = ui.process.communicate(timeout=60)
    assert ui.process.returncode == 0
    assert "Stopped" in said
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", ui.port)) != 0
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(installation.folder) not in left.replace(f"{installation.folder}/home/postgres", "")
