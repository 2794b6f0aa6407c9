"""An installation of its own, used as a person does: by commands."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Installation:
    """A folder with a home, and the programs run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KELOMPOK_", "DAGSTER_"))}
        self.environment = kept | {
            "KELOMPOK_HOME": str(folder / "home"),
            "KELOMPOK_CONFIG": str(folder / "kelompok.toml"),
        }

    def run(self, *command, **environment):
        """Run a program of the environment; output and exit code are kept, nothing is raised."""
        program = str(PROGRAMS / command[0])
        return subprocess.run(
            [program, *map(str, command[1:])],
            cwd=self.folder, env=self.environment | environment, capture_output=True, text=True,
            timeout=180, check=False,
        )  # fmt: skip

    def kelompok(self, *arguments, **environment):
        return self.run("kelompok", *arguments, **environment)

    @contextmanager
    def up(self):
        """Run ``kelompok up`` until the block ends; give the process, and the addresses of the UI and the API."""
        port, api_port = free_port(), free_port()
        with subprocess.Popen(
            [str(PROGRAMS / "kelompok"), "up", "--port", str(port), "--api-port", str(api_port)],
            cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as process:  # fmt: skip
            try:
                said = [process.stdout.readline()]
                while said[-1] and f"http://127.0.0.1:{api_port}" not in said[-1]:  # the database is told of before
                    said.append(process.stdout.readline())
                assert any(f"http://127.0.0.1:{port}" in line for line in said[-2:]), said
                yield process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{api_port}"
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                process.wait(60)


@pytest.fixture(scope="module")
def installation():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        made = Installation(Path(folder))
        yield made
        made.kelompok("db", "remove", "--yes")
