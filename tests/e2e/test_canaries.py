"""Unique strings, sent through every interface, and searched for in every store that must not contain rows."""

import gzip
import json
import os
import stat
import subprocess
import time
import zlib
from pathlib import Path

import httpx2 as httpx
import psycopg
import pytest

from benchmarks.databases import in_database
from kelompok_core.access.actors import get_actor
from kelompok_core.access.keys import KeyService
from kelompok_core.access.service import AccessService
from kelompok_core.database import embedded
from kelompok_core.database.engine import open_database
from kelompok_core.settings import read_settings
from kelompok_pipelines.instance import dagster_environment
from kelompok_pipelines.supervisor import Service, stop
from tests.distributions import install_plugin
from tests.e2e.conftest import PROGRAMS, free_port

CANARIES = {
    "name": "Kenarinama", "nik": "3171997755331188", "phone": "81255507359", "bad e-mail": "kenari-rusak-surel",
    "e-mail": "kenari-surat@contoh.id", "secret": "kenari-rahasia-token", "address": "Gang Kenarialamat",
    "note": "kenaricatatan", "header": "Kenarikepala", "first line": "Kenaribaris", "JSON key": "kenarikunci",
    "post": "kenarikiriman",
}  # fmt: skip
_C = CANARIES

MEMBERS = (
    f"nama,NIK,email,telepon,alamat,catatan,tanggal lahir,{_C['header']}\n"
    f"{_C['name']} Satu,{_C['nik']},{_C['bad e-mail']},0{_C['phone']},{_C['address']} 1,{_C['note']},rusak,x\n"
    f"{_C['name']} Dua,{_C['nik']},{_C['e-mail']},0{_C['phone']}x,{_C['address']} 2,{_C['note']},,{_C['bad e-mail']}\n"
)
REFUSED = f"{_C['first line']},{_C['e-mail']}\n{_C['name']},{_C['phone']}\n"
POSTS = f"title,content,published at,url\nSatu,{_C['post']},{_C['post']},{_C['post']}\n"
KEYED = json.dumps([{"name": "Lembaga Dua", _C["JSON key"]: {_C["JSON key"]: "x"}, "email": _C["bad e-mail"]}])

ODD = {
    "name": "odd", "version": "1.0", "api": "1", "implements": {"organization_importer": "odd_canary.reader:Reader"},
    "jobs": [{"name": "read", "uses": "organization_importer", "entity": "organizations",
              "inputs": ["text/x-odd", "text/csv"]}],
    "permissions": {"propose": ["organizations"], "secrets": ["token"]},
    "config_schema": {"type": "object", "properties": {
        "token": {"type": "string"}, "calm": {"type": "boolean", "default": False}}},
}  # fmt: skip
READER = """
import logging, sys, time
from kelompok_core.contracts import SourceBatch, location_table, text_table
class Reader:
    def read(self, source, context):
        row = source.path.read_text() + context.secrets["token"]
        (context.workdir / "rows").write_text(row)
        for number in range(1, 3 if context.config["calm"] else 1):
            yield SourceBatch(
                cells=text_table({"name": ["Tenang"]}),
                locations=location_table([number], lines=[1], selectors=["#line=1"]))
        while context.config["calm"]:
            time.sleep(1)
        print(row)
        print(row, file=sys.stderr)
        context.log.error(row)
        logging.getLogger("odd").error("cannot read %s", row)
        try:
            raise KeyError(row)
        except KeyError as error:
            raise ValueError("bad row " + row) from error
        yield
"""


class Scene:
    """An installation with a plugin that prints all it has, its own temporary folder, and the responses to callers."""

    def __init__(self, installation):
        self.folder = installation.folder
        self.installation = installation
        self.tmp = self.folder / "system-tmp"
        self.tmp.mkdir()
        self.tmp.chmod(0o1777)
        packages = self.folder / "packages"
        install_plugin(packages, "odd_canary", ODD, reader=READER)
        path = os.pathsep.join(filter(None, (str(packages), os.environ.get("PYTHONPATH"))))
        installation.environment |= {"TMPDIR": str(self.tmp), "PYTHONPATH": path, "ODD_TOKEN": _C["secret"]}
        for plugin in ("csv-import", "json-import", "odd"):
            assert installation.kelompok("plugin", "enable", plugin, "--grant").returncode == 0
        toml = self.folder / "kelompok.toml"
        toml.write_text(toml.read_text().replace("[plugins.odd]", '[plugins.odd]\ntoken = "env:ODD_TOKEN"'))
        self.settings = read_settings(installation.environment)
        self.told = []

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def imports(self, job, file, *more, plugin="csv-import", **environment):
        """Import by the command line."""
        return self.installation.kelompok(
            "plugin", "run", plugin, "--job", job, "--file", str(file), *more, **environment
        )


@pytest.fixture(scope="module")
def scene(installation):
    made = Scene(installation)
    _by_command_line(made)
    _by_api(made)
    _by_dagster(made)
    installation.kelompok("doctor")  # any command sweeps
    return made


def _by_command_line(scene):
    organizations = scene.write("satu.csv", "name\nSatu\n")
    done = scene.imports("import-organizations", organizations)
    assert done.returncode == 0, done.stderr
    members = scene.write("anggota.csv.gz", gzip.compress(MEMBERS.encode()))
    killed = scene.imports("import-members", members, "--organization", "satu", KELOMPOK_FAIL_POINT="stage.copied")
    assert killed.returncode < 0, "it was killed in the middle"
    calm = ("--set", "calm=true")
    killed = scene.imports("read", members, *calm, plugin="odd", KELOMPOK_FAIL_POINT="stage.copied")
    assert killed.returncode < 0, killed.stderr
    left = list((scene.folder / "home/tmp").iterdir())
    assert len(left) == 2, "what the plugin wrote, and the file unpacked"
    refused = scene.imports("import-members", scene.write("tolak.csv", REFUSED), "--organization", "satu")
    assert _C["first line"] in refused.stdout + refused.stderr, "who imports is told all"


def _by_api(scene):
    """Send files to the API, with a worker in its own process, and ask as somebody who may see nothing."""
    settings, port = scene.settings, free_port()
    environment = scene.installation.environment | dagster_environment(settings)
    logs = settings.home / "logs"
    logs.mkdir(exist_ok=True, mode=0o700)
    services = [
        Service("worker-1", ["kelompok", "worker"], environment, logs),
        Service("api", ["kelompok", "serve", "--port", str(port)], environment, logs),
    ]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait_until_up(client)
            mine, other = _keys(settings)
            sent = [
                _send(client, mine, "members", MEMBERS, "text/csv", organization="satu"),
                _send(client, mine, "members", REFUSED, "text/csv", organization="satu"),
                _send(client, mine, "posts", POSTS, "text/csv", organization="satu"),
                _send(client, mine, "organizations", KEYED, "application/json"),
                _send(client, mine, "organizations", f"{_C['name']},{_C['note']}", "text/x-odd"),
            ]
            for location in sent:
                _wait_until_ended(client, mine, location)
                for path in (location, f"{location}/issues", f"{location}/rows"):
                    scene.told.append(client.get(path, headers=other).text)
            scene.told += [client.get(path).text for path in ("/healthz", "/readyz", sent[0])]
            scene.told.append(client.post("/api/v1/imports/members", content=MEMBERS, headers=other).text)
    finally:
        stop(services)


def _wait_until_up(client):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError("the services did not come up")


def _keys(settings):
    database = open_database(settings)
    with database.session() as session:
        operator = get_actor(session.connection(), email=None)
        AccessService(session, operator).create_user("lain@contoh.id", name="Lain")
        scopes = ["import.submit", "import.apply", "import.read"]
        tokens = [
            KeyService(session, operator).create(email, "test", scopes=scopes, organization_id=None, days=1).token
            for email in (operator.email, "lain@contoh.id")
        ]
    database.dispose()
    return [{"Authorization": f"Bearer {token}"} for token in tokens]


def _send(client, key, entity, content, media_type, **query):
    asked = {"mode": "apply", "source": f"api-{media_type[-3:]}", **query}
    headers = {**key, "Content-Type": media_type}
    answer = client.post(f"/api/v1/imports/{entity}", params=asked, content=content.encode(), headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.headers["location"]


def _wait_until_ended(client, key, location):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if client.get(location, headers=key).json()["data"]["work"] == "ended":
            return
        time.sleep(0.1)
    raise AssertionError(f"{location} did not end")


def _by_dagster(scene):
    """Run jobs as Dagster's own command and as the inbox's sensor ask for them."""
    inbox = scene.settings.home / "inbox/csv-import/import-members/satu"
    inbox.mkdir(parents=True)
    (inbox / "anggota.csv").write_text(MEMBERS.replace("Dua", "Tiga"))
    (inbox / "tolak.csv").write_text(REFUSED)
    for config in _taken(scene):
        run = {"ops": {"csv_import__import_members__stage": {"config": config}}}
        file = scene.write(f"{Path(config['file']).name}.json", json.dumps(run))
        done = subprocess.run(
            [str(PROGRAMS / "dagster"), "job", "execute", "-m", "kelompok_pipelines.definitions",
             "-j", "csv_import__import_members", "-c", str(file)],
            env=scene.installation.environment | dagster_environment(scene.settings), cwd=scene.folder,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert "RUN_" in done.stderr, done.stderr
        scene.told.append(done.stdout + done.stderr)


def _taken(scene):
    """Return the configs of the runs that the inbox's sensor asks for."""
    import dagster as dg

    from kelompok_pipelines.definitions import build_definitions
    from kelompok_pipelines.resources import make_core

    core = make_core(scene.settings)
    sensor = build_definitions(scene.settings, core).resolve_sensor_def("csv_import__import_members__inbox")
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            with dg.build_sensor_context(instance=instance, resources={"core": core}) as context:
                asked = sensor.evaluate_tick(context).run_requests
    core.installation.database.dispose()
    assert len(asked) == 2
    return [one.run_config["ops"]["csv_import__import_members__stage"]["config"] for one in asked]


def _found(content):
    return {name for name, canary in CANARIES.items() if canary.encode() in content}


def _tables(url):
    """Yield each table of a database with all it holds, what is packed unpacked."""
    with psycopg.connect(url) as connection:
        tables = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        for table in tables:
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT') as copy:
                yield table, b"".join(copy)
        packed = connection.execute("SELECT table_name, column_name FROM information_schema.columns"
                                    " WHERE table_schema = 'public' AND data_type = 'bytea'").fetchall()  # fmt: skip
        for table, column in packed:
            for (content,) in connection.execute(f'SELECT "{column}" FROM "{table}"'):
                yield f"{table}.{column}", _unpacked(content or b"")


def _unpacked(content):
    try:
        return zlib.decompress(content)
    except zlib.error:
        return content


def _files(folder):
    for path in sorted(folder.rglob("*")):
        if stat.S_ISREG(path.lstat().st_mode):
            yield str(path.relative_to(folder)), path.read_bytes()


def _hits(stores):
    return {name: found for name, content in stores if (found := _found(content))}


def test_all_of_it_arrived_where_it_is_meant_to_be(scene):
    url = in_database(embedded.superuser_url(scene.settings), "kelompok")
    core = b"".join(content for _, content in _tables(url))
    kept = b"".join(content for _, content in _files(scene.settings.home / "files"))
    assert _found(core + kept) == set(CANARIES), "else nothing is proven here"


def test_dagsters_database_has_none(scene):
    stores = list(_tables(embedded.ensure_running(scene.settings).dagster))
    assert any(len(content) > 10_000 for _, content in stores), "the runs are there"
    assert _hits(stores) == {}


def test_logs_and_dagsters_folder_have_none(scene):
    home = scene.settings.home
    logs = [(name, content) for name, content in _files(home / "logs")]
    assert {name for name, _ in logs} == {"worker-1.log", "api.log"}
    assert any(b"odd" in content for _, content in logs), "that the plugin said something is told"
    assert _hits([*logs, *_files(home / "dagster")]) == {}
    server = embedded.status(scene.settings).data_folder / "server.log"
    assert _found(server.read_bytes()) == set()


def test_temporary_folders_have_none(scene):
    assert list((scene.settings.home / "tmp").iterdir()) == []
    assert _hits(_files(scene.tmp)) == {}
    assert [path.name for path in scene.tmp.iterdir() if not path.name.startswith("kelompok-")] == []


def test_callers_without_rights_get_no_value(scene):
    assert len(scene.told) == 21
    assert _hits((str(number), told.encode()) for number, told in enumerate(scene.told)) == {}


def test_all_else_in_the_home_has_none_and_is_not_for_others(scene):
    home = scene.settings.home
    meant = ("files/", "inbox/", "postgres/")
    assert _hits((name, content) for name, content in _files(home) if not name.startswith(meant)) == {}
    loose = [path for path in home.rglob("*") if stat.S_IMODE(path.lstat().st_mode) & 0o077]
    assert {path.relative_to(home).parts[0] for path in loose} <= {"inbox"}, "where the test put its files"
