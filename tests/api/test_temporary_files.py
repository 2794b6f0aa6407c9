"""Where a service keeps what is sent to it while it comes in: in the installation, in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest

from kelompok_core import working_folders
from kelompok_core.settings import read_settings
from kelompok_core.working_folders import system_folder, temporary_files_at_home

_MEGABYTE = 1 << 20
_SERVE = """
import sys
from kelompok_core.api.server import serve
from kelompok_core.settings import read_settings
serve(read_settings(), host="127.0.0.1", port=int(sys.argv[1]), notify=lambda _: None)
"""


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def elsewhere(tmp_path):
    """The system's temporary folder, as the service is told."""
    folder = tmp_path / "system"
    folder.mkdir()
    return folder


@pytest.fixture
def service(settings, elsewhere):
    """Give a service in a process of its own, and its port; the test ends it, or we do."""
    port = _free_port()
    environment = os.environ | {
        "KELOMPOK_HOME": str(settings.home), "KELOMPOK_CONFIG": str(settings.config_file),
        "KELOMPOK_DATABASE_URL": str(settings.database_url), "TMPDIR": str(elsewhere),
    }  # fmt: skip
    environment.pop("KELOMPOK_TMP", None)
    command = [sys.executable, "-c", _SERVE, str(port)]
    with subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[2]) as process:
        _wait(lambda: _answers(port) or process.poll() is not None)
        yield process, port
        process.terminate()
        process.wait(30)


def _answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(until, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def _open_files(process):
    found = []
    for one in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            found.append(str(one.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not tell what is open")
def test_what_is_sent_as_a_form_stays_inside_of_the_installation(service, settings, elsewhere, key_of):
    process, port = service
    ours, seen = str(settings.tmp_folder.resolve()), []

    def sent_slowly():
        rows = b"id,name\n" + b"1,Lembaga Satu\n" * (5 * _MEGABYTE // 15)
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + rows
        seen.extend(_wait(lambda: [one for one in _open_files(process) if one.startswith(ours)]))
        seen.extend(one for one in _open_files(process) if one.startswith(str(elsewhere)))
        yield b"\r\n--x--\r\n"

    headers = {"Authorization": f"Bearer {key_of()}", "Content-Type": "multipart/form-data; boundary=x"}
    address = f"http://127.0.0.1:{port}/api/v1/imports/organizations"
    answer = httpx.post(address, content=sent_slowly(), headers=headers, timeout=60)
    assert answer.status_code == 202, answer.text
    assert seen
    assert all(one.startswith(ours) for one in seen)
    assert list(elsewhere.iterdir()) == []
    process.send_signal(signal.SIGINT)
    process.wait(30)
    assert list(settings.tmp_folder.iterdir()) == [], (process.pid, os.getpid())


def test_a_process_makes_its_temporary_files_in_the_home_until_it_is_done(tmp_path):
    settings = read_settings({"KELOMPOK_HOME": str(tmp_path / "home")})
    before = tempfile.gettempdir()
    with temporary_files_at_home(settings):
        with tempfile.NamedTemporaryFile() as file:
            assert settings.tmp_folder in Path(file.name).parents
        assert system_folder() == Path(before), "where sockets have names that are short enough"
    assert tempfile.gettempdir() == before
    assert list(settings.tmp_folder.iterdir()) == []


def test_a_home_that_cannot_be_written_to_keeps_no_service_from_starting(tmp_path, monkeypatch):
    def refusing(_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(working_folders, "make_private_folder", refusing)
    before = tempfile.gettempdir()
    with temporary_files_at_home(read_settings({"KELOMPOK_HOME": str(tmp_path / "home")})):
        assert tempfile.gettempdir() == before
