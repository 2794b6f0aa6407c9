"""The API in this process, on the real database, with a key for whom a test wants; imports are carried out by hand."""

import socket
import threading
import time
import uuid

import pytest
from starlette.testclient import TestClient

from kelompok_core.access.keys import KeyService
from kelompok_core.access.rules import Action
from kelompok_core.api.app import make_app
from kelompok_core.api.options import ApiOptions
from kelompok_core.api.server import make_server
from kelompok_core.errors import KelompokError
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.reporting.stored_errors import claim_wanted, want, write_wanted
from kelompok_core.imports.running.queue import claim, finish
from kelompok_core.imports.running.workers import Presence
from kelompok_core.imports.staging.stage import stage

EVERYTHING = [action.value for action in Action]
CSV = "id,name,city\n1,Lembaga Satu,Kupang\n2,Lembaga Dua,Garut\n3,,Garut\n"


@pytest.fixture
def options():
    return ApiOptions(hosts=("testserver", "127.0.0.1"))


@pytest.fixture
def app(installation, options):
    return make_app(installation, options)


@pytest.fixture
def key_of(database, operator):
    """Make a key of a user, with every scope unless told otherwise."""

    def make(email=operator.email, *, scopes=EVERYTHING, organization=None, days=1):
        with database.session() as session:
            service = KeyService(session, operator)
            return service.create(email, "test", scopes=scopes, organization_id=organization, days=days).token

    return make


@pytest.fixture
def client_of(app):
    """Give a client that sends this key; what goes wrong inside is answered, not raised."""

    def make(token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return TestClient(app, headers=headers, raise_server_exceptions=False)

    return make


@pytest.fixture
def client(client_of, key_of):
    return client_of(key_of())


@pytest.fixture
def work(installation):
    """Carry out what waits, as a worker does, until nothing does."""

    def run():
        done = []
        with Presence(installation.database, uuid.uuid4()) as worker:
            while True:
                with installation.database.connect() as connection, connection.begin():
                    claimed = claim(connection, worker.id)
                if claimed is None:
                    break
                failure = None
                try:
                    for step in (stage, decide, apply):
                        step(installation, claimed.import_id)
                except KelompokError as error:
                    failure = error
                with installation.database.connect() as connection, connection.begin():
                    finish(connection, claimed, failure)
                    if failure is None:
                        want(connection, claimed.import_id)
                done.append(claimed.import_id)
            while _write_one(installation, worker.id):
                pass
        return done

    return run


def _write_one(installation, worker_id):
    with installation.database.connect() as connection, connection.begin():
        wanted = claim_wanted(connection, worker_id)
    if wanted is not None:
        write_wanted(installation, wanted, worker_id)
    return wanted is not None


@pytest.fixture
def send(client):
    """Send a file and give the import that answers."""

    def run(content=CSV, *, entity="organizations", media_type="text/csv", source="list", headers=None, **query):
        answer = client.post(
            f"/api/v1/imports/{entity}", params={"source": source, **query}, content=content,
            headers={"Content-Type": media_type, **(headers or {})},
        )  # fmt: skip
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == answer.json()["data"]["links"]["self"]
        return answer.json()["data"]

    return run


@pytest.fixture
def served(app, options):
    """The same application behind a real server; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = make_server(app, options, "127.0.0.1", port)
    running = threading.Thread(target=server.run)
    running.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    running.join(20)
    assert not running.is_alive()
