"""A recovery drill: a backup during imports is restored to another server and folder, and used there."""

import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from kelompok_core.access.actors import get_actor
from kelompok_core.backup.manifest import DATABASE, FILES
from kelompok_core.backup.restore import restore
from kelompok_core.backup.write import back_up
from kelompok_core.database import embedded, server_files
from kelompok_core.database.engine import open_database
from kelompok_core.errors import DatabaseUnavailable
from kelompok_core.imports.applying import invariants
from kelompok_core.imports.applying.apply import apply, approve
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.reporting.report import get_report
from kelompok_core.imports.staging.stage import stage
from kelompok_core.imports.undoing.undo import undo
from kelompok_core.installation import Installation
from kelompok_core.settings import read_settings
from kelompok_core.sources.kept import list_kept
from kelompok_core.sources.storage import local_copy
from tests.backups import digests, empty_installation, quietly
from tests.counting import decided

pytestmark = pytest.mark.proof

_PATIENCE = 30.0
_MOST_IMPORTS = 60
_OTHER_MAJORS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def _import(installation, actor, file, *, source, dry_run=False):
    request = ImportRequest(
        plugin="csv-import", job="import-organizations", file=file, source_name=source, dry_run=dry_run
    )
    import_id = receive(installation, request, actor).import_id
    for step in (stage, decide, apply):
        step(installation, import_id)
    with installation.database.connect() as connection:
        return get_report(connection, import_id)


class _Load:
    """Imports lists in a thread until it is stopped, and counts them."""

    def __init__(self, installation, actor, folder):
        self._installation, self._actor, self._folder = installation, actor, folder
        self._stop = threading.Event()
        self._progress = threading.Condition()
        self.done = 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive()

    def _run(self):
        for number in range(_MOST_IMPORTS):
            if self._stop.is_set():
                return
            file = self._folder / f"load-{number}.csv"
            rows = "".join(f"{number}-{row},Forum {number} {row},Kota {row}\n" for row in range(60))
            file.write_text(f"id,name,city\n{rows}", "utf-8")
            _import(self._installation, self._actor, file, source=f"load {number % 3}")
            with self._progress:
                self.done += 1
                self._progress.notify_all()

    def await_more(self):
        """Wait until one more import is done, even one that had already begun."""
        with self._progress:
            before = self.done
            assert self._progress.wait_for(lambda: self.done > before, _PATIENCE)


@pytest.fixture
def elsewhere():
    """An empty installation with its own server, in a folder with a blank in its name."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        settings = read_settings({"KELOMPOK_HOME": f"{folder}/new home", "KELOMPOK_CONFIG": f"{folder}/kelompok.toml"})
        yield settings
        embedded.remove(settings)


@pytest.fixture
def installation_of():
    """Open a restored installation as commands do."""
    opened = []

    def run(settings):
        database = open_database(settings)
        opened.append(database)
        with database.connect() as connection, connection.begin():
            actor = get_actor(connection, email=None)
        return Installation(database=database, settings=settings), actor

    yield run
    for database in opened:
        database.dispose()


def test_backup_under_load_is_complete_and_restorable(
    settings, installation, operator, import_file, elsewhere, installation_of, tmp_path
):
    first = import_file("id,name\n1,Satu\n2,Dua\n", source="first")
    plan = import_file("id,name\n1,Tepi Waktu\n", source="planned", dry_run=True)
    with _Load(installation, operator, tmp_path) as load:
        load.await_more()

        def wait_once(step, _size):
            if step == "users":  # the snapshot is there, most tables and all files are still to come
                load.await_more()
                load.await_more()

        made = back_up(settings, tmp_path / "backup.tar", wait_once)
    assert 3 <= made.to_json()["tables"]["imports"] < load.done + 2, "imports went on, and are not half in it"

    restored = restore(elsewhere, tmp_path / "backup.tar", quietly)
    again = back_up(elsewhere, tmp_path / "again.tar", quietly)
    for name, member in restored.manifest.members.items():
        if name.startswith((DATABASE, FILES)):
            assert again.members[name] == member, name

    there, actor = installation_of(elsewhere)
    _counts_and_invariants_hold(there)
    _files_are_there(there)
    _audit_holds(elsewhere)
    report = undo(there, first.import_.id, actor)
    assert (decided(report), report.left) == ({"deleted": 2}, [])
    _no_stale_plan(there, actor, plan.import_.id, tmp_path)


def _counts_and_invariants_hold(installation):
    with installation.database.connect() as connection:
        applied = connection.scalars(sa.text("SELECT id FROM imports WHERE state = 'applied'")).all()
        assert len(applied) > 1
        for one in applied:
            assert invariants.count_unaudited_writes(connection, one) == 0
            assert invariants.count_writes_without_evidence(connection, one) == 0


def _files_are_there(installation):
    with installation.database.connect() as connection:
        files = list_kept(connection)
    for file in files:
        with local_copy(installation.settings, file.sha256, file.size) as path:
            assert path.read_bytes()


def _audit_holds(settings):
    urls = embedded.ensure_running(settings)
    for url, statement in (
        (urls.runtime, "UPDATE organizations SET name = 'X'"),
        (urls.runtime, "INSERT INTO organizations (name, slug, name_key) VALUES ('X', 'x', 'x')"),
        (urls.runtime, "DELETE FROM audit_logs"),
        (embedded.owner_url(settings), "UPDATE audit_logs SET actor = 'X'"),
        (embedded.owner_url(settings), "TRUNCATE source_records"),
    ):
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def _no_stale_plan(installation, actor, plan_id, folder):
    """A plan from before the backup is decided again, because another record has its slug by now."""
    file = folder / "other.csv"
    file.write_text("id,name\n7,Tepi Waktu\n", "utf-8")
    assert decided(_import(installation, actor, file, source="other")) == {"rows_read": 1, "accepted": 1}
    approve(installation, plan_id, actor)
    apply(installation, plan_id)
    with installation.database.connect() as connection:
        report = get_report(connection, plan_id)
        entries = connection.scalars(sa.text("SELECT transaction_id FROM audit_logs ORDER BY id")).all()
    assert (decided(report), report.import_.plan_revision) == ({"rows_read": 1, "review": 1}, 2)
    assert entries == sorted(entries), "numbers of transactions go on rising"
    file.write_text("id,name\n8,Sesudah\n", "utf-8")
    later = _import(installation, actor, file, source="later", dry_run=True)
    approve(installation, later.import_.id, actor)
    apply(installation, later.import_.id)
    with installation.database.connect() as connection:
        assert get_report(connection, later.import_.id).import_.plan_revision == 1, (
            "of this server, it is as good as ever"
        )


@pytest.mark.parametrize("programs", _OTHER_MAJORS, ids=lambda folder: folder.parent.name)
def test_restore_across_major_versions(
    settings, import_file, server, worker_id, elsewhere, installation_of, tmp_path, programs
):
    other = replace(elsewhere, postgres_bin=programs)
    try:
        major = embedded.status(other).version
    except DatabaseUnavailable as error:
        pytest.skip(error.message)
    import_file("id,name,city\n1,Satu,Bandung\n", source="first")
    back_up(settings, tmp_path / "there.tar", quietly)
    restore(other, tmp_path / "there.tar", quietly)
    there, actor = installation_of(other)
    file = tmp_path / "list.csv"
    file.write_text("id,name\n2,Dua\n", "utf-8")
    assert decided(_import(there, actor, file, source="there")) == {"rows_read": 1, "accepted": 1}
    made = back_up(other, tmp_path / "back.tar", quietly)
    assert made.origin.postgresql == major
    with empty_installation(server, f"back_{worker_id}", tmp_path / "back") as back:
        restore(back, tmp_path / "back.tar", quietly)
        assert digests(str(back.owner_database_url)) == digests(embedded.owner_url(other))


def test_version_is_parsed_from_distributions(tmp_path):
    program = tmp_path / "postgres"
    program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'\n")
    program.chmod(0o755)
    assert server_files._major(tmp_path) == 15
