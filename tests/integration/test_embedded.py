"""The embedded server: first and later starts, after a kill, concurrently, and who may read its files."""

import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine

from kelompok_core.cli.operating import init
from kelompok_core.database import embedded, server_files
from kelompok_core.database.engine import Database, find_addresses, find_owner_url, migrate, schema_status
from kelompok_core.database.server_log import list_loose_settings
from kelompok_core.errors import DatabaseUnavailable, UsageError
from kelompok_core.settings import read_settings

pytestmark = pytest.mark.proof


def _with_driver(urls):
    return urls.runtime.replace("postgresql:", "postgresql+psycopg:")


@pytest.fixture
def installation():
    """An installation in a folder that an unprivileged user can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        settings = read_settings({"KELOMPOK_HOME": f"{folder}/home", "KELOMPOK_CONFIG": f"{folder}/kelompok.toml"})
        yield settings
        embedded.remove(settings)


def _pid(settings):
    pid = embedded.status(settings).pid
    assert pid is not None
    return pid


def test_server_starts_once_and_keeps_commits_after_a_kill(installation):
    urls = embedded.ensure_running(installation)
    first = _pid(installation)
    assert embedded.ensure_running(installation) == urls
    assert _pid(installation) == first
    with psycopg.connect(embedded.owner_url(installation)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert embedded.is_alive(installation)
    os.kill(first, signal.SIGKILL)
    again = embedded.ensure_running(installation)
    assert _pid(installation) != first
    assert again == urls, "on the port it had, for those who are connected"
    with psycopg.connect(embedded.owner_url(installation)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    assert embedded.stop(installation)
    assert not embedded.stop(installation)
    assert not embedded.is_alive(installation)
    port = int((installation.home / "postgres.port").read_text())
    with socket.create_server(("127.0.0.1", port)):
        assert embedded.ensure_running(installation) != urls, "the port is somebody else's now"


def test_concurrent_starts_share_one_server(installation):
    found = []
    threads = [threading.Thread(target=lambda: found.append(embedded.ensure_running(installation))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 2
    assert found[0] == found[1]


def test_server_is_private_and_listens_on_loopback(installation):
    urls = embedded.ensure_running(installation)
    data = embedded.status(installation).data_folder
    assert stat.S_IMODE(data.stat().st_mode) & 0o077 == 0
    if os.geteuid() == 0:
        assert data.stat().st_uid != 0, "PostgreSQL does not run as root"
    for name in ("credentials.json", "admin-credentials.json"):
        assert stat.S_IMODE((installation.home / name).stat().st_mode) & 0o077 == 0
    with psycopg.connect(embedded.superuser_url(installation)) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    wrong = urls.runtime.replace("://kelompok_runtime:", "://kelompok_runtime:wrong")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(wrong)


def test_migrating_twice_changes_nothing(installation):
    database = Database(find_addresses(installation))
    assert schema_status(database).current is None
    migrate(find_owner_url(installation))
    first = schema_status(database)
    migrate(find_owner_url(installation))
    assert schema_status(database) == first
    database.dispose()


def test_removed_server_can_be_created_again(installation):
    embedded.ensure_running(installation)
    removed = embedded.remove(installation)
    assert removed is not None
    assert not removed.exists()
    assert embedded.remove(installation) is None
    embedded.ensure_running(installation)


def test_data_without_passwords_is_not_changed(installation):
    embedded.ensure_running(installation)
    embedded.stop(installation)
    for name in ("credentials.json", "admin-credentials.json"):
        (installation.home / name).rename(installation.home / "away")
        with pytest.raises(DatabaseUnavailable, match=f"{name} with the database's passwords is missing"):
            embedded.ensure_running(installation)
        (installation.home / "away").rename(installation.home / name)
    embedded.ensure_running(installation)


def _passwords_of_before(installation):
    """Write all passwords into one file, as older versions did."""
    kept, admin = (installation.home / name for name in ("credentials.json", "admin-credentials.json"))
    together = json.loads(admin.read_text()) | json.loads(kept.read_text())
    kept.write_text(json.dumps(together))
    kept.chmod(0o600)
    return together


def test_services_have_no_password_of_the_owner(installation):
    urls = embedded.ensure_running(installation)
    kept, admin = (installation.home / name for name in ("credentials.json", "admin-credentials.json"))
    assert json.loads(kept.read_text()).keys() == {"kelompok_runtime", "dagster"}
    assert json.loads(admin.read_text()).keys() == {"kelompok_admin", "kelompok_owner"}
    admin.rename(installation.home / "away")
    assert embedded.ensure_running(installation) == urls, "what runs is found without them"
    assert vars(urls).keys() == {"runtime", "dagster"}
    for find in (embedded.owner_url, embedded.superuser_url):
        with pytest.raises(
            DatabaseUnavailable, match=r"admin-credentials\.json with the database's passwords is missing"
        ):
            find(installation)
    (installation.home / "away").rename(admin)


@pytest.mark.parametrize("killed", [False, True], ids=["", "killed between"])
def test_passwords_in_one_file_are_split_on_first_use(installation, killed):
    urls, owner = embedded.ensure_running(installation), embedded.owner_url(installation)
    together = _passwords_of_before(installation)
    if not killed:
        (installation.home / "admin-credentials.json").unlink()
    with ThreadPoolExecutor(4) as several:
        assert set(several.map(embedded.find_running, [installation] * 8)) == {urls}
    kept, admin = (installation.home / name for name in ("credentials.json", "admin-credentials.json"))
    assert json.loads(kept.read_text()) | json.loads(admin.read_text()) == together
    assert "kelompok_owner" not in kept.read_text()
    assert stat.S_IMODE(admin.stat().st_mode) & 0o077 == 0
    assert embedded.owner_url(installation) == owner


def _may(installation, privilege):
    with psycopg.connect(embedded.superuser_url(installation)) as connection:
        asked = connection.execute(
            "SELECT rolname, datname FROM pg_roles, pg_database WHERE datname <> 'template0' AND NOT rolsuper "
            "AND rolcanlogin AND has_database_privilege(rolname, datname, %s)", [privilege],
        )  # fmt: skip
        return set(asked.fetchall())


def test_each_role_can_connect_only_to_its_own_database(installation):
    own = {("kelompok_owner", "kelompok"), ("kelompok_runtime", "kelompok"), ("dagster", "dagster")}
    urls = embedded.ensure_running(installation)
    assert _may(installation, "CONNECT") == own
    assert _may(installation, "TEMPORARY") == own - {("kelompok_runtime", "kelompok")}
    with psycopg.connect(embedded.superuser_url(installation)) as connection:
        connection.execute("GRANT CONNECT, TEMPORARY ON DATABASE postgres TO PUBLIC")  # as versions before had it
        connection.execute("GRANT CONNECT ON DATABASE template1 TO PUBLIC")
    embedded.stop(installation)
    assert embedded.ensure_running(installation) == urls
    assert _may(installation, "CONNECT") == own
    for url in (urls.runtime, urls.dagster):
        for database in ("postgres", "template1"):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(f"{url.rpartition('/')[0]}/{database}")


def _at(folder):
    folder.mkdir(mode=0o755)
    return read_settings({"KELOMPOK_HOME": str(folder / "home"), "KELOMPOK_CONFIG": str(folder / "kelompok.toml")})


@pytest.mark.parametrize("name", ["v$(touch ran)", "v`touch ran`", "v$HOME", 'v"; touch ran; "', "v\\", "v\nw", "v\rw"])
def test_path_with_shell_characters_is_refused_first(installation, name, monkeypatch, tmp_path):
    folder = installation.config_file.parent / name
    for variable in ("KELOMPOK_DATABASE_URL", "KELOMPOK_HOME", "KELOMPOK_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UsageError, match="PostgreSQL cannot run in a path that contains"):
        init(folder)
    assert not folder.exists()
    with pytest.raises(UsageError, match="PostgreSQL cannot run in a path"):
        embedded.ensure_running(_at(folder))
    programs = tmp_path / name
    programs.symlink_to(embedded.status(installation).bin_folder)
    monkeypatch.setattr(server_files, "_unprivileged_user", lambda: None)
    with pytest.raises(UsageError, match="PostgreSQL cannot run in a path"):
        embedded.ensure_running(replace(installation, postgres_bin=programs))
    assert not (installation.home / "postgres").exists()


def test_other_characters_in_paths_are_allowed(installation, monkeypatch):
    odd = installation.config_file.parent / "it's ünd 名 & (touch x); #*%~!"
    settings = _at(odd)
    sockets = odd / "t; touch ran"
    sockets.mkdir(mode=0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(sockets))
    try:
        with psycopg.connect(embedded.ensure_running(settings).runtime) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert (odd / "home" / "postgres" / "server.log").exists()
        assert list(sockets.glob("kelompok-*"))
    finally:
        embedded.remove(settings)


def test_copied_programs_find_their_libraries(installation, monkeypatch, tmp_path):
    found = embedded.status(installation).bin_folder
    monkeypatch.setattr(server_files, "SHARED_ROOT", tmp_path / "shared")
    with ThreadPoolExecutor(3) as several:
        (copied,) = set(several.map(server_files._copy_programs, [found] * 3))
    assert (tmp_path / "shared") in copied.parents
    for program in ("initdb", "pg_ctl", "postgres"):
        ran = subprocess.run([str(copied / program), "--version"], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr


def test_server_log_contains_no_rows(installation):
    urls = embedded.ensure_running(installation)
    rows = {name: f"kenari-{name}" for name in ("cast", "key", "copy", "constant", "parameter")}
    with psycopg.connect(embedded.owner_url(installation), autocommit=True) as connection:
        connection.execute("CREATE TABLE people (name text PRIMARY KEY, born date)")
        connection.execute("INSERT INTO people VALUES (%s)", [rows["key"]])
        with pytest.raises(psycopg.Error, match=rows["cast"]):
            connection.execute(f"SELECT '{rows['cast']}'::date")
        with pytest.raises(psycopg.Error, match=rows["key"]):
            connection.execute("INSERT INTO people VALUES (%s)", [rows["key"]])
        copying = connection.cursor().copy("COPY people FROM STDIN")
        with pytest.raises(psycopg.Error, match=rows["copy"]), copying as copy:
            copy.write(f"Satu\t{rows['copy']}\n")
        with pytest.raises(psycopg.Error):
            connection.execute(f"SELECT 1/0, '{rows['constant']}'")
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 1/0, %s", [rows["parameter"]])
    with create_engine(_with_driver(urls), poolclass=NullPool).connect() as connection:
        assert list_loose_settings(connection) == []
    log = (embedded.status(installation).data_folder / "server.log").read_text()
    assert "database system is ready" in log
    assert [row for row in rows.values() if row in log] == []


def test_server_whose_log_may_contain_rows_is_reported(installation):
    urls = embedded.ensure_running(installation)
    with psycopg.connect(embedded.superuser_url(installation), autocommit=True) as connection:
        connection.execute("ALTER ROLE kelompok_runtime SET log_min_messages = warning")
        connection.execute("ALTER ROLE kelompok_runtime SET log_statement = ddl")
    with create_engine(_with_driver(urls), poolclass=NullPool).connect() as connection:
        assert list_loose_settings(connection) == ["log_min_messages = warning"]
