"""Workers that hang are killed by the supervisor."""

import os
import signal
import time
from uuid import UUID

import pytest
import sqlalchemy as sa

from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.running import workers
from kelompok_core.imports.running.cancel import cancel
from kelompok_core.imports.running.workers import count_workers
from kelompok_pipelines import worker_watch
from kelompok_pipelines.supervisor import Service, stop
from kelompok_pipelines.worker_watch import WorkerWatch

pytestmark = pytest.mark.proof

_WORKER = """
import re, resource, sys, time
from uuid import UUID, uuid4
from kelompok_core.database.engine import Addresses, Database
from kelompok_core.database.locks import working_on
from kelompok_core.imports.running.workers import Presence, session_name

resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
url, does, import_id = sys.argv[1:]
worker_id = uuid4()
database = Database(Addresses(runtime=url, dagster=None), name=session_name(worker_id))
with Presence(database, worker_id), working_on(database.engine, UUID(import_id)):
    while does == "sleeps":
        time.sleep(0.1)
    time.sleep(1)
    re.match("(a+)+$", "a" * 60 + "b")  # which neither ends nor lets go of the interpreter
"""
_NOBODY_S = UUID(int=1)


@pytest.fixture
def begin(settings, database, tmp_path):
    """Start something like a worker that does this; give the service once it is known to the database."""
    begun = []

    def run(does, import_id=_NOBODY_S):
        command = ["python", "-c", _WORKER, str(settings.database_url), does, str(import_id)]
        service = Service("worker-1", command, dict(os.environ), tmp_path)
        begun.append(service)
        _wait_for(lambda: _known(database) == 1, 60)
        return service

    yield run
    for service in begun:
        service.kill()
    stop(begun)


def _known(database):
    with database.connect() as connection:
        return count_workers(connection)


def _wait_for(what, seconds):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(worker_watch, "_START_SECONDS", 0.0)
    monkeypatch.setattr(workers, "SILENT_SECONDS", 7.0)


@pytest.mark.parametrize("how", ["stopped", "loops"])
def test_a_worker_without_heartbeat_is_killed_and_restarted(begin, database, impatient, how):
    service = begin("sleeps" if how == "stopped" else "loops")
    told, pid = [], service.pid
    if how == "stopped":
        os.kill(pid, signal.SIGSTOP)
    with WorkerWatch(lambda: database, [service], told.append):
        _wait_for(lambda: not service.is_running, 30)
    assert told == ["worker-1 hangs (no heartbeat) and is killed."]
    service.look_after(told.append)
    _wait_for(lambda: service.look_after(told.append) or (service.is_running and service.pid != pid), 60)


def test_a_worker_that_works_is_left_alone(begin, database, impatient):
    service = begin("sleeps")
    told = []
    with WorkerWatch(lambda: database, [service], told.append):
        time.sleep(9)
    assert service.is_running
    assert told == []


def test_a_worker_that_does_not_let_go_of_what_was_cancelled_is_ended(begin, installation, operator, database, file):
    request = ImportRequest(plugin="csv-import", job="import-organizations", file=file)
    import_id = receive(installation, request, operator).import_id
    service = begin("loops", import_id)
    _wait_for(lambda: _is_held(database, import_id), 60)
    time.sleep(1.5)
    told = []
    with WorkerWatch(lambda: database, [service], told.append):
        asked = time.monotonic()
        cancel(installation, import_id, operator)
        _wait_for(lambda: not service.is_running, 10)
        assert time.monotonic() - asked < 5.5
    assert told == ["worker-1 hangs (it still works on a cancelled or failed import) and is killed."]


def _is_held(database, import_id):
    with database.connect() as connection, connection.begin():
        key = {"key": f"import:{import_id}"}
        return not connection.scalar(sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))"), key)
