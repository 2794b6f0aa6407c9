"""Backups are restored completely, damaged ones are refused, and a failed backup or restore leaves nothing."""

import gzip
import hashlib
import io
import json
import random
import stat
import tarfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from kelompok_core.backup import archive, manifest, tables
from kelompok_core.backup import restore as restoring
from kelompok_core.backup.configuration import mask_passwords
from kelompok_core.backup.restore import check_backup, restore
from kelompok_core.backup.write import back_up
from kelompok_core.database.engine import connect_as_owner, migrate, open_database, upgrade
from kelompok_core.errors import BackupDamaged, Conflict, DatabaseUnavailable, UsageError
from kelompok_core.installation_home import make_installation
from tests.backups import digests, empty_installation, files_in, quietly, tables_in

_LIST = "id,name,city\n1,Satu,Bandung\n2,\N{LATIN SMALL LETTER E WITH ACUTE}\\t Dua,Medan\n3,,\n"


@pytest.fixture
def target(server, worker_id, tmp_path):
    """An installation at another place, to restore into."""
    with empty_installation(server, f"b_{worker_id}", tmp_path / "else where") as made:
        yield made


@pytest.fixture
def backup(settings, import_file, tmp_path):
    """A backup of an installation with records."""
    import_file(_LIST)
    back_up(settings, tmp_path / "backup.tar", quietly)
    return tmp_path / "backup.tar"


def _owner(settings):
    return str(settings.owner_database_url)


def _is_empty(settings):
    return tables_in(_owner(settings)) == set() and files_in(settings.home / "files") == set()


def test_restore_brings_everything_back(settings, backup, target):
    restored = restore(target, backup, quietly)
    assert digests(_owner(target)) == digests(_owner(settings))
    assert files_in(target.home / "files") == files_in(settings.home / "files") != set()
    assert target.config_file.read_bytes() == settings.config_file.read_bytes()
    assert restored.manifest.to_json()["tables"]["organizations"] == 2
    open_database(target).dispose()  # with all rights, that on the database among them
    with psycopg.connect(_owner(target)) as connection:
        ((name, of),) = connection.execute("SELECT restored_from, epoch FROM installation").fetchall()
    assert name.startswith("backup.tar, made 20")
    with psycopg.connect(_owner(settings)) as connection:
        assert connection.execute("SELECT epoch FROM installation").fetchone() != (of,)


def test_backup_of_a_restored_installation_is_equal(backup, target, tmp_path):
    first = restore(target, backup, quietly).manifest
    again = back_up(target, tmp_path / "again.tar", quietly)
    held = [name for name in first.members if name.startswith((manifest.DATABASE, manifest.FILES))]
    assert len(held) > 20
    assert {name: again.members[name] for name in held} == {name: first.members[name] for name in held}


def test_backup_is_private_and_overwrites_no_file(settings, backup, tmp_path):
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    before = backup.read_bytes()
    with pytest.raises(UsageError, match="already exists"):
        back_up(settings, backup, quietly)
    assert backup.read_bytes() == before
    with pytest.raises(UsageError, match=r"the folder .* does not exist"):
        back_up(settings, tmp_path / "none" / "backup.tar", quietly)


def test_failed_backup_leaves_no_file(settings, import_file, tmp_path, monkeypatch):
    import_file(_LIST)
    folder = tmp_path / "backups"
    folder.mkdir()
    monkeypatch.setattr(archive.ArchiveWriter, "seal", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        back_up(settings, folder / "backup.tar", quietly)
    assert list(folder.iterdir()) == []


def test_backup_contains_no_credentials(settings, backup):
    content = backup.read_bytes()
    for url in (settings.database_url, settings.owner_database_url, settings.dagster_database_url):
        assert sa.make_url(url).password.encode() not in content


def test_passwords_in_addresses_are_masked():
    content = (
        b'# a: b@c\nbroker = "pyamqp://user:pass%20word@rabbit:5672//"\nfile = "https://x.id/a:b@c"\nv = "a://h:1/x"\n'
    )
    masked, lines = mask_passwords(content)
    assert lines == [2]
    assert masked == content.replace(b"pass%20word", b"***")


@pytest.fixture
def refused(target):
    """Try to restore a file that must be refused before anything is written."""

    def run(path, error=UsageError, **match):
        with pytest.raises(error, **match) as caught:
            restore(target, path, quietly)
        assert _is_empty(target)
        assert not target.home.exists()
        assert not target.config_file.exists()
        return caught.value

    return run


def test_damage_anywhere_in_the_file_is_refused(backup, refused, tmp_path):
    whole = backup.read_bytes()
    spoiled = tmp_path / "spoiled.tar"
    with tarfile.open(backup) as tar:
        # What fills a member up to a whole block is nothing to be damaged, nor what stands behind a header's sum.
        places = [
            at for one in tar for at in range(one.offset, one.offset_data + one.size)
            if (at - one.offset_data) % tarfile.BLOCKSIZE not in (154, 155) or at >= one.offset_data
        ]  # fmt: skip
    for at in random.Random(7).sample(places, 150):  # noqa: S311
        spoiled.write_bytes(whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :])
        with pytest.raises(UsageError):
            check_backup(spoiled, quietly)
    refused(spoiled, match="damaged")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(backup, refused, tmp_path, share):
    whole = backup.read_bytes()
    for length in {int(len(whole) * share), len(whole) - 1}:
        part = tmp_path / f"{length}.tar"
        part.write_bytes(whole[:length])
        refused(part, match="damaged or not a backup")


def test_other_files_are_refused(refused, tmp_path):
    for name, content in (("list.csv", _LIST.encode()), ("empty", b""), ("zeros", bytes(20_480))):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, match="damaged or not a backup")
    refused(tmp_path / "nowhere.tar", match="no file")


@contextmanager
def _rewritten(backup, path, change):
    """Copy a backup with a changed manifest."""
    found = check_backup(backup, quietly)
    changed = change(found)
    with path.open("wb") as file:
        writer = archive.ArchiveWriter(file, changed.origin)
        for name, content in archive.iter_members(backup):
            if name in found.members and name != manifest.HEADER:
                writer.add(name, content.read(1 << 30))
        writer.seal(replace(changed, members=dict(writer.members)))
    yield path


@pytest.mark.parametrize(
    ("newer", "message"), [({"format": 2}, "has format 2"), ({"schema_revision": "9999"}, "schema revision 9999")]
)
def test_backups_of_newer_versions_are_refused(backup, refused, tmp_path, newer, message):
    with _rewritten(
        backup, tmp_path / "newer.tar", lambda one: replace(one, origin=replace(one.origin, **newer))
    ) as path:
        error = refused(path, match=message)
    assert "Restore it with version" in error.hint


def test_backup_that_contradicts_its_manifest_is_refused(backup, target, tmp_path):
    def one_row_more(one):
        return replace(one, tables=[replace(table, rows=table.rows + 1) for table in one.tables])

    with (
        _rewritten(backup, tmp_path / "more.tar", one_row_more) as path,
        pytest.raises(UsageError, match="its row counts do not match"),
    ):
        restore(target, path, quietly)
    assert _is_empty(target)
    with (
        _rewritten(backup, tmp_path / "less.tar", lambda one: replace(one, tables=one.tables[1:])) as path,
        pytest.raises(UsageError, match="belongs to a table that is not in the manifest"),
    ):
        restore(target, path, quietly)
    assert _is_empty(target)


@pytest.fixture
def forged(backup, tmp_path):
    """Copy a backup with a changed manifest and other members."""

    def make(change=lambda one: one, more=None, instead=None):
        path = tmp_path / "forged.tar"
        with (
            _rewritten(backup, tmp_path / "whole.tar", change) as whole,
            path.open("wb") as file,
        ):
            found = manifest.read_manifest(dict(_contents(whole))[manifest.MANIFEST])
            writer = archive.ArchiveWriter(file, found.origin)
            for name, content in _contents(whole):
                if name in found.members and name != manifest.HEADER:
                    writer.add(name, (instead or {}).get(name, content))
            for name, content in (more or {}).items():
                writer.add(name, content)
            writer.seal(replace(found, members=dict(writer.members)))
        return path

    return make


def _contents(path):
    return [(name, content.read(1 << 30)) for name, content in archive.iter_members(path)]


def test_member_of_an_unknown_table_is_refused(forged, refused):
    rows = gzip.compress(b"x\n")
    for name in ("database/pg_catalog.pg_authid/00000", "database/nothing/00000", "database//00000"):
        refused(forged(more={name: rows}), error=BackupDamaged, match="belongs to a table that is not in the manifest")


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"origin":' * 200_000, b"{}", b"\xff", b"null", b"[]"])
def test_invalid_manifest_or_header_is_refused(backup, refused, tmp_path, content):
    for which in (manifest.HEADER, manifest.MANIFEST):
        path = tmp_path / "forged.tar"
        with path.open("wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
            for name, was in _contents(backup)[:1] if which == manifest.MANIFEST else ():
                _add(tar, name, was)
            _add(tar, which, content)
            _add(tar, manifest.SEAL, hashlib.sha256(content).hexdigest().encode() + b"\n")
        refused(path, error=BackupDamaged, match="cannot be parsed")


def _add(tar, name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize(("key", "value"), [
    ("tables", [{"name": ["a"], "columns": [], "rows": 1}]), ("tables", [{"name": "a", "columns": 3, "rows": 1}]),
    ("missing", 3), ("members", {"x": {"size": "1", "sha256": None}}), ("masked", [{}]), ("files", "3"),
    ("origin", {"schema_revision": []}),
])  # fmt: skip
def test_manifest_with_wrong_types_is_refused(backup, key, value):
    content = json.loads(dict(_contents(backup))[manifest.MANIFEST])
    assert manifest.read_manifest(json.dumps(content).encode())
    content[key] = value
    with pytest.raises(ValueError, match=key):
        manifest.read_manifest(json.dumps(content).encode())


def test_header_after_other_members_is_refused(refused, tmp_path):
    path = tmp_path / "forged.tar"
    path.write_bytes(tarfile.TarInfo("x").create_pax_global_header({"a": "b"}) * 3_000)
    refused(path, error=BackupDamaged, match="damaged or not a backup")


@pytest.mark.parametrize("rows", [
    b"no gzip", gzip.compress(b"")[:-4], gzip.compress(b"") + b"more", gzip.compress(b"1\t2\t3\n"),
    gzip.compress(b"\xff\n"),
], ids=["no gzip", "cut off", "more behind it", "other columns", "no text"])  # fmt: skip
def test_rows_that_do_not_fit_their_table_are_refused(backup, forged, target, rows):
    (name,) = [name for name, _ in _contents(backup) if name.startswith("database/organizations/")]
    with pytest.raises(BackupDamaged, match="its rows do not fit the tables"):
        restore(target, forged(instead={name: rows}), quietly)
    assert _is_empty(target)


def test_a_column_named_twice_is_refused(backup, target, tmp_path):
    def twice(one):
        return replace(one, tables=[replace(table, columns=[*table.columns, table.columns[0]]) for table in one.tables])

    with (
        _rewritten(backup, tmp_path / "twice.tar", twice) as path,
        pytest.raises(BackupDamaged, match="its tables do not match its schema revision"),
    ):
        restore(target, path, quietly)


def test_highly_compressed_data_is_decompressed_in_chunks():
    packed = gzip.compress(bytes(64 << 20))
    pieces = list(map(len, tables._unpacked([packed[:10], packed[10:1_000], packed[1_000:]])))
    assert sum(pieces) == 64 << 20
    assert max(pieces) <= tables._PIECE


def test_installation_with_data_is_not_changed(settings, backup, target):
    before = digests(_owner(settings))
    with pytest.raises(Conflict, match="already has data"):
        restore(settings, backup, quietly)
    assert digests(_owner(settings)) == before
    restore(target, backup, quietly)
    with pytest.raises(Conflict, match="already has data"):
        restore(target, backup, quietly)


def test_database_of_another_application_is_not_changed(backup, target):
    with psycopg.connect(_owner(target)) as connection:
        connection.execute("CREATE TABLE theirs (id integer)")
    with pytest.raises(Conflict, match="tables of another application, such as theirs"):
        restore(target, backup, quietly)
    assert tables_in(_owner(target)) == {"theirs"}


@pytest.mark.parametrize("revision", ["0003", "head"])
def test_empty_schema_is_replaced(settings, backup, target, revision):
    with connect_as_owner(_owner(target)) as connection:
        upgrade(connection, revision)
        connection.commit()
    make_installation(target)
    restore(target, backup, quietly)
    assert digests(_owner(target)) == digests(_owner(settings))
    assert target.config_file.read_bytes() == settings.config_file.read_bytes(), "nobody had set anything"


def test_restore_is_refused_while_others_are_connected(backup, target):
    migrate(_owner(target))
    with psycopg.connect(str(target.database_url)) as connection:
        connection.execute("SELECT count(*) FROM organizations")
        with pytest.raises(Conflict, match="the database is in use"):
            restore(target, backup, quietly)


@pytest.mark.parametrize("step", ["advance_sequences", "grant_rights", "fail_missing_files"])
def test_failed_restore_leaves_nothing(backup, target, monkeypatch, step):
    monkeypatch.setattr(restoring, step, lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        restore(target, backup, quietly)
    assert _is_empty(target)
    assert not target.config_file.exists()
    monkeypatch.undo()
    restore(target, backup, quietly)


def test_file_that_changes_during_the_restore_is_refused(backup, target, monkeypatch):
    checked = check_backup(backup, quietly)
    monkeypatch.setattr(restoring, "check_backup", lambda *_: checked)
    whole = backup.read_bytes()
    at = whole.index(b"id,name,city") + 3
    backup.write_bytes(whole[:at] + b"N" + whole[at + 1 :])
    with pytest.raises(UsageError, match="content that does not match its name"):
        restore(target, backup, quietly)
    assert _is_empty(target)


def test_missing_received_files_are_listed_and_the_others_backed_up(settings, import_file, target, tmp_path):
    digest_of = {}
    for name in ("gone", "cut", "spoiled", "whole"):
        digest_of[name] = import_file(f"id,name\n1,{name}\n", name=f"{name}.csv").import_.file_sha256
    kept = {path.name: path for path in Path(settings.storage_url).rglob("*") if path.is_file()}
    kept[digest_of["gone"]].unlink()
    kept[digest_of["cut"]].write_bytes(b"id")
    content = kept[digest_of["spoiled"]].read_bytes()
    kept[digest_of["spoiled"]].write_bytes(content.upper())
    made = back_up(settings, tmp_path / "some.tar", quietly)
    assert set(made.missing) == {digest_of[name] for name in ("gone", "cut", "spoiled")}
    assert made.files == 1
    restore(target, tmp_path / "some.tar", quietly)
    assert files_in(target.home / "files") == {digest_of["whole"]}


def test_older_schema_is_restored_and_migrated(server, worker_id, target, tmp_path):
    with empty_installation(server, f"o_{worker_id}", tmp_path / "old") as old:
        with connect_as_owner(_owner(old)) as connection:
            upgrade(connection, "0016")
            connection.execute(
                sa.text("SELECT set_config('kelompok.actor', 'x', true), set_config('kelompok.origin', 'setup', true)")
            )
            connection.execute(
                sa.text("INSERT INTO organizations (name, slug, name_key) VALUES ('Satu', 'satu', 'satu')")
            )
            connection.commit()
        made = back_up(old, tmp_path / "old.tar", quietly)
        assert made.origin.schema_revision == "0016"
    restore(target, tmp_path / "old.tar", quietly)
    database = open_database(target)
    with database.connect() as connection:
        assert connection.scalar(sa.text("SELECT name FROM organizations")) == "Satu"
        assert connection.scalar(sa.text("SELECT count(*) FROM audit_logs")) == 1
    database.dispose()


def test_existing_settings_stay_in_force(backup, target):
    target.config_file.parent.mkdir()
    target.config_file.write_text('[imports]\ntimezone = "Asia/Makassar"\n')
    restored = restore(target, backup, quietly)
    assert restored.configuration.is_beside
    assert "Makassar" in target.config_file.read_text()
    assert "csv-import" in restored.configuration.path.read_text()


def test_taken_files_of_another_machine_are_marked_as_failed(settings, import_file, target, tmp_path, ask):
    import_file(_LIST)
    with psycopg.connect(str(settings.database_url)) as connection:
        connection.execute("""
            INSERT INTO inbox_files (plugin, job, path, size, modified_at, state, claimed_path)
            VALUES ('csv-import', 'x', 'a', 1, now(), 'claimed', '/old/home/inbox/taken/a')""")
    back_up(settings, tmp_path / "backup.tar", quietly)
    restore(target, tmp_path / "backup.tar", quietly)
    with psycopg.connect(_owner(target)) as connection:
        assert connection.execute("SELECT state FROM inbox_files").fetchall() == [("failed",)]


def test_an_empty_database_has_nothing_to_back_up(target, tmp_path):
    with pytest.raises(DatabaseUnavailable, match="the database is empty"):
        back_up(target, tmp_path / "backup.tar", quietly)
    assert not (tmp_path / "backup.tar").exists()


def test_large_tables_are_copied_in_several_pieces(settings, backup, target, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_PIECE", 200)
    made = back_up(settings, tmp_path / "pieces.tar", quietly)
    assert sum(name.startswith("database/audit_logs/") for name in made.members) > 1
    restore(target, tmp_path / "pieces.tar", quietly)
    assert digests(_owner(target)) == digests(_owner(settings))


def test_every_trigger_is_as_migrations_left_it(settings, backup, target):
    asked = (
        "SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    )
    restore(target, backup, quietly)
    found = []
    for one in (settings, target):
        with psycopg.connect(_owner(one)) as connection:
            found.append(connection.execute(asked).fetchall())
    assert found[0] == found[1] != []


def test_every_table_is_backed_up(settings, backup):
    with psycopg.connect(_owner(settings)) as connection:
        asked = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = ANY (%s)"
        there = {name for (name,) in connection.execute(asked, [["r", "p", "f", "m"]])}
        sequences = connection.execute(asked, [["S"]]).fetchall()
        assert len(sequences) == len(connection.execute(tables._SEQUENCES).fetchall()) > 0
    assert {one.name for one in check_backup(backup, quietly).tables} | set(tables.NOT_KEPT) == there


def test_only_the_owner_role_can_restore(backup, target):
    runtime = replace(target, owner_database_url=target.database_url)
    with pytest.raises(DatabaseUnavailable, match="may not create tables") as caught:
        restore(runtime, backup, quietly)
    assert "KELOMPOK_OWNER_DATABASE_URL" in caught.value.hint


def test_json_output_has_everything_but_the_list_of_members(backup):
    report = check_backup(backup, quietly).to_json()
    assert json.loads(json.dumps(report))["origin"]["postgresql"] >= 15
    assert set(report) == {"origin", "tables", "files", "missing", "masked"}
