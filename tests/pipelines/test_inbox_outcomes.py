"""Files of watched folders end in ``taken/`` or ``failed/``, with what to correct, even if processes die."""

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.storage.tags import RUN_KEY_TAG

from kelompok_core.database.locks import working_on
from kelompok_core.errors import ImportFailed
from kelompok_core.imports.reporting import inbox_outcomes
from kelompok_core.imports.reporting.stored_errors import claim_wanted, write_wanted
from kelompok_core.imports.running.cancel import cancel
from kelompok_core.sources.inbox import file_of, put_aside
from kelompok_core.sources.inbox_places import list_failed
from kelompok_pipelines import inbox_runs
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.resources import Core

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

_BAD_HEADER = "Alamat\nJl. Satu\n"
_ONE_BAD_ROW = "id,name,email\n1,Satu,satu@a.or.id\n2,Dua,rusak\n"


class _Watched:
    """An inbox, its sensor and its runs."""

    def __init__(self, settings, installation, instance, plugin="csv-import"):
        self.installation, self.instance = installation, instance
        self.definitions = build_definitions(settings, Core(installation=installation))
        self.job = f"{plugin.replace('-', '_')}__import_organizations"
        self.folder = settings.home / "inbox" / plugin / "import-organizations"
        self.folder.mkdir(parents=True)

    def tick(self):
        sensor = self.definitions.resolve_sensor_def(f"{self.job}__inbox")
        with dg.build_sensor_context(
            instance=self.instance, resources={"core": Core(installation=self.installation)}
        ) as context:
            return sensor.evaluate_tick(context)

    def drop(self, name, content):
        """Put a file into the inbox, and return the run request for it once it is complete."""
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(content)
        self.tick()
        (request,) = self.tick().run_requests
        return request

    def run(self, request):
        return self.definitions.resolve_job_def(self.job).execute_in_process(
            run_config=request.run_config, instance=self.instance, raise_on_error=False,
            tags={**request.tags, RUN_KEY_TAG: request.run_key},
        )  # fmt: skip

    def ended_run(self, request, status=dg.DagsterRunStatus.FAILURE):
        """Add a run that ended, or is running, without having done anything."""
        run = self.instance.create_run_for_job(
            self.definitions.resolve_job_def(self.job),
            run_config=request.run_config, tags={RUN_KEY_TAG: request.run_key}, status=dg.DagsterRunStatus.STARTED,
        )  # fmt: skip
        report = {
            dg.DagsterRunStatus.FAILURE: self.instance.report_run_failed,
            dg.DagsterRunStatus.CANCELED: self.instance.report_run_canceled,
        }.get(status, lambda _: None)
        report(run)
        return run

    def names(self, where):
        return sorted(one.name for one in (self.folder / where).rglob("*") if one.is_file())

    def path(self, where, name):
        (found,) = (self.folder / where).rglob(name)
        return found


@pytest.fixture
def watched(settings, installation, instance):
    return _Watched(settings, installation, instance)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(inbox_runs, "_PAUSE_SECONDS", 0)


@pytest.fixture
def unsettled(monkeypatch):
    """The runs die before they settle their file."""

    def dies(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(inbox_outcomes, "settle", dies)


def _work(installation, database):
    """Do what a worker does for error files."""
    worker = "00000000-0000-0000-0000-000000000001"
    with database.connect() as connection, connection.begin():
        wanted = claim_wanted(connection, worker)
    write_wanted(installation, wanted, worker)


def test_a_file_whose_import_fails_goes_to_failed_with_a_message(watched, ask):
    assert not watched.run(watched.drop("list.csv", _BAD_HEADER)).success
    assert watched.names("taken") == []
    assert watched.names("failed") == ["list.csv", "list.csv.message.txt"]
    assert watched.path("failed", "list.csv").read_text() == _BAD_HEADER
    said = watched.path("failed", "*.message.txt").read_text()
    (row,) = ask("SELECT id, state, failure FROM imports")
    assert row.state == "failed"
    assert said.startswith(row.failure.splitlines()[0].rstrip("."))
    assert f"kelompok import show {row.id}" in said
    assert ask("SELECT state FROM inbox_files")[0].state == "failed"
    later = watched.tick()
    assert not later.run_requests
    assert "1 could not be imported" in later.skip_message


def test_a_file_with_rejected_rows_is_done_and_gets_an_error_file(watched, ask):
    assert watched.run(watched.drop("list.csv", _ONE_BAD_ROW)).success
    assert watched.names("taken") == ["list.csv", "list.errors.csv"]
    assert watched.names("failed") == []
    errors = watched.path("taken", "list.errors.csv")
    assert "Dua,rusak" in errors.read_text("utf-8-sig")
    assert errors.stat().st_mode & 0o777 == 0o600
    (row,) = ask("SELECT state, import_id FROM inbox_files")
    assert (row.state, row.import_id) == ("done", ask("SELECT id FROM imports")[0].id)
    assert not watched.tick().run_requests, "what lies there is not taken"


def test_a_file_without_rejected_rows_gets_no_error_file(watched, ask):
    assert watched.run(watched.drop("list.csv", "id,name\n1,Satu\n")).success
    assert watched.names("taken") == ["list.csv"]
    assert ask("SELECT state FROM inbox_files")[0].state == "done"


def test_a_corrected_error_file_is_imported_for_the_same_source(watched, ask):
    watched.run(watched.drop("list.csv", _ONE_BAD_ROW))
    errors = watched.path("taken", "list.errors.csv")
    corrected = errors.read_text("utf-8-sig").replace("rusak", "dua@b.or.id")
    errors.unlink()
    assert watched.run(watched.drop("list.errors.csv", corrected)).success
    assert {row.name for row in ask("SELECT name FROM organizations")} == {"Satu", "Dua"}
    assert {row.source_name for row in ask("SELECT source_name FROM imports")} == {"list"}
    assert watched.names("taken") == ["list.csv", "list.errors.csv"]


def test_a_corrected_error_file_that_fails_again_is_not_overwritten(watched):
    bad = "id,name,email\n2,Dua,rusak\n"
    assert watched.run(watched.drop("list.errors.csv", bad)).success
    assert watched.path("taken", "list.errors.csv").read_text() == bad
    assert "rusak" in watched.path("taken", "list.errors-2.csv").read_text("utf-8-sig")
    watched.run(watched.drop("list.errors.csv", _BAD_HEADER))
    (lying,) = list_failed(watched.folder)
    assert lying.name == "list.errors.csv", "it was imported, and is no error file of another"


def test_the_error_file_of_json_is_json(settings, installation, instance):
    watched = _Watched(settings, installation, instance, "json-import")
    rows = '{"id": 1, "name": "Satu"}\n{"id": 2, "name": "Dua", "email": "rusak"}\n'
    assert watched.run(watched.drop("list.ndjson", rows)).success
    assert watched.names("taken") == ["list.errors.ndjson", "list.ndjson"]
    assert '"rusak"' in watched.path("taken", "list.errors.ndjson").read_text()


def test_the_file_of_a_cancelled_import_goes_to_failed(watched, installation, operator, ask, monkeypatch):
    request = watched.drop("list.csv", "id,name\n1,Satu\n")
    monkeypatch.setattr("kelompok_pipelines.assets.importing.stage", lambda *_: 1 / 0)
    assert not watched.run(request).success
    cancel(installation, ask("SELECT id FROM imports")[0].id, operator)
    assert "list.csv failed" in watched.tick().skip_message
    assert watched.names("failed") == ["list.csv", "list.csv.message.txt"]
    assert "was cancelled" in watched.path("failed", "*.message.txt").read_text()


def test_a_file_given_up_after_its_rows_were_decided_gets_an_error_file(
    watched, installation, database, operator, ask, monkeypatch
):
    request = watched.drop("list.csv", _ONE_BAD_ROW)
    monkeypatch.setattr("kelompok_pipelines.assets.core_tables.apply", lambda *_: 1 / 0)
    assert not watched.run(request).success
    cancel(installation, ask("SELECT id FROM imports")[0].id, operator)
    assert "waits for its error file" in watched.tick().skip_message
    _work(installation, database)
    watched.tick()
    assert watched.names("failed") == ["list.csv", "list.csv.message.txt", "list.errors.csv"]
    assert "Nothing was imported" in watched.path("failed", "*.message.txt").read_text()
    assert [one.name for one in list_failed(watched.folder)] == ["list.csv"]


@pytest.mark.usefixtures("unsettled")
def test_a_tick_settles_files_that_their_run_did_not(watched, installation, database, ask, monkeypatch):
    assert watched.run(watched.drop("list.csv", _ONE_BAD_ROW)).success
    assert not watched.run(watched.drop("broken.csv", _BAD_HEADER)).success
    assert watched.names("taken") == ["broken.csv", "list.csv"]
    assert {row.state for row in ask("SELECT state FROM inbox_files")} == {"claimed"}
    monkeypatch.undo()
    told = watched.tick().skip_message
    assert "list.csv waits for its error file" in told
    assert "broken.csv failed" in told
    assert watched.names("failed") == ["broken.csv", "broken.csv.message.txt"]
    _work(installation, database)
    assert "list.csv is done" in watched.tick().skip_message
    assert watched.names("taken") == ["list.csv", "list.errors.csv"]
    assert "Dua,rusak" in watched.path("taken", "list.errors.csv").read_text("utf-8-sig")
    assert "no complete file" in watched.tick().skip_message


def test_no_file_is_lost_if_the_process_dies_while_it_moves_it_to_failed(watched, database):
    request = watched.drop("list.csv", _BAD_HEADER)
    for die in (True, False):
        with database.connect() as connection:
            target = put_aside(connection, request.run_key, ImportFailed("no"))
            assert target.read_text() == _BAD_HEADER
            connection.rollback() if die else connection.commit()
    assert watched.names("failed") == ["list.csv", "list.csv.message.txt"]
    assert watched.names("taken") == []


def test_nothing_in_failed_is_overwritten(watched, database):
    request = watched.drop("list.csv", _BAD_HEADER)
    other = watched.folder / "failed" / request.run_key / "list.csv"
    other.parent.mkdir(parents=True)
    other.write_text("another")
    watched.run(request)
    assert other.read_text() == "another"
    assert watched.path("taken", "list.csv").read_text() == _BAD_HEADER
    assert "waits in" in watched.tick().skip_message


@pytest.mark.parametrize("link", ["failed", "taken"])
def test_a_link_is_not_followed(watched, tmp_path, link):
    """Other users may be allowed to put files there, and so links."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (watched.folder / link).symlink_to(elsewhere)
    (watched.folder / "list.csv").write_text(_BAD_HEADER)
    watched.tick()
    requests = watched.tick().run_requests
    for request in requests:
        watched.run(request)
    assert bool(requests) == (link == "failed")
    assert list(elsewhere.rglob("*")) == []
    assert "list.csv" in watched.tick().skip_message
    assert len([one for one in watched.folder.rglob("list.csv") if one.read_text() == _BAD_HEADER]) == 1


def test_a_file_whose_runs_die_before_they_open_an_import_fails_after_the_last_attempt(watched):
    request = watched.drop("list.csv", "id,name\n1,Satu\n")
    keys = [request.run_key]
    for _ in range(2):
        watched.ended_run(request)
        (request,) = watched.tick().run_requests
        keys.append(request.run_key)
    assert keys == [keys[0], f"{keys[0]}:2", f"{keys[0]}:3"]
    watched.ended_run(request)
    assert "list.csv failed" in watched.tick().skip_message
    assert "3 runs ended" in watched.path("failed", "*.message.txt").read_text()
    assert watched.names("taken") == []


def test_a_file_waits_for_its_running_run_and_a_cancelled_run_is_not_repeated(watched):
    request = watched.drop("list.csv", "id,name\n1,Satu\n")
    run = watched.ended_run(request, dg.DagsterRunStatus.STARTED)
    assert watched.tick().skip_message == "Being imported: list.csv"
    watched.instance.report_run_canceled(run)
    watched.tick()
    assert "its run was cancelled" in watched.path("failed", "*.message.txt").read_text()


def test_an_import_whose_run_died_resumes_in_another_run(watched, database, ask, monkeypatch):
    request = watched.drop("list.csv", "id,name\n1,Satu\n")
    with monkeypatch.context() as patch:
        patch.setattr("kelompok_pipelines.assets.importing.stage", lambda *_: 1 / 0)
        assert not watched.run(request).success
    dead = watched.ended_run(request, dg.DagsterRunStatus.STARTED)
    assert watched.tick().skip_message == "Being imported: list.csv"
    with database.connect() as connection, connection.begin():
        connection.execute(sa.text("UPDATE imports SET updated_at = now() - interval '10 minutes'"))
    (again,) = watched.tick().run_requests
    assert watched.instance.get_run_by_id(dead.run_id).status is dg.DagsterRunStatus.FAILURE
    assert again.run_config["ops"][f"{watched.job}__stage"]["config"] == {
        "import_id": str(ask("SELECT id FROM imports")[0].id)
    }
    assert watched.run(again).success
    assert ask("SELECT state FROM inbox_files")[0].state == "done"
    assert len(ask("SELECT FROM imports WHERE state = 'applied'")) == 1


@pytest.mark.parametrize(("step", "ended"), [
    ("importing.stage", "failed"), ("importing.decide", "cancelled"), ("core_tables.apply", "cancelled"),
])  # fmt: skip
def test_an_import_whose_runs_all_died_ends(watched, ask, monkeypatch, step, ended):
    request = watched.drop("list.csv", "id,name\n1,Satu\n")
    monkeypatch.setattr(f"kelompok_pipelines.assets.{step}", lambda *_: 1 / 0)
    assert not watched.run(request).success
    for _ in range(2):
        (request,) = watched.tick().run_requests
        assert not watched.run(request).success
    assert "list.csv failed" in watched.tick().skip_message
    (record,) = ask("SELECT state, failure FROM imports")
    assert tuple(record) == (ended, "3 runs ended before the import was done")
    assert watched.names("failed") == ["list.csv", "list.csv.message.txt"]
    assert "3 runs ended" in watched.path("failed", "*.message.txt").read_text()


@pytest.fixture
def given_up(watched, installation, database):
    """Give up the file of an import, as a tick does that saw it unfinished."""

    def give_up(name):
        path = watched.path("taken", name)
        with database.connect() as connection:
            ((file_id, import_id),) = connection.execute(sa.text("SELECT f.id, i.id FROM inbox_files f, imports i"))
        seen = inbox_outcomes.Imported(
            file=file_of(file_id, path), import_id=import_id, is_unfinished=True, run_id=None, idle=False
        )
        errors = inbox_outcomes.WrittenHere(installation)
        return inbox_outcomes.give_up(installation, seen, ImportFailed("its run was cancelled"), errors)

    return give_up


def test_a_file_whose_import_ended_meanwhile_is_not_given_up(watched, given_up, unsettled, ask):
    assert watched.run(watched.drop("list.csv", "id,name\n1,Satu\n")).success
    settled = given_up("list.csv")
    assert settled.done
    assert [watched.names("taken"), watched.names("failed")] == [["list.csv"], []]
    assert ask("SELECT state FROM imports")[0].state == "applied"


def test_an_import_somebody_works_on_is_not_given_up(watched, installation, given_up, ask, monkeypatch):
    request = watched.drop("list.csv", "id,name\n1,Satu\n")
    monkeypatch.setattr("kelompok_pipelines.assets.importing.stage", lambda *_: 1 / 0)
    assert not watched.run(request).success
    with working_on(installation.database.engine, ask("SELECT id FROM imports")[0].id):
        assert given_up("list.csv") is None
    assert watched.names("taken") == ["list.csv"]
    assert not given_up("list.csv").done
    assert ask("SELECT state FROM imports")[0].state == "failed"


def test_a_tick_lists_its_files_even_when_it_requests_runs(watched):
    (watched.folder / "b.csv").write_text("id,name\n2,Dua\n")
    (watched.folder / "tidak-ada").mkdir()
    (watched.folder / "tidak-ada" / "c.csv").write_text("id,name\n3,Tiga\n")
    assert watched.tick().skip_message == "Waits until it is complete: b.csv, c.csv"
    (watched.folder / "a.csv").write_text("id,name\n1,Satu\n")
    tick = watched.tick()
    assert [one.tags["kelompok/file"] for one in tick.run_requests] == ["b.csv"]
    assert tick.cursor.startswith("Imports: b.csv; c.csv was not imported and is now in ")
    assert tick.cursor.endswith("Waits until it is complete: a.csv")
    watched.run(tick.run_requests[0])
    assert watched.tick().cursor == "Imports: a.csv"
