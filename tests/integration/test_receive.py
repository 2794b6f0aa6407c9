"""Which requests are the same import, and who may request one."""

import os
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.database.ids import get_id, shorten
from kelompok_core.errors import Ambiguous, NotFound, NotPermitted, PluginUnavailable, StorageUnavailable, UsageError
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.imports.staging.stage import stage
from kelompok_core.sources.kept import list_missing
from kelompok_core.sources.storage import Incoming, local_copy
from tests.enabling import set_enabled


@pytest.fixture
def request_for(tmp_path):
    def make(content="name\nSatu\n", name="list.csv", **more):
        file = tmp_path / name
        file.write_text(content)
        return ImportRequest(**{"plugin": "csv-import", "job": "import-organizations", "file": file} | more)

    return make


def test_file_with_an_undecodable_name_is_received(installation, operator, request_for):
    name = os.fsdecode(b"da\xffftar.csv")
    found = receive(installation, request_for(name=name, source_name="daftar"), operator)
    with installation.database.connect() as connection:
        assert get_import(connection, found.import_id).file_name == "da\ufffdftar.csv"


def test_same_key_returns_the_same_import(installation, operator, request_for):
    first = receive(installation, request_for(idempotency_key="k"), operator)
    second = receive(installation, request_for(idempotency_key="k"), operator)
    assert first.import_id == second.import_id
    assert not first.resumed
    assert second.resumed
    other = receive(installation, request_for(idempotency_key="l"), operator)
    assert other.import_id != first.import_id


def test_key_with_another_file_is_refused(installation, operator, request_for):
    receive(installation, request_for(idempotency_key="k"), operator)
    with pytest.raises(UsageError, match="another request"):
        receive(installation, request_for("name\nDua\n", idempotency_key="k"), operator)


def test_interrupted_import_continues_and_finished_one_does_not(installation, operator, request_for, import_file):
    first = receive(installation, request_for(), operator)
    assert receive(installation, request_for(), operator).import_id == first.import_id
    import_file("name\nDua\n", name="two.csv")
    again = receive(installation, request_for("name\nDua\n", name="two.csv"), operator)
    assert not again.resumed


def test_file_is_kept_unchanged_and_once(installation, operator, request_for):
    ids = [receive(installation, request_for(idempotency_key=key), operator).import_id for key in "ab"]
    with installation.database.connect() as connection:
        ((digest, size),) = {(one.file_sha256, one.file_bytes) for one in (get_import(connection, i) for i in ids)}
    (kept,) = (path for path in Path(installation.settings.storage_url).rglob("*") if path.is_file())
    assert kept.name == digest == sha256(b"name\nSatu\n").hexdigest()
    with local_copy(installation.settings, digest, size) as path:
        assert path.read_text() == "name\nSatu\n"


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"plugin": "nothing"}, NotFound, "nothing"),
    ({"job": "nothing"}, NotFound, "import-organizations"),
    ({"organization": "nothing"}, NotFound, "nothing"),
    ({"file": Path("/nowhere.csv")}, UsageError, "nowhere"),
    ({"file": Path("/")}, UsageError, "/"),
    ({"name": "list.xlsx"}, UsageError, "list.xlsx"),
])  # fmt: skip
def test_missing_files_plugins_and_jobs_are_reported(installation, operator, request_for, change, error, message):
    with pytest.raises(error) as caught:
        receive(installation, request_for(**change), operator)
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_disabled_plugin_receives_nothing(installation, settings, operator, request_for):
    set_enabled(settings, "csv-import", enabled=False)
    with pytest.raises(PluginUnavailable, match="disabled") as caught:
        receive(installation, request_for(), operator)
    assert "plugin enable csv-import" in caught.value.hint


def test_user_without_the_right_is_refused_before_the_file_is_read(installation, person, request_for, ask):
    with pytest.raises(NotPermitted):
        receive(installation, request_for(file=Path("/nowhere.csv")), person("tamu@example.org"))
    assert not ask("SELECT FROM imports")


def test_import_is_found_by_the_start_of_its_id(installation, operator, request_for):
    found = receive(installation, request_for(), operator).import_id
    with installation.database.connect() as connection:
        assert get_id(connection, "imports", str(found)[:30]) == found
        for wrong in ("zzz", "%", ""):
            if wrong:
                with pytest.raises(NotFound):
                    get_id(connection, "imports", wrong + "!")


def test_account_disabled_after_receiving_does_not_import(installation, person, request_for, database):
    from kelompok_core.audit.context import AuditContext, announce

    steward = person("s@example.org", platform_role="steward")
    received = receive(installation, request_for(), steward)
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor="system:test", origin="setup"))
        connection.execute(sa.text("UPDATE users SET status = 'suspended' WHERE id = :id"), {"id": steward.id})
    with pytest.raises(NotPermitted, match="not active"):
        stage(installation, received.import_id)


def test_files_of_a_killed_process_are_removed_after_a_day(tmp_path):
    url = f"file://{tmp_path}/files"
    with Incoming(url) as first:
        folder = tmp_path / "files" / "incoming"
        abandoned, young = folder / "abandoned", folder / "young"
        abandoned.write_bytes(b"half a file")
        young.write_bytes(b"half a file")
        os.utime(abandoned, (time.time() - 90_000,) * 2)
        with Incoming(url):
            assert young.exists()
            assert not abandoned.exists()
        first.write(b"whole")
        first.keep()
    assert [path.name for path in folder.iterdir()] == ["young"]


def test_printed_short_id_stays_unique_when_imports_are_added(installation, operator, request_for):
    ids = [receive(installation, request_for(source_name=f"list {number}"), operator).import_id for number in range(5)]
    with installation.database.connect() as connection:
        assert len({str(one)[:7] for one in ids}) == 1, "made at one time, they begin alike"
        first = shorten(connection, "imports", ids[:1])[ids[0]]
        assert get_id(connection, "imports", first) == ids[0]
        with pytest.raises(Ambiguous) as caught:
            get_id(connection, "imports", str(ids[0])[:7])
        assert set(caught.value.which) == set(ids)


_COPY = sa.text("""
    INSERT INTO imports SELECT c.* FROM imports i
    CROSS JOIN LATERAL jsonb_populate_record(i, jsonb_build_object('id', CAST(:other AS text))) c WHERE i.id = :id""")


def test_short_id_is_longer_if_another_id_has_the_same_end(installation, operator, request_for, ask):
    first, second = (receive(installation, request_for(source_name=name), operator).import_id for name in ("a", "b"))
    other = UUID(str(second)[:-8] + str(first)[-8:])
    with installation.database.connect() as connection, connection.begin() as transaction:
        announce(connection, AuditContext(actor=str(operator.id), origin="import"))
        connection.execute(_COPY, {"other": str(other), "id": second})
        called = shorten(connection, "imports", [first, other])
        assert [get_id(connection, "imports", called[one]) for one in (first, other)] == [first, other]
        assert all(len(one) > 8 for one in called.values())
        transaction.rollback()


def test_missing_or_damaged_kept_file_is_reported(installation, operator, request_for):
    import_id = receive(installation, request_for(), operator).import_id
    (kept,) = (path for path in Path(installation.settings.storage_url).rglob("*") if path.is_file())
    with installation.database.connect() as connection:
        assert list_missing(connection, installation.settings.storage_url) == []
    kept.write_text("name\n")
    with pytest.raises(StorageUnavailable, match="damaged: it has 5 bytes instead of 10"):
        stage(installation, import_id)
    kept.unlink()
    with (
        pytest.raises(StorageUnavailable, match=f"{kept.name} is missing from"),
        local_copy(installation.settings, kept.name, 10),
    ):
        pass
    with installation.database.connect() as connection:
        assert list_missing(connection, installation.settings.storage_url) == [kept.name]


def test_moved_installation_reads_its_received_files(installation, operator, request_for, tmp_path):
    import_id = receive(installation, request_for(), operator).import_id
    moved = replace(installation.settings, home=tmp_path / "elsewhere")
    installation.settings.home.rename(moved.home)
    stage(replace(installation, settings=moved), import_id)
    with installation.database.connect() as connection:
        assert get_import(connection, import_id).rows_staged == 1
