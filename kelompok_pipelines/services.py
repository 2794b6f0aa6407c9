"""Dagster's services for one machine: web interface and daemon started together, stopped together."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import Self

from kelompok_core.errors import KelompokError, UsageError
from kelompok_core.settings import Settings
from kelompok_pipelines.instance import dagster_environment, find_dagster_home

HOST = "127.0.0.1"
"""The Dagster UI has no login: it is for this machine, or for a proxy that asks who is there."""

_START_SECONDS = 60
_STOP_SECONDS = 20


def serve(settings: Settings, *, port: int, tell: Callable[[str], None]) -> int:
    """Run web interface and daemon until interrupted or until one of them ends.

    Raises:
        UsageError: When the port is taken.
        KelompokError: When the web interface does not come up.
    """
    if _answers(port):
        raise UsageError(f"port {port} is in use", hint="Choose another one: kelompok up --port 3001")
    environment = {**os.environ, **dagster_environment(settings)}
    logs = settings.home.resolve() / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    workspace = str(Path(environment["DAGSTER_HOME"]) / "workspace.yaml")
    web = ["dagster-webserver", "-h", HOST, "-p", str(port), "-w", workspace]
    daemon = ["dagster-daemon", "run", "-w", workspace]
    services = [_start(command, environment, logs) for command in (web, daemon)]
    with _Interruption() as interruption:
        try:
            _wait_until_up(port, services[0], logs)
            tell(f"Dagster UI: http://{HOST}:{port}  (logs in {logs}; Ctrl-C stops)")
            while not interruption.happened and all(service.poll() is None for service in services):
                sleep(0.2)
        finally:
            _stop(services)
    if interruption.happened:
        tell("Stopped. The database runs on; «kelompok db stop» stops it.")
        return 0
    tell(f"A service ended by itself; see {logs}")
    return 1


class _Interruption:
    """Remembers that somebody asked to stop, by Ctrl-C or by SIGTERM."""

    happened = False

    def __enter__(self) -> Self:
        self._before = {one: signal.signal(one, self._note) for one in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.happened = True


def _start(command: Sequence[str], environment: dict[str, str], logs: Path) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name(command[0])
    with (logs / f"{command[0]}.log").open("ab") as log:
        # A session of its own: Ctrl-C reaches us alone, and we stop them in order.
        return subprocess.Popen(
            [str(program), *command[1:]],
            env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip


def _wait_until_up(port: int, service: subprocess.Popen[bytes], logs: Path) -> None:
    deadline = monotonic() + _START_SECONDS
    while not _answers(port):
        if service.poll() is not None or monotonic() > deadline:
            raise KelompokError("the Dagster UI did not start", hint=f"See {logs / 'dagster-webserver.log'}")
        sleep(0.2)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _stop(services: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask each to end, wait, and end what does not, with the processes it started."""
    for service in services:
        if service.poll() is None:
            service.send_signal(signal.SIGINT)
    deadline = monotonic() + _STOP_SECONDS
    for service in services:
        try:
            service.wait(max(0.1, deadline - monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(service.pid, signal.SIGKILL)
            service.wait()


def diagnose(settings: Settings) -> list[tuple[str, str | None]]:
    """Return what is looked at of Dagster, each with what is wrong or None."""
    import dagster as dg

    home = find_dagster_home()
    versions = {name: version(name) for name in ("dagster", "dagster-webserver")}
    together = None if len(set(versions.values())) == 1 else f"they must be one version: {versions}"
    os.environ.update(dagster_environment(settings))
    with dg.DagsterInstance.get() as instance:
        runs = instance.get_runs_count()
    return [
        (f"Dagster {versions['dagster']}", together),
        (f"dagster.yaml in {home}", None),
        (f"Dagster's storage, {runs} runs", None),
    ]
