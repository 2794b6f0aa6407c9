"""Stops work that is cancelled during a plugin call or a statement, or that takes too long."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from kelompok_core.errors import ImportFailed, TakenOver
from kelompok_core.imports.applying import apply as applying
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding import decide as deciding
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.running import watchdog
from kelompok_core.imports.running.cancel import cancel
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.imports.staging import staging_pass
from kelompok_core.imports.staging.stage import stage

pytestmark = pytest.mark.proof

SOON = 5.0
PATIENCE = 60.0

_STUCK = """
import sys, time
from uuid import UUID
from kelompok_core.database.engine import Addresses, Database
from kelompok_core.imports.staging import staging_pass
from kelompok_core.imports.staging.stage import stage
from kelompok_core.installation import Installation
from kelompok_core.settings import read_settings

settings = read_settings()
addresses = Addresses(runtime=settings.database_url, dagster=None)

def stuck(*_):
    print("reading", flush=True)
    while True:
        time.sleep(0.01)
    yield

staging_pass.read_batches = stuck
stage(Installation(database=Database(addresses), settings=settings), UUID(sys.argv[1]))
"""


@pytest.fixture
def received(installation, operator, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,name\n1,Satu\n2,Dua\n")
    return receive(
        installation, ImportRequest(plugin="csv-import", job="import-organizations", file=path), operator
    ).import_id


@pytest.fixture
def state_of(database):
    def run(import_id):
        with database.connect() as connection:
            return get_import(connection, import_id)

    return run


@pytest.fixture
def cancelled_during(installation, operator, received):
    """Cancel the import while a step works; return the step's exception and the delay."""

    def run(step, begun):
        endings = []

        def work():
            with pytest.raises(ImportFailed) as caught:
                step(installation, received)
            endings.append((caught.value, time.monotonic()))

        working = threading.Thread(target=work)
        working.start()
        assert begun.wait(PATIENCE)
        asked = time.monotonic()
        cancel(installation, received, operator)
        working.join(PATIENCE)
        (error, ended), *_ = endings
        return error, ended - asked

    return run


def _sleeping_statement(begun):
    def sleep(connection, *_arguments, **_more):
        begun.set()
        connection.execute(sa.text("SELECT pg_sleep(60)"))

    return sleep


def test_cancel_stops_a_running_statement(cancelled_during, installation, received, state_of, monkeypatch):
    stage(installation, received)
    begun = threading.Event()
    monkeypatch.setattr(deciding, "make_plan", _sleeping_statement(begun))
    error, seconds = cancelled_during(decide, begun)
    assert isinstance(error, TakenOver)
    assert seconds < SOON
    assert state_of(received).state == "cancelled"


def test_cancel_while_applying_writes_nothing(cancelled_during, installation, received, state_of, monkeypatch, ask):
    stage(installation, received)
    decide(installation, received)
    begun, write = threading.Event(), applying._write

    def write_and_sleep(connection, *arguments):
        write(connection, *arguments)
        _sleeping_statement(begun)(connection)

    monkeypatch.setattr(applying, "_write", write_and_sleep)
    error, seconds = cancelled_during(apply, begun)
    assert isinstance(error, TakenOver)
    assert seconds < SOON
    assert state_of(received).state == "cancelled"
    assert ask("SELECT FROM organizations") == []


def test_cancel_during_a_plugin_call_ends_the_process(installation, settings, operator, received, state_of):
    environment = {
        "KELOMPOK_HOME": str(settings.home), "KELOMPOK_CONFIG": str(settings.config_file),
        "KELOMPOK_DATABASE_URL": str(settings.database_url),
        "KELOMPOK_OWNER_DATABASE_URL": str(settings.owner_database_url),
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", _STUCK, str(received)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=Path(__file__).parents[2],
    ) as process:  # fmt: skip
        try:
            assert process.stdout.readline() == "reading\n"
            asked = time.monotonic()
            cancel(installation, received, operator)
            assert process.wait(PATIENCE) == 1
            assert time.monotonic() - asked < SOON
            assert "does not stop: this process exits" in process.stderr.read()
        finally:
            process.kill()
    assert state_of(received).state == "cancelled"


@pytest.mark.parametrize(("line", "message"), [
    ("silent_seconds = 1", "no row was read for more than 1 seconds"),
    ("reading_seconds = 1", "reading it took more than 1 seconds"),
])  # fmt: skip
def test_endless_reading_fails_the_import(settings, installation, received, state_of, monkeypatch, line, message):
    with settings.config_file.open("a") as file:
        file.write(f"\n[limits]\n{line}\n")
    given_up = threading.Event()

    def stuck(*_):
        assert given_up.wait(PATIENCE)
        raise RuntimeError("as if the process had ended")
        yield

    monkeypatch.setattr(staging_pass, "read_batches", stuck)
    monkeypatch.setattr(watchdog, "end_process", given_up.set)
    with pytest.raises(ImportFailed, match=message):
        stage(installation, received)
    import_ = state_of(received)
    assert (import_.state, import_.failure, import_.queued_at) == ("failed", message, None)
    assert "limits" in import_.failure_hint


def test_slow_import_that_progresses_is_not_stopped(installation, received, state_of, monkeypatch):
    monkeypatch.setattr(watchdog, "_LOOK_SECONDS", 0.01)
    read = staging_pass.read_batches

    def slowly(*arguments):
        time.sleep(0.3)
        yield from read(*arguments)

    monkeypatch.setattr(staging_pass, "read_batches", slowly)
    stage(installation, received)
    assert state_of(received).state == "staged"
