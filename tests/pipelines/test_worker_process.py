"""A worker in its own process, and imports that use too much memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kelompok_core.imports.receiving.receive import ImportRequest, admit, open_import
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.sources.storage import incoming_from

pytestmark = pytest.mark.proof

_WORKER = """
import resource, sys, tempfile
from pathlib import Path
from kelompok_core.imports.staging import staging_pass
from kelompok_core.settings import read_settings
from kelompok_pipelines.worker import work

def hungry(*_):
    held = []
    try:
        while True:
            held.append(bytearray(10_000_000))
    except MemoryError:
        Path(sys.argv[1]).write_text(f"{len(held)} {tempfile.gettempdir()}")  # what an import prints is dropped
        raise
    yield

resource.setrlimit(resource.RLIMIT_DATA, (4 << 30, 4 << 30))  # this machine's, whatever the worker does
staging_pass.read_batches = hungry
raise SystemExit(work(read_settings(), print))
"""


@pytest.fixture
def environment(settings):
    named = {
        "KELOMPOK_HOME": str(settings.home), "KELOMPOK_CONFIG": str(settings.config_file),
        "KELOMPOK_DATABASE_URL": str(settings.database_url),
        "KELOMPOK_OWNER_DATABASE_URL": str(settings.owner_database_url),
        "KELOMPOK_DAGSTER_DATABASE_URL": str(settings.dagster_database_url),
    }  # fmt: skip
    return os.environ | named


@pytest.fixture
def submitted(installation, operator, file):
    request = ImportRequest(plugin="csv-import", job="import-organizations", file=file)
    admission = admit(installation, request, operator)
    with incoming_from(str(file), installation.settings) as incoming:
        return open_import(installation, admission, incoming, queued=True).import_id


def test_an_import_that_takes_too_much_memory_fails_and_the_worker_is_started_anew(
    settings, environment, submitted, database, tmp_path
):
    note = tmp_path / "held"
    with settings.config_file.open("a") as config:
        config.write("\n[limits]\nmemory_megabytes = 300\n")
    done = subprocess.run(
        [sys.executable, "-c", _WORKER, str(note)], env=environment, capture_output=True, text=True, timeout=300,
        check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    held, temporary = note.read_text().split(" ", 1)
    assert 5 < int(held) < 31, "tens of megabytes"
    assert Path(temporary).parent == settings.tmp_folder, "of libraries too"
    assert not Path(temporary).exists()
    assert "needed too much memory" in done.stdout
    with database.connect() as connection:
        import_ = get_import(connection, submitted)
    assert (import_.state, import_.failure_code, import_.queued_at) == ("failed", "import.memory_exceeded", None)
    assert "memory_megabytes" in import_.failure_hint
