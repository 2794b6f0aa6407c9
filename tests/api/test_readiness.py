"""``/readyz``: its result, and who may see the details."""

from uuid import uuid4

import pytest
import sqlalchemy as sa

from kelompok_core.api import service_routes
from kelompok_core.imports.running import readiness
from kelompok_core.imports.running.queue import claim
from kelompok_core.imports.running.workers import Presence


@pytest.fixture
def worker(database):
    with Presence(database, uuid4()) as present:
        yield present


@pytest.fixture
def change(settings):
    """Change the test's database as its owner."""

    def run(statement):
        owner = sa.create_engine(sa.make_url(str(settings.owner_database_url)).set(drivername="postgresql+psycopg"))
        with owner.begin() as connection:
            connection.exec_driver_sql(statement)
        owner.dispose()

    return run


@pytest.fixture
def said(client_of, key_of):
    """Ask with the key of one who sees all imports, and see that nobody else is told; give what was said."""

    def run():
        answer = client_of(key_of()).get("/readyz")
        others = [client_of(), client_of("klp_none"), client_of(key_of(scopes=["record.read"]))]
        for one in (other.get("/readyz") for other in others):
            assert one.status_code == answer.status_code
            told = one.json()
            assert told == {"status": "ready", "schema_revision": None, "workers": None} or (
                told["error"]["code"], told["error"]["message"]) == ("not_ready", "not ready")  # fmt: skip
        if answer.status_code == 200:
            return answer.json()["status"]
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["error"]["code"] == "not_ready"
        return answer.json()["error"]["message"]

    return run


def test_ready(client, worker, said):
    assert said() == "ready"
    answer = client.get("/readyz").json()
    assert (answer["workers"], answer["schema_revision"]) == (1, service_routes.SCHEMA_REVISION)


def test_no_worker(said):
    assert said() == "no worker is alive: imports wait"


def test_a_disk_that_is_nearly_full(worker, said, monkeypatch):
    monkeypatch.setattr(readiness, "_LEAST_FREE", 1 << 60)
    assert "the disk of the folder of received files has" in said()


def test_another_schema(worker, said, change):
    change("UPDATE alembic_version SET version_num = '0001'")
    assert "the schema is at 0001" in said()


def test_no_schema_of_ours(client, change):
    change("DROP TABLE alembic_version; ALTER TABLE api_keys RENAME TO keys_of_old")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["error"]["message"]) == (503, "not ready")


def test_a_queue_that_stands_still(worker, said, send, change, database):
    send()
    assert said() == "ready"
    change("UPDATE imports SET queued_at = now() - interval '6 minutes', updated_at = now() - interval '6 minutes'")
    assert "the queue is stuck: 1 waiting" in said()
    change("UPDATE imports SET updated_at = now()")
    assert said() == "ready", "something moves"
    change("UPDATE imports SET updated_at = now() - interval '6 minutes'")
    with database.connect() as connection, connection.begin():
        claim(connection, worker.id)
    assert said() == "ready", "it is being done"
