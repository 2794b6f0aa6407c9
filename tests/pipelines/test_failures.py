"""What Dagster stores and shows when a step fails: a sentence, and a stack trace only for bugs."""

from dataclasses import replace
from types import SimpleNamespace

import dagster as dg
import psycopg
import pytest
import sqlalchemy as sa
from dagster_graphql.schema import create_schema

from kelompok_core.contracts import TransientError
from kelompok_core.errors import (
    DatabaseUnavailable,
    ImportFailed,
    MemoryExceeded,
    NotFound,
    NotPermitted,
    PluginUnavailable,
    StorageUnavailable,
    UsageError,
)
from kelompok_pipelines import retries
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.failures import original_of
from kelompok_pipelines.interruption import WorkerStops
from kelompok_pipelines.retries import retrying
from kelompok_pipelines.step_failures import without_values

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

_JOB, _STAGE = "csv_import__import_organizations", "csv_import__import_organizations__stage"

_QUERY = """
query ($run: ID!) { logsForRun(runId: $run) { ... on EventConnection { events {
  __typename
  ... on ExecutionStepFailureEvent {
    error { message stack className cause { message } errorChain { error { message stack } } }
    failureMetadata { label description metadataEntries { label ... on TextMetadataEntry { text } } } }
  ... on ExecutionStepUpForRetryEvent { error { message stack errorChain { error { message stack } } } }
  ... on RunFailureEvent { error { message stack className errorChain { error { message stack } } } }
} } } }"""


@pytest.fixture(scope="module")
def schema():
    return create_schema()


@pytest.fixture
def shown(schema, instance):
    """Query the UI's API for the last run, and return what it shows by event type."""

    def run():
        context = SimpleNamespace(instance=instance, records_for_run_default_limit=None)
        (stored,) = instance.get_runs(limit=1)
        answer = schema.execute(_QUERY, variables={"run": stored.run_id}, context_value=context)
        assert not answer.errors
        return {event["__typename"]: event for event in answer.data["logsForRun"]["events"]}

    return run


@pytest.fixture
def fail(installation, instance, monkeypatch):
    """Run a step that raises an error, in a process that Dagster started or in another one."""
    monkeypatch.setattr(retries, "_PAUSE_SECONDS", 0)

    def run(error, *, by_dagster=False, raises=False):
        core = SimpleNamespace(installation=installation, find_import_of=lambda _: None, retries=by_dagster)

        @dg.op
        def step(context: dg.OpExecutionContext) -> None:
            with retrying(core, context), without_values(core, context.run):
                raise error

        @dg.job
        def failing() -> None:
            step()

        return failing.execute_in_process(instance=instance, raise_on_error=raises)

    return run


def _entries(event):
    return {one["label"]: one.get("text") for one in event["failureMetadata"]["metadataEntries"]}


@pytest.mark.parametrize(("content", "begins", "code"), [
    ("Alamat\nJl. Satu\n", "No column was recognised as name. Map one with --map 'YOUR HEADER=name'",
     "header.missing"),
    (b"", "The file has no content. Export it again and look at its size. [file.empty]", "file.empty"),
    (b"name\n\x00\x00\x00\x00\x00\x00\n", "Line 2 is mostly NUL", "file.not_text, line 2"),
])  # fmt: skip
def test_a_refused_file_shows_a_sentence_without_stack_trace(execute, tmp_path, shown, ask, content, begins, code):
    file = tmp_path / "list.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert not execute(_JOB, _STAGE, file=str(file)).success
    events = shown()
    step, run = events["ExecutionStepFailureEvent"], events["RunFailureEvent"]
    described = step["failureMetadata"]["description"]
    (row,) = ask("SELECT id FROM imports")
    assert described.startswith(begins)
    assert f"[{code}" in described
    assert described.splitlines()[-1] == f"What was found: kelompok import show {row.id}"
    assert step["error"]["message"].strip() == described == run["error"]["message"].strip(), "the UI shows this one"
    assert [one["error"]["stack"] for one in (step, run)] == [[], []]
    assert [one["error"]["errorChain"] for one in (step, run)] == [[], []]
    assert _entries(step)["report"] == f"kelompok import show {row.id}"
    assert "where" not in _entries(step)


@pytest.mark.parametrize(("error", "said"), [
    (NotFound("organization", "tidak-ada"), "No organization 'tidak-ada'. [not_found]"),
    (NotPermitted("siti@a.id", "import.apply", "alasan-qq1"), "The actor may not import.apply."),
    (PluginUnavailable("odd", "alasan-qq1"), "The plugin odd cannot run. See why with: kelompok plugin list"),
    (ImportFailed("isi-qq1"), "The import failed. Nothing was applied. [import.failed]"),
    (MemoryExceeded(), "It needs more memory than an import may use. Split the file"),
    (MemoryError("isi-qq1"), "It needs more memory than an import may use. Split the file"),
    (OSError(28, "isi-qq1"), "A disk is full."),
    (WorkerStops(), "The worker was asked to stop. The import is back in the queue"),
])  # fmt: skip
def test_an_expected_error_shows_a_sentence_without_stack_trace(fail, shown, error, said):
    fail(error)
    events = shown()
    for one in (events["ExecutionStepFailureEvent"], events["RunFailureEvent"]):
        assert one["error"]["message"].startswith(said)
        assert (one["error"]["stack"], one["error"]["errorChain"]) == ([], [])
    assert "qq1" not in str(events)
    assert "siti" not in str(events)


def test_a_run_without_import_shows_what_to_do_without_stack_trace(execute, shown):
    execute(_JOB, _STAGE)
    error = shown()["ExecutionStepFailureEvent"]["error"]
    assert error["message"].startswith(
        "There is nothing to import. Set file or import_id in the run config, or select a partition"
    )
    assert error["stack"] == []


def test_a_later_step_that_runs_alone_shows_what_to_do(definitions, instance, shown):
    job = definitions.resolve_job_def(_JOB)
    decisions = [dg.AssetKey(["csv_import", "organizations_decisions"])]
    job.execute_in_process(instance=instance, asset_selection=decisions, raise_on_error=False)
    error = shown()["ExecutionStepFailureEvent"]["error"]
    assert error["message"].startswith("This run has no import.")
    assert error["stack"] == []


def test_a_run_that_cannot_start_shows_a_sentence_without_stack_trace(settings, instance, shown):
    (settings.home / "files").parent.mkdir(parents=True, exist_ok=True)
    away = replace(settings, database_url="postgresql://nobody@127.0.0.1:1/none")
    job = build_definitions(away).resolve_job_def(_JOB)
    config = {"ops": {_STAGE: {"config": {"file": "x.csv"}}}}
    job.execute_in_process(run_config=config, instance=instance, raise_on_error=False)
    error = shown()["RunFailureEvent"]["error"]
    assert "[database.unavailable]" in error["message"]
    assert (error["stack"], error["errorChain"]) == ([], [])


def test_a_bug_shows_a_stack_trace(fail, shown):
    fail(ValueError("isi-qq1"))
    step = shown()["ExecutionStepFailureEvent"]
    assert step["error"]["message"].startswith("An unexpected ValueError in the code of a plugin or of Kelompok")
    assert step["error"]["className"] == "ValueError"
    assert "test_failures.py" in "".join(step["error"]["stack"])
    assert "execute_plan.py" not in "".join(step["error"]["stack"]), "Dagster's own frames help nobody"
    assert "test_failures.py" in _entries(step)["where"]
    assert "qq1" not in str(shown())


_LOST = sa.exc.OperationalError("SELECT 'isi-qq1'", {}, psycopg.OperationalError("isi-qq1"))


def _wrapped():
    failed = ImportFailed("isi-qq1")
    failed.__cause__ = TransientError("isi-qq1")
    return failed


@pytest.mark.parametrize("error", [
    DatabaseUnavailable("the server does not answer"), StorageUnavailable("the storage does not answer"), _LOST,
    _wrapped(),
])  # fmt: skip
def test_temporary_errors_are_retried_without_storing_a_stack_trace(fail, instance, shown, error):
    fail(error, by_dagster=True)
    (run,) = instance.get_runs()
    kinds = [entry.dagster_event_type for entry in instance.all_logs(run.run_id)]
    assert kinds.count(dg.DagsterEventType.STEP_UP_FOR_RETRY) == retries.MOST_RETRIES
    events = shown()
    again = events["ExecutionStepUpForRetryEvent"]["error"]
    assert again["stack"] == []
    assert [one["error"]["stack"] for one in again["errorChain"]] == [[]]
    step = events["ExecutionStepFailureEvent"]
    assert (step["error"]["stack"], step["error"]["errorChain"]) == ([], [])
    assert step["error"]["message"].strip() == step["failureMetadata"]["description"]
    assert "qq1" not in str(events)


def test_the_caller_gets_the_original_error_after_the_last_retry(fail, instance):
    with pytest.raises(dg.DagsterError) as caught:
        fail(_LOST, by_dagster=True, raises=True)
    assert original_of(caught.value) is _LOST
    (run,) = instance.get_runs()
    assert "qq1" not in str(instance.all_logs(run.run_id))


@pytest.mark.parametrize("error", [ImportFailed("x"), UsageError("x"), ValueError("x"), MemoryExceeded()])
def test_permanent_errors_are_not_retried(fail, instance, error):
    fail(error, by_dagster=True)
    (run,) = instance.get_runs()
    kinds = [entry.dagster_event_type for entry in instance.all_logs(run.run_id)]
    assert dg.DagsterEventType.STEP_UP_FOR_RETRY not in kinds
    assert kinds.count(dg.DagsterEventType.STEP_FAILURE) == 1
