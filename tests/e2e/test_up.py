"""``kelompok up``: database, UI and daemon by one command; runs from the UI and the inbox; one signal stops all."""

import base64
import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.e2e.conftest import PROGRAMS, free_port

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
    assert installation.kelompok("plugin", "enable", "csv-import", "--grant").returncode == 0
    (installation.folder / "lists").mkdir(exist_ok=True)
    settings = installation.folder / "kelompok.toml"
    if "[files]" not in settings.read_text():
        settings.write_text(settings.read_text() + '\n[files]\nroots = ["lists"]\n')
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


_SELECTOR = {
    "repositoryLocationName": "kelompok", "repositoryName": "__repository__",
    "pipelineName": "csv_import__import_organizations",
}  # fmt: skip
_RUNS = "{ runsOrError { ... on Runs { results { runId } } } }"


def _status(address, method="GET", body=None, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, body, headers, method=method)  # noqa: S310 -- our own, on loopback
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_what_a_foreign_page_sends_launches_nothing_and_a_run_reads_no_password(installation, ui):
    secret = installation.folder / "home/credentials.json"
    config = {"ops": {"csv_import__import_organizations__stage": {"config": {"file": str(secret)}}}}
    address = f"http://127.0.0.1:{ui.port}"
    asked = {"query": _LAUNCH, "variables": json.dumps({"selector": _SELECTOR, "config": config})}
    link = f"{address}/graphql?{urllib.parse.urlencode(asked)}"
    body = json.dumps({"query": _LAUNCH, "variables": {"selector": _SELECTOR, "config": config}}).encode()
    evil = "https://evil.example"
    assert _status(link) == 405
    assert _status(link, Host="evil.example", Origin=evil) == 403
    assert _status(f"{address}/graphql", "POST", body, Content_Type="application/json", Host="evil.example") == 403
    assert _status(f"{address}/graphql", "POST", body, Content_Type="application/json", Origin=evil) == 403
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/graphql"):
        assert _status(link, "POST", _LAUNCH.encode(), Content_Type=media_type) == 415
    for headers in ({"origin": evil}, {"origin": "http://127.0.0.1:1"}):
        with pytest.raises(InvalidStatus, match="403"):
            connect(f"ws://127.0.0.1:{ui.port}/graphql", subprotocols=["graphql-ws"], proxy=None, **headers)
    assert ui(_RUNS)["runsOrError"]["results"] == []

    with connect(
        f"ws://127.0.0.1:{ui.port}/graphql", subprotocols=["graphql-ws"], proxy=None, origin=address
    ) as socket:  # fmt: skip
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv(timeout=30))["type"] == "connection_ack"
        start = {"id": "1", "type": "start", "payload": {"query": _LAUNCH, "variables": {"selector": _SELECTOR}}}
        socket.send(json.dumps(start))
        assert json.loads(socket.recv(timeout=30))["type"] == "error", "a subscription launches nothing either"
    assert ui(_RUNS)["runsOrError"]["results"] == []

    launched = ui(_LAUNCH, selector=_SELECTOR, config=config)["launchPipelineExecution"]
    assert launched["__typename"] == "LaunchRunSuccess", (
        "JSON of this machine passes; what it may read is another matter"
    )
    run = _wait_for(lambda: _ended(ui, launched["run"]["runId"]))
    assert run["status"] == "FAILURE"
    assert _status(f"{address}/") == 200
    command = [str(PROGRAMS / "kelompok"), "ui", "password", "ibu"]
    for arguments, code, status in (
        (command, 0, 401),
        ([*command, "--remove"], 0, 401),
        ([*command, "--remove"], 2, 401),
    ):
        done = subprocess.run(
            arguments, input="kata sandi panjang\n", cwd=installation.folder, env=installation.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert _status(f"{address}/") == status, "who takes the last password away does not open it"
        basic = "Basic " + base64.b64encode(b"ibu:kata sandi panjang").decode()
        assert _status(f"{address}/", Authorization=basic) == (200 if "--remove" not in arguments else 401)
    assert installation.kelompok("import", "list", "--json").stdout.strip() in ("[]", '{"imports": []}')


def _ended(ui, run_id):
    run = ui(_RUN, id=run_id)["runOrError"]
    return run if run["status"] in ("SUCCESS", "FAILURE", "CANCELED") else None


def test_up_runs_what_the_ui_launches_and_what_lies_in_the_inbox_and_stops_cleanly(installation, ui, tmp_path):
    file = installation.folder / "lists/list.csv"
    file.write_text("id,name\n1,Lembaga Satu\n")
    config = {"ops": {"csv_import__import_organizations__stage": {"config": {"file": str(file)}}}}
    admin = installation.folder / "home/admin-credentials.json"
    passwords = json.loads(admin.read_text())
    admin.rename(admin.with_name("away"))
    for service in psutil.Process(ui.process.pid).children(recursive=True):
        environment = " ".join(service.environ().values())
        assert "KELOMPOK_OWNER_DATABASE_URL" not in service.environ()
        assert not any(password in environment for password in passwords.values())
    launched = ui(_LAUNCH, selector=_SELECTOR, config=config)["launchPipelineExecution"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run = _wait_for(lambda: _ended(ui, launched["run"]["runId"]))
    assert run["status"] == "SUCCESS"
    assert [one["assetKey"]["path"] for one in run["assetMaterializations"]][-1] == ["core", "organizations"]

    admin.with_name("away").rename(admin)  # the run needed none of them

    inbox = installation.folder / "home/inbox/csv-import/import-organizations"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / "dropped.csv").write_text("id,name\n1,Lembaga Dua\n")
    _wait_for(lambda: "lembaga-dua" in installation.kelompok("org", "list", "--json").stdout, seconds=150)
    assert not (inbox / "dropped.csv").exists()

    second = installation.kelompok("up", "--port", free_port(), "--api-port", free_port())
    assert second.returncode == 2
    assert f"kelompok up (process {ui.process.pid}) already runs the services" in second.stderr
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
