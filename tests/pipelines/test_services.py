"""Services of one machine: what they are told of the database, and that they follow it to another port."""

import os
import time

import psutil
import pytest

from kelompok_pipelines.interruption import Interruption
from kelompok_pipelines.services import service_environment
from kelompok_pipelines.supervisor import Service, stop

pytestmark = pytest.mark.proof


def test_services_get_no_role_that_may_alter_the_database(settings, monkeypatch):
    monkeypatch.setenv("KELOMPOK_OWNER_DATABASE_URL", str(settings.owner_database_url))
    told = service_environment(settings)
    assert told["KELOMPOK_DATABASE_URL"] == settings.database_url
    assert told["KELOMPOK_DAGSTER_DATABASE_URL"] == settings.dagster_database_url
    assert "KELOMPOK_OWNER_DATABASE_URL" not in told
    assert not any("kelompok_owner" in value for value in told.values())


def _wait_for(what):
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_service_begins_anew_where_the_database_moved(tmp_path):
    code = "import os, time; print(os.environ['PORT'], flush=True); time.sleep(60)"
    with Interruption():  # as «kelompok up» runs them: else a test begun in the background ignores interrupts
        service = Service("one", ["python", "-c", code], {**os.environ, "PORT": "1"}, tmp_path)
        try:
            _wait_for(lambda: "1" in service.log.read_text().split())
            service.use({**os.environ, "PORT": "1"})
            assert service.is_running
            service.use({**os.environ, "PORT": "2"})

            def moved():
                service.look_after(lambda _: None)
                return "2" in service.log.read_text().split()

            _wait_for(moved)
        finally:
            stop([service])
    with pytest.raises(ProcessLookupError):
        os.kill(service._process.pid, 0)


@pytest.mark.parametrize("ignored", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN); "])
def test_child_processes_that_outlive_a_service_are_ended(tmp_path, ignored):
    child = f"import signal, time; {ignored}print('ready', flush=True); time.sleep(600)"
    code = f"""import subprocess, sys
with subprocess.Popen([sys.executable, "-c", {child!r}], stdout=subprocess.PIPE) as made:
    made.stdout.readline()
    print("child", made.pid, flush=True)
    try:
        made.wait()
    except KeyboardInterrupt:
        import os
        os._exit(0)"""
    with Interruption():
        service = Service("one", ["python", "-c", code], os.environ, tmp_path)
        _wait_for(lambda: "child" in service.log.read_text())
        pid = int(service.log.read_text().split()[1])
        stop([service])
    _wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
