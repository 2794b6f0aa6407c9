"""Dagster as a data engineer uses it: a real browser with running services, and every way to start a run."""

import json
import shutil
import time
import urllib.request

import httpx2 as httpx
import pytest
import yaml

pytestmark = pytest.mark.xdist_group("dagster")

_JOB, _STAGE = "csv_import__import_organizations", "csv_import__import_organizations__stage"
_LOCATION = "locations/kelompok"
_ROWS = (
    "id,Nama Lembaga,Surel\n1,Lembaga Satu,satu@contoh.or.id\n2,Lembaga Dua,dua@contoh.or.id\n3,Lembaga Tiga,rusak\n"
)
_COUNTS = {"rows_read": 3, "accepted": 0, "merged": 0, "unchanged": 2, "rejected": 1, "review": 0}
_SETTINGS = """
[files]
roots = ["lists"]

[[schedules]]
name = "each_minute"
cron = "* * * * *"
plugin = "csv-import"
job = "import-organizations"
file = "lists/mitra.csv"
"""
_RUNS = """{ runsOrError(limit: 100, filter: {tags: [{key: ".dagster/repository", value: "__repository__@kelompok"}]}) {
  ... on Runs { results { runId status jobName tags { key value }
    assetMaterializations { assetKey { path } partition metadataEntries {
      label ... on IntMetadataEntry { intValue } } } } } } }"""


class Running:
    """An installation with running services, queried as Dagster's UI does."""

    def __init__(self, installation, ui, api):
        self.installation, self.ui, self.api = installation, ui, api
        self.lists = installation.folder / "lists"
        self.in_process = next(run for run in self.runs() if _tags(run).get("kelompok/source") == "mitra")

    def runs(self):
        body = json.dumps({"query": _RUNS}).encode()
        request = urllib.request.Request(f"{self.ui}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- our own, on loopback
            return json.load(answer)["data"]["runsOrError"]["results"]

    def run_of(self, import_id):
        return next(run["runId"] for run in self.runs() if _tags(run).get("kelompok/import") == import_id)

    def wait_for_run(self, known, *, scheduled=False, seconds=150):
        """Wait for a run that is not among the known ones, and return it when it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for run in self.runs():
                is_new = run["runId"] not in known and run["status"] in ("SUCCESS", "FAILURE", "CANCELED")
                if is_new and scheduled == ("dagster/schedule_name" in _tags(run)):
                    return run
            time.sleep(0.5)
        raise AssertionError("no run ended in time")


@pytest.fixture(scope="module")
def running(installation):
    lists = installation.folder / "lists"
    lists.mkdir()
    for plugin in ("csv-import", "sdgs-keyword"):
        assert installation.kelompok("plugin", "enable", plugin, "--grant").returncode == 0
    (lists / "mitra.csv").write_text(_ROWS)
    (lists / "aneh.csv").write_text("Kolom,Lain\n1,2\n")
    for file, code in (("mitra.csv", 3), ("mitra.csv", 3), ("aneh.csv", 1)):
        run = ("plugin", "run", "csv-import", "--job", "import-organizations", "--file", lists / file)
        assert installation.kelompok(*run).returncode == code
    settings = installation.folder / "kelompok.toml"
    settings.write_text(settings.read_text() + _SETTINGS)
    with installation.up() as (_, ui, api):
        # The schedule has started no run yet: the newest is the second of those above.
        yield Running(installation, ui, api)


@pytest.fixture(scope="module")
def page(running):
    """A page of the system's chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as started:
        # The sandbox cannot start as root; every page is our own.
        browser = started.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-background-networking"]
        )
        opened = browser.new_page(viewport={"width": 1600, "height": 1000}, base_url=f"{running.ui}/")
        opened.set_default_timeout(60_000)
        yield opened
        browser.close()


def _import_of(running, source):
    listed = json.loads(running.installation.kelompok("import", "list", "--json").stdout)
    return next(one["import"] for one in listed if one["source"] == source)


def test_the_timeline_and_the_job_show_runs_of_the_command_line(page):
    page.goto("overview")
    page.get_by_role("link", name=_JOB).first.wait_for()
    page.goto(f"{_LOCATION}/jobs/{_JOB}")
    page.get_by_text("Latest run:").wait_for()
    page.goto(f"{_LOCATION}/jobs/{_JOB}/runs")
    page.get_by_text("kelompok/source: mitra").first.wait_for()


def test_a_run_is_found_by_its_import(page, running):
    import_id = _import_of(running, "mitra")
    page.goto(f"runs?q[0]=tag:kelompok/import={import_id}")
    page.get_by_text(f"kelompok/import: {import_id}").wait_for()
    assert page.get_by_text("kelompok/source: aneh").count() == 0
    page.get_by_role("link", name=running.run_of(import_id)[:8]).click()
    page.get_by_text("Success", exact=True).first.wait_for()


def test_an_asset_shows_its_column_lineage_and_keeps_sources_apart(page):
    page.goto("assets/core/organizations?view=overview")
    page.get_by_text("Read from «Nama Lembaga» of mitra.").wait_for()
    page.goto("assets/csv_import/organizations_decisions?view=partitions")
    page.get_by_text("mitra", exact=True).first.wait_for()


def test_the_page_of_a_run_shows_why_its_file_was_refused(page, running):
    import_id = _import_of(running, "aneh")
    page.goto(f"runs/{running.run_of(import_id)}")
    page.get_by_text("No column was recognised").first.wait_for()


def _choose_source(page, source):
    """Open the dialog that materializes the job's assets, and choose a partition."""
    page.goto(f"{_LOCATION}/jobs/{_JOB}")
    page.get_by_text("Materialize all").first.click()
    page.get_by_text("Select a partition or create one").click()
    page.get_by_role("menuitem").filter(has_text=source).click()
    page.keyboard.press("Escape")


def test_a_source_is_imported_again_from_the_job_s_page(page, running):
    known = {run["runId"] for run in running.runs()}
    _choose_source(page, "mitra")
    page.get_by_role("button", name="Launch 1 run").click()
    run = running.wait_for_run(known)
    assert run["status"] == "SUCCESS"
    assert _counts(run) == _COUNTS


def test_a_file_is_imported_from_the_launchpad(page, running):
    known = {run["runId"] for run in running.runs()}
    _choose_source(page, "mitra")
    page.get_by_text("Config", exact=True).click()
    page.get_by_role("button", name="Add config").click()
    page.locator(".CodeMirror").last.click()
    page.keyboard.insert_text(f"ops: {{{_STAGE}: {{config: {{file: {running.lists}/mitra.csv, dry_run: true}}}}}}")
    page.get_by_role("button", name="Save config").click()
    page.get_by_role("button", name="Launch 1 run").click()
    run = running.wait_for_run(known)
    assert (run["status"], _tags(run)["kelompok/dry_run"]) == ("SUCCESS", "true")


def _counts(run):
    (decided,) = [
        one for one in run["assetMaterializations"] if one["assetKey"]["path"][-1] == "organizations_decisions"
    ]
    found = {entry["label"]: entry.get("intValue") for entry in decided["metadataEntries"]}
    return {name: found[name] for name in _COUNTS}


def _tags(run):
    return {tag["key"]: tag["value"] for tag in run["tags"]}


def _shape(run):
    """Return what must not depend on how a run was started: tags, assets, partitions, metadata, counts."""
    tags = _tags(run)
    assets = {
        "/".join(one["assetKey"]["path"]): (
            one["partition"],
            sorted(entry["label"] for entry in one["metadataEntries"]),
        )
        for one in run["assetMaterializations"]
    }
    told = {name: tags[name] for name in ("kelompok/plugin", "kelompok/source", "kelompok/entity", "kelompok/dry_run")}
    assert tags["kelompok/import"]
    assert tags["kelompok/actor"]
    return run["jobName"], run["status"], told, tags["dagster/partition"], assets, _counts(run)


def test_every_way_to_start_an_import_creates_the_same_run(running):
    installation, file = running.installation, running.lists / "mitra.csv"
    expected = _shape(running.in_process)
    assert expected[-1] == _COUNTS
    for name, start in _ways(running, file).items():
        known = {run["runId"] for run in running.runs()}
        start()
        assert _shape(running.wait_for_run(known)) == expected, name
    scheduled = running.wait_for_run(set(), scheduled=True)
    assert _shape(scheduled) == expected
    assert installation.kelompok("import", "list").stdout.count("failed") == 1, "the file that was refused"


def _ways(running, file):
    """Return each way to start an import, except the schedule, which starts automatically."""
    installation, config = running.installation, running.installation.folder / "run.yaml"
    config.write_text(yaml.safe_dump({"ops": {_STAGE: {"config": {"file": str(file)}}}}))
    environment = json.loads(installation.kelompok("env", "--json").stdout)
    inbox = installation.folder / "home/inbox/csv-import/import-organizations"
    inbox.mkdir(parents=True, exist_ok=True)
    code = ("-m", "kelompok_pipelines.definitions")
    return {
        "command line": lambda: installation.kelompok(
            "plugin", "run", "csv-import", "--job", "import-organizations", "--file", file
        ),
        "API": lambda: _send(running, file),
        "watched folder": lambda: shutil.copy(file, inbox),
        "dagster job execute": lambda: installation.run(
            "dagster", "job", "execute", *code, "-j", _JOB, "-c", config, **environment
        ),
        "dg launch": lambda: installation.run("dg", "launch", *code, "--job", _JOB, "--config", config, **environment),
    }


def _send(running, file):
    person = "ibu@contoh.or.id"
    assert running.installation.kelompok("admin", "user", "create", person, "--role", "admin").returncode == 0
    scopes = [f"--scope={one}" for one in ("import.submit", "import.apply", "import.read")]
    key = running.installation.kelompok("admin", "key", "create", person, "--name", "uji", *scopes).stdout.split()[0]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/csv"}
    address = f"{running.api}/api/v1/imports/organizations"
    answer = httpx.post(
        address, params={"source": "mitra", "mode": "apply"}, content=file.read_bytes(), headers=headers, timeout=60
    )
    assert answer.status_code == 202, answer.text
