"""Past one machine: one import over two Dask workers, PostgreSQL by TCP, files in a bucket; a worker dies midway."""

import json
import os
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
import yaml

from benchmarks.organizations import write_organizations
from kelompok_core.database import embedded
from kelompok_core.settings import read_settings
from tests.e2e.conftest import PROGRAMS, PROJECT, Installation, free_port

pytestmark = pytest.mark.xdist_group("scaling")

_ROWS = 110_000
_JOB = "csv_import__import_organizations__in_parts"
_OPEN = "csv_import__import_organizations__in_parts__open"
_BUCKET = "kelompok-files"


@contextmanager
def _running(command, environment, folder, says=None):
    """Run a program until the block ends; wait for what it says once it is ready."""
    log = folder / f"{command[0].name}-{free_port()}.log"
    with log.open("w") as out, subprocess.Popen(
        [str(part) for part in command], env=environment, cwd=PROJECT, stdout=out, stderr=subprocess.STDOUT
    ) as process:  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while says is not None and says not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(60)


@pytest.fixture(scope="module")
def cluster():
    """An installation whose files are in a bucket, a scheduler and a function that starts a worker."""
    with tempfile.TemporaryDirectory(prefix="kelompok-scaling-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        made = Installation(folder)
        settings = read_settings(made.environment)
        stack.callback(embedded.remove, settings)
        urls = embedded.ensure_running(settings)
        bucket, scheduler = free_port(), free_port()
        made.environment |= {
            "KELOMPOK_DATABASE_URL": urls.runtime,
            "KELOMPOK_OWNER_DATABASE_URL": embedded.owner_url(settings),
            "KELOMPOK_DAGSTER_DATABASE_URL": urls.dagster,
            "KELOMPOK_FILES_URL": f"s3://{_BUCKET}/files",
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{bucket}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "PYTHONPATH": str(PROJECT),
        }
        (folder / "kelompok.toml").write_text(
            f"""
            [files]
            roots = ["{tempfile.gettempdir()}"]

            [scaling]
            parts = 2
            executor = "dagster_dask.dask_executor"
            executor_config = {{ cluster = {{ existing = {{ address = "tcp://127.0.0.1:{scheduler}" }} }} }}
            """
        )
        for command in (("db", "migrate"), ("plugin", "enable", "csv-import", "--grant")):
            done = made.kelompok(*command)
            assert done.returncode == 0, done.stderr
        said = made.kelompok("env", "--json")
        assert said.returncode == 0, said.stderr
        made.environment |= json.loads(said.stdout)

        def run(*command, says=None):
            return stack.enter_context(_running(command, made.environment, folder, says))

        run(PROGRAMS / "moto_server", "-H", "127.0.0.1", "-p", str(bucket), says="Running on")
        make_bucket = f"import s3fs; s3fs.S3FileSystem().mkdir('{_BUCKET}')"
        assert made.run("python", "-c", make_bucket).returncode == 0
        run(
            PROGRAMS / "dask", "scheduler", "--host", "127.0.0.1", "--port", str(scheduler), "--no-dashboard",
            says="Scheduler at",
        )  # fmt: skip

        def start_worker():
            return run(
                PROGRAMS / "dask", "worker", f"tcp://127.0.0.1:{scheduler}", "--host", "127.0.0.1", "--nthreads", "1",
                "--no-nanny", "--no-dashboard", says="Registered to",
            )  # fmt: skip

        yield made, urls, start_worker


@contextmanager
def _executing(made, source, file):
    config = made.folder / f"{source}.yaml"
    config.write_text(yaml.safe_dump({"ops": {_OPEN: {"config": {"file": str(file), "source": source}}}}))
    command = [PROGRAMS / "dagster", "job", "execute", "-m", "kelompok_pipelines.definitions", "-j", _JOB, "-c", config]
    with _running(command, made.environment, made.folder) as process:
        yield process


def _ask(urls, query):
    with psycopg.connect(urls.runtime) as connection:
        return connection.execute(query).fetchall()


def _wait_for(made, urls, query, seconds=120):
    deadline = time.monotonic() + seconds
    while not _ask(urls, query):
        assert time.monotonic() < deadline, _logs(made)
        time.sleep(0.1)


def _logs(made):
    return "\n".join(f"{path.name}\n{path.read_text()[-3000:]}" for path in made.folder.glob("*.log"))


def test_a_large_import_over_two_workers_one_of_which_dies(cluster, tmp_path):
    made, urls, start_worker = cluster
    file = tmp_path / "list.csv"
    expected = write_organizations(file, _ROWS, seed=8)
    workers = [start_worker(), start_worker()]
    with _executing(made, "large", file) as run:
        # Both parts have rows: 1 to 50,000 and above 100,000 are the first's.
        _wait_for(made, urls, "SELECT FROM import_rows WHERE row_number <= 50000 LIMIT 1")
        _wait_for(made, urls, "SELECT FROM import_rows WHERE row_number BETWEEN 50001 AND 100000 LIMIT 1")
        os.kill(workers[1].pid, signal.SIGKILL)
        assert run.wait(240) == 0, _logs(made)
    counts = _ask(urls, "SELECT state, rows_read, accepted, merged, unchanged, rejected, review FROM imports")
    bad = sum(expected.rejected.values())
    assert counts == [("applied", _ROWS, expected.organizations, 0, expected.repeated, bad, 0)]
    assert _ask(urls, "SELECT count(*), count(DISTINCT row_number), max(row_number) FROM import_rows") == [(_ROWS,) * 3]
    assert _ask(urls, "SELECT count(*) FROM organizations") == [(expected.organizations,)]
    assert _ask(urls, "SELECT count(*) FROM audit_logs WHERE import_id IS NOT NULL") == [(expected.organizations,)]
    ((digest,),) = _ask(urls, "SELECT encode(file_sha256, 'hex') FROM imports")
    assert not list(made.folder.rglob(digest)), "the received file is in the bucket alone"
