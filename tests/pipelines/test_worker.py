"""The worker: runs queued imports, each as its own Dagster run, and reports failures of an import."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import dagster as dg
import psycopg
import pytest

from kelompok_core.imports.deciding import decide as deciding
from kelompok_core.imports.receiving.receive import ImportRequest, admit, open_import
from kelompok_core.imports.running.cancel import cancel
from kelompok_core.imports.running.queue import claim
from kelompok_core.imports.running.workers import Presence, count_workers
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.sources.storage import incoming_from
from kelompok_pipelines import worker as working
from kelompok_pipelines.interruption import WorkerStops
from kelompok_pipelines.loaded_code import LoadedCode
from kelompok_pipelines.worker import work
from tests.enabling import set_enabled


@pytest.fixture
def submit(installation, operator, tmp_path):
    def run(content="id,name\n1,Satu\n2,\n", **more):
        file = tmp_path / "list.csv"
        file.write_text(content)
        request = ImportRequest(plugin="csv-import", job="import-organizations", file=file, **more)
        admission = admit(installation, request, operator)
        with incoming_from(str(file), installation.settings) as incoming:
            return open_import(installation, admission, incoming, queued=True).import_id

    return run


@pytest.fixture
def hands(installation, monkeypatch):
    for name in ("DAGSTER_HOME", "KELOMPOK_DAGSTER_STORAGE_URL", "KELOMPOK_DAGSTER_FOLDER"):
        monkeypatch.setenv(name, "")  # what a runner sets for its process is this test's alone
    monkeypatch.delenv("DAGSTER_HOME")
    with Presence(installation.database, uuid4()) as presence, working._ImportLoop(installation, presence) as made:
        yield made


@pytest.fixture
def record_of(database):
    def run(import_id):
        with database.connect() as connection:
            return get_import(connection, import_id)

    return run


def test_it_takes_what_waits_one_after_the_other(hands, submit, record_of):
    first, second = submit(source_name="a"), submit(source_name="b", dry_run=True)
    assert hands.take_one()
    assert hands.take_one()
    assert not hands.take_one()
    applied, planned = record_of(first), record_of(second)
    assert (applied.state, applied.queued_at, planned.state) == ("applied", None, "planned")
    run = hands._runner.instance.get_run_by_id(applied.run_id)
    assert (run.is_success, run.tags["kelompok/import"]) == (True, str(first))


def test_what_stops_an_import_is_kept_with_it(hands, submit, record_of, settings):
    broken, other = submit("", source_name="a"), submit(source_name="b")
    assert hands.take_one()
    told = record_of(broken)
    assert (told.state, told.failure_code, told.queued_at) == ("failed", "import.failed", None)
    set_enabled(settings, "csv-import", enabled=False)
    assert hands.take_one()
    told = record_of(other)
    assert (told.failure_code, told.queued_at) == ("plugin.unavailable", None)


def test_an_unexpected_error_is_logged_without_data(hands, submit, record_of, monkeypatch, caplog):
    row = "Siti Rahayu"

    def fail(*_args, **_kwargs):
        raise RuntimeError(row)

    monkeypatch.setattr(deciding, "make_plan", fail)
    import_id = submit()
    assert hands.take_one()
    told = record_of(import_id)
    assert told.failure == "an unexpected RuntimeError stopped it"
    assert (told.state, told.queued_at) == ("staged", None)
    assert "test_worker.py" in caplog.text
    assert "Siti" not in caplog.text


def test_the_run_of_a_worker_that_died_is_ended_and_another_goes_on(hands, submit, record_of, installation, database):
    import_id = submit()
    with Presence(database, uuid4()) as dead:
        with database.connect() as connection, connection.begin():
            claim(connection, dead.id)
        runner = hands._open_runner()
        job = runner.definitions.resolve_job_def("csv_import__import_organizations")
        lost = runner.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        with database.connect() as connection, connection.begin():
            connection.exec_driver_sql("UPDATE imports SET run_id = %s WHERE id = %s", (lost.run_id, import_id))
    assert hands.take_one()
    assert runner.instance.get_run_by_id(lost.run_id).is_failure
    assert record_of(import_id).state == "applied"


def test_an_import_that_ended_many_workers_is_given_up(hands, submit, record_of, database):
    import_id = submit()
    for _ in range(3):  # one that hangs keeps others waiting half a minute each time
        with Presence(database, uuid4()) as dead, database.connect() as connection, connection.begin():
            assert claim(connection, dead.id).import_id == import_id
    assert hands.take_one()
    assert "3 workers ended" in record_of(import_id).failure


def test_cancelled_meanwhile_it_stays_cancelled(hands, submit, record_of, installation, operator, monkeypatch):
    import_id = submit()
    hands._installation = replace(installation, on_progress=lambda _: cancel(installation, import_id, operator))
    hands._runner = None
    assert hands.take_one()
    assert (record_of(import_id).state, record_of(import_id).failure) == ("cancelled", None)


def test_asked_to_stop_it_puts_the_import_back_as_far_as_it_is(hands, submit, record_of, installation):
    def stop(_):
        raise WorkerStops

    import_id = submit()
    hands._installation, hands._runner = replace(installation, on_progress=stop), None
    assert hands.take_one()
    waiting = record_of(import_id)
    assert (waiting.state, waiting.rows_staged, waiting.leased_by) == ("staging", 2, None)
    hands._installation, hands._runner = installation, None
    assert hands.take_one()
    assert record_of(import_id).state == "applied"


@pytest.mark.parametrize(
    ("sqlstate", "lost"), [("57P01", True), ("08006", True), (None, True), ("53100", False), ("40P01", False)]
)
def test_only_a_lost_database_ends_the_worker(hands, submit, record_of, monkeypatch, sqlstate, lost):
    error = psycopg.OperationalError("no space left")
    error.sqlstate = sqlstate

    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(deciding, "make_plan", fail)
    import_id = submit()
    if lost:
        with pytest.raises(psycopg.OperationalError):
            hands.take_one()
        assert record_of(import_id).leased_by is not None
    else:
        assert hands.take_one()
        full = "a disk is full"
        assert record_of(import_id).failure == (
            full if sqlstate == "53100" else "an unexpected OperationalError stopped it"
        )


def test_a_worker_that_is_not_known_any_more_ends(settings, database, monkeypatch):
    monkeypatch.setattr(working, "_LOOK_SECONDS", 0.1)
    monkeypatch.setattr("kelompok_core.imports.running.workers.HEARTBEAT_SECONDS", 0.1)

    def forget():
        while True:
            with database.connect() as connection, connection.begin():
                if count_workers(connection):
                    connection.exec_driver_sql("DELETE FROM workers")
                    return
            time.sleep(0.05)

    forgetting = threading.Thread(target=forget)
    forgetting.start()
    assert work(settings, lambda _: None) == 1
    forgetting.join(10)


def test_a_worker_ends_when_its_code_was_changed(settings, monkeypatch):
    monkeypatch.setattr(LoadedCode, "is_outdated", lambda _: True)
    said = []
    assert work(settings, said.append) == 0
    assert "changed" in said[-1]


def test_code_is_outdated_when_a_file_of_it_is_newer(tmp_path):
    code = LoadedCode()
    assert not code.is_outdated()
    code._folders = [tmp_path]
    file = tmp_path / "plugin.py"
    file.write_text("")
    os.utime(file, (1, 1))
    assert not code.is_outdated()
    Path(file).touch()
    os.utime(file, (time.time() + 60, time.time() + 60))
    assert code.is_outdated()
