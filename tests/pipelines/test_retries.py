"""Steps are retried if the database or the storage is temporarily unavailable, and only then."""

from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from kelompok_core.errors import DatabaseUnavailable
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.staging import stage as staging
from kelompok_core.sources.storage import kept_location
from kelompok_pipelines import retries
from kelompok_pipelines.assets import importing
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.resources import Core

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

_JOB = "csv_import__import_organizations"
_STAGE = f"{_JOB}__stage"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(retries, "_PAUSE_SECONDS", 0)


@pytest.fixture
def run(settings, installation, instance):
    def execute(*, by_dagster=True, **config):
        definitions = build_definitions(settings, Core(installation=installation, retries=by_dagster))
        result = definitions.resolve_job_def(_JOB).execute_in_process(
            run_config={"ops": {_STAGE: {"config": config}}}, instance=instance, raise_on_error=False
        )
        again = [one for one in result.all_events if one.event_type is dg.DagsterEventType.STEP_UP_FOR_RETRY]
        return result, [one.step_key for one in again]

    return execute


@pytest.fixture
def lost(monkeypatch):
    """Make a step lose the database in its first attempts."""

    def lose(name, error, times=1):
        left, real = [error] * times, getattr(importing, name)

        def fails(*arguments):
            if left:
                raise left.pop()
            return real(*arguments)

        monkeypatch.setattr(importing, name, fails)

    return lose


_GONE = DatabaseUnavailable("the server closed the connection", hint="rahasia")
_CUT = sa.exc.OperationalError("SELECT 'rahasia'", {}, type("OperationalError", (Exception,), {})("rahasia"))


@pytest.mark.parametrize(
    "error", [_GONE, _CUT, ConnectionResetError(104, "rahasia")], ids=lambda one: type(one).__name__
)
@pytest.mark.parametrize("step", ["stage", "decide"])
def test_a_step_that_lost_the_database_is_retried(run, file, lost, ask, step, error):
    lost(step, error)
    result, again = run(file=str(file))
    assert result.success
    assert again == [f"{_JOB}__{step}"]
    assert [row.state for row in ask("SELECT state FROM imports")] == ["applied"]
    if error is not _GONE:
        assert "rahasia" not in str(result.all_events)


def test_a_step_fails_after_three_retries(run, file, lost):
    lost("decide", _GONE, times=4)
    result, again = run(file=str(file))
    assert not result.success
    assert len(again) == retries.MOST_RETRIES


@pytest.mark.parametrize("content", ["Alamat\nJl. Satu\n", "", "%PDF-1.7"])
def test_an_invalid_file_is_not_retried(run, tmp_path, content):
    file = tmp_path / "list.csv"
    file.write_text(content)
    result, again = run(file=str(file))
    assert not result.success
    assert again == []


def test_an_unexpected_error_is_not_retried(run, file, lost):
    lost("decide", ZeroDivisionError())
    result, again = run(file=str(file))
    assert not result.success
    assert again == []


def test_runs_of_the_command_line_and_of_workers_are_not_retried(run, file, lost):
    lost("stage", _GONE)
    result, again = run(file=str(file), by_dagster=False)
    assert not result.success
    assert again == []


def test_an_import_resumes_when_the_storage_is_available_again(run, file, installation, operator, ask):
    request = ImportRequest(plugin="csv-import", job="import-organizations", file=file)
    import_id = receive(installation, request, operator).import_id
    kept = Path(
        kept_location(
            installation.settings.storage_url, ask("SELECT encode(file_sha256, 'hex') AS h FROM imports")[0].h
        )
    )
    kept.rename(kept.with_name("away"))
    result, again = run(import_id=str(import_id))
    assert not result.success
    assert len(again) == retries.MOST_RETRIES
    assert ask("SELECT state FROM imports")[0].state != "failed"
    kept.with_name("away").rename(kept)
    result, again = run(import_id=str(import_id))
    assert result.success
    assert again == []
    assert ask("SELECT state FROM imports")[0].state == "applied"


def test_an_import_stays_open_when_the_database_is_lost_while_staging(installation, file, operator, ask, monkeypatch):
    import_id = receive(
        installation, ImportRequest(plugin="csv-import", job="import-organizations", file=file), operator
    ).import_id

    def lose(*_):
        raise _GONE

    with monkeypatch.context() as patch:
        patch.setattr(staging, "_read", lose)
        with pytest.raises(DatabaseUnavailable):
            staging.stage(installation, import_id)
    assert ask("SELECT state FROM imports")[0].state == "received"
    assert staging.stage(installation, import_id).state == "staged"
