"""A disk without room, for received files or for the database: said clearly, nothing lost, and on it goes with room."""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.organizations import write_organizations
from tests.faults.harness import PATIENCE, Theatre

pytestmark = pytest.mark.xdist_group("full-disk")

_KELOMPOK = Path(sys.executable).parent / "kelompok"


@contextmanager
def _small_disk(megabytes):
    with tempfile.TemporaryDirectory(prefix="kelompok-disk-") as folder:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "none", folder],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if mounted.returncode != 0:
            pytest.skip(f"a small file system cannot be made here: {mounted.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def _fill(disk, leave):
    """Write a file that leaves so many bytes of room; return it."""
    room = os.statvfs(disk)
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.write(bytes(room.f_bavail * room.f_frsize - leave))
    return ballast


def test_no_room_for_the_file(settings, tmp_path, ask):
    file = tmp_path / "list.csv"
    write_organizations(file, 3_000)
    with _small_disk(2) as disk:
        environment = os.environ | {
            "KELOMPOK_HOME": str(disk / "home"),
            "KELOMPOK_CONFIG": str(settings.config_file),
            "KELOMPOK_DATABASE_URL": str(settings.database_url),
            "KELOMPOK_OWNER_DATABASE_URL": str(settings.owner_database_url),
            "KELOMPOK_DAGSTER_DATABASE_URL": str(settings.dagster_database_url),
        }

        def run():
            return subprocess.run(
                [_KELOMPOK, "plugin", "run", "csv-import", "--job", "import-organizations", "--file", file],
                env=environment, capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip

        (disk / "home").mkdir()
        ballast = _fill(disk, leave=300_000)
        refused = run()
        assert refused.returncode == 1, refused.stderr
        assert "cannot be written: No space left on device" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert ask("SELECT id FROM imports") == []
        assert [one for one in (disk / "home" / "files").rglob("*") if one.is_file()] == []
        ballast.unlink()
        done = run()
        assert done.returncode == 3, done.stderr  # some rows of it are bad
        assert ask("SELECT state FROM imports")[0].state == "applied"


@pytest.fixture(scope="module")
def theatre():
    with _small_disk(400) as disk:
        made = Theatre(disk)
        yield made
        made.close()


@pytest.mark.parametrize("act", ["imports", "undoes"])
@pytest.mark.parametrize("room", [0, 300_000, 700_000, 1_500_000])
def test_no_room_for_the_database(theatre, act, room):
    expected = theatre.expected(act)
    with theatre.trial() as scene:
        theatre.prepare(act, scene)
        ballast = _fill(theatre.folder, leave=room)
        process = theatre.begin(act, scene)
        process.join(PATIENCE)
        ballast.unlink()
        assert process.exitcode == 1
        theatre.recover(act, scene)
        assert theatre.state(scene) == expected
