"""Error files over HTTP: a worker writes them, the API sends what is stored, and never an outdated one."""

import csv
import io
import uuid

import pytest
import sqlalchemy as sa

from kelompok_core.api import error_file_routes
from kelompok_core.errors import ImportFailed
from kelompok_core.imports.reporting import error_file_writer, stored_errors
from kelompok_core.imports.reporting.error_file_writer import write_errors
from kelompok_core.imports.reporting.stored_errors import claim_wanted, keep_failure, want, write_wanted
from kelompok_core.imports.running.workers import Presence
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.imports.undoing.undo import undo
from kelompok_core.sources.storage import open_kept

BAD = "id,name,email\n1,Satu,salah\n2,=1+1,juga salah\n3,Tiga,tiga@a.or.id\n"


@pytest.fixture
def kept(installation):
    """The names of an import's stored error files."""
    folder = installation.settings.home / "files" / "errors"
    return lambda sent: sorted(path.name for path in (folder / sent["id"]).rglob("*"))


def _built(installation, import_id, language):
    """The error file as it would be built now."""
    target = io.StringIO(newline="")
    with installation.database.connect() as connection:
        write_errors(installation.settings, connection, get_import(connection, import_id), {language: target})
    return target.getvalue()


def _awaited(answer):
    assert answer.status_code == 404, answer.text
    assert answer.json()["error"]["code"] == "error_file.awaited"
    assert int(answer.headers["retry-after"]) > 0


def _rows(answer):
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.fixture
def no_building(monkeypatch):
    """Let whatever would build an error file, or run a plugin for it, fail from now on."""

    def stop():
        def fail(*_args, **_kwargs):
            raise AssertionError("the API builds no error file")

        for module, name in ((error_file_writer, "read_originals"), (stored_errors, "write_errors")):
            monkeypatch.setattr(module, name, fail)

    return stop


def test_until_a_worker_wrote_it_it_is_awaited_and_then_it_is_what_would_be_built(
    client, send, work, installation, kept
):
    sent = send(BAD, mode="apply")
    _awaited(client.get(sent["links"]["errors"]))
    assert kept(sent) == []
    work()
    for language in ("en", "id"):
        got = client.get(sent["links"]["errors"], params={"language": language})
        assert got.content.decode("utf-8-sig") == _built(installation, sent["id"], language)
    assert len(kept(sent)) == 2


def test_the_api_builds_none_and_runs_no_plugin(client, send, work, no_building):
    lines = send('{"id": 1}\n{"id": 2, "name": "Dua"}\n', media_type="application/x-ndjson", source="lines")
    table = send(BAD, source="table")
    work()
    no_building()
    assert '"_codes": "value.required"' in client.get(lines["links"]["errors"]).text
    assert len(_rows(client.get(table["links"]["errors"]))) == 2


def test_rows_decided_since_are_not_in_the_error_file(client, send, work, kept):
    send("id,name,description\na,Lembaga Satu,lama\nb,Lembaga Dua,lama\n", source="a", mode="apply")
    work()
    sent = send("id,name,description\nc,Lembaga Satu,baru\nd,Lembaga Dua,baru\n", source="b", mode="apply")
    work()
    assert [row["id"] for row in _rows(client.get(sent["links"]["errors"]))] == ["c", "d"]
    before = kept(sent)
    assert client.post(f"/api/v1/review/{sent['id']}/1/reject", json={}).status_code == 200
    _awaited(client.get(sent["links"]["errors"]))
    work()
    assert [row["id"] for row in _rows(client.get(sent["links"]["errors"]))] == ["d"]
    assert len(kept(sent)) == len(before)
    assert not set(kept(sent)) & set(before), "what is outdated is removed"


def test_rows_that_another_import_took_the_place_of_go_and_come_back_with_its_undo(
    client, send, work, installation, operator
):
    send("id,name,description\na,Lembaga Satu,lama\n", source="a", mode="apply")
    work()
    sent = send("id,name,description\nc,Lembaga Satu,baru\n", source="b", mode="apply")
    work()
    assert len(_rows(client.get(sent["links"]["errors"]))) == 1
    later = send("id,name,description\nc,Lembaga Lain,baru\n", source="b", mode="apply")
    work()
    _awaited(client.get(sent["links"]["errors"]))
    work()
    assert _rows(client.get(sent["links"]["errors"])) == []
    undo(installation, uuid.UUID(later["id"]), operator)
    _awaited(client.get(sent["links"]["errors"]))
    work()
    assert len(_rows(client.get(sent["links"]["errors"]))) == 1


def test_a_plan_that_is_made_again_has_another_file(client, send, work):
    sent = send("id,name\n1,Lembaga Satu\n2,\n", source="b")
    work()
    assert len(_rows(client.get(sent["links"]["errors"]))) == 1
    send("id,name\nx,Lembaga Satu\n", source="other", mode="apply")
    work()
    client.post(f"{sent['links']['self']}/apply")
    work()
    assert [row["_decision"] for row in _rows(client.get(sent["links"]["errors"]))] == ["review", "rejected"]


def test_one_that_was_removed_is_written_again(client, send, work, installation, kept):
    sent = send(BAD)
    work()
    for path in (installation.settings.home / "files" / "errors").rglob("*.csv"):
        path.unlink()
    _awaited(client.get(sent["links"]["errors"]))
    work()
    assert len(_rows(client.get(sent["links"]["errors"]))) == 2


def test_who_may_not_see_the_import_has_no_way_to_its_file(client_of, key_of, send, work, person):
    send("name,slug\nOurs,ours\nTheirs,theirs\n", mode="apply", source="owners")
    work()
    sent = send("name,email\nSiti,salah\n", entity="members", organization="ours", source="m")
    work()
    person("tamu@x.org", slug="ours", role="viewer")
    person("pak@x.org", slug="theirs", role="editor")
    assert len(_rows(client_of(key_of("tamu@x.org")).get(sent["links"]["errors"]))) == 1
    for key in (key_of("pak@x.org"), key_of("tamu@x.org", scopes=["record.read"])):
        assert client_of(key).get(sent["links"]["errors"]).status_code in (403, 404)


def test_an_import_that_ended_before_its_rows_were_decided_has_none(client, send, work):
    sent = send("", mode="apply")
    work()
    answer = client.get(sent["links"]["errors"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert "retry-after" not in answer.headers


def _claim(installation, worker_id):
    with installation.database.connect() as connection, connection.begin():
        return claim_wanted(connection, worker_id)


def test_a_failed_error_file_is_explained_and_retried_later(client, send, work, installation, ask):
    sent = send(BAD)
    work()
    with installation.database.connect() as connection, connection.begin():
        want(connection, sent["id"])
    with Presence(installation.database, uuid.uuid4()) as worker:
        wanted = _claim(installation, worker.id)
        with installation.database.connect() as connection, connection.begin():
            keep_failure(connection, wanted, worker.id, ImportFailed("the plugin is gone", hint="Enable it."))
    told = client.get(sent["links"]["errors"])
    assert (told.status_code, told.json()["error"]["code"]) == (409, "error_file.failed")
    assert "the plugin is gone" in told.json()["error"]["message"]
    with installation.database.connect() as connection, connection.begin():
        connection.execute(sa.text("UPDATE error_files SET tried_at = now() - interval '1 hour'"))
    _awaited(client.get(sent["links"]["errors"]))
    work()
    assert len(_rows(client.get(sent["links"]["errors"]))) == 2


def test_what_a_dead_worker_left_another_writes_and_what_a_late_one_writes_is_not_kept(
    client, send, work, installation, kept
):
    sent = send(BAD)
    work()
    with installation.database.connect() as connection, connection.begin():
        want(connection, sent["id"])
    dead = uuid.uuid4()
    late = _claim(installation, dead)
    work()
    before = kept(sent)
    assert len(before) == 2
    write_wanted(installation, late, dead)
    assert kept(sent) == before
    assert len(_rows(client.get(sent["links"]["errors"]))) == 2


def test_one_that_ends_worker_after_worker_is_given_up(installation, send, work):
    sent = send(BAD)
    work()
    with installation.database.connect() as connection, connection.begin():
        want(connection, sent["id"])
    given = [_claim(installation, uuid.uuid4()) for _ in range(stored_errors.MOST_ATTEMPTS + 1)]
    with pytest.raises(ImportFailed, match="workers died"):
        write_wanted(installation, given[-1], uuid.uuid4())


def test_a_file_is_closed_when_its_reader_leaves(client, send, work, monkeypatch):
    opened = []

    def remember(*place):
        opened.append(open_kept(*place))
        return opened[-1]

    monkeypatch.setattr(error_file_routes, "open_kept", remember)
    sent = send(BAD)
    work()
    assert client.get(sent["links"]["errors"]).status_code == 200
    assert [file.closed for file, _ in opened] == [True]
