"""Files of an installation are private to its user, and a killed process's files are removed."""

import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kelompok_core import installation_home
from kelompok_core.installation_home import make_installation, make_way, secure_home
from kelompok_core.plugin_host.plugin_folders import plugin_folder
from kelompok_core.sources.inbox import Inbox, take_files
from kelompok_core.sources.storage import atomic_text_file
from kelompok_core.working_folders import sweep, working_folder


def _mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def _open_to_others(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if _mode(path) & 0o077)


@pytest.fixture
def loose():
    """A process that creates files readable by all, as most do."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("loose")
def test_received_files_and_inboxes_are_private(import_file, settings, database):
    import_file("name\nSatu\n")
    inbox = Inbox(plugin="csv-import", job="import-organizations", folder=settings.home / "inbox/csv-import/x")
    with database.connect() as connection:
        take_files(connection, inbox)
    assert list((settings.home / "files").rglob("sha256/*/*"))
    assert _open_to_others(settings.home) == []


@pytest.mark.usefixtures("loose")
def test_error_files_are_readable_only_by_their_user(settings):
    with atomic_text_file(settings.storage_url, "errors/a/list.csv", encoding="utf-8") as file:
        file.write("name\nSatu\n")
        file.flush()
        assert _open_to_others(settings.home) == []
    assert [path.name for path in (settings.home / "files/errors").rglob("*.csv")] == ["list.csv"]
    assert _open_to_others(settings.home) == []


@pytest.mark.usefixtures("loose")
def test_files_left_public_by_an_older_version_become_private(settings):
    make_installation(settings)
    home = settings.home
    (home / "files/sha256/ab").mkdir(parents=True)
    (home / "files/sha256/ab/abc").write_text("name\n")
    (home / "logs").mkdir()
    (home / "logs/api.log").write_text("")
    for folder in ("inbox", "inbox/csv-import", "inbox/csv-import/import-organizations"):
        (home / folder).mkdir()
        (home / folder).chmod(0o755)
    (home / "logs/away").symlink_to(settings.config_file)
    home.chmod(0o755)
    secure_home(settings)
    assert _mode(home) == (0o711 if os.geteuid() == 0 else 0o700)
    assert [one for one in _open_to_others(home) if not one.startswith((".gitignore", "logs/away"))] == []
    assert _mode(settings.config_file) & 0o077, "what a link leads to is no part of the home"


@pytest.mark.usefixtures("loose")
def test_inbox_shared_by_the_operator_stays_shared(settings):
    make_installation(settings)
    folder = settings.home / "inbox/csv-import/import-members/forum-air"
    folder.mkdir(parents=True)
    folder.chmod(0o770)
    secure_home(settings)
    assert _mode(folder) == 0o770
    assert _mode(settings.home) == 0o711, "others go through the home to it"


def test_database_user_can_reach_its_data_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(installation_home.os, "geteuid", lambda: 0)
    make_way(tmp_path / "srv/kelompok")
    assert [_mode(tmp_path / one) for one in ("srv", "srv/kelompok")] == [0o711, 0o711]


def test_working_folder_of_a_plugin_is_in_the_home_or_as_configured(settings, tmp_path):
    with plugin_folder(settings, user=None) as folder:
        assert folder.parent == settings.home / "tmp"
        assert (_mode(folder), _mode(folder.parent)) == (0o700, 0o700)
        assert str(os.getpid()) in folder.name
    elsewhere = replace(settings, tmp=tmp_path / "large-disk")
    with plugin_folder(elsewhere, user=None) as folder:
        assert folder.parent == tmp_path / "large-disk"
    with plugin_folder(replace(settings, is_there=False), user=None) as folder:
        assert settings.home not in folder.parents, "no installation is begun by the way"


_WORKER = """
import sys, time
from pathlib import Path
from kelompok_core.settings import read_settings
from kelompok_core.working_folders import working_folder
with working_folder(read_settings()) as folder:
    (folder / "rows").write_text("Siti")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_working_folder_of_a_killed_process_is_removed_by_the_next_sweep(settings):
    environment = os.environ | {"KELOMPOK_HOME": str(settings.home)}
    command = [sys.executable, "-c", _WORKER]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        folder = Path(process.stdout.readline().strip())
        sweep(settings)
        assert (folder / "rows").exists(), "its process lives"
        process.send_signal(signal.SIGKILL)
    sweep(settings)
    assert not folder.exists()


def test_sweep_keeps_folders_that_may_be_in_use(settings):
    with working_folder(settings) as mine:
        tmp = mine.parent
        (tmp / "notes").mkdir()
        young, old = tmp / "elsewhere-1-abc", tmp / "elsewhere-1-def"
        before_us = tmp / mine.name.replace(mine.name.rpartition("-")[2], "before")
        for folder in (young, old, before_us):
            folder.mkdir()
        days_ago = time.time() - 3 * 24 * 60 * 60
        os.utime(old, (days_ago, days_ago))
        sweep(settings)
        assert {one.name for one in tmp.iterdir()} == {mine.name, young.name, "notes"}
