"""The API and the workers of a running installation: a file from sending to undoing, by HTTP, by curl lines, by CLI."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import httpx2 as httpx
import psutil
import psycopg
import pytest

from kelompok_core.database import embedded
from kelompok_core.settings import read_settings
from tests.e2e.conftest import PROGRAMS, PROJECT

pytestmark = pytest.mark.xdist_group("up")

CSV = "id,name,city\n1,Lembaga Satu,Kupang\n2,Lembaga Dua,Garut\n3,,Garut\n"
SCOPES = ("import.submit", "import.apply", "import.read", "import.undo", "record.read", "audit.read", "review.decide")
_LARGE = 100_000


class Service:
    """What ``kelompok up`` runs, and a client with a key."""

    def __init__(self, installation, process, address):
        self.installation, self.process, self.address = installation, process, address
        assert installation.kelompok("admin", "user", "create", "ibu@example.org", "--role", "admin").returncode == 0
        made = installation.kelompok(
            "admin", "key", "create", "ibu@example.org", "--name", "test", *(f"--scope={one}" for one in SCOPES)
        )
        assert made.returncode == 0, made.stderr
        self.key = made.stdout.split()[0]
        self.client = httpx.Client(base_url=self.address, headers={"Authorization": f"Bearer {self.key}"}, timeout=60)

    def send(self, content, *, entity="organizations", media_type="text/csv", **query):
        answer = self.client.post(
            f"/api/v1/imports/{entity}", params=query, content=content, headers={"Content-Type": media_type}
        )
        assert answer.status_code == 202, answer.text
        return answer.headers["location"]

    def wait(self, location, seconds=60, until="ended"):
        """Ask until the import is so far, through whatever is down meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                answer = self.client.get(location)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200:
                view = answer.json()["data"]
                if until in (view["work"], view["state"]):
                    return view
            time.sleep(0.1)
        raise AssertionError(f"{location} did not become {until}")

    def children(self):
        """Return the processes of the services by the last word of what they are."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            program, *arguments = [Path(part).name for part in child.cmdline()[1:]]
            found.setdefault(arguments[0] if program == "kelompok" else program, []).append(child.pid)
        return found


@pytest.fixture(scope="module")
def service(installation):
    for plugin in ("csv-import", "json-import"):
        assert installation.kelompok("plugin", "enable", plugin, "--grant").returncode == 0
    with installation.up() as (process, _, address):
        made = Service(installation, process, address)
        _wait_for_workers(made)
        yield made
        made.client.close()


def _wait_for_workers(service):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if service.client.get("/readyz").json().get("workers") == 2:
            return
        time.sleep(0.2)
    raise AssertionError("no workers")


@pytest.mark.parametrize(
    ("content", "media_type", "source"),
    [
        (CSV, "text/csv", "tabel"),
        ('[{"id": 1, "name": "Lembaga Tiga"}, {"id": 2, "name": "Empat"}, {"id": 3}]', "application/json", "json"),
    ],
    ids=["csv", "json"],
)  # fmt: skip
def test_dry_run_report_apply_visible_undo(service, content, media_type, source):
    location = service.send(content, media_type=media_type, source=source)
    began = time.monotonic()
    service.wait(location, until="planned")
    assert time.monotonic() - began < 5, "work starts within seconds"
    planned = service.wait(location)
    assert (planned["counts"]["accepted"], planned["counts"]["rejected"]) == (2, 1)
    assert planned["issues"][0]["code"] == "value.required"
    names = [row["raw"]["name"] for row in service.client.get(planned["links"]["rows"]).json()["data"][:2]]
    assert not set(names) & _names(service)
    assert service.client.post(planned["links"]["apply"]).status_code == 202
    applied = service.wait(location)
    assert (applied["state"], applied["audit"]["entries"]) == ("applied", 2)
    assert set(names) <= _names(service)
    undone = service.client.post(applied["links"]["undo"])
    assert undone.json()["data"]["counts"]["deleted"] == 2
    assert not set(names) & _names(service)


def _names(service):
    return {one["label"] for one in service.client.get("/api/v1/organizations", params={"limit": 200}).json()["data"]}


def test_the_command_line_hands_over_and_says_the_same(service, tmp_path):
    file = tmp_path / "serah.csv"
    file.write_text(CSV.replace("Lembaga", "Serah"))
    command = ("plugin", "run", "csv-import", "--job", "import-organizations", "--file", str(file), "--dry-run")
    handed = service.installation.kelompok(*command, "--source", "diserahkan")
    listed = json.loads(service.installation.kelompok("import", "list", "--json").stdout)[0]
    workers = service.children()["worker"]
    assert listed["run_id"] is not None
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        service.client.get("/readyz")
        _forget_workers(service)
        alone = service.installation.kelompok(*command, "--source", "sendiri")
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    assert handed.returncode == alone.returncode == 3
    assert _without_what_differs(handed.stdout) == _without_what_differs(alone.stdout)
    unreadable = tmp_path / "kosong.csv"
    unreadable.write_text("")
    failed = service.installation.kelompok(*command[:-3], "--file", str(unreadable), "--source", "kosong")
    assert failed.returncode == 1
    assert failed.stderr.startswith("Error: ")
    _wait_for_workers(service)


def _forget_workers(service):
    """Let the frozen workers count as dead now, not in half a minute."""
    settings = read_settings(service.installation.environment)
    with psycopg.connect(embedded.find_running(settings).runtime) as connection:
        connection.execute("DELETE FROM workers")


def _without_what_differs(report):
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|«(diserahkan|sendiri)»|--source \S+", "…", report)
    return re.sub(r"[\d.,]+ (s|rows?/s|seconds)\b|in [\d.]+", "…", text)


def test_the_lines_of_the_documentation_do_what_they_say(service, tmp_path):
    """Every shell block of the page runs in order, as a reader would paste it."""
    page = (PROJECT / "docs" / "api.md").read_text("utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 6
    script = "\n".join(blocks).replace("http://127.0.0.1:4621", service.address)
    if shutil.which("curl") is None:
        pytest.skip("this machine has no curl")
    (tmp_path / "examples").symlink_to(PROJECT / "examples")
    environment = service.installation.environment | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"state": "undone"' in done.stdout or '"state":"undone"' in done.stdout, done.stdout


def test_killed_worker_api_and_database_an_import_ends_as_undisturbed(service):
    rows = "".join(f"{number},Lembaga Besar {number},Kota {number % 97}\n" for number in range(_LARGE))
    location = service.send("id,name,city\n" + rows, source="besar", mode="apply")
    _wait_for_rows(service, location, 5_000)
    for pid in service.children()["worker"]:
        os.kill(pid, signal.SIGKILL)
    _wait_for_rows(service, location, 25_000)
    settings = read_settings(service.installation.environment)
    os.kill(service.children()["serve"][0], signal.SIGKILL)
    time.sleep(1)
    os.kill(embedded.status(settings).pid, signal.SIGKILL)
    view = service.wait(location, seconds=240)
    assert view["state"] == "applied", view
    assert view["counts"] == {
        "rows_read": _LARGE, "accepted": _LARGE, "merged": 0, "unchanged": 0, "rejected": 0, "review": 0,
    }  # fmt: skip
    assert view["audit"]["entries"] == _LARGE
    with_dead = service.installation.kelompok("import", "list", "--json")
    assert json.loads(with_dead.stdout)[0]["state"] == "applied"


def _wait_for_rows(service, location, number):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            answer = service.client.get(location)
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        view = answer.json().get("data") if answer.status_code == 200 else None
        if view and (view["progress"]["rows"] >= number or view["work"] == "ended"):
            assert view["work"] != "ended", "it was over before it could be disturbed"
            return
        time.sleep(0.05)
    raise AssertionError("it does not go on")
