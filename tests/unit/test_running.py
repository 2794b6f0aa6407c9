"""A running service is registered exactly as long as its process lives."""

import os
import signal
import subprocess
import sys

import pytest

from kelompok_core.errors import Conflict
from kelompok_core.running import Running, list_running, running, running_alone
from kelompok_core.settings import read_settings

_STAYS = """
import sys, time
from kelompok_core import running
from kelompok_core.settings import read_settings
with getattr(running, sys.argv[1])(read_settings({"KELOMPOK_HOME": sys.argv[2]}), *sys.argv[3:]):
    print("there", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path):
    return read_settings({"KELOMPOK_HOME": str(tmp_path / "home")})


@pytest.fixture
def stays(settings):
    """A process that is registered as running, until it is killed."""
    begun = []

    def begin(how, *name):
        words = [sys.executable, "-c", _STAYS, how, str(settings.home), *name]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        begun.append(process)
        assert process.stdout.readline() == "there\n"
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def test_service_is_registered_while_it_runs(settings, stays):
    assert list_running(settings) == []
    with running(settings, "serve"):
        worker = stays("running", "worker")
        assert list_running(settings) == [
            Running(name="serve", pid=os.getpid()), Running(name="worker", pid=worker.pid),
        ]  # fmt: skip
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        assert [one.name for one in list_running(settings)] == ["serve"]
    assert list_running(settings) == []


def test_second_process_that_runs_all_services_is_refused_by_name(settings, stays):
    first = stays("running_alone")
    with pytest.raises(Conflict, match=rf"kelompok up \(process {first.pid}\)"), running_alone(settings):
        pass
    first.kill()
    first.wait()
    with running_alone(settings):
        assert list_running(settings) == [Running(name="up", pid=os.getpid())]


def test_service_runs_without_a_writable_home(settings, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("kelompok_core.running._appear", refuse)
    with running(settings, "serve"):
        assert list_running(settings) == []
